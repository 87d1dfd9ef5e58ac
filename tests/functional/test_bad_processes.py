"""Functions that harm their own sandbox: AWS's error for it, and the next event finds a function that works."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from calling import Answer, call, failed
from remains import ECHO, costs_one_event_at_most, tidy
from test_bad_output import running

from tests.running import Server

PYTHON = r"""
import os, resource, signal, subprocess, sys, threading, time
def handler(event, context):
    return globals()[event["do"]](event)
def fine(event):
    return "fine"
def forks(event):
    for _ in range(event["n"]):
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
    return "forked"
def both_answer(event):
    os.fork()
    return "one of two"
def daemon(event):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 64)
            os.execv("/bin/sh", ["sh", "-c", "trap '' TERM HUP; while :; do sleep 0.05; done", event["mark"]])
        os._exit(0)
    os.wait()
    return "daemon"
def bomb(event):
    code = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    subprocess.Popen([sys.executable, "-c", code])
    time.sleep(event["s"])
    return "lit"
def threads(event):
    held = threading.Event()
    def wait():
        held.wait()
    count = 0
    threading.stack_size(65536)
    try:
        while True:
            threading.Thread(target=wait, daemon=True).start()
            count += 1
    except RuntimeError:
        pass
    if event["end"]:
        held.set()
    return count
def fill(event):
    written = 0
    try:
        with open("/tmp/filled", "ab", 0) as file:
            while True:
                written += file.write(b"x" * 1048576)
    except OSError as failure:
        return [written >> 20, failure.strerror]
def files(event):
    try:
        for number in range(event["n"]):
            open(f"/tmp/file-{number}", "w").close()
    except OSError as failure:
        return failure.strerror
    return "made"
def sizes(event):
    return {name: os.path.getsize("/tmp/" + name) >> 20 for name in os.listdir("/tmp")}
def memory(event):
    held = []
    while True:
        held.append(bytearray(os.urandom(1024) * 1024))
def child_memory(event):
    program = "held = []\nwhile True: held.append(bytearray(b'x' * 1048576))"
    status = subprocess.run([sys.executable, "-c", program]).returncode
    if event.get("exit"):
        os._exit(event["exit"])
    return status
def descriptors(event):
    held = []
    try:
        while True:
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as failure:
        error = failure.strerror
    for descriptor in held:
        os.close(descriptor)
    return error
def closes(event):
    for descriptor in event["which"]:
        try: os.close(descriptor)
        except OSError: pass
    return "closed"
def redirects(event):
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in event["which"]:
        os.dup2(null, descriptor)
    return "redirected"
def deaf(event):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(60)
def stops(event):
    os.kill(os.getpid(), signal.SIGSTOP)
def killed(event):
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
def shouts(event):
    while True:
        os.write(1, b"x" * 65536)
def shouts_lines(event):
    while True:
        os.write(2, b"y\n" * 32768)
def later(event):
    def end():
        time.sleep(event["s"])
        os._exit(7)
    threading.Thread(target=end).start()
    return "soon"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with tidy(tmp_path_factory.mktemp("processes") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def other(server: Server) -> str:
    """A function that has nothing to do with the bad one."""
    return server.function({"app.py": ECHO})


@pytest.fixture(scope="module")
def name(server: Server) -> str:
    """A function that does what its event tells it."""
    return server.function({"app.py": PYTHON}, Timeout=2, MemorySize=256)


@pytest.fixture(scope="module")
def patient(server: Server) -> str:
    """The same with time: near its limit of memory a process becomes slow before it is killed."""
    return server.function({"app.py": PYTHON}, Timeout=30, MemorySize=256)


@pytest.fixture(autouse=True)
def _the_next_invocations_work(server: Server, name: str, other: str) -> Iterator[None]:
    yield
    answer = do(server, name, "fine")
    assert (answer.error, answer.body) == (None, "fine")
    assert call(server, other, 1).body == 1


def do(server: Server, name: str, what: str, **event: Any) -> Answer:
    return call(server, name, {"do": what, **event})


def timed_out(answer: Answer, seconds: int = 2) -> None:
    message = f"RequestId: {{id}} Error: Task timed out after {seconds}.00 seconds"
    failed(answer, "Sandbox.Timedout", message)
    assert "\tStatus: timeout" in answer.log.splitlines()[-1]


def ended(answer: Answer, words: str, error_type: str = "Runtime.ExitError") -> None:
    failed(answer, error_type, f"RequestId: {{id}} Error: Runtime exited with error: {words}")


def test_children_that_outlive_the_answer_hold_nothing_up(server: Server, name: str) -> None:
    for _ in range(3):
        assert do(server, name, "forks", n=20).body == "forked"


def test_two_processes_that_both_answer_end_in_an_answer_or_an_error(server: Server) -> None:
    one = server.function({"app.py": PYTHON}, Timeout=1, MemorySize=256)
    assert do(server, one, "both_answer").body == "one of two"
    answers = [do(server, one, "fine") for _ in range(4)]
    for answer in answers:
        if answer.error is None:
            assert answer.body == "fine"
        else:
            assert answer.body["errorType"] in ("Sandbox.Timedout", "Runtime.ExitError"), answer
    assert answers[-1].error is None or answers[-2].error is None


def test_a_daemon_ends_with_its_environment_and_not_before(server: Server) -> None:
    mark = f"daemon-{uuid.uuid4().hex}"
    one = server.function({"app.py": PYTHON}, Timeout=1)
    assert do(server, one, "daemon", mark=mark).body == "daemon"
    assert do(server, one, "fine").body == "fine"
    assert len(running(mark)) == 1
    timed_out(do(server, one, "deaf"), 1)
    assert do(server, one, "fine").body == "fine"
    assert running(mark) == []


def test_a_fork_bomb_is_a_timeout_and_all_of_it_is_gone(server: Server) -> None:
    one = server.function({"app.py": PYTHON}, Timeout=2, MemorySize=1769)
    timed_out(do(server, one, "bomb", s=60))
    assert do(server, one, "fine").body == "fine"


def test_a_fork_bomb_behind_an_answer_ends_with_the_next_timeout(server: Server) -> None:
    one = server.function({"app.py": PYTHON}, Timeout=2, MemorySize=1769)
    answer = do(server, one, "bomb", s=0.3)
    if answer.error is None:  # else the bomb left the answer no time
        answer = do(server, one, "deaf")
    timed_out(answer)
    assert do(server, one, "fine").body == "fine"


@pytest.mark.parametrize("end", [pytest.param(True, marks=pytest.mark.full), False])
def test_threads_are_limited_and_the_function_goes_on(server: Server, end: bool) -> None:
    one = server.function({"app.py": PYTHON}, Timeout=20, MemorySize=1769)
    assert 900 < do(server, one, "threads", end=end).body < 1024
    assert do(server, one, "fine").body == "fine"


def test_a_full_tmp_is_an_error_of_the_system_and_stays_full(server: Server) -> None:
    one = server.function({"app.py": PYTHON}, Timeout=60, MemorySize=256)
    filled = do(server, one, "fill")
    assert filled.body == [512, "Disk quota exceeded"]
    used = int(filled.log.partition("Max Memory Used: ")[2].split()[0])
    assert 0 < used < 100
    assert do(server, one, "sizes").body == {"filled": 512}
    ended(do(server, one, "killed"), "signal: killed")
    assert do(server, one, "sizes").body == {"filled": 512}


@pytest.mark.full
def test_small_files_without_end_harm_nobody(server: Server) -> None:
    one = server.function({"app.py": PYTHON}, Timeout=20, MemorySize=1769)
    assert do(server, one, "files", n=50_000).body in ("made", "No space left on device")
    assert do(server, one, "fine").body == "fine"


def test_memory_without_end_is_out_of_memory(server: Server, patient: str) -> None:
    for _ in range(2):
        answer = do(server, patient, "memory")
        ended(answer, "signal: killed", "Runtime.OutOfMemory")
        assert "Max Memory Used: 256 MB\t" in answer.log.splitlines()[-1]


def test_a_child_out_of_memory_is_not_the_end_of_the_function(server: Server, patient: str) -> None:
    assert do(server, patient, "child_memory").body == -9


def test_an_exit_after_a_child_out_of_memory_is_an_exit(server: Server, patient: str) -> None:
    ended(do(server, patient, "child_memory", exit=3), "exit status 3")


def test_descriptors_run_out_and_the_function_goes_on(server: Server, name: str) -> None:
    assert do(server, name, "descriptors").body == "Too many open files"


@pytest.mark.parametrize("which", [[1], [0, 1, 2], [1, 2, 3]])
def test_who_closes_its_output_still_answers(server: Server, name: str, which: list[int]) -> None:
    assert do(server, name, "closes", which=which).body == "closed"


@pytest.mark.parametrize("what", ["closes", "redirects"])
@pytest.mark.parametrize("which", [[4], list(range(1024))], ids=["channel", "all"])
def test_who_loses_its_way_to_the_server_ends_as_a_crash_or_a_timeout(
    server: Server, name: str, what: str, which: list[int]
) -> None:
    answer = do(server, name, what, which=which)
    assert answer.error == "Unhandled"
    assert answer.body["errorType"] in ("Runtime.ExitError", "Sandbox.Timedout")


@pytest.mark.parametrize(
    "what", ["deaf", "stops", pytest.param("shouts", marks=pytest.mark.full), "shouts_lines"]
)
def test_what_never_ends_is_a_timeout(server: Server, name: str, what: str) -> None:
    timed_out(do(server, name, what))


def test_what_ends_between_events_costs_one_event_at_most(server: Server, name: str) -> None:
    assert do(server, name, "later", s=0.003).error is None
    costs_one_event_at_most(server, name, {"do": "fine"}, "fine")


NODE = """
const fs = require('fs');
exports.handler = async (event) => {
  const { spawn } = require('child_process');
  if (event === 'exit') process.exit(5);
  if (event === 'kill') process.kill(process.pid, 'SIGSEGV');
  if (event === 'busy') for (;;);
  if (event === 'reject') { Promise.reject(new Error('nobody waits')); await new Promise(() => {}); }
  if (event === 'later') { setTimeout(() => { throw new Error('too late'); }, 20); return 'soon'; }
  if (event === 'child') { spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).unref(); }
  if (event === 'child fill') {
    const child = spawn('dd', ['if=/dev/zero', 'of=/tmp/filled', 'bs=1M', 'count=200']);
    await new Promise((resolve) => child.on('exit', resolve));
  }
  if (event === 'memory') { const held = []; for (;;) held.push(Buffer.alloc(1048576, 1)); }
  if (event === 'fill') {
    const chunk = Buffer.alloc(1048576, 1);
    const file = fs.openSync('/tmp/filled', 'a');
    try { for (let n = 0; n < 512; n++) fs.writeSync(file, chunk); } catch (failure) { return failure.code; }
  }
  return event;
};
"""
NODE_ENDS = {
    "exit": ("Runtime.ExitError", "Runtime exited with error: exit status 5"),
    "kill": ("Runtime.ExitError", "Runtime exited with error: signal: segmentation fault"),
    "busy": ("Sandbox.Timedout", "Task timed out after 2.00 seconds"),
    "memory": ("Runtime.OutOfMemory", "Runtime exited with error: signal: killed"),
}


@pytest.fixture(scope="module")
def node(server: Server) -> str:
    return server.function({"app.js": NODE}, Runtime="nodejs20.x", Timeout=2, MemorySize=256)


@pytest.mark.parametrize("event", NODE_ENDS)
def test_node_ends_are_told_as_aws_tells_them(server: Server, node: str, event: str) -> None:
    error_type, words = NODE_ENDS[event]
    answer = call(server, node, event)
    if event == "memory" and answer.body["errorType"] == "Sandbox.Timedout":
        words, error_type = "Task timed out after 2.00 seconds", "Sandbox.Timedout"  # slow, near its limit
    failed(answer, error_type, "RequestId: {id} Error: " + words)
    assert call(server, node, "fine").body == "fine"


def test_what_node_leaves_behind_costs_one_event_at_most(server: Server, node: str) -> None:
    assert call(server, node, "reject").body["errorType"] == "Runtime.UnhandledPromiseRejection"
    assert call(server, node, "fine").body == "fine"
    assert call(server, node, "child").error is None
    assert call(server, node, "fine").body == "fine"
    assert call(server, node, "later").error is None
    costs_one_event_at_most(server, node, "fine", "fine")


@pytest.mark.parametrize(
    ("files", "runtime", "fill", "fine"),
    [
        ({"app.py": PYTHON}, "python3.11", {"do": "fill"}, {"do": "fine"}),
        pytest.param({"app.js": NODE}, "nodejs20.x", "fill", "fine", marks=pytest.mark.full),
        ({"app.js": NODE}, "nodejs20.x", "child fill", "fine"),
    ],
    ids=["python", "node", "child of node"],
)
def test_a_tmp_that_fills_a_small_memory_never_stops_the_next_event(
    server: Server, files: dict[str, str | bytes], runtime: str, fill: object, fine: object
) -> None:
    one = server.function(files, Runtime=runtime, Timeout=2, MemorySize=128)
    for _ in range(2):
        answer = call(server, one, fill)
        if answer.error is not None:
            assert answer.body["errorType"] in ("Runtime.OutOfMemory", "Sandbox.Timedout")
        answer = call(server, one, fine)
        assert (answer.error, answer.body) == (None, "fine")
