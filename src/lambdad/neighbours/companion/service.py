"""A service of the companion, behind the edge: a request goes there with its account and its caller.

Source: decision 0023; of S3's host names: Amazon S3 user guide, "Virtual hosting of general purpose buckets".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol

from lambdad.awsapi import directory, faults
from lambdad.domain.http import Caller, Request, Response
from lambdad.domain.sigv4 import query_string, stamp_of
from lambdad.neighbours.companion.offered import EXECUTE_API
from lambdad.neighbours.forward import NOT_FORWARDED, passed_on
from lambdad.neighbours.http_client import HttpClient, Patience, Unreachable
from lambdad.neighbours.message_traces import with_trace
from lambdad.ports.clock import Clock
from lambdad.settings import ServiceEndpoint

_PATIENCE: Final = Patience(connect=5.0, answer=930.0, next_piece=60.0)
"""A function behind an API may take 900 s; long polls and starts are shorter."""
_IN_HEADERS_ONLY: Final = ("x-amz-copy-source", "x-amz-tagging", "x-amz-acl", "x-amz-grant-")
"""What changes who must allow a request to S3; it is looked for in headers alone."""
_BUCKET_MARK: Final = ".s3."
_API: Final = re.compile(r"(?P<api>[a-z0-9]{1,32})\.execute-api\.", re.ASCII | re.IGNORECASE)
_OURS: Final = "x-lambdad-"


class Running(Protocol):
    """The companion, as far as its services need it."""

    def endpoint(self, service: str) -> ServiceEndpoint:
        """Where a service is, and what a request to it must carry."""
        ...

    def refusal(self) -> str | None:
        """Why it would not answer now; None when it does or will."""
        ...


class CompanionService:
    """Implements `ports.service.Service`.

    Args:
        name: signing name of the service.
        companion: answers.
        ticket: stands for a caller towards the server, when the service asks it for something in turn.
        clock: dates the account's name.
    """

    def __init__(self, name: str, companion: Running, ticket: Callable[[Caller], str], clock: Clock) -> None:
        self._name = name
        self._companion = companion
        self._ticket = ticket
        self._clock = clock
        self._client: HttpClient | None = None
        self._fixed: tuple[tuple[str, str], ...] = ()

    async def __call__(self, request: Request) -> Response:
        """Forward one request; what keeps the companion from answering becomes a modelled error."""
        refusal = self._companion.refusal()
        if refusal is not None:
            return self._fault(request, f"{self._name} comes from the companion, and {refusal}.")
        hidden = self._hidden(request)
        if hidden is not None:
            return self._fault(
                request, f"{hidden} is taken in a header only, not in a query.", "InvalidRequest", 400
            )
        client = self._connected()
        if self._name == "sqs":
            request = with_trace(request)
        path = path_style(request) if self._name == "s3" else request.path
        query = query_string(request.query)
        target = f"{path}?{query}" if query else path
        headers = [*self._headers(request).items(), *self._fixed]
        try:
            answer = await client.send(request.method, target, headers, request.body)
            return await passed_on(answer)
        except Unreachable as error:
            return self._fault(
                request, f"{self._name} comes from the companion, which did not answer: {error}"
            )

    async def close(self) -> None:
        """Close kept connections."""
        if self._client is not None:
            await self._client.close()

    def _connected(self) -> HttpClient:
        if self._client is None:
            endpoint = self._companion.endpoint(self._name)
            self._client = HttpClient(endpoint.endpoint, patience=_PATIENCE)
            self._fixed = endpoint.headers
        return self._client

    def _headers(self, request: Request) -> dict[str, str]:
        kept = {
            name: value
            for name, value in request.headers.items()
            if name not in NOT_FORWARDED and not name.startswith(_OURS)
        }
        host = kept.get("host", "localhost")
        if self._name == EXECUTE_API:
            # Who is not to call has no signature any more when a request gets here.
            signed = kept.get("authorization", "").lower().startswith("aws4-")
            return {**kept, "host": api_host(host), **({"x-lambdad-signed": "1"} if signed else {})}
        if self._name == "s3" and _BUCKET_MARK in host:
            kept["host"] = "localhost"
        # Nobody checks this signature: it names the account and the region, as local tools do.
        day = stamp_of(self._clock.now())[:8]
        scope = request.caller.scope
        kept["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={scope.account}/{day}/{scope.region}/{self._name}/aws4_request, "
            "SignedHeaders=host, Signature=0"
        )
        kept.pop("x-amz-security-token", None)
        return {**kept, "x-lambdad-caller": self._ticket(request.caller)}

    def _hidden(self, request: Request) -> str | None:
        """A member of the query that no gate has looked at; None when there is none."""
        if self._name != "s3":
            return None
        return next((n for n, _ in request.query if n.lower().startswith(_IN_HEADERS_ONLY)), None)

    def _fault(
        self, request: Request, message: str, code: str = "ServiceUnavailable", status: int = 503
    ) -> Response:
        wires = directory.wires_signed_as(self._name)
        protocol = directory.protocol_of(request, wires[0]) if wires else "rest-json"
        wire = wires[0] if wires else None
        return faults.render_for_protocol(protocol, code, message, status, request.request_id, wire=wire)


def path_style(request: Request) -> str:
    """The path with the bucket, which may have stood in the host's name; as the gate before reads it."""
    bucket, found, _ = request.headers.get("host", "").partition(_BUCKET_MARK)
    return f"/{bucket}{request.path}" if found else request.path


def api_host(host: str) -> str:
    """The name that the companion knows an API by; any other as it is."""
    found = _API.match(host)
    return f"{found['api'].lower()}.execute-api.localhost" if found else host
