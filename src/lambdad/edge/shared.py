"""What all listeners share: gate, identities, services, the bounds, and how answers are sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine

from lambdad.domain.http import Response
from lambdad.domain.limits import MAX_EDGE_BODY_BYTES
from lambdad.domain.request_ids import Ids
from lambdad.edge import cors
from lambdad.edge.admission import Admission
from lambdad.edge.connection import HttpConnection
from lambdad.edge.gate import Gate
from lambdad.edge.identity import Identities
from lambdad.edge.invoke_route import InvokeRoute
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.services import Services
from lambdad.edge.signers import Signers
from lambdad.edge.stream_route import StreamRoute
from lambdad.edge.url_route import UrlRoute
from lambdad.edge.urls import Urls
from lambdad.edge.wire import HttpDate, head
from lambdad.events.queue import Accept
from lambdad.frontend.invoke import Frontend
from lambdad.identity.authorization.lambda_gate import LambdaGate
from lambdad.identity.authorization.url_gate import UrlGate
from lambdad.ports.clock import Clock

_log = logging.getLogger("lambdad.edge")


class Shared:
    """What all listeners share: gate, identities, services, open connections, running tasks."""

    def __init__(
        self,
        frontend: Frontend,
        accept: Accept,
        services: Services,
        gate: Gate,
        identities: Identities,
        admission: Admission,
        urls: Urls,
        clock: Clock,
        max_connections: int,
        gate_of_lambda: LambdaGate,
    ) -> None:
        self.ids: Ids = frontend.ids
        self.services = services
        self.gate = gate
        self.identities = identities
        self.admission = admission
        self.date = HttpDate()
        self.invoke = InvokeRoute(frontend, accept, self.respond, self.date, gate_of_lambda)
        self.streams = StreamRoute(frontend, self.respond, self.date, self.spawn, gate_of_lambda)
        self.signers = Signers(identities, admission)
        self.urls = UrlRoute(
            frontend,
            urls,
            clock,
            self.respond,
            self.date,
            self.spawn,
            self.signers,
            UrlGate(gate_of_lambda),
        )
        self.connections: set[HttpConnection] = set()
        self.draining = False
        self._max_connections = max_connections
        self._held_bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, connection: HttpConnection, *, inside: bool) -> bool:
        """Admit a connection within the bound; those of sandboxes leave half of it to clients."""
        bound = self._max_connections // 2 if inside else self._max_connections
        if len(self.connections) >= bound:
            return False
        self.connections.add(connection)
        return True

    def hold(self, count: int, *, inside: bool) -> bool:
        """Count bytes of bodies in memory; False (and not counted) when that is too much."""
        bound = MAX_EDGE_BODY_BYTES // 2 if inside else MAX_EDGE_BODY_BYTES
        if self._held_bytes + count > bound:
            return False
        self._held_bytes += count
        return True

    def release(self, count: int) -> None:
        """So many less."""
        self._held_bytes -= count

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run a request's work."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def busy(self) -> int:
        """Requests being worked on."""
        return sum(1 for connection in self.connections if connection.is_busy)

    def respond(
        self,
        connection: HttpConnection,
        raw: RawRequest,
        response: Response,
        request_id: str,
    ) -> None:
        """Send a whole answer."""
        body = response.body if isinstance(response.body, bytes) else b""
        extra = cors.headers(raw.origin)
        lines = head(response, request_id, self.date.line(), extra, keep_alive=raw.keep_alive)
        connection.answer(lines, b"" if raw.method == b"HEAD" else body, keep_alive=raw.keep_alive)

    async def stream(
        self,
        connection: HttpConnection,
        raw: RawRequest,
        response: Response,
        request_id: str,
        chunks: AsyncIterator[bytes],
    ) -> None:
        """Send an answer in chunks as they come; a failure in the middle cuts the connection."""
        extra = cors.headers(raw.origin)
        chunked = all(name.lower() != "content-length" for name, _ in response.headers)
        connection.sender = asyncio.current_task()
        connection.write(head(response, request_id, self.date.line(), extra, keep_alive=raw.keep_alive))
        try:
            async for chunk in chunks:
                if chunk:
                    connection.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if chunked else chunk)
                    await connection.drain()
        except ConnectionResetError:
            connection.finished(keep_alive=False)
            return
        except Exception:  # noqa: BLE001 - the answer has begun: all that is left is to cut it
            _log.exception("a streamed answer failed", extra={"event": "edge.stream"})
            connection.finished(keep_alive=False)
            return
        finally:
            if isinstance(chunks, AsyncGenerator):  # what it holds upstream is let go of now
                await chunks.aclose()
        if chunked:
            connection.write(b"0\r\n\r\n")
        connection.finished(keep_alive=raw.keep_alive)
