"""The listener: sockets, TLS, slow clients, and the orderly end."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

from lambdad.domain.scope import Scope
from lambdad.edge.connection import HttpConnection
from lambdad.edge.dispatch import ConnectionBudget, EdgeDispatcher, Inside
from lambdad.edge.shared import Shared

_log = logging.getLogger("lambdad.edge")
_SWEEP_S = 5.0
_BACKLOG = 1_024


class EdgeServer:
    """Listens for clients, and makes the protocol for listeners inside sandboxes."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Accept clients; the port that was taken.

        Raises:
            OSError: the address cannot be listened on.
        """
        loop = asyncio.get_running_loop()
        dispatcher = EdgeDispatcher(self._shared, scheme="https" if tls else "http")
        self._server = await loop.create_server(
            lambda: HttpConnection(dispatcher, loop), host, port, ssl=tls, backlog=_BACKLOG
        )
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep, loop)
        return int(self._server.sockets[0].getsockname()[1])

    def inside(self, environment_id: str, scope: Scope, connections: ConnectionBudget) -> HttpConnection:
        """The protocol of one connection to the AWS endpoint inside a sandbox."""
        dispatcher = EdgeDispatcher(self._shared, inside=Inside(environment_id, scope, connections))
        return HttpConnection(dispatcher, asyncio.get_running_loop())

    def forget_environment(self, environment_id: str) -> None:
        """It is gone: its callers are, too."""
        self._shared.identities.forget_environment(environment_id)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        try:
            for connection in list(self._shared.connections):
                connection.expire(now)
        except Exception:  # noqa: BLE001 - or no slow client would ever be let go of again
            _log.exception("slow clients were not looked at", extra={"event": "edge.sweep"})
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep, loop)

    def stop_listening(self) -> None:
        """Accept nobody new; connections that are open may finish."""
        if self._server is not None:
            self._server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()

    def drain(self) -> None:
        """Accept nobody new, let go of clients that wait for nothing, and of others with their answer.

        Functions that still run may go on calling the endpoint inside their sandboxes.
        """
        self._shared.draining = True
        if self._server is not None:
            self._server.close()
        for connection in list(self._shared.connections):
            if not connection.is_busy and not connection.is_receiving:
                connection.close()

    @property
    def is_draining(self) -> bool:
        """Whether nobody new is accepted."""
        return self._shared.draining

    def close(self) -> None:
        """Close every connection."""
        self.stop_listening()
        for connection in list(self._shared.connections):
            connection.close()


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server context of at least TLS 1.2.

    Raises:
        OSError: a file cannot be read or does not fit.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
