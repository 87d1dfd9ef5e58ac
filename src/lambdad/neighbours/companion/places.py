"""Where the companion is installed: a directory of the user's cache, named by what is installed in it.

Another version of lambdad with other pins installs beside it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
PROGRAM: Final = Path(__file__).with_name("program")
_MARK: Final = "installed"


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_CACHE_HOME/lambdad``, else ``~/.cache/lambdad``."""
    root = environ.get("XDG_CACHE_HOME", "")
    if root.startswith("/"):
        return Path(root) / "lambdad"
    home = environ.get("HOME") or str(Path("~").expanduser())
    return Path(home) / ".cache" / "lambdad"


class Place:
    """One directory with, or for, the companion these requirements describe.

    Args:
        parent: where it lies.
    """

    def __init__(self, parent: Path) -> None:
        digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
        self.path = parent / f"companion-{digest}"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    @property
    def is_installed(self) -> bool:
        """Whether all of it is there."""
        return (self.path / _MARK).exists()

    def mark(self, draft: Path) -> None:
        """Say that all of a draft is there."""
        (draft / _MARK).touch()


def version() -> str:
    """The pinned version of ministack."""
    for line in REQUIREMENTS.read_text("utf-8").splitlines():
        if line.startswith("ministack=="):
            return line.removeprefix("ministack==").split()[0]
    raise ValueError("the requirements of the companion do not pin ministack")
