"""The two ways out: OTLP over HTTP, and datagrams to X-Ray's daemon. Runs in the exporters' threads.

Source: OpenTelemetry protocol 1.x, "OTLP/HTTP" (default path `/v1/traces`); X-Ray developer guide, "Sending
trace data to AWS X-Ray".
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from lambdad.domain.limits import TRACE_SEND_S
from lambdad.telemetry.tracing.segments import datagram, documents_of
from lambdad.telemetry.tracing.spans import request_of
from lambdad.telemetry.tracing.told import Told

_DEFAULT_PATH: Final = "/v1/traces"
_MOST_ANSWER_BYTES: Final = 64 * 1024


class OtlpSender:
    """Posts to a collector; a connection for each request, so that none is found closed.

    Args:
        endpoint: URL; without a path the default one is taken.
    """

    def __init__(self, endpoint: str) -> None:
        url = urlsplit(endpoint)
        self._is_tls = url.scheme == "https"
        self._host = url.hostname or ""
        self._port = url.port
        self._path = url.path if url.path.strip("/") else _DEFAULT_PATH

    def __call__(self, told: Sequence[Told]) -> None:
        """Send some.

        Raises:
            OSError: the collector is not there, or does not take them.
        """
        import http.client  # noqa: PLC0415 - only who exports pays for it

        kind = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=TRACE_SEND_S)
        try:
            body = json.dumps(request_of(told, _new_id), separators=(",", ":")).encode()
            connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read(_MOST_ANSWER_BYTES)
        except http.client.HTTPException as error:
            raise OSError(f"no HTTP answer: {error!r}") from error
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            raise OSError(f"the collector answered {answer.status}")


class XraySender:
    """Sends datagrams; nobody answers them.

    Args:
        address: ``host:port``.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)

    def __call__(self, told: Sequence[Told]) -> None:
        """Send some.

        Raises:
            OSError: the address cannot be resolved or reached.
        """
        family, kind, protocol, _, address = socket.getaddrinfo(
            self._host, self._port, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as out:
            for one in told:
                for document in documents_of(one, _new_id):
                    data = datagram(document)
                    if data is not None:
                        out.sendto(data, address)


def _new_id() -> str:
    return os.urandom(8).hex()
