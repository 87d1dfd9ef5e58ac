"""Calls CloudWatch as a client does: botocore writes the request and reads the answer, in any protocol."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
from botocore.awsrequest import AWSRequestPreparer, create_request_object, prepare_request_dict

from lambdad.composition.metrics import metrics_service
from lambdad.domain.http import Caller, Request, Response
from lambdad.domain.scope import Scope
from tests.fakes.metrics import FakeMetrics

PROTOCOLS = ("json", "query", "smithy-rpc-v2-cbor")
NOW_S = 1_795_403_160
NOW = datetime.fromtimestamp(NOW_S, UTC)
HOUR = NOW.replace(minute=0)
MINUTE = timedelta(minutes=1)


class SettableClock:
    def __init__(self) -> None:
        self.now_s = float(NOW_S)

    def now(self) -> float:
        return self.now_s

    def monotonic(self) -> float:
        return 0.0


class MetricsError(Exception):
    """Attributes: code, status, message: as an SDK shows them."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.status, self.message = code, status, message


@cache
def model() -> botocore.model.ServiceModel:
    raw = botocore.loaders.Loader().load_service_model("cloudwatch", "service-2")
    return botocore.model.ServiceModel(raw, "cloudwatch")


class MetricsClient:
    """Attributes: store, clock: what is behind the API; protocol: what it is spoken to in."""

    def __init__(self, protocol: str = "json") -> None:
        self.store, self.clock, self.protocol = FakeMetrics(), SettableClock(), protocol
        self._service = metrics_service(self.store, self.clock, _anybody)

    async def call(self, operation: str, *, scope: Scope | None = None, **params: Any) -> dict[str, Any]:
        """Send one request.

        Raises:
            MetricsError: it was refused.
        """
        return self.parsed(operation, await self.send(self.request(operation, scope, **params)))

    async def send(self, request: Request) -> Response:
        return await self._service(request)

    async def put(self, name: str = "m", value: float | None = None, **members: Any) -> dict[str, Any]:
        """Put one datum of the namespace `N`."""
        datum = {"MetricName": name, **members} | ({} if value is None else {"Value": value})
        return await self.call("PutMetricData", Namespace="N", MetricData=[datum])

    def request(self, operation: str, scope: Scope | None = None, **params: Any) -> Request:
        serializer = botocore.serialize.create_serializer(self.protocol, include_validation=False)
        made = serializer.serialize_to_request(params, model().operation_model(operation))
        prepare_request_dict(made, endpoint_url="http://127.0.0.1:4566")
        prepared = AWSRequestPreparer().prepare(create_request_object(made))
        body = prepared.body or b""
        return Request(
            prepared.method,
            urlsplit(prepared.url).path,
            tuple(parse_qsl(urlsplit(prepared.url).query)),
            {name.lower(): _text(value) for name, value in prepared.headers.items()},
            body.encode() if isinstance(body, str) else bytes(body),
            Caller(scope or Scope()),
            "11111111-2222",
            "http://127.0.0.1:4566",
        )

    def parsed(self, operation: str, response: Response) -> dict[str, Any]:
        assert isinstance(response.body, bytes)
        answer = {
            "status_code": response.status,
            "headers": {name.lower(): value for name, value in response.headers},
            "body": response.body,
        }
        parser = botocore.parsers.create_parser(self.protocol)
        found: dict[str, Any] = parser.parse(answer, model().operation_model(operation).output_shape)
        if response.status >= 300:
            raise MetricsError(found["Error"]["Code"], response.status, found["Error"]["Message"])
        found.pop("ResponseMetadata", None)
        return found


async def _anybody(_operation: str, _params: dict[str, Any], request: Request) -> Request:
    return request


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
