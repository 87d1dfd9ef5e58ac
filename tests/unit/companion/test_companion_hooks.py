"""Every hook finds on the pinned ministack what it takes the place of."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lambdad.neighbours.companion.places import PROGRAM, Place

ROOT = Path(__file__).parents[3]
HOOKED = (
    "apigateway",
    "apigateway_v1",
    "cloudformation.custom_resource",
    "cloudformation.drift",
    "cloudformation.provisioners",
    "cloudformation.stacks",
    "eventbridge",
    "lambda_svc",
    "s3",
    "scheduler",
    "sns",
    "stepfunctions",
)


def test_the_hooks_hold() -> None:
    """Fails when ministack is raised and something moved; then see the message."""
    place = Place(ROOT / ".cache")
    assert place.is_installed, "run `sh scripts/test_tools.sh` (make test does)"
    boot = "import sys; sys.path.insert(0, sys.argv.pop(1)); from lambdad_companion.main import main; main()"
    command = [str(place.python), "-I", "-c", boot, str(PROGRAM), "--check"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split()[2:] == [f"ministack.services.{name}" for name in HOOKED]
