"""Which service a request is for, and the services there are.

Order: the service of the SigV4 scope, then a service host (``lambda.eu-west-1.amazonaws.com``),
then `X-Amz-Target`, then a path that only Lambda has. A service that is neither ours nor configured
answers a modelled error in its own protocol.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from lambdad import __version__
from lambdad.awsapi import faults
from lambdad.awsapi.routes import lambda_service_for
from lambdad.domain.errors import UnknownOperation
from lambdad.domain.http import Request, Response
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
_HEALTH = {"/health": "/lambdad/v1/health"}


class Services:
    """All services behind the edge.

    Args:
        lambda_family: by model name (``lambda``, ``lambda-core`` …).
        services: every other service by signing name, ours and neighbours.
        own: lambdad's own API, below ``/lambdad/v1/``.
        installable: services that come with the companion.
    """

    def __init__(
        self,
        lambda_family: Mapping[str, Service],
        services: Mapping[str, Service],
        own: Service,
        installable: Collection[str] = (),
    ) -> None:
        self._lambda_family = lambda_family
        self._services = services
        self._own = own
        self._installable = installable

    def _hint(self, name: str) -> str:
        return ", or let neighbours = companion" if name in self._installable else ""

    async def serve(self, request: Request, signed_for: str | None) -> Response:
        """Answer a request.

        Args:
            request: the request.
            signed_for: service of the SigV4 scope; None when unsigned.
        """
        if request.path.startswith(_OWN) or request.path in _HEALTH:
            return await self._own(request)
        name = service_for(request, signed_for)
        if name == "lambda" and signed_for is None and self._is_of_s3(request):
            name = "s3"
        if name == "lambda":
            return await self._serve_lambda(request)
        service = self._services.get(name)
        if service is not None:
            return await service(request)
        return faults.refuse_service(
            name,
            request,
            f"The service {name} is neither part of lambdad {__version__} nor configured: "
            f"set [services.{name}] endpoint in lambdad.toml{self._hint(name)}.",
        )

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


def service_for(request: Request, signed_for: str | None) -> str:
    """Signing name of the service a request is for."""
    name = signed_for or service_of_host(request.headers.get("host", ""))
    return name or _TARGETS.get(request.headers.get("x-amz-target", "").partition(".")[0]) or "lambda"


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
