"""Signed requests to neighbour services at their configured endpoints.

They are signed with the endpoint's credentials; where it has none, the account of the caller is the access
key, as clients of local AWS endpoints do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Protocol
from urllib.parse import urlsplit

from lambdad.domain.scope import Scope
from lambdad.domain.sigv4 import hash_of
from lambdad.neighbours.courier_requests import Outgoing
from lambdad.neighbours.http_client import MAX_IDLE, Answer, HttpClient, Patience, Unreachable
from lambdad.neighbours.refusals import code_of, is_final
from lambdad.neighbours.sigv4_sign import Signer
from lambdad.ports.clock import Clock
from lambdad.settings import AwsKeys, ServiceEndpoint

_NAMELESS_SECRET = "unchecked"  # noqa: S105 - stands where an endpoint checks no signatures
_NEAR: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_REFUSAL_BYTES: Final = 64 * 1024
_SAID = 300  # characters of an answer that are told to people
_PATIENCE = Patience(connect=5.0, answer=20.0, next_piece=10.0)


class NotDone(Exception):
    """The service did not answer, or refused; the text says why, for people.

    Args:
        code: the service's name of the error; empty when it named none.
    """

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class NeverDone(NotDone):
    """The service refused what was asked, and would at any time."""


class Known(Protocol):
    """Where services are."""

    def get(self, service: str, /) -> ServiceEndpoint | None:
        """Where one is; None when it is nowhere."""
        ...


class ServiceCalls:
    """One client per service that has an endpoint.

    Args:
        endpoints: by service.
        patience: how long each step of a call may take.
        most_idle: connections kept per service.
    """

    def __init__(
        self,
        endpoints: Known,
        clock: Clock,
        patience: Patience = _PATIENCE,
        most_idle: int = MAX_IDLE,
    ) -> None:
        self._endpoints = endpoints
        self._clock = clock
        self._patience = patience
        self._most_idle = most_idle
        self._clients: dict[str, HttpClient] = {}

    def endpoint(self, service: str) -> str:
        """The URL of a service.

        Raises:
            NotDone: it has none.
        """
        return self._found(service).endpoint

    def is_near(self, service: str) -> bool:
        """Whether a service is on this host; False when it is nowhere."""
        found = self._endpoints.get(service)
        return found is not None and is_here(found.endpoint)

    def has(self, service: str) -> bool:
        """Whether there is an endpoint of a service now."""
        return self._endpoints.get(service) is not None

    def _found(self, service: str) -> ServiceEndpoint:
        found = self._endpoints.get(service)
        if found is None:
            raise NotDone(
                f"{service} is not configured: add [services.{service}] endpoint to lambdad.toml, or run "
                "lambdad neighbours install"
            )
        return found

    async def send(self, made: Outgoing, scope: Scope, region: str, most_bytes: int) -> bytes:
        """Send a request and return the body of the answer.

        Args:
            made: the request.
            scope: whose.
            region: of what is asked for; empty: the scope's.
            most_bytes: of the answer; a longer one counts as empty.

        Raises:
            NotDone: no endpoint, no answer, or a refusal.
            NeverDone: a refusal of what was sent.
        """
        url = self.endpoint(made.service)
        endpoint = self._found(made.service)
        try:
            answer = await self._asked(made, endpoint, scope, region)
            said = await answer.read(most_bytes) or b""
        except Unreachable as error:
            raise NotDone(f"{made.service} at {url} did not answer: {error}") from error
        if answer.status >= 300:
            raise refused(made.service, answer.status, said)
        return said

    async def pieces(self, made: Outgoing, scope: Scope, region: str) -> AsyncIterator[bytes]:
        """Send a request and give the body of the answer as it comes.

        Raises:
            NotDone: as `send` says; also in the middle.
        """
        url, endpoint = self.endpoint(made.service), self._found(made.service)
        try:
            answer = await self._asked(made, endpoint, scope, region)
            if answer.status >= 300:
                raise refused(made.service, answer.status, await answer.read(_REFUSAL_BYTES) or b"")
            async for piece in answer.pieces():
                yield piece
        except Unreachable as error:
            raise NotDone(f"{made.service} at {url} did not answer: {error}") from error

    async def _asked(self, made: Outgoing, endpoint: ServiceEndpoint, scope: Scope, region: str) -> Answer:
        client = self._client(made.service, endpoint)
        keys = endpoint.credentials or AwsKeys(scope.account, _NAMELESS_SECRET)
        signer = Signer(keys, endpoint.region or region or scope.region, made.signed_as or made.service)
        headers = signer.sign(
            made.method,
            made.path,
            [],
            {**made.headers, "host": client.authority},
            hash_of(made.body),
            self._clock.now(),
        )
        return await client.send(made.method, made.path, [*headers.items(), *endpoint.headers], made.body)

    async def close(self) -> None:
        """Close kept connections."""
        for client in self._clients.values():
            await client.close()

    def _client(self, service: str, endpoint: ServiceEndpoint) -> HttpClient:
        client = self._clients.get(service)
        if client is None:
            client = self._clients[service] = HttpClient(
                endpoint.endpoint,
                verify=endpoint.verify,
                patience=self._patience,
                most_idle=self._most_idle,
            )
        return client


def refused(service: str, status: int, said: bytes) -> NotDone:
    """What a refusal is told as."""
    kind = NeverDone if is_final(status, said) else NotDone
    return kind(f"{service} answered {status}: {said.decode('utf-8', 'replace')[:_SAID]}", code_of(said))


def is_here(url: str) -> bool:
    """Whether an endpoint is on this host."""
    return urlsplit(url).hostname in _NEAR
