"""`make wheel`: builds the wheel, installs it into an empty environment and runs a function from there.

What is tested is what a user gets: locked dependencies, no checkout, no development tools.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent

FUNCTION = """\
import json, urllib.request, boto3
def lambda_handler(event, context):
    return {"doubled": event["number"] * 2, "boto3": bool(boto3.__version__), "arn": context.invoked_function_arn}
"""


def main() -> int:
    """Build, install, serve, deploy, invoke; 0 when the answer is right."""
    os.chdir(ROOT)
    shutil.rmtree("dist", ignore_errors=True)
    _do(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", ".")
    wheel = next((ROOT / "dist").glob("lambdad-*.whl"))
    with tempfile.TemporaryDirectory(prefix="lambdad-wheel-") as scratch:
        place = Path(scratch)
        venv.create(place / "venv", with_pip=True)
        python = str(place / "venv" / "bin" / "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _do(*pip, "--require-hashes", "-r", "requirements/runtime.txt")
        _do(*pip, "--no-deps", str(wheel))
        answer = _invoke(place)
    expected = {"doubled": 42, "boto3": True, "arn": "arn:aws:lambda:us-east-1:000000000000:function:doubler"}
    if answer != expected:
        raise SystemExit(f"wheel: the function answered {answer}, not {expected}")
    print(f"wheel: {wheel.name} runs a function outside the checkout")
    return 0


def _invoke(place: Path) -> object:
    from local_server import free_port, run, running

    lambdad = place / "venv" / "bin" / "lambdad"
    (place / "doubler.py").write_text(FUNCTION)
    os.chdir(place)  # outside the checkout: nothing of it can be imported by accident
    with running(lambdad, free_port(4600), str(place / "data")) as endpoint:
        run(lambdad, endpoint, "deploy", str(place / "doubler.py"), "--timeout", "30", cwd=place)
        printed = run(lambdad, endpoint, "invoke", "doubler", "-p", '{"number": 21}', cwd=place)
    os.chdir(ROOT)
    return json.loads(printed)


def _do(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
