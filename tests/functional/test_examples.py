"""The examples, each deployed and told as `make demo` does, on one server with its companion."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calling import ROOT, TOOLS_HINT, started
from scripts import demo_package, demo_stage

from tests.running import Server

SCRIPT = ROOT / "scripts" / "demo.py"
WHEELS = ROOT / ".cache" / "wheels"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("examples") / "data") as made:
        yield made


def play(server: Server, name: str) -> Any:
    return demo_stage.play(name, server.url, print)


def size_of_jpeg(data: bytes) -> tuple[int, int]:
    """Width and height, out of the header of the frame."""
    stream = io.BytesIO(data)
    assert stream.read(2) == b"\xff\xd8"
    while True:
        marker, length = struct.unpack(">HH", stream.read(4))
        if marker == 0xFFC0:
            height, width = struct.unpack(">xHH", stream.read(5))
            return width, height
        stream.seek(length - 2, io.SEEK_CUR)


@pytest.mark.full
def test_a_picture_becomes_a_thumbnail_and_a_row(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert WHEELS.is_dir(), TOOLS_HINT
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(WHEELS))
    row, thumbnail = play(server, "thumbnails")
    assert row == {
        "picture": {"S": "pictures/evening sky.png"},
        "thumbnail": {"S": "thumbnails/evening sky.jpg"},
        "width": {"N": "640"},
        "height": {"N": "360"},
    }
    assert size_of_jpeg(thumbnail) == (128, 72)


@pytest.mark.full
def test_a_form_is_kept_or_refused_with_a_reason(server: Server) -> None:
    message, refused = play(server, "form")
    assert (message["email"], message["text"]) == ("ada@example.org", "When do you open?")
    assert refused == (400, {"error": "email: an address is needed"})


@pytest.mark.full
def test_orders_are_handled_and_the_poison_message_is_put_aside(server: Server) -> None:
    orders, letter = play(server, "orders")
    assert orders == [f"order-{number}" for number in range(1, 6)]
    assert letter["id"] == "order-0"


def test_clicks_are_counted_in_windows(server: Server) -> None:
    assert play(server, "clicks") == {"/": 6, "/prices": 4, "/docs": 2}


@pytest.mark.full
def test_what_changes_in_a_table_is_kept_as_it_was_and_as_it_is(server: Server) -> None:
    trail = play(server, "audit")
    opened, changed = ({"account": "ada", "balance": balance} for balance in ("100", "60"))
    assert trail == [
        {"what": "INSERT", "before": None, "after": opened},
        {"what": "MODIFY", "before": opened, "after": changed},
        {"what": "REMOVE", "before": changed, "after": None},
    ]


@pytest.mark.full
def test_the_report_is_made_when_its_time_comes(server: Server) -> None:
    assert play(server, "report") == "product,EUR\ncake,30\ncoffee,125\ntea,120\n"


@pytest.mark.full
def test_an_execution_waits_for_a_decision_and_follows_it(server: Server) -> None:
    (paid, output), (failed, reason) = play(server, "approval")
    assert (paid, json.loads(output)) == ("SUCCEEDED", {"expense": "taxi", "paid": 40})
    assert (failed, reason) == ("FAILED", "Refused: somebody said no")


@pytest.mark.full
def test_an_answer_of_the_chat_arrives_word_by_word(server: Server) -> None:
    pieces = play(server, "chat")
    told = "".join(pieces)
    assert told.startswith("data: Why\n\ndata: do\n\n")
    assert told.endswith("data: more.\n\nevent: done\ndata:\n\n")
    assert "done" not in pieces[0]
    assert len(pieces) > 3


def test_a_stack_that_fails_is_told_in_one_line(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(demo_stage.EXAMPLES / "form", tmp_path / "slow")
    template = tmp_path / "slow" / "template.yaml"
    template.write_text(template.read_text().replace("Timeout: 10", "Timeout: 9999"))
    monkeypatch.setattr(demo_stage, "EXAMPLES", tmp_path)
    with pytest.raises(demo_stage.DemoFailed, match=r"^the stack is ROLLBACK_COMPLETE: Form: .*9999") as told:
        play(server, "slow")
    assert "\n" not in str(told.value)


def test_a_function_that_fails_is_told_with_its_own_words(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(demo_stage.EXAMPLES / "form", tmp_path / "broken")
    code = tmp_path / "broken" / "function" / "app.py"
    code.write_text(code.read_text().replace("table.put_item(Item=message)", "raise KeyError('no table')"))
    monkeypatch.setattr(demo_stage, "EXAMPLES", tmp_path)
    words = r"^POST /messages answered 50\d: .*; a function said: \[ERROR\] KeyError: 'no table'$"
    with pytest.raises(demo_stage.DemoFailed, match=words):
        play(server, "broken")


def test_a_language_that_is_not_here_is_told_with_what_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_package, "found_here", list)
    words = r"nodejs22\.x is not on this host: \S+ runtimes install nodejs22\.x gets it"
    with pytest.raises(demo_package.NoRuntime, match=words):
        demo_package.read(demo_stage.EXAMPLES / "chat")


def test_the_demo_lists_the_examples_and_knows_no_other() -> None:
    listed = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=True).stdout
    for name in ("approval", "audit", "chat", "clicks", "form", "orders", "report", "thumbnails"):
        assert f"\n  {name} " in listed
    unknown = subprocess.run([sys.executable, SCRIPT, "photos"], capture_output=True, text=True, check=False)
    assert unknown.returncode == 2
    assert unknown.stderr.startswith("demo: there is no example photos; there are approval, audit")
