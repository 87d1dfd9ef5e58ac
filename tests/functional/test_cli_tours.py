"""The tours of README and documentation, typed line by line with the real AWS CLI."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import Server

ROOT = Path(__file__).parents[2]
AWS = ROOT / ".venv-awscli" / "bin" / "aws"
TOURS = {
    "README.md": ("## Five minutes with the AWS CLI", "\n## "),
    "docs/tutorial/five-minutes.md": ("## 1.", "\0"),
}


def commands_of(document: str) -> str:
    """The shell blocks of a tour, without the server (the test has one) and what never ends."""
    text = (ROOT / document).read_text()
    start, end = TOURS[document]
    tour = text[text.index(start) :].split("\n", 1)[1].split(end)[0]
    blocks = re.findall(r"```sh\n(.*?)```", tour, re.DOTALL)
    lines = "".join(block for block in blocks if "lambdad serve" not in block)
    # Version 1 of the AWS CLI, the one a registry has, knows no such option (the tour says so).
    return lines.replace(" --cli-binary-format raw-in-base64-out", "").replace(" --follow", "")


@pytest.mark.parametrize(
    "document",
    [pytest.param(one, marks=[] if one == "README.md" else [pytest.mark.full]) for one in TOURS],
)
def test_a_tour_works_as_it_is_written(document: str, own_server: Server, tmp_path: Path) -> None:
    assert AWS.exists(), "the AWS CLI is set up by scripts/test_tools.sh, which `make test` runs"
    script = commands_of(document).replace("http://127.0.0.1:4566", own_server.url)
    script = script.replace(".venv/bin/lambdad", f"{sys.executable} -m lambdad.cli.entry")
    environ = {
        "PATH": f"{AWS.parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LAMBDAD_ENDPOINT": own_server.url,
        "AWS_PAGER": "",
    }
    ran = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads((tmp_path / "answer.json").read_text()) == {"greeting": "Hello, Ada!"}
    assert "greeting Ada" in ran.stdout
    assert "REPORT RequestId: " in ran.stdout
