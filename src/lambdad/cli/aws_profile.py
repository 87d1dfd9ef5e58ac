"""Profiles of the AWS CLI: sections of its two files, written without touching what else is in them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lambdad.cli.errors import CommandError


def credentials_file(environ: Mapping[str, str]) -> Path:
    """Where the CLI and the SDKs look for keys."""
    return Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()


def config_file(environ: Mapping[str, str]) -> Path:
    """Where they look for everything else."""
    return Path(environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()


def section_of(profile: str) -> str:
    """What the configuration calls a profile."""
    return profile if profile == "default" else f"profile {profile}"


def has_section(path: Path, section: str) -> bool:
    """Whether a file has it.

    Raises:
        CommandError: the file cannot be read.
    """
    return any(_begins(line) == section for line in _lines(path))


def write_section(path: Path, section: str, members: Mapping[str, str]) -> None:
    """Put a section into a file, in the place of one of that name; the file is then its owner's alone.

    Raises:
        CommandError: the file cannot be written.
    """
    text = [f"[{section}]", *(f"{name} = {value}" for name, value in members.items())]
    kept = _without(_lines(path), section)
    while kept and not kept[-1].strip():
        kept.pop()
    lines = [*kept, "", *text] if kept else text
    try:
        _replace(path, "\n".join(lines) + "\n")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from error


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def _begins(line: str) -> str | None:
    """The section that a line begins; None for other lines."""
    text = line.strip()
    return " ".join(text[1 : text.index("]")].split()) if text.startswith("[") and "]" in text else None


def _without(lines: list[str], section: str) -> list[str]:
    kept, skips = [], False
    for line in lines:
        begun = _begins(line)
        if begun is not None:
            skips = begun == section
        if not skips:
            kept.append(line)
    return kept


def _replace(path: Path, text: str) -> None:
    """In one step, also through a link; mode 0600 from the first byte on."""
    target = path.resolve()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, new = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(new).replace(target)
    except OSError:
        Path(new).unlink(missing_ok=True)
        raise
