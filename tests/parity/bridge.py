"""A boto3 client whose HTTP ends inside this process, at lambdad's control plane.

Everything of boto3 takes part but the socket: it writes the request, signs it and reads the answer.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from lambdad.awsapi import model
from lambdad.awsapi.service import ModelledService
from lambdad.composition.authorization import authorization
from lambdad.control.plane import ControlPlane
from lambdad.domain.http import Caller, Request, Response
from lambdad.domain.identity import Who
from lambdad.domain.network import Network, Vpc
from lambdad.domain.scope import Scope
from lambdad.frontend.resolve import resolve
from lambdad.frontend.splitting import Weighted
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.codes import FakeCodes
from tests.fakes.grants import FakeGrants
from tests.fakes.kept_logs import KeptLogs
from tests.fakes.moments import FakeClock, HeldSleep
from tests.fakes.objects import FakeObjects
from tests.fakes.provisioned import FakeProvisioner
from tests.fakes.reservations import FakeReservations
from tests.fakes.snapshots import FakeSnapshots
from tests.fakes.sources import FakeSources

ACCOUNT = "111111111111"
REGION = "us-east-1"
BASE_URL = "http://127.0.0.1:4566"
NETWORK = Network(
    (
        Vpc("vpc-1", ("subnet-1", "subnet-2"), ("sg-1", "sg-2")),
        Vpc("vpc-2", ("subnet-3",), ("sg-3",)),
    )
)
"""What exists, for functions that name subnets and security groups."""
T = TypeVar("T")


class Bridge:
    """One lambdad and one client.

    Attributes:
        client: boto3's Lambda client.
        codes, objects, clock: the fakes behind the control plane.
        identities: what binds callers.
        who: asks from now on; None for the account's root, whom nothing binds.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._sleep = HeldSleep()
        self.catalogue, self.codes, self.objects = FakeCatalogue(), FakeCodes(), FakeObjects()
        self.clock = FakeClock()
        self.changes: list[tuple[Scope, str]] = []
        self.provisioner = FakeProvisioner()
        self.reservations = FakeReservations()
        self.sources = FakeSources()
        self.plane = ControlPlane(
            self.catalogue,
            self.codes,
            self.clock,
            objects=self.objects,
            provisioner=self.provisioner,
            reservations=self.reservations,
            snapshots=FakeSnapshots(),
            sources=self.sources,
            resolves=self._resolves,
            location_secret=b"secret",
            on_change=[lambda scope, name: self.changes.append((scope, name))],
            network=NETWORK,
            sleep=self._sleep,
        )
        # Invoke as far as this part goes: the errors of names and qualifiers.
        handlers = {**self.plane.operations, "Invoke": self._invoke}
        self.identities = FakeGrants()
        self.who: Who | None = None
        allowed = authorization(
            self.identities,
            self.identities,
            self.catalogue,
            NETWORK,
            KeptLogs(),
            self.clock,
            enforce=False,
        )
        self._service = ModelledService(model.load("lambda"), handlers, authorize=allowed.gate)
        self._request_ids = itertools.count(1)
        self.client = self._make_client()

    def __enter__(self) -> Bridge:
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.plane.close())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()
        self.client.close()

    def run(self, work: Awaitable[T]) -> T:
        """Wait for a coroutine of the control plane."""
        return self._loop.run_until_complete(work)

    def settle(self) -> None:
        """Let everything Pending become Active and every update succeed."""
        self.run(self._sleep.release())
        self.run(self.plane.settle_now())
        self.run(self.sources.settle(self.catalogue.resources))

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Stand in for botocore's HTTP session."""
        response = self.run(self._service(self._request(request)))
        body = response.body
        assert isinstance(body, bytes)
        headers = {**dict(response.headers), "x-amzn-RequestId": "r", "Content-Length": str(len(body))}
        return AWSResponse(request.url, response.status, headers, _Raw(body))

    def close(self) -> None:
        """Stand in for botocore's HTTP session."""

    def ask(self, method: str, path: str, body: bytes = b"") -> Response:
        """Send a request past boto3."""
        return self.run(self._service(self._whole(method, path, {}, body)))

    async def _resolves(self, domain: str) -> bool:
        return True

    def serve(self, request: Request) -> Response:
        """Answer a request that somebody else wrote."""
        return self.run(self._service(request))

    async def _invoke(self, params: dict[str, Any], request: Request) -> Mapping[str, Any]:
        name, qualifier = params["FunctionName"], params.get("Qualifier")
        resolved = await resolve(self.catalogue, request.caller.scope, name, qualifier)
        version = resolved.version if isinstance(resolved, Weighted) else resolved
        return {"StatusCode": 200, "ExecutedVersion": version.version}

    def _request(self, request: AWSPreparedRequest) -> Request:
        split = urlsplit(request.url)
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        path = f"{split.path}?{split.query}" if split.query else split.path
        return self._whole(request.method, path, headers, bytes(body))

    def _whole(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Request:
        split = urlsplit(path)
        return Request(
            method=method,
            path=split.path,
            query=tuple(parse_qsl(split.query, keep_blank_values=True)),
            headers=headers,
            body=body,
            caller=Caller(Scope(ACCOUNT, REGION), ACCOUNT, who=self.who),
            request_id=f"request-{next(self._request_ids)}",
            base_url=BASE_URL,
        )

    def _make_client(self) -> Any:
        client = boto3.client(
            "lambda",
            region_name=REGION,
            endpoint_url=BASE_URL,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
        )
        client._endpoint.http_session.close()
        client._endpoint.http_session = self
        return client


class _Raw:
    """What urllib3 would give botocore."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._body

    def read(self, *_: object) -> bytes:
        body, self._body = self._body, b""
        return body
