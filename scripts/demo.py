"""`make demo NAME=…`: one of the examples on a server of its own, told step by step; without a name, the list."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from botocore.exceptions import BotoCoreError, ClientError  # noqa: E402 - the checkout must be importable first
from scripts import demo_stage  # noqa: E402
from scripts.demo_package import NoRuntime  # noqa: E402
from scripts.local_server import free_port, running  # noqa: E402

from lambdad.cli.errors import CommandError  # noqa: E402

LAMBDAD = ROOT / ".venv" / "bin" / "lambdad"
EXPECTED = (demo_stage.DemoFailed, NoRuntime, CommandError, BotoCoreError, ClientError, OSError)
"""What is told in one line; anything else is a defect, and shows its stack."""


def main(arguments: list[str]) -> int:
    """List the examples, or play the one that is named."""
    known = demo_stage.names()
    if not arguments:
        print("make demo NAME=… plays one of these:\n")
        for name in known:
            print(f"  {name:<12}{demo_stage.sentence(name)}")
        return 0
    name = arguments[0]
    if name not in known:
        return _failed(f"there is no example {name}; there are {', '.join(known)}", 2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _play(name)
    except KeyboardInterrupt:
        return _failed("stopped", 130)
    except EXPECTED as error:
        return _failed(" ".join(str(error).split()), 1)


def _play(name: str) -> int:
    print(f"{name}: {demo_stage.sentence(name)}", flush=True)
    if not _install_companion():
        return 1
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:5.1f} s  " + text.replace("\n", "\n         "), flush=True)

    with tempfile.TemporaryDirectory(prefix="lambdad-demo-") as folder:
        log = Path(folder) / "server.log"
        try:
            with log.open("wb") as written, running(LAMBDAD, free_port(), f"{folder}/data", log=written) as endpoint:
                say(f"a server of this demo's own listens on {endpoint}")
                demo_stage.play(name, endpoint, say)
                say("done; the server and all its data go away")
        except Exception:
            _show(r"^\S+ +(?:warning|error) .*", log)
            raise
        except SystemExit as error:
            if isinstance(error.code, str):  # the server did not start
                _show(r"^.+$", log)
            raise
    print(f"its code is in examples/{name}", flush=True)
    return 0


def _install_companion() -> bool:
    """Whether what S3, SQS and the like come from is there; says itself what it does, or what keeps it."""
    return subprocess.run([str(LAMBDAD), "neighbours", "install"], check=False).returncode == 0


def _show(lines: str, log: Path) -> None:
    """The last of such lines of the server's, whose log goes away with its data."""
    text = log.read_text("utf-8", "replace") if log.exists() else ""
    for line in re.findall(lines, text, re.MULTILINE)[-5:]:
        print(f"the server said: {line}", file=sys.stderr)


def _failed(text: str, status: int) -> int:
    print(f"demo: {text}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
