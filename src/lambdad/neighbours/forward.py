"""A neighbour service at an external endpoint: a whole request goes there, its answer comes back.

Without credentials of its own the caller's request goes on as it was signed, `Host` included. With them it
is signed anew, which means to take apart what the caller signed: presigned queries, chunk signatures.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

from lambdad.awsapi import directory, faults
from lambdad.domain import limits
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.http import Request, Response
from lambdad.domain.sigv4 import UNSIGNED_PAYLOAD, hash_of, query_string, s3_path
from lambdad.neighbours import aws_chunked
from lambdad.neighbours.http_client import Answer, HttpClient, Patience, Unreachable
from lambdad.neighbours.message_traces import with_trace
from lambdad.neighbours.sigv4_sign import Signer
from lambdad.ports.clock import Clock
from lambdad.settings import ServiceEndpoint

_log = logging.getLogger(__name__)

_BUFFERED_BYTES = 8 * limits.MIB
"""Answers up to this size are passed on whole, with their length; longer ones piece by piece."""

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
NOT_FORWARDED = _HOP_BY_HOP | {"content-length", "expect"}
"""Headers of a request that are its connection's, not its own."""
_OF_THE_CALLERS_SIGNATURE = frozenset(
    {"authorization", "date", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}
)
_OF_A_CHUNKED_BODY = frozenset({"x-amz-trailer", "x-amz-decoded-content-length"})
_PRESIGNED = frozenset(
    {
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-security-token",
        "x-amz-signature",
        "x-amz-signedheaders",
    }
)
_SIGNED_BESIDE_AMZ = frozenset({"content-type", "content-md5", "host"})


class ExternalService:
    """Implements `ports.service.Service` by forwarding.

    Args:
        name: signing name of the service (``sqs``), as in `[services.sqs]`.
        endpoint: where to, and with whose credentials.
        clock: dates the signatures.
    """

    def __init__(
        self, name: str, endpoint: ServiceEndpoint, clock: Clock, patience: Patience | None = None
    ) -> None:
        self._name = name
        self._endpoint = endpoint
        self._clock = clock
        self._client = HttpClient(endpoint.endpoint, verify=endpoint.verify, patience=patience)

    async def __call__(self, request: Request) -> Response:
        """Forward one request; an endpoint that does not answer becomes a modelled 503."""
        try:
            path, query, headers, body = self._outgoing(request)
            target = f"{path}?{query}" if query else path
            answer = await self._client.send(request.method, target, list(headers.items()), body)
            return await passed_on(answer)
        except InvalidParameter as error:
            return self._fault(request, "InvalidRequest", str(error), 400)
        except Unreachable as error:
            where = self._endpoint.endpoint
            _log.warning(
                "a neighbour service does not answer",
                extra={"event": "neighbour.unreachable", "service": self._name, "reason": str(error)},
            )
            text = f"The endpoint of {self._name}, {where}, did not answer: {error}"
            return self._fault(request, "ServiceUnavailable", text, 503)

    async def close(self) -> None:
        """Close kept connections."""
        await self._client.close()

    def _outgoing(self, request: Request) -> tuple[str, str, dict[str, str], bytes]:
        headers = {name: value for name, value in request.headers.items() if name not in NOT_FORWARDED}
        keys = self._endpoint.credentials
        if keys is None:
            headers.setdefault("host", self._client.authority)
            return request.path, query_string(request.query), headers, request.body
        if self._name == "sqs":
            request = with_trace(request)  # it is signed anew
        payload, body, headers = self._payload(request, headers)
        path = _path_style(request, self._name)
        headers = {n: v for n, v in headers.items() if n not in _OF_THE_CALLERS_SIGNATURE}
        headers["host"] = self._client.authority
        query = [pair for pair in request.query if pair[0].lower() not in _PRESIGNED]
        to_sign = {n: v for n, v in headers.items() if n in _SIGNED_BESIDE_AMZ or n.startswith("x-amz-")}
        region = self._endpoint.region or request.caller.scope.region
        signer = Signer(keys, region, self._name)
        signed = signer.sign(request.method, path, query, to_sign, payload, self._clock.now())
        return path, query_string(query), {**headers, **signed}, body

    def _payload(self, request: Request, headers: dict[str, str]) -> tuple[str, bytes, dict[str, str]]:
        """What to sign for the body, the body, and the headers that go with it."""
        announced = request.headers.get("x-amz-content-sha256", "")
        if aws_chunked.is_streaming(announced):
            body, trailers = aws_chunked.unpack(request.body)
            headers = {n: v for n, v in headers.items() if n not in _OF_A_CHUNKED_BODY} | trailers
            encodings = [e.strip() for e in headers.pop("content-encoding", "").split(",")]
            kept = [encoding for encoding in encodings if encoding and encoding != "aws-chunked"]
            if kept:
                headers["content-encoding"] = ", ".join(kept)
            return hash_of(body), body, headers
        if announced == UNSIGNED_PAYLOAD and self._client.is_tls:
            return UNSIGNED_PAYLOAD, request.body, headers
        return hash_of(request.body), request.body, headers

    def _fault(self, request: Request, code: str, message: str, status: int) -> Response:
        wires = directory.wires_signed_as(self._name)
        protocol = directory.protocol_of(request, wires[0]) if wires else "rest-json"
        return faults.render_for_protocol(
            protocol, code, message, status, request.request_id, wire=wires[0] if wires else None
        )


def _path_style(request: Request, service: str) -> str:
    """The path at the endpoint; a bucket that stood in the host name goes in front of it."""
    if service != "s3":
        return request.path
    bucket, found, _ = request.headers.get("host", "").partition(".s3.")
    return s3_path(f"/{bucket}{request.path}" if found else request.path)


async def passed_on(answer: Answer) -> Response:
    """An answer as the edge sends it: whole when it is short, else piece by piece.

    Raises:
        Unreachable: it ended early or stalled.
    """
    dropped = {*_HOP_BY_HOP, "date"}  # the edge writes its own date
    headers = tuple((name, value) for name, value in answer.headers if name not in dropped)
    length = answer.header("content-length")
    if answer.has_no_body or length is None or not length.isdigit() or int(length) <= _BUFFERED_BYTES:
        first = _Ahead(answer)
        body = await first.read(_BUFFERED_BYTES)
        if body is not None:
            return Response(answer.status, body, headers)
        return Response(answer.status, first.rest(), _without_length(headers))
    return Response(answer.status, answer.pieces(), _without_length(headers))


def _without_length(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in headers if pair[0] != "content-length")


class _Ahead:
    """Reads the beginning of a body of unknown length, to learn whether it is short."""

    def __init__(self, answer: Answer) -> None:
        self._pieces = answer.pieces()
        self._read: list[bytes] = []

    async def read(self, max_bytes: int) -> bytes | None:
        """The whole body; None when more than `max_bytes` came, all of it kept for `rest`."""
        size = 0
        async for piece in self._pieces:
            self._read.append(piece)
            size += len(piece)
            if size > max_bytes:
                return None
        return b"".join(self._read)

    async def rest(self) -> AsyncIterator[bytes]:
        """What was read, and what comes."""
        for piece in self._read:
            yield piece
        async for piece in self._pieces:
            yield piece
