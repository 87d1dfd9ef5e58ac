"""How one raw value, text or TOML, becomes the value of a setting; each reader says what it wanted.

Readers take the place the value came from (``LAMBDAD_PORT``, ``lambdad.toml: port``, ``--port``) for
their error, and know nothing of settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

IN_MEMORY = ":memory:"


class SettingsError(Exception):
    """A setting that cannot be used; `str(error)` is one line (or one per problem) for people."""


def text(name: str, raw: object) -> str:
    """A text that is not empty."""
    if not isinstance(raw, str) or not raw:
        raise SettingsError(f"{name} must be a text, not {raw!r}")
    return raw


def integer(name: str, raw: object) -> int:
    """A whole number of at most nine digits, not negative."""
    if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0:
        return raw
    if isinstance(raw, str) and re.fullmatch(r"\d{1,9}", raw):
        return int(raw)
    raise SettingsError(f"{name} must be a whole number, not {raw!r}")


def seconds(name: str, raw: object) -> float:
    """A number of seconds, not negative."""
    if isinstance(raw, (int, float)) and not isinstance(raw, bool) and 0 <= raw < 1e9:
        return float(raw)
    if isinstance(raw, str) and re.fullmatch(r"\d{1,9}(\.\d+)?", raw):
        return float(raw)
    raise SettingsError(f"{name} must be a number of seconds, not {raw!r}")


def switch(name: str, raw: object) -> bool:
    """``true``/``false``, in text also 1/0, yes/no, on/off."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in {"1", "true", "yes", "on"}:
        return True
    if isinstance(raw, str) and raw.lower() in {"0", "false", "no", "off"}:
        return False
    raise SettingsError(f"{name} must be true or false, not {raw!r}")


def words(name: str, raw: object) -> tuple[str, ...]:
    """A list of texts; in text separated by commas."""
    if isinstance(raw, str):
        return tuple(word.strip() for word in raw.split(",") if word.strip())
    if isinstance(raw, (list, tuple)) and all(isinstance(word, str) for word in raw):
        return tuple(raw)
    raise SettingsError(f"{name} must be a list of texts, not {raw!r}")


def path(name: str, raw: object) -> Path:
    """An absolute path; ``~`` is the home directory."""
    return Path(text(name, raw)).expanduser().absolute()


def data_dir(name: str, raw: object) -> Path | None:
    """An absolute path, or None for ``:memory:``."""
    return None if raw == IN_MEMORY else path(name, raw)


def one_of(kind: type[StrEnum]) -> Callable[[str, object], StrEnum]:
    """A reader that takes only the words of `kind`."""

    def read(name: str, raw: object) -> StrEnum:
        if isinstance(raw, str) and raw in set(kind):
            return kind(raw)
        raise SettingsError(f"{name} must be one of {', '.join(kind)}, not {raw!r}")

    return read
