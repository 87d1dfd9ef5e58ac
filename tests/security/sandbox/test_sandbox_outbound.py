"""With a way out to the internet a function still reaches neither the host nor another function."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.root


def test_neither_the_host_nor_another_sandbox_is_reached(tmp_path: Path) -> None:
    stub = Path(__file__).with_name("outbound_stub.py")
    done = subprocess.run([sys.executable, str(stub), str(tmp_path)], stdout=subprocess.PIPE, check=True)
    told = json.loads(done.stdout)
    assert told["findings"]["outbound network"][0], told["findings"]
    interfaces, address = told["inside"].splitlines()
    assert set(eval(interfaces)) == {"lo", "eth0"}  # or this test proves nothing
    assert "198.51.100.7" in told["host"]
    visited = json.loads(told["visited"])
    assert address in visited, "the address of the other sandbox is among those tried"
    assert len(visited) >= 8
    assert not any(visited.values()), visited
