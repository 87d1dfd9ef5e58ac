"""`lambdad logs` and `lambdad top` against a real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.running import Server

SOURCE = """
def handler(event, context):
    print("\\x1b[2J said", event["word"])
    if event["word"] == "three":
        raise ValueError("no such word")
"""


@pytest.fixture
def speaking(shared_server: Server) -> str:
    """A function that prints what it is told."""
    return shared_server.function({"app.py": SOURCE})


def invoke(server: Server, name: str, word: str) -> str:
    """Invoke it; the request id."""
    answer = server.client().invoke(FunctionName=name, Payload=json.dumps({"word": word}))
    answer["Payload"].read()
    return str(answer["ResponseMetadata"]["RequestId"])


def command(server: Server, *words: str) -> list[str]:
    return [sys.executable, "-m", "lambdad.cli.entry", *words, "--endpoint", server.url]


def ran(server: Server, *words: str) -> str:
    return subprocess.run(command(server, *words), capture_output=True, text=True, check=True).stdout


@pytest.fixture
def following(shared_server: Server, speaking: str) -> Iterator[subprocess.Popen[str]]:
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command(shared_server, "logs", speaking, "--follow"), env=environ, text=True, stdout=subprocess.PIPE
    ) as process:
        yield process
        process.send_signal(signal.SIGINT)


def reports(process: subprocess.Popen[str], count: int) -> list[str]:
    """What is printed up to so many REPORT lines, without times."""
    assert process.stdout is not None
    lines: list[str] = []
    while sum("REPORT RequestId: " in line for line in lines) < count:
        lines.append(process.stdout.readline().split("Z ", 1)[-1].rstrip("\n"))
    return lines


def test_following_prints_what_a_function_says_once_from_its_first_word_on(
    shared_server: Server, speaking: str, following: subprocess.Popen[str]
) -> None:
    words = ("one", "two", "three", "four")
    for word in words:
        invoke(shared_server, speaking, word)
    lines = reports(following, len(words))
    said = [line for line in lines if "said" in line]
    assert said == [f"\\x1b[2J said {word}" for word in words]
    assert sum(line.startswith("START RequestId: ") for line in lines) == len(words)


def test_one_invocation_is_found_by_its_id(shared_server: Server, speaking: str) -> None:
    for word in ("one", "two"):
        invoke(shared_server, speaking, word)
    wanted = invoke(shared_server, speaking, "mine")
    invoke(shared_server, speaking, "four")
    shown = ran(shared_server, "logs", speaking, "--request-id", wanted)
    assert [line.split("Z ", 1)[1].split(" ")[0] for line in shown.splitlines()] == [
        "START",
        "\\x1b[2J",
        "END",
        "REPORT",
    ]
    assert "said mine" in shown


def test_top_shows_where_environments_are(shared_server: Server, speaking: str) -> None:
    invoke(shared_server, speaking, "one")
    functions = json.loads(ran(shared_server, "top", "--once", "--json"))["functions"]
    [mine] = [one for one in functions if one["name"] == speaking]
    assert (mine["environments"], mine["memory_mib"]) == (1, 512)
