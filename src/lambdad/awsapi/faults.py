"""AWS's names and bodies for lambdad's errors; nowhere else are they written.

`render` is synchronous and stands alone: the warm path uses it as it is. The table of a service is
asked for the error's class and then for its ancestors, so a new subclass in `domain.errors` needs a
line here only when AWS has a name of its own for it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from lambdad.awsapi import directory, error_bodies, model, overrides, refusals
from lambdad.awsapi.error_bodies import Fault
from lambdad.awsapi.scalars import NotSerializable
from lambdad.domain import errors
from lambdad.domain.errors import LambdadError
from lambdad.domain.http import Request, Response

Names = Mapping[type[LambdadError], str]

_EVERYWHERE: Final[Names] = {
    NotSerializable: "SerializationException",
    errors.UnknownOperation: "UnknownOperationException",
    errors.AccessDenied: "AccessDeniedException",
}

_LAMBDA: Final[Names] = {
    **_EVERYWHERE,
    errors.CallerError: "InvalidParameterValueException",
    errors.ConstraintViolations: "ValidationException",
    errors.NotFound: "ResourceNotFoundException",
    errors.Conflict: "ResourceConflictException",
    errors.PreconditionFailed: "PreconditionFailedException",
    errors.InvalidRequestContent: "InvalidRequestContentException",
    errors.RequestTooLarge: "RequestEntityTooLargeException",
    errors.UnsupportedMediaType: "UnsupportedMediaTypeException",
    errors.Throttled: "TooManyRequestsException",
    errors.CodeStorageExceeded: "CodeStorageExceededException",
    errors.ServiceFault: "ServiceException",
}

_LAMBDA_SINCE_2025: Final[Names] = {
    **_EVERYWHERE,
    errors.CallerError: "ValidationException",
    errors.NotFound: "ResourceNotFoundException",
    errors.Conflict: "ConflictException",
    errors.PreconditionFailed: "ConflictException",
    errors.Throttled: "ThrottlingException",
    errors.ServiceFault: "InternalServerException",
}

_LOGS: Final[Names] = {
    **_EVERYWHERE,
    errors.CallerError: "InvalidParameterException",
    errors.NotFound: "ResourceNotFoundException",
    errors.Conflict: "ResourceAlreadyExistsException",
    errors.PreconditionFailed: "OperationAbortedException",
    errors.NotOffered: "InvalidOperationException",
    errors.InvalidCombination: "ValidationException",
    errors.QuotaExceeded: "LimitExceededException",
    errors.TooManyTags: "TooManyTagsException",
    errors.Throttled: "ThrottlingException",
    errors.ServiceFault: "InternalFailure",
}

_CLOUDWATCH: Final[Names] = {
    NotSerializable: "SerializationException",
    errors.CallerError: "InvalidParameterValueException",
    errors.AccessDenied: "AccessDeniedException",
    errors.InvalidCombination: "InvalidParameterCombinationException",
    errors.InvalidNextToken: "InvalidNextToken",
    errors.InvalidQuery: "ValidationError",
    errors.MissingParameter: "MissingRequiredParameterException",
    errors.QuotaExceeded: "LimitExceededFault",
    errors.RequestTooLarge: "RequestEntityTooLarge",
    errors.UnknownOperation: "UnknownOperationException",
    errors.Throttled: "ThrottlingException",
    errors.ServiceFault: "InternalServiceFault",
}

_QUERY: Final[Names] = {
    NotSerializable: "MalformedInput",
    errors.CallerError: "ValidationError",
    errors.AccessDenied: "AccessDenied",
    errors.NotFound: "NoSuchEntity",
    errors.Conflict: "EntityAlreadyExists",
    errors.UnknownOperation: "InvalidAction",
    errors.Throttled: "Throttling",
    errors.ServiceFault: "InternalFailure",
}

_OTHERS: Final[Names] = {
    **_EVERYWHERE,
    errors.CallerError: "ValidationException",
    errors.NotFound: "ResourceNotFoundException",
    errors.Conflict: "ConflictException",
    errors.Throttled: "ThrottlingException",
    errors.ServiceFault: "InternalFailure",
}

_TABLES: Final[Mapping[str, Names]] = {
    "lambda": {
        **_LAMBDA,
        errors.CodeSigningConfigNotFound: "CodeSigningConfigNotFoundException",
        errors.CodeVerificationFailed: "CodeVerificationFailedException",
        errors.FileSystemUnavailable: "EFSMountFailureException",
        errors.NotProvisioned: "ProvisionedConcurrencyConfigNotFoundException",
        errors.RecursiveInvocation: "RecursiveInvocationException",
        errors.PolicyTooLong: "PolicyLengthExceededException",
        errors.PublicPolicy: "PublicPolicyException",
        errors.ResourceInUse: "ResourceInUseException",
        errors.SnapStartNotReady: "SnapStartNotReadyException",
        errors.SnapStartFailed: "SnapStartException",
        errors.SnapStartTimedOut: "SnapStartTimeoutException",
    },
    "lambda-core": _LAMBDA,
    "lambda-microvms": _LAMBDA_SINCE_2025,
    "lambda-web": _LAMBDA_SINCE_2025,
    "cloudwatch": _CLOUDWATCH,
    "logs": _LOGS,
    "iam": {
        **_QUERY,
        errors.DeleteConflict: "DeleteConflict",
        errors.InvalidInput: "InvalidInput",
        errors.MalformedPolicy: "MalformedPolicyDocument",
        errors.QuotaExceeded: "LimitExceeded",
        errors.Unmodifiable: "UnmodifiableEntity",
    },
    "sts": {**_QUERY, errors.MalformedPolicy: "MalformedPolicyDocument"},
}

_UNMODELLED_STATUS: Final[Mapping[str, int]] = {
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "DeleteConflict": 409,
    "EntityAlreadyExists": 409,
    "InternalFailure": 500,
    "LimitExceeded": 409,
    "NoSuchEntity": 404,
    "PreconditionFailedException": 412,
    "RequestEntityTooLarge": 413,
    "RequestEntityTooLargeException": 413,
    "UnknownOperationException": 404,
}
"""Status of exceptions that a service answers without having them in its model; 400 otherwise."""

_IN_QUERY: Final[Mapping[str, str]] = {
    "AccessDeniedException": "AccessDenied",
    "SerializationException": "MalformedInput",
    "ThrottlingException": "Throttling",
    "UnknownOperationException": "InvalidAction",
}
"""What the query protocol calls errors that are in no model, of services that speak others too."""

_FAULT_MESSAGE: Final = "An error occurred and the request cannot be processed."


def render(service: str, error: LambdadError, request_id: str, protocol: str | None = None) -> Response:
    """The answer to a request of one of our services that ended in `error`.

    Args:
        service: botocore's folder name.
        error: what went wrong.
        request_id: repeated in XML bodies.
        protocol: that of the request; None is the one the service's model prefers.

    Raises:
        UnknownService: the pinned botocore has no such service.
    """
    wire = directory.wire_of(service)
    protocol = protocol or wire.protocol
    return _written(protocol, describe(service, error, protocol), request_id, wire)


def describe(service: str, error: LambdadError, protocol: str | None = None) -> Fault:
    """The name, status and members AWS gives `error` in `service`."""
    loaded = model.load(service)
    if isinstance(error, errors.CredentialsRefused):
        return refusals.fault_of(error, protocol or loaded.protocol, service)
    code = _code(service, error)
    text = _message(error)
    if not loaded.has_shape(code):
        status = _UNMODELLED_STATUS.get(code, 400)
        if code == "UnknownOperationException" and loaded.protocol == "json":
            status = 400
        key = "Message" if code == "AccessDeniedException" and service == "lambda" else "message"
        query_code = _IN_QUERY.get(code) if service in _TABLES and len(loaded.protocols) > 1 else None
        return Fault(code, status, text, key, is_senders=status < 500, query_code=query_code)
    return _modelled(loaded, code, error, text)


def render_for_protocol(
    protocol: str,
    code: str,
    message: str,
    status: int,
    request_id: str,
    *,
    wire: directory.Wire | None = None,
) -> Response:
    """An error in any of AWS's protocols.

    Args:
        protocol: as in `directory.Wire.protocol`.
        code: the exception's name.
        message: its text.
        status: HTTP status.
        request_id: repeated in XML bodies.
        wire: the service's wire when known: JSON version, XML namespace, S3's own form.
    """
    return _written(protocol, Fault(code, status, message, is_senders=status < 500), request_id, wire)


def refuse_service(signing_name: str, request: Request, message: str) -> Response:
    """Answer a request for a service that nothing here offers, in that service's own protocol.

    Args:
        signing_name: the service part of the SigV4 scope; a botocore folder name will do.
        request: tells the protocol where a service speaks several.
        message: what the caller should know.
    """
    wires = directory.wires_signed_as(signing_name) or _wires_named(signing_name)
    if not wires:
        return render_for_protocol("rest-json", "UnknownService", message, 400, request.request_id)
    protocol = directory.protocol_of(request, wires[0])
    return render_for_protocol(protocol, "NotImplemented", message, 501, request.request_id, wire=wires[0])


def refuse_credentials(signing_name: str, request: Request, error: errors.CredentialsRefused) -> Response:
    """Answer a request whose signature does not hold, in the protocol of the service it was for.

    Args:
        signing_name: the service part of the SigV4 scope; a botocore folder name will do.
        request: tells the protocol where a service speaks several.
        error: what is wrong.
    """
    wires = directory.wires_signed_as(signing_name) or _wires_named(signing_name)
    if not wires:
        return _written("rest-json", refusals.fault_of(error, "rest-json", None), request.request_id, None)
    protocol = directory.protocol_of(request, wires[0])
    fault = refusals.fault_of(error, protocol, wires[0].service)
    return _written(protocol, fault, request.request_id, wires[0])


def _wires_named(service: str) -> tuple[directory.Wire, ...]:
    try:
        return (directory.wire_of(service),)
    except model.UnknownService:
        return ()


def _code(service: str, error: LambdadError) -> str:
    names = _TABLES.get(service, _OTHERS)
    code = next((names[kind] for kind in type(error).__mro__ if kind in names), names[errors.ServiceFault])
    if code == "RequestEntityTooLargeException" and "Invoke" in str(error):
        return "RequestTooLargeException"  # AWS has one name for payloads and one for code uploads
    return code


def _message(error: LambdadError) -> str | None:
    if isinstance(error, errors.CallerError | errors.EnvironmentUnavailable | errors.NoRoom):
        return str(error) or None
    return _FAULT_MESSAGE


def _modelled(loaded: model.ServiceModel, code: str, error: LambdadError, text: str | None) -> Fault:
    shape = loaded.shape(code)
    is_fault = bool(shape.raw.get("fault"))
    members: dict[str, Any] = {}
    if "Type" in shape.members and not _is_untyped(error):
        members["Type"] = "Server" if is_fault else "User"
    headers: tuple[error_bodies.Header, ...] = ()
    if isinstance(error, errors.Throttled):
        if "Reason" in shape.members:
            members["Reason"] = error.reason
        if "retryAfterSeconds" in shape.members and error.retry_after_s is not None:
            headers = ((shape.members["retryAfterSeconds"].wire_name, str(error.retry_after_s)),)
    status = shape.raw.get("error", {}).get("httpStatusCode", 500 if is_fault else 400)
    key = next((name for name in shape.members if name.lower() == "message"), "message")
    query_code = shape.raw.get("error", {}).get("code")
    return Fault(code, status, text, key, not is_fault, members, headers, query_code)


def _is_untyped(error: LambdadError) -> bool:
    return str(error).startswith(overrides.UNTYPED_MESSAGES)


def _written(protocol: str, fault: Fault, request_id: str, wire: directory.Wire | None) -> Response:
    if protocol == "json":
        return _json(fault, wire)
    if protocol == "ec2":
        return error_bodies.ec2(fault, request_id)
    if protocol == "smithy-rpc-v2-cbor":
        return error_bodies.cbor(_compatible(fault, wire))
    if protocol not in ("query", "rest-xml"):
        return error_bodies.rest_json(fault)
    if wire is not None and wire.service == "s3":
        return error_bodies.s3(fault, request_id)
    if wire is not None and wire.query_compatible and fault.query_code:
        fault = dataclasses.replace(fault, code=fault.query_code)
    return error_bodies.query(fault, request_id, wire.namespace if wire else "")


def _json(fault: Fault, wire: directory.Wire | None) -> Response:
    if wire is None:
        return error_bodies.json(fault)
    return error_bodies.json(_compatible(fault, wire), wire.json_version)


def _compatible(fault: Fault, wire: directory.Wire | None) -> Fault:
    """An error that also says what an older query protocol called it, where there was one."""
    if wire is None or not wire.query_compatible:
        return fault
    side = "Sender" if fault.is_senders else "Receiver"
    header = ("x-amzn-query-error", f"{fault.query_code or fault.code};{side}")
    return dataclasses.replace(fault, headers=(*fault.headers, header))
