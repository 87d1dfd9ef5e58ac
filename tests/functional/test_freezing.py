"""Processes stop between events, as on AWS, unless the server was told to let them run."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path

import pytest
from calling import call, started

from tests.running import Server

TICKING = """
import threading, time
ticks = 0
def tick():
    global ticks
    while True:
        time.sleep(0.01)
        ticks += 1
        print("tick", ticks, flush=True)
threading.Thread(target=tick, daemon=True).start()
def handler(event, context):
    return ticks
"""


def states(server: Server) -> list[str]:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/status", timeout=20) as answer:
        return [one["state"] for one in json.load(answer)["environments"]]


def test_work_in_the_background_goes_on_between_events_when_freezing_is_off(tmp_path: Path) -> None:
    with started(tmp_path / "data", "--no-freeze") as server:
        name = server.function({"app.py": TICKING})
        before = call(server, name).body
        wanted = f"tick {before + 200}\n"
        assert wanted in server.messages(name, until=wanted, within_s=30)
        assert states(server) == ["idle"]


@pytest.mark.parametrize(
    "arguments", [(), pytest.param(("--freeze",), marks=pytest.mark.full)], ids=["by itself", "by option"]
)
def test_an_environment_without_an_event_is_frozen(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with started(tmp_path / "data", *arguments) as server:
        name = server.function({"app.py": TICKING})
        call(server, name)
        deadline = time.monotonic() + 20
        while states(server) != ["frozen"] and time.monotonic() < deadline:
            time.sleep(0.01)
        assert states(server) == ["frozen"]
        assert call(server, name).error is None
