"""The way to the server: HTTP on loopback, with the secret that only this process was given."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_WITHIN_S: Final = 960.0
"""Longer than any function may take (900 s), so that the server says what became of it."""
_KEPT: Final = 32
"""Connections that wait for the next call."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Door:
    """Calls through one door; used by many threads.

    Args:
        port: on loopback.
        secret: that the server knows the companion by.
    """

    def __init__(self, port: int, secret: str) -> None:
        self.port = port
        self.secret = secret
        self._kept: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def call(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one request.

        Raises:
            OSError: the server cannot be reached, or broke off.
        """
        sent = {**headers, "x-lambdad-secret": self.secret}
        kept = self._take()
        if kept is not None:
            try:
                return self._exchange(kept, method, path, body, sent)
            except http.client.RemoteDisconnected:
                kept.close()  # it was closed before anything was asked
        return self._exchange(
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=_WITHIN_S), method, path, body, sent
        )

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes,
        sent: dict[str, str],
    ) -> Answer:
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            found = Answer(
                response.status, {k.lower(): v for k, v in response.headers.items()}, response.read()
            )
        except http.client.RemoteDisconnected:
            raise
        except http.client.HTTPException as error:
            connection.close()
            raise ConnectionError(f"not an answer: {error}") from error
        except BaseException:
            connection.close()
            raise
        self._give_back(connection)
        return found

    def _take(self) -> http.client.HTTPConnection | None:
        with self._lock:
            return self._kept.pop() if self._kept else None

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if connection.sock is not None and len(self._kept) < _KEPT:
                self._kept.append(connection)
                return
        connection.close()
