"""Asks AWS's emulator every step again and writes its answers to data/emulator.json.

Run as root: `.venv/bin/python tests/oracle/record_oracle.py [part of a name …]`. It fetches the emulator out of
the aws-sam-cli wheel into .cache once. Without arguments everything is asked.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

import probe_extensions  # noqa: E402, F401 - registers its scenarios
import probe_runtime  # noqa: E402, F401 - registers its scenarios
from probe_answers import comparable  # noqa: E402
from probe_emulator import FUNCTION, play  # noqa: E402
from probe_steps import SCENARIOS  # noqa: E402

from bench.install import VERSIONS  # noqa: E402
from bench.subject_rie import emulator_member  # noqa: E402

VERSION = VERSIONS["aws-sam-cli"]
DATA = HERE / "data" / "emulator.json"
_AT_ONCE = 3


def emulator() -> Path:
    """The emulator's program, fetched when it is not there yet."""
    home = ROOT / ".cache" / "oracle" / VERSION
    program = home / "aws-lambda-rie"
    if not program.exists():
        member = emulator_member()
        if member is None:
            raise SystemExit("the aws-sam-cli package has no emulator for this machine")
        home.mkdir(parents=True, exist_ok=True)
        pip = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "-d",
            str(home),
        ]
        subprocess.run([*pip, f"aws-sam-cli=={VERSION}"], check=True)
        wheel = next(home.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            program.write_bytes(archive.read(member))
        program.chmod(0o755)
        wheel.unlink()
    return program


def asked(name: str) -> tuple[str, dict[str, str]]:
    """Play one scenario in the emulator."""
    found = comparable(SCENARIOS[name], play(emulator(), SCENARIOS[name]), FUNCTION)
    print(f"{name}: {len(found)} answers", flush=True)
    return name, found


def main(words: list[str]) -> None:
    """Ask, and write what was answered."""
    emulator()
    names = [name for name in SCENARIOS if not words or any(word in name for word in words)]
    known = json.loads(DATA.read_text())["answers"] if DATA.exists() else {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        known.update(pool.map(asked, names))
    answers = {name: dict(sorted(known[name].items())) for name in SCENARIOS if name in known}
    DATA.parent.mkdir(exist_ok=True)
    content = {"package": f"aws-sam-cli {VERSION}", "answers": answers}
    DATA.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
