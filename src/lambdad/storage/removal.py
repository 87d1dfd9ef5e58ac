"""Removing trees that may be read-only, as unpacked code is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def remove_tree(path: Path) -> None:
    """Remove a file or a whole tree; what is not there is fine. Links are removed, not followed."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):  # only its owner may remove entries, and only from writable folders
        Path(folder).chmod(0o700)
    shutil.rmtree(path)
