"""The namespace tier as an ordinary user, on a host that delegates no control group."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hosting import PYTHON

import lambdad
from lambdad.worker.sandbox.factory import data_id

pytestmark = pytest.mark.rootless

_STUB = Path(__file__).with_name("server_stub.py")
_UID = 54_321  # nobody of this host


@pytest.fixture(scope="module")
def places() -> Iterator[tuple[Path, Path, Path]]:
    """Data, task and library directories that the ordinary user can reach."""
    top = Path(tempfile.mkdtemp())
    top.chmod(0o755)
    library = top / "library"
    shutil.copytree(Path(lambdad.__file__).parent, library / "lambdad")
    for name in ("hosting.py", "server_stub.py"):
        shutil.copy(_STUB.with_name(name), library / name)
    # The stub needs neither pytest nor anything of the virtual environment, which the user may not read.
    (library / "pytest.py").write_text("TempPathFactory = object\n")
    for name in ("data", "task"):
        (top / name).mkdir()
        if os.geteuid() == 0:
            os.chown(top / name, _UID, _UID)
    yield top / "data", top / "task", library
    shutil.rmtree(top)


def run_as_user(
    places: tuple[Path, Path, Path], *programs: list[str], shared: Path | None = None
) -> dict[str, Any]:
    data_dir, task, library = places
    command = [PYTHON, "-B", str(library / "server_stub.py"), str(data_dir), str(task)]
    as_user: dict[str, Any] = {"user": _UID, "group": _UID, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [*command, json.dumps(programs), "false"],
        env={"PYTHONPATH": str(library), "PATH": "/usr/bin:/bin"}
        | ({} if shared is None else {"STUB_SHARED": str(shared)}),
        stdout=subprocess.PIPE,
        check=True,
        **as_user,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def outputs(told: dict[str, Any]) -> list[str]:
    return [one["output"] for one in told["ran"]]


def test_it_is_the_namespace_tier_and_says_which_limits_are_missing(places: tuple[Path, Path, Path]) -> None:
    told = run_as_user(places)
    findings = told["findings"]
    assert told["tier"] == "namespace"
    assert findings["user namespace"]["works"]
    for limit in ("memory limit", "cpu limit"):
        assert not findings[limit]["works"]
        assert "Delegate=yes" in findings[limit]["remedy"]
    assert findings["pids limit"]["works"]
    assert not findings["tmp on disk"]["works"]
    assert "counts as the function's memory" in findings["tmp on disk"]["detail"]
    assert (findings["freeze"]["works"], findings["freeze"]["detail"]) == (True, "SIGSTOP and SIGCONT")


def test_the_function_is_user_993_without_any_power(places: tuple[Path, Path, Path]) -> None:
    told = run_as_user(
        places,
        ["/usr/bin/id", "-u"],
        ["/usr/bin/id", "-un"],
        ["/bin/grep", "-E", "CapEff|CapBnd|Seccomp:|NoNew", "/proc/self/status"],
    )
    uid, name, status = outputs(told)
    assert (uid, name) == ("993\n", "sbx_user1051\n")
    values = dict(line.split(":\t") for line in status.splitlines())
    assert int(values["CapEff"], 16) == int(values["CapBnd"], 16) == 0
    assert (values["NoNewPrivs"], values["Seccomp"]) == ("1", "2")


def test_files_processes_and_network_of_the_host_are_out_of_reach(places: tuple[Path, Path, Path]) -> None:
    secret = places[0] / "secret"
    told = run_as_user(
        places,
        ["/bin/sh", "-c", f"cat {secret} /etc/shadow; ls /root"],
        ["/bin/sh", "-c", "echo /proc/[0-9]*"],
        ["/bin/sh", "-c", "echo x > /var/task/new; echo x > /new; echo kept > /tmp/new && cat /tmp/new"],
        ["/bin/sh", "-c", "grep -c : /proc/net/dev; cat /proc/1/environ"],
    )
    files, processes, writes, network = outputs(told)
    assert files.count("No such file or directory") == 3
    assert processes.split() == ["/proc/2"]
    assert writes.count("Read-only file system") == 2
    assert writes.endswith("kept\n")
    assert network.splitlines()[0] == "1"
    assert "No such file or directory" in network


def test_new_namespaces_are_refused(places: tuple[Path, Path, Path]) -> None:
    source = (
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.unshare(0x10000000), ctypes.get_errno())"
    )
    assert outputs(run_as_user(places, [PYTHON, "-c", source])) == ["-1 1\n"]


def test_processes_and_tmp_are_limited_without_control_groups(places: tuple[Path, Path, Path]) -> None:
    threads = (
        "import threading, time, os\n"
        "try:\n"
        "    while True: threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
        "except RuntimeError: os.write(1, b'%d\\n' % threading.active_count()); os._exit(0)"
    )
    big = (
        "f = open('/tmp/big', 'wb', buffering=0)\n"
        "try:\n    while True: f.write(bytes(1 << 20))\n"
        "except OSError as e: print(e.errno, f.tell() >> 20)"
    )
    count, tmp = outputs(run_as_user(places, [PYTHON, "-c", threads], [PYTHON, "-c", big]))
    assert 1000 <= int(count) <= 1024
    assert tmp == "28 32\n"


def test_requiring_the_namespace_tier_is_refused_with_what_to_do(places: tuple[Path, Path, Path]) -> None:
    data_dir, _, library = places
    source = (
        "import asyncio, pathlib, sys\n"
        "from lambdad.worker.sandbox.factory import make_factory\n"
        "from lambdad.worker.sandbox.plan import Tier\n"
        "from lambdad.worker.sandbox.probe import TierRefused\n"
        "try:\n"
        "    place = pathlib.Path(sys.argv[1])\n"
        "    asyncio.run(make_factory(data_dir=place, require=Tier.NAMESPACE, outbound=False))\n"
        "except TierRefused as refusal: print(refusal)"
    )
    as_user: dict[str, Any] = {"user": _UID, "group": _UID, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [PYTHON, "-B", "-c", source, str(data_dir)],
        env={"PYTHONPATH": str(library), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        **as_user,
    )
    assert done.stdout.startswith("isolation namespace was required, but this host lacks: memory limit")
    assert "systemd-run" in done.stdout
    assert done.stdout.count("\n") == 1


def test_nothing_is_left_in_the_data_directory(places: tuple[Path, Path, Path]) -> None:
    run_as_user(places, ["/bin/true"])
    assert list(places[0].iterdir()) == []


@pytest.mark.parametrize("frozen", [False, True])
def test_kill_9_of_an_ordinary_user_s_server_leaves_no_process(
    places: tuple[Path, Path, Path], frozen: bool
) -> None:
    data_dir, task, library = places
    mark = f"765432.{os.getpid()}{frozen:d}"
    program = ["/bin/sh", "-c", f"setsid sleep {mark} & echo ready; exec sleep {mark}"]
    as_user: dict[str, Any] = {"user": _UID, "group": _UID, "extra_groups": []} if os.geteuid() == 0 else {}
    stub = subprocess.Popen(
        [
            PYTHON,
            "-B",
            str(library / "server_stub.py"),
            str(data_dir),
            str(task),
            json.dumps([program]),
            "true",
        ],
        env={"PYTHONPATH": str(library), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        **as_user,
    )
    assert stub.stdout is not None
    assert json.loads(stub.stdout.readline())["ran"] == ["ready\n"]
    assert _marked(mark)
    if frozen:
        stub.send_signal(signal.SIGUSR1)
        assert stub.stdout.readline() == b"frozen\n"
    stub.kill()
    stub.wait()
    stub.stdout.close()
    deadline = time.monotonic() + 20
    while _marked(mark, str(data_dir), data_id(data_dir)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _marked(mark, str(data_dir), data_id(data_dir)) == []
    for left in data_dir.iterdir():
        left.rmdir()  # an empty directory is all that may be left


def _marked(*marks: str) -> list[str]:
    """Processes that have one of `marks` among their arguments."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(mark in argument for mark in marks for argument in arguments):
            found.append(entry.name)
    return found


def test_sandboxes_of_a_user_share_what_belongs_to_it(places: tuple[Path, Path, Path]) -> None:
    shared = places[0].parent / "shared"
    shared.mkdir()
    if os.geteuid() == 0:
        os.chown(shared, _UID, _UID)
    write = [PYTHON, "-c", "open('/mnt/data/f', 'a').write('x')"]
    read = [PYTHON, "-c", "import os; print(open('/mnt/data/f').read(), os.stat('/mnt/data/f').st_uid)"]
    done = run_as_user(places, write, write, read, shared=shared)
    assert done["ran"][-1]["output"].split() == ["xx", "993"]
    assert (shared / "f").stat().st_uid == (_UID if os.geteuid() == 0 else os.geteuid())
