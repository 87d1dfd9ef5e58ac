"""The loopback floor: a bare asyncio server that answers every request at once.

It parses just enough to find the end of a request and answers with a constant (or, with `--echo`, the
body). No real server can be faster on this machine under the same load generator; ratios against it
move less between machines than microseconds do.

Run it with `python -m bench.floor --port P [--loop asyncio|uvloop] [--echo]`.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from typing import cast

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_LENGTH = b"content-length:"


class FloorProtocol(asyncio.Protocol):
    """One connection: gathers a request, answers it."""

    def __init__(self, *, echo: bool) -> None:
        """Start with nothing received; `echo` answers with the request's own body."""
        self._echo = echo
        self._parts: list[bytes] = []
        self._missing = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio gives TCP transports TCP_NODELAY)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer once the whole body is here."""
        if self._parts:
            self._missing -= len(data)
        else:
            self._missing = _body_missing(data)
        if self._missing > 0 or self._echo:
            self._parts.append(data)
        if self._missing <= 0:
            self._answer()

    def _answer(self) -> None:
        if not self._echo:
            self._parts.clear()
            self._transport.write(_ANSWER)
            return
        request = b"".join(self._parts)
        self._parts.clear()
        body = request[request.index(b"\r\n\r\n") + 4 :]
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        self._transport.write(body)


def _body_missing(data: bytes) -> int:
    """Give how many bytes of the body are still to come after `data`, which begins a request."""
    end = data.find(b"\r\n\r\n")
    head = data[:end].lower()
    at = head.find(_LENGTH)
    if at < 0:
        return 0
    line_end = head.find(b"\r\n", at)
    length = int(head[at + len(_LENGTH) : line_end if line_end >= 0 else None])
    return length - (len(data) - end - 4)


async def _serve(port: int, *, echo: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(lambda: FloorProtocol(echo=echo), "127.0.0.1", port)
    async with server:
        await stop.wait()


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    parser.add_argument("--echo", action="store_true")
    options = parser.parse_args()
    if options.loop == "uvloop":
        import uvloop

        uvloop.run(_serve(options.port, echo=options.echo))
    else:
        asyncio.run(_serve(options.port, echo=options.echo))


if __name__ == "__main__":
    main()
