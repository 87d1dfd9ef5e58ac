"""The Extensions, Telemetry and Logs APIs: which call means what.

Before: `server` has a whole request that is not of the Runtime API. After: the environment, through
`ExtensionHandler`.
Source: spec of the Runtime API §3 and §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lambdad.worker.runtime_api import answers

if TYPE_CHECKING:
    from lambdad.worker.runtime_api.server import RuntimeConnection

EXTENSION_BASE = b"/2020-01-01/extension/"
NEXT = b"/2020-01-01/extension/event/next"
_SUBSCRIPTIONS = {b"/2022-07-01/telemetry": "telemetry", b"/2020-08-15/logs": "logs"}


class ExtensionHandler(Protocol):
    """What an environment offers its extensions; each answers by bytes."""

    def extension_register(self, head: bytes, body: bytes) -> bytes:
        """An extension makes itself known."""
        ...

    def extension_next(self, connection: RuntimeConnection, head: bytes) -> bytes | None:
        """An extension waits for an event; None when the answer comes later."""
        ...

    def extension_init_error(self, head: bytes) -> bytes:
        """An extension cannot come up."""
        ...

    def extension_exit_error(self, head: bytes) -> bytes:
        """An extension must end."""
        ...

    def subscribe(self, api: str, head: bytes, body: bytes) -> bytes:
        """An extension wants telemetry (`api` is ``telemetry`` or ``logs``)."""
        ...


def call(handler: ExtensionHandler, method: bytes, path: bytes, head: bytes, body: bytes) -> bytes:
    """Answer a call that does not wait."""
    api = _SUBSCRIPTIONS.get(path)
    if api is not None:
        return answers.method_not_allowed(b"PUT") if method != b"PUT" else handler.subscribe(api, head, body)
    what = path[len(EXTENSION_BASE) :] if path.startswith(EXTENSION_BASE) else b""
    if what == b"event/next":
        return answers.method_not_allowed(b"GET")
    if what not in {b"register", b"init/error", b"exit/error"}:
        return answers.NOT_FOUND
    if method != b"POST":
        return answers.method_not_allowed(b"POST")
    if what == b"register":
        return handler.extension_register(head, body)
    return handler.extension_init_error(head) if what == b"init/error" else handler.extension_exit_error(head)
