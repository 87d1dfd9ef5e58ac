"""Rules for what operators have their server tell, and whom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from lambdad.settings.model import Settings

LEAST_TOKEN_CHARACTERS: Final = 16
_MOST_TOKEN_BYTES: Final = 4_096
_MOST_PORT: Final = 65_535


def observability_problems(settings: Settings) -> list[str]:
    """Why these settings cannot be, one line each."""
    lines = []
    if settings.otlp_endpoint is not None and not _is_url(settings.otlp_endpoint):
        lines.append("otlp_endpoint is refused: it is a URL without user, such as http://127.0.0.1:4318")
    if settings.otlp_percent > 100:
        lines.append(f"otlp_percent = {settings.otlp_percent} is refused: it is from 0 to 100")
    if settings.xray_daemon is not None and not _is_address(settings.xray_daemon):
        lines.append(f"xray_daemon = {settings.xray_daemon} is refused: it is host:port")
    if settings.metrics_token_file is not None and token_of(settings.metrics_token_file) is None:
        lines.append(
            f"metrics_token_file = {settings.metrics_token_file} is refused: it cannot be read, or holds no "
            f"token of {LEAST_TOKEN_CHARACTERS} characters or more in one line"
        )
    return lines


def token_of(path: Path) -> str | None:
    """The token that a file holds; None when there is none."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_TOKEN_BYTES).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text if re.fullmatch(rf"[\x21-\x7e]{{{LEAST_TOKEN_CHARACTERS},}}", text) else None


def _is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0 and "@" not in text
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    found = re.fullmatch(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})", text)
    return found is not None and 0 < int(found[2]) <= _MOST_PORT
