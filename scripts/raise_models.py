"""`make models`: raises botocore and boto3, whose service models the wire is derived from.

Pins the newest pair in pyproject.toml and requirements/runtime.in, compiles the locks again, and prints
which operations of the services lambdad answers have come, gone or changed, so that a person decides.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SERVICES = ("lambda", "logs", "iam", "sts", "cloudwatch")
PINNED = (ROOT / "pyproject.toml", ROOT / "requirements" / "runtime.in")


def main() -> int:
    """Raise, compare, lock; 0 also when nothing is newer."""
    old = _pinned()
    new = _newest()
    if new == old:
        print(f"models: botocore {old} is the newest")
        return 0
    with tempfile.TemporaryDirectory(prefix="lambdad-models-") as scratch:
        before, after = Path(scratch, "old"), Path(scratch, "new")
        _fetch(old, before)
        _fetch(new, after)
        for service in SERVICES:
            _compare(service, _operations(before, service), _operations(after, service))
    for path in PINNED:
        path.write_text(path.read_text().replace(f"=={old}", f"=={new}"))
    subprocess.run(["sh", str(ROOT / "scripts" / "lock.sh")], check=True)
    print(f"models: botocore {old} → {new}; run make setup, make test, and look at what changed above")
    return 0


def _pinned() -> str:
    found = re.search(r'"botocore==([^"]+)"', PINNED[0].read_text())
    if found is None:
        raise SystemExit("models: pyproject.toml does not pin botocore")
    return found[1]


def _newest() -> str:
    """The newest version both packages have; they are released together."""
    command = [sys.executable, "-m", "pip", "index", "versions", "boto3", "--disable-pip-version-check"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.match(r"boto3 \(([^)]+)\)", said)
    if found is None:
        raise SystemExit("models: the registry does not tell boto3's versions")
    return found[1]


def _fetch(version: str, into: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(into)]
    subprocess.run([*command, f"botocore=={version}"], check=True)


def _operations(tree: Path, service: str) -> dict[str, str]:
    """Operation to a text that changes when it or a shape it uses directly does."""
    newest = max((tree / "botocore" / "data" / service).iterdir())
    packed = newest / "service-2.json.gz"
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else (newest / "service-2.json").read_bytes()
    model = json.loads(text)
    found = {}
    for name, operation in model["operations"].items():
        shapes = [operation[side]["shape"] for side in ("input", "output") if side in operation]
        parts = [{key: value for key, value in operation.items() if key != "documentation"}]
        parts += [model["shapes"][shape] for shape in shapes]
        found[name] = re.sub(r'"documentation": "[^"]*"', "", json.dumps(parts, sort_keys=True))
    return found


def _compare(service: str, old: dict[str, str], new: dict[str, str]) -> None:
    changed = sorted(name for name in old.keys() & new.keys() if old[name] != new[name])
    for word, names in (
        ("new", new.keys() - old.keys()),
        ("gone", old.keys() - new.keys()),
        ("changed", changed),
    ):
        for name in sorted(names):
            print(f"{service}: {word}: {name}")


if __name__ == "__main__":
    sys.exit(main())
