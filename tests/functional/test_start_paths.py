"""Cold starts on a real server: which way each takes, and that the next way is taken when one is gone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator

import pytest
from calling import call, publish_layer
from start_paths import (
    OPTIONS,
    blanks,
    exists,
    filled,
    fork_servers,
    launcher_of,
    path_of,
    serving,
    status,
    until,
)
from test_extensions_telemetry import EXTENSION

from tests.running import Server

pytestmark = pytest.mark.root

PYTHON = {"app.py": "import os\ndef handler(event, context):\n    return [os.getpid(), event]\n"}
NODE = {"app.mjs": "export const handler = async event => [process.pid, event];\n"}
BOOTSTRAP = {
    "bootstrap": """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
  headers="$(mktemp)"
  event=$(curl -sS -LD "$headers" "$api/next")
  id=$(grep -i lambda-runtime-aws-request-id "$headers" | tr -d '[:space:]' | cut -d: -f2)
  curl -sS -d "[$$, $event]" "$api/$id/response" > /dev/null
done
"""
}
LANGUAGES = {
    "python3.13": (PYTHON, {}),
    "nodejs20.x": (NODE, {}),
    "provided.al2023": (BOOTSTRAP, {"Handler": "bootstrap"}),
}
NAMES = {"provided.al2023": "bare"}


@pytest.fixture(scope="module", params=list(OPTIONS))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from serving(request.param, tmp_path_factory.mktemp("paths"))


on_every_path_of_node = pytest.mark.parametrize(
    "server",
    # Node.js has no fork server: where Python is forked, it is executed.
    [pytest.param(path, marks=[pytest.mark.full] if path == "fork" else []) for path in OPTIONS],
    indirect=True,
    scope="module",
)


@pytest.fixture
def path(server: Server) -> str:
    return next(name for name, options in OPTIONS.items() if list(options) == server.arguments)


@pytest.mark.parametrize("runtime", LANGUAGES)
def test_a_function_is_answered_on_every_path_and_the_status_names_it(
    server: Server, path: str, runtime: str
) -> None:
    files, more = LANGUAGES[runtime]
    name = server.function(files, Runtime=runtime, **more)
    filled(server, NAMES.get(runtime, runtime))
    before = status(server)["starts"]
    assert call(server, name, "x").body == [2, "x"], "it is not the second process of its sandbox"
    forks = runtime.startswith("python")
    expected = "spawn" if path == "fork" and not forks else path
    assert path_of(server, name) == expected
    after = status(server)["starts"]
    assert after == {**before, expected: before[expected] + 1}


@pytest.mark.parametrize(
    ("runtime", "files"),
    [
        (
            "python3.13",
            {"app.py": "import os\ndef handler(event, context):\n    return os.sched_getscheduler(0)\n"},
        ),
        (
            "nodejs20.x",
            {
                # The 41st field of stat, 39th behind the name.
                "app.mjs": "import { readFileSync } from 'node:fs';\nexport const handler = async () =>"
                " Number(readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ')[38]);\n"
            },
        ),
    ],
    ids=["python", "node"],
)
def test_a_function_interrupts_nobody_who_wakes_it_on_every_path(
    server: Server, runtime: str, files: dict[str, str]
) -> None:
    name = server.function(files, Runtime=runtime)
    filled(server, runtime)
    assert call(server, name).body == os.SCHED_BATCH


@pytest.mark.parametrize(
    ("runtime", "variables", "says", "seen"),
    [
        ("python3.13", {"PYTHONHASHSEED": "0"}, "import sys\nsays = lambda: sys.flags.hash_randomization", 0),
        ("python3.13", {"LC_ALL": "C"}, "import locale\nsays = lambda: locale.setlocale(6)", "C"),
        ("python3.13", {"TZ": "Asia/Tokyo"}, "import time\nsays = lambda: time.tzname[0]", "JST"),
    ],
)
def test_variables_have_their_effect_on_every_path(
    server: Server, runtime: str, variables: dict[str, str], says: str, seen: object
) -> None:
    source = f"{says}\ndef handler(event, context):\n    return says()\n"
    if "LC_ALL" in variables:
        source = source.replace("locale.setlocale(6)", "locale.setlocale(locale.LC_ALL, '')")
    name = server.function({"app.py": source}, Runtime=runtime, Environment={"Variables": variables})
    filled(server, runtime)
    assert call(server, name).body == seen


def node(server: Server, source: str, **variables: str) -> object:
    """What a function in Node.js answers that sets such variables."""
    name = server.function({"app.mjs": source}, Runtime="nodejs20.x", Environment={"Variables": variables})
    filled(server, "nodejs20.x")
    answer = call(server, name)
    assert answer.error is None, answer
    return answer.body


@on_every_path_of_node
def test_variables_of_node_have_their_effect_on_every_path(server: Server) -> None:
    hours = "export const handler = async () => [new Date(0).getHours(), process.env.TZ];"
    assert node(server, hours, TZ="Asia/Tokyo") == [9, "Asia/Tokyo"]
    options = "export const handler = async () => [process.env.NODE_OPTIONS, process.title];"
    assert node(server, options, NODE_OPTIONS="--title=mine") == ["--title=mine", "mine"]


@on_every_path_of_node
def test_node_has_as_many_threads_for_its_work_as_the_function_says_on_every_path(server: Server) -> None:
    threads = """
import crypto from 'node:crypto';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
const work = promisify(crypto.pbkdf2);
export const handler = async () => {
  await Promise.all([1, 2, 3, 4, 5, 6].map(() => work('a', 'b', 1000, 64, 'sha512')));
  return readdirSync('/proc/self/task').length;
};
"""
    one, six = (node(server, threads, UV_THREADPOOL_SIZE=size) for size in ("1", "6"))
    assert (one, six) == (one, one + 5)  # type: ignore[operator]


ENDINGS = {
    "exits in the handler": "import os\ndef handler(event, context):\n    print('goes')\n    os._exit(7)\n",
    "sys.exit in the handler": "import sys\ndef handler(event, context):\n    sys.exit(3)\n",
    "kills itself": "import os\ndef handler(event, context):\n    os.kill(os.getpid(), 9)\n",
    "init raises": "print('begins')\nraise ValueError('not today')\n",
    "init exits": "import sys\nprint('begins')\nsys.exit(4)\n",
    "no handler": "x = 1\n",
    "bad syntax": "def handler(:\n",
    "times out": "import time\ndef handler(event, context):\n    time.sleep(30)\n",
}
NODE_ENDINGS = {
    "node exits in the handler": "export const handler = async () => process.exit(7);",
    "node kills itself": "export const handler = async () => process.kill(process.pid, 9);",
    "node init throws": "console.log('begins'); throw new TypeError('not today');",
    "node init exits": "console.log('begins'); process.exit(4);",
    "node has no handler": "export const other = 1;",
    "node has bad syntax": "export const handler = async ( => 1;",
    "node times out": "export const handler = async () => new Promise(done => setTimeout(done, 30000));",
    "node throws later": "export const handler = async () => { setImmediate(() => { throw new Error('x'); }); "
    "await new Promise(done => setTimeout(done, 1000)); };",
}


def endings(names: Iterable[str], *kinds: str) -> list[object]:
    """Of each of these kinds one; the others are one more of it."""
    return [name if name in kinds else pytest.param(name, marks=pytest.mark.full) for name in names]


_CHANGING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+\.\d+ ms|\d+ ms|\d{4}-\d\d-\d\dT[\d:.]+Z|Used: \d+ MB")


def is_settled(server: Server, name: str) -> bool:
    """Whether the next call finds the same environment, and not one that is still ending its processes."""
    states = [one["state"] for one in status(server)["environments"] if one["function"] == name]
    return all(state in {"bare", "idle", "frozen"} for state in states)


def story(server: Server, files: dict[str, str | bytes], runtime: str) -> tuple[list[object], list[str]]:
    """Bodies of three calls and everything that was logged, without what differs each time."""
    name = server.function(files, Runtime=runtime, Timeout=2)
    filled(server, runtime)
    bodies: list[object] = []
    for _ in range(3):
        bodies.append(re.sub(_CHANGING, "~", repr(call(server, name).body)))
        until(lambda: is_settled(server, name))
    until(lambda: sum(line.startswith("REPORT ") for line in server.messages(name)) == 3)
    return bodies, [re.sub(_CHANGING, "~", line) for line in server.messages(name)]


def same(told: tuple[list[object], list[str]], first: tuple[list[object], list[str]]) -> None:
    assert told[0] == first[0]
    assert "".join(told[1]) == "".join(first[1])


@pytest.fixture(scope="module")
def stories() -> dict[str, tuple[list[object], list[str]]]:
    """What the first server told, for the others to be compared with."""
    return {}


@pytest.mark.parametrize(
    "ending",
    endings(ENDINGS, "exits in the handler", "kills itself", "init raises", "no handler"),
)
def test_a_runtime_that_ends_and_starts_again_tells_the_same_on_every_path(
    server: Server, stories: dict[str, tuple[list[object], list[str]]], ending: str
) -> None:
    told = story(server, {"app.py": ENDINGS[ending]}, "python3.13")
    same(told, stories.setdefault(ending, told))


@on_every_path_of_node
@pytest.mark.parametrize(
    "ending", endings(NODE_ENDINGS, "node exits in the handler", "node init throws", "node throws later")
)
def test_node_that_ends_and_starts_again_tells_the_same_on_every_path(
    server: Server, stories: dict[str, tuple[list[object], list[str]]], ending: str
) -> None:
    told = story(server, {"app.mjs": NODE_ENDINGS[ending]}, "nodejs20.x")
    same(told, stories.setdefault(ending, told))


def test_extensions_are_registered_before_the_runtime_goes_on_on_every_path(
    server: Server, path: str
) -> None:
    subscription = (
        '{"schemaVersion": "2022-12-13", "types": ["platform"], "buffering": {"maxItems": 1000, '
        '"maxBytes": 262144, "timeoutMs": 100}, "destination": {"protocol": "HTTP", '
        '"URI": "http://sandbox.localdomain:8080"}}'
    )
    program = EXTENSION % (subscription, "/2022-07-01/telemetry")
    layer = publish_layer(server, {"extensions/watcher": program}, "extensions/watcher")
    files = {"app.py": "print('init of the function')\ndef handler(event, context):\n    return 'done'\n"}
    name = server.function(files, Runtime="python3.13", Layers=[layer])
    filled(server, "python3.13")
    assert call(server, name).body == "done"
    assert path_of(server, name) == path
    until(lambda: any('"event"' in line for line in server.messages(name)))
    lines = server.messages(name)
    registered = next(at for at, line in enumerate(lines) if '"registered"' in line)
    began = next(at for at, line in enumerate(lines) if "init of the function" in line)
    assert registered < began, lines


def test_a_blank_that_is_killed_while_it_waits_costs_nobody_an_answer(own_server: Server) -> None:
    name = own_server.function(PYTHON, Runtime="python3.13")
    filled(own_server, "python3.13")
    for pid in blanks(own_server):
        os.kill(pid, signal.SIGKILL)
    assert call(own_server, name, "x").body == [2, "x"]
    filled(own_server, "python3.13")
    assert "blank sandbox(es) of python3.13 died while waiting" in own_server.log
    assert status(own_server)["pools"]["python3.13"]["died_waiting"] >= 1


def test_a_killed_fork_server_ends_no_environment_and_is_replaced(own_server: Server) -> None:
    name, other = (own_server.function(PYTHON, Runtime="python3.13") for _ in range(2))
    filled(own_server, "python3.13")
    assert call(own_server, name, 1).body == [2, 1]
    running = own_server.process.pid
    until(lambda: len(fork_servers(own_server)) == 1)  # no other is just being born of it
    (killed,) = fork_servers(own_server)
    os.kill(killed, signal.SIGKILL)
    assert call(own_server, other, 2).body == [2, 2]
    assert call(own_server, name, 3).body == [2, 3]
    assert not call(own_server, name, 3).log.count("Init Duration"), "its environment was ended"
    until(lambda: bool(fork_servers(own_server)) and fork_servers(own_server) != [killed])
    filled(own_server, "python3.13")
    assert own_server.process.pid == running
    assert len(re.findall(r"warning +the fork server of python3.13 is gone", own_server.log)) == 1
    third = own_server.function(PYTHON, Runtime="python3.13")
    assert call(own_server, third, 4).body == [2, 4]
    assert path_of(own_server, third) == "pool"


@pytest.mark.parametrize("kills", [2, pytest.param(5, marks=pytest.mark.full)])
def test_with_none_waiting_the_call_after_the_death_of_a_fork_server_is_answered(
    tmp_path_factory: pytest.TempPathFactory, kills: int
) -> None:
    for server in serving("fork", tmp_path_factory.mktemp("killed")):
        names = [server.function(PYTHON, Runtime="python3.13") for _ in range(kills + 1)]
        assert call(server, names[0], 0).body == [2, 0]
        for number, name in enumerate(names[1:], 1):
            for pid in fork_servers(server):
                os.kill(pid, signal.SIGKILL)
            assert call(server, name, number).body == [2, number]
        last = server.function(PYTHON, Runtime="python3.13")
        assert call(server, last, 9).body == [2, 9]
        assert path_of(server, last) == "fork"


def test_a_killed_launcher_is_replaced_and_blanks_wait_again(own_server: Server) -> None:
    name = own_server.function(PYTHON, Runtime="python3.13")
    filled(own_server, "python3.13")
    assert call(own_server, name, 1).body == [2, 1]
    killed = launcher_of(own_server)
    os.kill(killed, signal.SIGKILL)
    until(lambda: not exists(killed) or "the sandbox launcher ended" in own_server.log)
    assert call(own_server, name, 2).body == [2, 2]
    until(lambda: bool(status(own_server)["pools"]["python3.13"]["waiting"]))
    filled(own_server, "python3.13")
    other = own_server.function(PYTHON, Runtime="python3.13")
    assert call(own_server, other, 3).body == [2, 3]
    assert path_of(own_server, other) == "pool"
    failed_lines = [line for line in own_server.log.splitlines() if "Traceback" in line]
    assert failed_lines == [], own_server.log


@pytest.mark.parametrize("server", ["pool"], indirect=True, scope="module")
def test_status_shows_paths_and_pools_as_text(server: Server) -> None:
    name = server.function(PYTHON, Runtime="python3.13")
    filled(server, "python3.13")
    call(server, name, 1)
    pools = status(server)["starts"]["pool"]
    shown = subprocess.run(
        [sys.executable, "-m", "lambdad.cli.entry", "status", "--endpoint", server.url],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    rows = dict(line.split("\t")[:2] for line in shown.splitlines() if "\t" in line)
    assert rows["starts.pool"] == str(pools) != "0"
    assert re.fullmatch(r"\d of 2 wait", rows["pools.python3.13"])
    assert f"{name}\t" in shown
    assert "\tpool" in shown
