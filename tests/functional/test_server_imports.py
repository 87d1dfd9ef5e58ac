"""What the server process imports: nothing heavy, so that it is ready quickly and stays small."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = (
    "botocore",
    "boto3",
    "s3transfer",
    "typer",
    "click",
    "rich",
    "asyncssh",
    "requests",
    "urllib3",
    "cryptography",
)


def imported(stderr: str) -> set[str]:
    """Top-level names in the report of `python -X importtime`."""
    names = [
        line.rsplit("|", 1)[1].strip() for line in stderr.splitlines() if line.startswith("import time:")
    ]
    return {name.split(".")[0] for name in names}


def heavy(modules: set[str]) -> list[str]:
    return sorted(modules & set(HEAVY))


def test_a_started_server_has_imported_nothing_heavy(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as written:
        server = subprocess.Popen(
            [
                *(sys.executable, "-X", "importtime", "-m", "lambdad.cli.entry", "serve"),
                *("--port", "0", "--data-dir", str(tmp_path / "data")),
            ],
            stdout=written,
            stderr=written,
            stdin=subprocess.DEVNULL,
        )
    try:
        deadline = time.monotonic() + 30
        while "is ready on" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        server.terminate()
        assert server.wait(20) == 0
    modules = imported(log.read_text())
    assert {"asyncio", "lambdad", "httptools", "msgspec"} <= modules
    assert heavy(modules) == []


@pytest.mark.parametrize("command", [("--version",), ("--help",)])
def test_the_quick_commands_import_nothing_heavy(command: tuple[str, ...]) -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "lambdad.cli.entry", *command],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert (
        heavy(imported(ran.stderr) - ({"typer", "click", "rich"} if command == ("--help",) else set())) == []
    )
