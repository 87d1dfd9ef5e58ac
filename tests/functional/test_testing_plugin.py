"""`lambdad.testing` in suites of users: fresh state, the promised fixtures, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from suites import Suite, alive, family

import lambdad.testing
from lambdad.cli.errors import CommandError

ECHO = "def handler(event, context):\n    return event\n"
ON_ONE_SERVER = """
import json
import pathlib
import subprocess
import sys
import pytest
from lambdad.testing import FunctionFailed

ECHO = "def handler(event, context):\\n    return event\\n"
pids = []


def test_a_function_from_text_is_there_to_be_invoked(lambdad_account, lambdad_server):
    pids.append(lambdad_server.pid)
    function = lambdad_account.deploy(ECHO, name="echo", environment={"STAGE": "test"}, timeout_s=7, memory_mib=256)
    assert function.invoke({"n": [1, "ä"]}) == {"n": [1, "ä"]}
    found = lambdad_account.client().get_function_configuration(FunctionName="echo")
    assert (found["Timeout"], found["MemorySize"]) == (7, 256)
    assert found["Environment"] == {"Variables": {"STAGE": "test"}}
    assert found["FunctionArn"] == function.arn


def test_another_test_does_not_see_it_though_the_server_is_the_same(lambdad_account, lambdad_server):
    pids.append(lambdad_server.pid)
    assert pids[0] == pids[-1]
    assert lambdad_account.client("lambda").list_functions()["Functions"] == []


def test_a_folder_is_deployed_and_deployed_again(lambdad_account):
    folder = pathlib.Path(__file__).parent / "hello"
    folder.mkdir()
    (folder / "lambda_function.py").write_text("def lambda_handler(e, c):\\n    return 'first'\\n")
    assert lambdad_account.deploy(folder).invoke() == "first"
    (folder / "lambda_function.py").write_text("def lambda_handler(e, c):\\n    return 'second'\\n")
    again = lambdad_account.deploy(folder)
    assert (again.name, again.invoke()) == ("hello", "second")


def test_other_languages(lambdad_account):
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout
    line = version[1:].split(".")[0]
    node = lambdad_account.deploy("exports.handler = async (event) => event.n + 1;", runtime=f"nodejs{line}.x")
    assert node.invoke({"n": 41}) == 42


def test_an_error_of_the_function_is_an_error_of_the_test(lambdad_account):
    broken = lambdad_account.deploy("def handler(event, context):\\n    raise KeyError('k')\\n")
    with pytest.raises(FunctionFailed, match="KeyError") as failed:
        broken.invoke()
    assert failed.value.error_type == "KeyError"
    assert failed.value.payload["errorMessage"] == "'k'"


def test_any_tool_finds_the_server_by_its_variables(lambdad_account, monkeypatch):
    import boto3
    for name, value in lambdad_account.environ.items():
        monkeypatch.setenv(name, value)
    lambdad_account.deploy(ECHO, name="seen")
    assert [one["FunctionName"] for one in boto3.client("lambda").list_functions()["Functions"]] == ["seen"]


def test_a_server_of_its_own_forgets_on_reset(lambdad_fresh_server, lambdad_server):
    assert lambdad_fresh_server.pid != lambdad_server.pid
    lambdad_fresh_server.deploy(ECHO, name="echo")
    client, url = lambdad_fresh_server.client(), lambdad_fresh_server.endpoint_url
    assert len(client.list_functions()["Functions"]) == 1
    lambdad_fresh_server.reset()
    assert lambdad_fresh_server.endpoint_url == url
    assert client.list_functions()["Functions"] == []
"""
LONG = """
import pathlib
import time

def test_it_is_killed(lambdad_server, lambdad_account):
    assert lambdad_account.deploy("def handler(e, c):\\n    return e\\n").invoke(1) == 1
    pathlib.Path("pid.new").write_text(str(lambdad_server.pid))
    pathlib.Path("pid.new").rename("pid")
    time.sleep(600)
"""


def test_a_suite_gets_servers_accounts_and_functions_and_leaves_nothing(tmp_path: Path) -> None:
    suite = Suite(tmp_path, test_mine=ON_ONE_SERVER)
    status, printed = suite.run()
    assert (status, "7 passed" in printed) == (0, True), printed
    assert suite.left() == []


def test_nothing_is_left_of_a_suite_that_is_killed(tmp_path: Path) -> None:
    suite = Suite(tmp_path, test_long=LONG)
    process = suite.begin()
    server = int(suite.told("pid"))
    ours = family(process.pid)
    assert server in {pid for pid, _ in ours}
    assert len(ours) > 3, "the sandboxes are among them"
    assert list(suite.temporary.iterdir()) != []
    process.kill()
    process.communicate()
    assert alive(ours) == set()
    assert suite.left() == []


def test_a_suite_that_asks_for_nothing_starts_and_imports_nothing(tmp_path: Path) -> None:
    text = """
import sys

def test_it():
    assert not {"boto3", "typer", "asyncio"} & set(sys.modules)
    assert "lambdad.composition" not in sys.modules
"""
    quiet = ("-p", "no:asyncio", "-p", "no:anyio", "-p", "no:xdist", "-p", "no:hypothesispytest")
    status, printed = Suite(tmp_path, test_idle=text).run(*quiet)
    assert status == 0, printed


def test_it_needs_neither_pytest_nor_boto3(tmp_path: Path) -> None:
    program = """
import sys
sys.modules.update(pytest=None, boto3=None)
import lambdad.testing
with lambdad.testing.start(["--isolation", "process"]) as server:
    print(server.deploy("def handler(event, context):\\n    return event\\n").invoke("hello"))
    try:
        server.client()
    except ImportError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60
    )
    assert done.stdout.splitlines() == ["hello", "import of boto3 halted; None in sys.modules"], done.stderr


def test_a_suite_gives_its_servers_options(tmp_path: Path) -> None:
    conftest = """
import pytest

@pytest.fixture(scope="session")
def lambdad_options():
    return ["--isolation", "process"]
"""
    text = """
import json, urllib.request

def test_it(lambdad_server):
    with urllib.request.urlopen(lambdad_server.endpoint_url + "/lambdad/v1/status") as answer:
        assert json.load(answer)["isolation"]["tier"] == "process"
"""
    status, printed = Suite(tmp_path, conftest=conftest, test_tier=text).run()
    assert status == 0, printed


def test_settings_of_the_machine_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lambdad.toml").write_text("this is not TOML")
    monkeypatch.setenv("LAMBDAD_DEFAULT_REGION", "eu-north-1")
    monkeypatch.setenv("LAMBDAD_NO_SUCH_SETTING", "1")
    with lambdad.testing.start(["--isolation", "process"]) as server:
        assert "us-east-1" in server.deploy(ECHO).arn


def test_a_server_that_cannot_start_says_why() -> None:
    with pytest.raises(lambdad.testing.NotReady, match="unrecognized arguments: --no-such-option"):
        lambdad.testing.LambdadServer(["--no-such-option"])


def test_a_killed_server_leaves_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with lambdad.testing.start() as server:
        ours = family(server.pid)
        assert list(tmp_path.iterdir()) != []
        os.kill(server.pid, signal.SIGKILL)
    assert alive(ours) == set()
    assert list(tmp_path.iterdir()) == []


def test_a_running_function_does_not_hold_up_the_end() -> None:
    with lambdad.testing.start(["--isolation", "process"]) as server:
        slow = server.deploy("import time\ndef handler(e, c):\n    time.sleep(60)\n", timeout_s=80)
        with slow.account.caller() as caller, pytest.raises(CommandError):
            caller.request("POST", f"/2015-03-31/functions/{slow.name}/invocations", timeout_s=0.5)
        assert [one["state"] for one in _environments(server)] == ["busy"]
        before = family(server.pid)
        server.stop()
        assert alive(before, within_s=5.0) == set()


def test_a_path_given_as_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(ECHO)
    account = lambdad.testing.Account("http://127.0.0.1:1", "000000000000", "us-east-1")
    with pytest.raises(CommandError, match=r"give Path\("):
        account.deploy(str(tmp_path / "app.py"))


def _environments(server: lambdad.testing.LambdadServer) -> list[dict[str, str]]:
    with server.account().caller() as caller:
        found = json.loads(caller.request("GET", "/lambdad/v1/status").body)["environments"]
    assert isinstance(found, list)
    return found
