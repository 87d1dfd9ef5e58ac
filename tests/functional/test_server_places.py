"""A data directory may lie anywhere and be called anything."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from calling import call, started
from traces import left_after

from tests.running import free_port

FUNCTION = {"app.py": "def handler(event, context):\n    return [event, open('app.py').read() != '']\n"}
NAMES = {
    "spaces and letters": "a b\u00fc\u6f22",
    "quotes and signs": 'it\'s "$(quoted)" #1 %s {x};',
    "a backslash": "back\\slash\\040",
    "colon and comma": "a:b,c=d",
    "a long name": "n" * 240,
    "a dash": "-rf",
    "all at once": '-rf a b\u00fc\u6f22 it\'s "$(quoted)" #1 %s {x}; \\slash\\040 a:b,c=d',
}
TRIED = {("all at once", "namespace"), ("all at once", "process")}


@pytest.mark.parametrize(
    ("kind", "tier"),
    [
        pytest.param(kind, tier, marks=[] if (kind, tier) in TRIED else [pytest.mark.full])
        for kind in NAMES
        for tier in ("namespace", "process")
    ],
)
def test_a_data_directory_of_any_name_works(tmp_path: Path, kind: str, tier: str) -> None:
    data_dir = tmp_path / NAMES[kind] / "data"
    data_dir.parent.mkdir()
    with started(data_dir, "--isolation", tier) as server:
        name = server.function(FUNCTION)
        assert call(server, name, 1).body == [1, True]
        server.kill()
    assert left_after(data_dir) == []
    with started(data_dir, "--isolation", tier) as again:
        assert call(again, name, 2).body == [2, True]
    assert left_after(data_dir, 0) == []


def test_a_relative_data_directory_is_that_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "below").mkdir()
    with started("below/data") as server:
        assert call(server, server.function(FUNCTION), 1).body == [1, True]
    assert (tmp_path / "below" / "data" / "catalogue.db").exists()


@pytest.mark.full
def test_a_link_to_a_data_directory_is_the_directory(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with started(tmp_path / "link") as server:
        name = server.function(FUNCTION)
        assert call(server, name, 1).body == [1, True]
    with started(tmp_path / "real") as server:
        assert call(server, name, 2).body == [2, True]


def test_a_server_without_standard_streams_serves(tmp_path: Path) -> None:

    port = free_port()
    command = [
        sys.executable,
        "-m",
        "lambdad.cli.entry",
        "serve",
        "--port",
        str(port),
        "--data-dir",
        str(tmp_path / "d"),
    ]
    server = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command])
    try:
        deadline = time.monotonic() + 20
        status = 0
        while status != 200 and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
                    status = answer.status
            except OSError:
                time.sleep(0.05)
        assert status == 200
    finally:
        server.terminate()
        assert server.wait(20) == 0
    assert os.path.exists(tmp_path / "d" / "catalogue.db")
