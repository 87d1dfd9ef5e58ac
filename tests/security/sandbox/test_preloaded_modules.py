"""What a forked program sees of the modules its fork server has loaded: nothing, until it imports one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from blank_hosting import BlankHost
from hosting import Host

from lambdad.worker.sandbox.plan import Mount

pytestmark = pytest.mark.root

_HEAVY = "json logging re datetime urllib.request ssl decimal uuid subprocess"


def test_nothing_of_ours_and_nothing_that_was_not_imported_is_there(blank_host: BlankHost) -> None:
    source = (
        "import sys; print([one for one in sys.modules if one.startswith(('lambdad', 'json', 'ctypes'))])"
    )
    assert blank_host.python(source).output == "[]\n"


@pytest.mark.parametrize("name", _HEAVY.split())
def test_importing_brings_exactly_what_it_brings_in_an_executed_program(
    spawned_host: Host, blank_host: BlankHost, name: str
) -> None:
    source = f"import sys; had = set(sys.modules); import {name}; print(sorted(set(sys.modules) - had))"
    forked = set(eval(blank_host.python(source).output))
    kind = blank_host.kind
    plan = replace(spawned_host.plan(), mounts=kind.mounts)
    sandbox = spawned_host.make(plan)
    try:
        executed = spawned_host.run_in(
            sandbox,
            *kind.stands_for,
            env={**kind.env, "SOURCE": "import importlib, time, _json, _socket\n" + source},
        )
    finally:
        spawned_host.destroy(sandbox)
    assert forked == set(eval(executed.output))


def test_a_module_of_the_function_comes_before_one_that_was_loaded(
    blank_host: BlankHost, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "json.py").write_text("own = True")
    plan = replace(blank_host.plan(), mounts=(Mount(tmp_path, "/var/task"),))
    sandbox = blank_host.make(plan)
    try:
        source = (
            "import sys; sys.path.insert(0, '/var/task'); import json, re; print(json.own, json.__file__)"
        )
        assert blank_host.python_in(sandbox, source).output == "True /var/task/json.py\n"
    finally:
        blank_host.destroy(sandbox)


def test_a_loaded_module_can_be_imported_again_and_reloaded(blank_host: BlankHost) -> None:
    source = (
        "import importlib, json, sys\n"
        "json.marked = True\n"
        "del sys.modules['json']\n"
        "import json as again\n"
        "print(hasattr(again, 'marked'), importlib.reload(again) is again, again.__spec__.origin == again.__file__)"
    )
    assert blank_host.python(source).output == "False True True\n"


def test_two_forked_programs_draw_different_numbers(blank_host: BlankHost) -> None:
    source = (
        "import os, random, secrets, ssl, tempfile, uuid\n"
        "print(random.random(), secrets.token_hex(8), ssl.RAND_bytes(8).hex(), uuid.uuid4(), uuid.uuid1().clock_seq,\n"
        "      next(tempfile._get_candidate_names()), os.urandom(8).hex())"
    )
    one, other = (blank_host.python(source).output.split() for _ in range(2))
    assert len(one) == 7
    assert not set(one) & set(other)


def test_a_program_that_ends_runs_what_it_registered_for_that(blank_host: BlankHost) -> None:
    ran = blank_host.python("import atexit, sys; atexit.register(print, 'at the end'); sys.exit(3)")
    assert (ran.status.code, ran.output) == (3, "at the end\n")


@pytest.mark.parametrize("imported", ["random", "tempfile"])
def test_a_fork_of_a_function_draws_other_numbers_than_the_function(
    blank_host: BlankHost, imported: str
) -> None:
    source = (
        f"import {imported}, os, sys\n"
        "draw = sys.modules['random'].random\n"
        "read, write = os.pipe()\n"
        "if not os.fork(): os.write(write, repr(draw()).encode()); os._exit(0)\n"
        "os.wait(); print(repr(draw()) != os.read(read, 99).decode())"
    )
    assert blank_host.python(source).output == "True\n"


@pytest.mark.parametrize("imported", ["threading", "logging", "queue"])
def test_the_main_thread_has_the_number_that_the_kernel_gives(blank_host: BlankHost, imported: str) -> None:
    source = (
        f"import {imported}, sys; threading = sys.modules['threading']\n"
        "print(threading.main_thread().native_id == threading.get_native_id(), threading.active_count())"
    )
    assert blank_host.python(source).output == "True 1\n"


def test_a_fork_while_another_thread_logs_can_log(blank_host: BlankHost) -> None:
    source = (
        "import logging, os, threading\n"
        "handler = logging.StreamHandler(open(os.devnull, 'w')); held = threading.Event()\n"
        "def hold():\n"
        "    with handler.lock: held.set(); threading.Event().wait()\n"
        "threading.Thread(target=hold, daemon=True).start(); held.wait()\n"
        "pid = os.fork()\n"
        "if not pid: handler.handle(logging.makeLogRecord({})); os._exit(7)\n"
        "os.write(1, b'%d' % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])); os._exit(0)"
    )
    assert blank_host.python(source).output == "7"
