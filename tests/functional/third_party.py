"""Programs of other people's making, built unmodified by `scripts/test_tools.sh`, as functions and extensions."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from calling import ROOT, TOOLS_HINT

from tests.running import Server

RUST = ROOT / ".cache" / "rust" / "debug"
PROGRAMS = Path(__file__).parent / "programs"


def built(program: str) -> bytes:
    """A program on AWS's Rust crates."""
    path = RUST / program
    assert path.exists(), TOOLS_HINT
    return path.read_bytes()


def go_program(folder: Path) -> bytes:
    """The program on AWS's Go library."""
    program = folder / "bootstrap"
    subprocess.run(
        ["go", "build", "-o", str(program), "."],
        cwd=PROGRAMS / "go",
        check=True,
        env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"},
    )
    return program.read_bytes()


def logged(
    server: Server,
    name: str,
    *texts: str,
    meanwhile: Callable[[], object] = lambda: time.sleep(0.05),
    within_s: float = 15.0,
) -> str:
    """All that was logged, once each of the texts is in it.

    Args:
        server: where to look.
        name: the function.
        texts: what has to be there.
        meanwhile: called between two looks; an environment is frozen unless it has something to do.
        within_s: when to give up.

    Raises:
        AssertionError: one of them did not come.
    """
    give_up = time.monotonic() + within_s
    while True:
        found = "\n".join(server.messages(name))
        missing = [text for text in texts if text not in found]
        if not missing:
            return found
        assert time.monotonic() < give_up, f"not logged: {missing}\n{found}"
        meanwhile()
