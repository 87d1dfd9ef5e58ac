"""The effective settings as text, for `lambdad doctor` and the console; no secret is among them."""

from __future__ import annotations

from dataclasses import fields
from urllib.parse import urlsplit, urlunsplit

from lambdad.settings.model import Settings
from lambdad.settings.reading import IN_MEMORY

NOTHING = "-"
_REDACTED = {"key_command": "(set)"}
"""What may have a secret in it, for whoever is not at the machine."""


def effective(settings: Settings, *, redacted: bool = False) -> dict[str, str]:
    """Every setting as text, by name.

    Args:
        settings: of the server.
        redacted: whether what may have a secret in it is not said.
    """
    shown = {}
    for item in fields(Settings):
        value = _text(settings, item.name)
        shown[item.name] = _REDACTED.get(item.name, value) if redacted and value != NOTHING else value
    return shown


def _text(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if name == "data_dir":
        value = value or IN_MEMORY
    elif name == "services":
        named = settings.services.items()
        value = ", ".join(f"{service} → {without_user(where.endpoint)}" for service, where in named)
    elif name == "vpcs":
        value = ", ".join(settings.vpcs)
    elif name == "file_systems":
        value = ", ".join(f"{arn} → {place}" for arn, place in settings.file_systems.items())
    elif name == "kafka_clusters":
        value = ", ".join(f"{arn} → {','.join(servers)}" for arn, servers in settings.kafka_clusters.items())
    elif isinstance(value, bool):
        value = str(value).lower()
    elif isinstance(value, tuple):
        value = ", ".join(value)
    return NOTHING if value in {None, ""} else str(value)


def without_user(url: str) -> str:
    """A URL without the name and password that may stand in it."""
    parts = urlsplit(url)
    _, found, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"…@{host}")) if found else url
