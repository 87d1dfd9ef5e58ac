"""boto3 clients of IAM and STS whose HTTP ends inside this process.

Everything takes part but the socket and the signature: whose access key a request names is who asks.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from lambdad.awsapi import faults, model
from lambdad.awsapi.service import ModelledService
from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.http import Caller, Request
from lambdad.domain.identity import Who
from lambdad.domain.scope import Scope
from lambdad.identity.directory import Directory
from lambdad.identity.iam.aws_managed_policies import aws_managed_policies
from lambdad.identity.iam.last_accessed import exists
from lambdad.identity.iam.service import iam_handlers
from lambdad.identity.last_accesses import LastAccesses
from lambdad.identity.sealing import Sealer
from lambdad.identity.sessions import Sessions
from lambdad.identity.sts import sts_handlers
from lambdad.ports.resource_store import ResourceStore
from tests.fakes.moments import FakeClock
from tests.fakes.resources import FakeResources

ACCOUNT = "111111111111"
OTHER_ACCOUNT = "222222222222"
T = TypeVar("T")
_CREDENTIAL = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/")


class IamBridge:
    """The identity of one server.

    Attributes:
        iam, sts: clients that act as the root of `ACCOUNT`.
        directory, sessions, accesses, clock, resources: what is behind them.
    """

    def __init__(self, resources: ResourceStore | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._ids = itertools.count(1)
        self.clock = FakeClock()
        self.resources = resources or FakeResources(lambda *_: True)
        sealer = Sealer(b"k" * 32)
        self.sessions = Sessions(b"s" * 32)
        self.directory = Directory(self.resources, sealer, self.sessions, aws_managed_policies())
        self.run(self.directory.load())
        self.accesses = LastAccesses(self.resources, partial(exists, self.directory))
        self.run(self.accesses.load())
        handlers = {
            "iam": iam_handlers(self.directory, sealer, self.accesses, self.clock),
            "sts": sts_handlers(self.directory, self.sessions, self.clock),
        }
        self.services = {name: ModelledService(model.load(name), found) for name, found in handlers.items()}
        self._clients: list[Any] = []
        self.iam, self.sts = self.client("iam"), self.client("sts")

    def __enter__(self) -> IamBridge:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        self._loop.close()

    def run(self, work: Any) -> Any:
        """Wait for a coroutine."""
        return self._loop.run_until_complete(work)

    def client(
        self,
        service: str,
        credentials: Mapping[str, Any] | None = None,
        *,
        account: str = ACCOUNT,
        region: str = "us-east-1",
    ) -> Any:
        """A client with these credentials, as CreateAccessKey and AssumeRole answer them; else a root's."""
        found = credentials or {"AccessKeyId": account, "SecretAccessKey": "any"}
        client = boto3.client(
            service,
            region_name=region,
            endpoint_url="http://127.0.0.1:4566",
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, parameter_validation=False),
        )
        client._endpoint.http_session.close()
        client._endpoint.http_session = _Ends(self, service)
        self._clients.append(client)
        return client

    def answer(self, service: str, request: AWSPreparedRequest) -> AWSResponse:
        """What the service answers."""
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        access_key, region = _CREDENTIAL.search(headers["authorization"]).groups()  # type: ignore[union-attr]
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        request_id = f"request-{next(self._ids)}"
        try:
            who = self._who(access_key, headers.get("x-amz-security-token"))
        except CredentialsRefused as error:
            response = faults.render_for_protocol("query", error.code, str(error), 403, request_id)
        else:
            account = who.account if who is not None else access_key
            caller = Caller(Scope(account, region), access_key, None, who)
            whole = Request(
                request.method, "/", (), headers, body, caller, request_id, "http://127.0.0.1:4566"
            )
            response = self.run(self.services[service](whole))
        assert isinstance(response.body, bytes)
        sent = {**dict(response.headers), "x-amzn-RequestId": request_id}
        return AWSResponse(request.url, response.status, sent, _Raw(response.body))

    def _who(self, access_key: str, token: str | None) -> Who | None:
        key = self.directory.key(access_key, token, self.clock.now())
        return None if key is None else key.who


class _Ends:
    """Stands in for botocore's HTTP session."""

    def __init__(self, bridge: IamBridge, service: str) -> None:
        self._bridge = bridge
        self._service = service

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        return self._bridge.answer(self._service, request)

    def close(self) -> None:
        pass


class _Raw:
    """What urllib3 would give botocore."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> list[bytes]:
        return [self._body]
