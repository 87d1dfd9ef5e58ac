"""Which service a request is for, and the services there are.

Order: the service of the SigV4 scope, then a service host (``lambda.eu-west-1.amazonaws.com``),
then `X-Amz-Target` or the path of an RPC v2 request, then a path that only Lambda has. A service that is
neither ours nor configured answers a modelled error in its own protocol.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from lambdad import __version__
from lambdad.awsapi import faults
from lambdad.awsapi.routes import lambda_service_for
from lambdad.awsapi.spoken import rpc_v2_names
from lambdad.domain.errors import UnknownOperation
from lambdad.domain.http import Request, Response
from lambdad.edge import cors
from lambdad.edge.api_route import SERVICE as API_SERVICE
from lambdad.edge.console_files import is_for_console, is_from_browser, to_console
from lambdad.edge.pages import contained
from lambdad.ports.service import Service

_TARGETS = {
    "Logs_20140328": "logs",
    "AmazonSQS": "sqs",
    "DynamoDB_20120810": "dynamodb",
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "Kinesis_20131202": "kinesis",
    "GraniteServiceVersion20100801": "monitoring",
    "AWSEvents": "events",
    "AWSStepFunctions": "states",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
    "AmazonSSM": "ssm",
}
_DATED = re.compile(r"/\d{4}-\d\d-\d\d(/|$)")
_OWN = "/lambdad/v1/"
_HEALTH = "/health"
_TRUSTED = frozenset({"iam", "sts", "logs", "monitoring", API_SERVICE})
"""What they answer is no page, or is an API's own business."""
_UNSIGNED = frozenset({"/ready", "/metrics"})
"""Our own, too, unless they are signed for another service: a bucket may have such a name."""


class Services:
    """All services behind the edge.

    Args:
        lambda_family: by model name (``lambda``, ``lambda-core`` …).
        services: every other service by signing name, ours and neighbours.
        own: lambdad's own API, below ``/lambdad/v1/``.
        installable: services that come with the companion.
        console: answers browsers at ``/console/``; None when there is none.
    """

    def __init__(
        self,
        lambda_family: Mapping[str, Service],
        services: Mapping[str, Service],
        own: Service,
        installable: Collection[str] = (),
        console: Service | None = None,
    ) -> None:
        self._lambda_family = lambda_family
        self._services = services
        self._own = own
        self._installable = installable
        self._console = console

    def _hint(self, name: str) -> str:
        return ", or let neighbours = companion" if name in self._installable else ""

    async def serve(self, request: Request, signed_for: str | None) -> Response:
        """Answer a request.

        Args:
            request: the request.
            signed_for: service of the SigV4 scope; None when unsigned.
        """
        if request.path.startswith(_OWN) or _is_health(request, signed_for):
            return await self._own(request)
        if self._console is not None:
            if is_for_console(request, signed_for):
                return await self._console(request)
            if is_from_browser(request, signed_for):
                return to_console()
        name = self.name_of(request, signed_for)
        if name == "lambda":
            return await self._serve_lambda(request)
        service = self._services.get(name)
        if service is not None:
            answer = await service(request)
            return answer if name in _TRUSTED else _of_neighbour(answer, request)
        return faults.refuse_service(
            name,
            request,
            f"The service {name} is neither part of lambdad {__version__} nor configured: "
            f"set [services.{name}] endpoint in lambdad.toml{self._hint(name)}.",
        )

    def name_of(self, request: Request, signed_for: str | None) -> str:
        """Which service a request is for that is not for lambdad's own API."""
        name = service_for(request, signed_for)
        if name == "lambda" and signed_for is None and self._is_of_s3(request):
            return "s3"
        return name

    def _is_of_s3(self, request: Request) -> bool:
        """Whether a request without a signature is for S3, whose objects may be public: a path that does not
        begin with a date, as all of Lambda's do.
        """
        return "s3" in self._services and _DATED.match(request.path) is None

    async def _serve_lambda(self, request: Request) -> Response:
        try:
            family = lambda_service_for(request)
        except UnknownOperation as error:
            return faults.render("lambda", error, request.request_id)
        return await self._lambda_family[family](request)


def _of_neighbour(answer: Response, request: Request) -> Response:
    """As it may go to a browser: who may read it is said by the edge, and it is no page of the endpoint."""
    if "origin" in request.headers:
        answer = cors.cleared(answer)
    has_own_name = service_of_host(request.headers.get("host", "")) is not None
    return answer if has_own_name else contained(answer)


def _is_health(request: Request, signed_for: str | None) -> bool:
    """Whether it is one of the short paths that load balancers and Prometheus ask."""
    return request.path == _HEALTH or (request.path in _UNSIGNED and signed_for in {None, "lambda"})


def service_for(request: Request, signed_for: str | None) -> str:
    """Signing name of the service a request is for."""
    name = signed_for or service_of_host(request.headers.get("host", ""))
    if name:
        return name
    target = request.headers.get("x-amz-target", "").partition(".")[0] or rpc_v2_names(request.path)[0]
    return _TARGETS.get(target) or "lambda"


def service_of_host(host: str) -> str | None:
    """The service an AWS host name is for; None for any other name.

    ``s3`` hosts may carry a bucket in front, account endpoints an account.
    """
    name = host.lower().partition(":")[0]
    if name.startswith("s3.") or ".s3." in name:
        return "s3"
    for suffix in (".amazonaws.com", ".amazonaws.com.cn"):
        if name.endswith(suffix):
            labels = name.removesuffix(suffix).split(".")
            if "s3" in labels:
                return "s3"
            return labels[-2] if len(labels) > 1 else labels[0]
    return None
