"""What an extension asks for: the body of a Subscribe call, checked.

Source: AWS's developer guide ("Lambda Telemetry API reference", "Lambda Logs API"), spec runtime-api §4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import msgspec

from lambdad.domain.limits import (
    DEFAULT_TELEMETRY_TIMEOUT_MS,
    MAX_TELEMETRY_BYTES,
    MAX_TELEMETRY_ITEMS,
    MAX_TELEMETRY_TIMEOUT_MS,
    MIN_TELEMETRY_BYTES,
    MIN_TELEMETRY_ITEMS,
    MIN_TELEMETRY_TIMEOUT_MS,
    RESERVED_PORT,
)
from lambdad.worker.telemetry_api.answers import LOGS, TELEMETRY

_SCHEMAS: Final = {
    TELEMETRY: ("2025-01-29", "2022-12-13", "2022-07-01"),
    LOGS: ("2021-03-18", "2020-08-15"),
}
_DEFAULT_LOGS_SCHEMA = "2020-08-15"
_TYPES: Final = ("platform", "function", "extension")
_HOSTS: Final = ("sandbox.localdomain", "sandbox")
_MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Buffering:
    """How records are gathered; what is given up on is bounded by these, too."""

    max_items: int = MAX_TELEMETRY_ITEMS
    max_bytes: int = MIN_TELEMETRY_BYTES
    timeout_ms: int = DEFAULT_TELEMETRY_TIMEOUT_MS


@dataclass(frozen=True, slots=True)
class HttpDestination:
    """A server inside the sandbox.

    Attributes:
        port: on the sandbox's loopback.
        host: as the subscriber named it, with the port.
        target: path and query.
        method: ``POST`` or ``PUT``.
    """

    port: int
    host: str
    target: str
    method: str


@dataclass(frozen=True, slots=True)
class TcpDestination:
    """A listener on the sandbox's loopback that takes lines of JSON."""

    port: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """A valid subscription.

    Attributes:
        api: ``telemetry`` or ``logs``.
        schema: the version of the records.
        types: in the order they were asked for.
    """

    api: str
    schema: str
    types: tuple[str, ...]
    destination: HttpDestination | TcpDestination
    buffering: Buffering


class InvalidSubscription(Exception):
    """A subscription AWS would refuse.

    Attributes:
        problems: all of them.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parse(api: str, body: bytes) -> Subscription:
    """Read and check a Subscribe call's body.

    Raises:
        InvalidSubscription: with everything that is wrong with it.
    """
    try:
        asked = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidSubscription(["the request body is not valid JSON"]) from None
    if not isinstance(asked, dict):
        raise InvalidSubscription(["the request body is not a JSON object"])
    problems: list[str] = []
    destination = _destination(api, asked.get("destination"), problems)
    types = _types(asked.get("types"), problems)
    schema = _schema(api, asked.get("schemaVersion"), problems)
    buffering = _buffering(asked.get("buffering"), problems)
    if problems or destination is None:
        raise InvalidSubscription(problems)
    return Subscription(api, schema, types, destination, buffering)


def _schema(api: str, asked: object, problems: list[str]) -> str:
    if asked is None and api == LOGS:
        return _DEFAULT_LOGS_SCHEMA
    if asked is None:
        problems.append("schemaVersion is not provided")
    elif not isinstance(asked, str) or asked not in _SCHEMAS[api]:
        problems.append(f"schemaVersion should be one of {', '.join(_SCHEMAS[api])}")
    else:
        return asked
    return ""


def _types(asked: object, problems: list[str]) -> tuple[str, ...]:
    if not asked:
        problems.append("types should not be empty")
        return ()
    if not isinstance(asked, list) or any(one not in _TYPES for one in asked):
        problems.append(f"types should be among {', '.join(_TYPES)}")
        return ()
    return tuple(dict.fromkeys(asked))


def _buffering(asked: object, problems: list[str]) -> Buffering:
    if asked is None:
        return Buffering()
    if not isinstance(asked, dict):
        problems.append("buffering should be an object")
        return Buffering()
    default = Buffering()

    def within(name: str, otherwise: int, least: int, most: int) -> int:
        value = asked.get(name)
        if value is None:
            return otherwise
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            problems.append(f"{name} should be between {least} and {most}")
            return otherwise
        return value

    return Buffering(
        within("maxItems", default.max_items, MIN_TELEMETRY_ITEMS, MAX_TELEMETRY_ITEMS),
        within("maxBytes", default.max_bytes, MIN_TELEMETRY_BYTES, MAX_TELEMETRY_BYTES),
        within("timeoutMs", default.timeout_ms, MIN_TELEMETRY_TIMEOUT_MS, MAX_TELEMETRY_TIMEOUT_MS),
    )


def _destination(api: str, asked: object, problems: list[str]) -> HttpDestination | TcpDestination | None:
    if not isinstance(asked, dict):
        problems.append("destination is not provided")
        return None
    protocol = asked.get("protocol")
    if protocol == "HTTP":
        return _http(api, asked, problems)
    if protocol == "TCP":
        port = asked.get("port")
        if isinstance(port, bool) or not isinstance(port, int) or not 0 < port <= _MAX_PORT:
            problems.append("port is not provided" if port is None else f"port should be 1 to {_MAX_PORT}")
            return None
        return TcpDestination(port) if _is_free(port, problems) else None
    problems.append("protocol should be one of HTTP, TCP")
    return None


def _http(api: str, asked: dict[str, object], problems: list[str]) -> HttpDestination | None:
    uri, method = asked.get("URI"), asked.get("method", "POST")
    before = len(problems)
    if method != "POST" and not (method == "PUT" and api == LOGS):
        problems.append("method should be POST or PUT" if api == LOGS else "method should be POST")
    if not isinstance(uri, str) or not uri:
        problems.append("URI is not provided")
        return None
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        problems.append("URI is not valid")
        return None
    if not uri.isascii() or not uri.isprintable() or " " in uri:
        problems.append("URI is not valid")
    if parts.scheme != "http":
        problems.append("URI scheme should be http")
    if parts.hostname not in _HOSTS or "@" in parts.netloc:
        problems.append("URI host should be sandbox.localdomain")
    if not port:
        problems.append("URI port is not provided")
        return None
    if not _is_free(port, problems) or len(problems) > before:
        return None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return HttpDestination(port, f"{parts.hostname}:{port}", target, str(method))


def _is_free(port: int, problems: list[str]) -> bool:
    if port == RESERVED_PORT:
        problems.append(f"port {RESERVED_PORT} is reserved")
    return port != RESERVED_PORT
