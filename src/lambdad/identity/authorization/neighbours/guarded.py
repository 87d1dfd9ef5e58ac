"""Stands in front of a neighbour: what a request needs is asked for before anything is forwarded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from lambdad.awsapi import directory, faults
from lambdad.domain.errors import AccessDenied, CredentialsRefused
from lambdad.domain.http import Request, Response
from lambdad.identity.authorization.authority import Asking, Authority
from lambdad.identity.authorization.guards import Guard
from lambdad.identity.authorization.needs import EVERYTHING, UNKNOWN, Need
from lambdad.identity.authorization.neighbours import (
    gateways,
    messaging,
    s3,
    schedules,
    streams,
    workflows,
)
from lambdad.identity.authorization.neighbours.reading import Unreadable, form_members, target, text
from lambdad.ports.service import Service

Reader = Callable[[Request], list[Need]]
READERS: Final[Mapping[str, Reader]] = {
    "apigateway": gateways.apigateway,
    "dynamodb": streams.dynamodb,
    "dynamodbstreams": streams.dynamodb,
    "events": workflows.events,
    "kinesis": streams.kinesis,
    "s3": s3.s3,
    "scheduler": schedules.scheduler,
    "sns": messaging.sns,
    "sqs": messaging.sqs,
    "states": workflows.states,
}
_TARGETS: Final[Mapping[str, frozenset[str]]] = {
    "apigateway": frozenset(),
    "dynamodb": frozenset({"DynamoDB_20120810", "DynamoDBStreams_20120810"}),
    "dynamodbstreams": frozenset({"DynamoDBStreams_20120810"}),
    "events": frozenset({"AWSEvents"}),
    "kinesis": frozenset({"Kinesis_20131202"}),
    "s3": frozenset(),
    "scheduler": frozenset(),
    "sns": frozenset(),
    "sqs": frozenset({"AmazonSQS"}),
    "states": frozenset({"AWSStepFunctions"}),
}
"""What a target may begin with: where one endpoint stands for many services, it might be sent to another."""
_FOLDERS: Final = {"states": "stepfunctions"}
"""Services whose models are not named like their signatures."""
_PREFIXES: Final = {"monitoring": "cloudwatch", "email": "ses"}
"""Services whose actions are not named like their signatures."""
_CODES: Final = {
    "s3": "AccessDenied",
    "sqs": "AccessDenied",
    "sns": "AuthorizationError",
}
"""What they call a denial; all others ``AccessDeniedException``, or ``AccessDenied`` in XML."""
_XML: Final = frozenset({"query", "rest-xml", "ec2"})
_UNREADABLE: Final = "UnreadableRequest"
_ELSEWHERE: Final = Guard(elsewhere=True)
"""The resource's policy is its service's to decide by."""


class Guarded:
    """A service behind a gate; implements `ports.service.Service`.

    Args:
        name: signing name of the service.
        service: gets the requests that are let through.
        authority: decides.
    """

    def __init__(self, name: str, service: Service, authority: Authority) -> None:
        self._name = name
        self._service = service
        self._authority = authority

    async def __call__(self, request: Request) -> Response:
        """Forward one request, or refuse it as the service would."""
        try:
            if self._authority.asks(request.caller) is not None:
                await self._authority.admit(request, [_asking(need) for need in self._needs(request)])
        except AccessDenied as error:
            return self._refused(request, None, str(error))
        except CredentialsRefused as error:
            return self._refused(request, error.code, str(error))
        return await self._service(request)

    def _needs(self, request: Request) -> list[Need]:
        """What a request needs; one that cannot be read needs what only a wildcard for all allows."""
        try:
            reader = READERS.get(self._name)
            self._check_target(request)
            needs = self._of_any(request) if reader is None else reader(request)
        except (Unreadable, UnicodeDecodeError):
            needs = []
        return needs or [Need(f"{self._prefix}:{_UNREADABLE}", EVERYTHING)]

    def _check_target(self, request: Request) -> None:
        """Refuse the operation of another service.

        Raises:
            Unreadable: it is one.
        """
        given, known = request.headers.get("x-amz-target"), _TARGETS.get(self._name)
        if given is not None and known is not None and given.rpartition(".")[0] not in known:
            raise Unreadable

    def _of_any(self, request: Request) -> list[Need]:
        """Of a service that nobody has described here: its action alone, where a request says it."""
        operation = target(request)
        if operation is None and request.path == "/":
            operation = text(form_members(request).get("Action"))
        if not operation:
            raise Unreadable
        return [Need(f"{self._prefix}:{operation}", UNKNOWN)]

    @property
    def _prefix(self) -> str:
        if self._name == "dynamodbstreams":
            return "dynamodb"
        return _PREFIXES.get(self._name, self._name)

    def _wire(self) -> directory.Wire | None:
        if self._name in READERS:  # by its folder: looking for a signing name reads every model
            return directory.wire_of(_FOLDERS.get(self._name, self._name))
        return next(iter(directory.wires_signed_as(self._name)), None)

    def _refused(self, request: Request, code: str | None, message: str) -> Response:
        wire = self._wire()
        protocol = "rest-json" if wire is None else directory.protocol_of(request, wire)
        default = "AccessDenied" if protocol in _XML else "AccessDeniedException"
        code = code or _CODES.get(self._name, default)
        return faults.render_for_protocol(protocol, code, message, 403, request.request_id, wire=wire)


def _asking(need: Need) -> Asking:
    return Asking(need, _ELSEWHERE)
