"""What each protocol calls credentials that are refused, and with which status.

`domain.errors.CredentialsRefused` carries the name the JSON protocols have, or one that only S3 or EC2 have.

Source: "Common errors" of each service's API reference; S3 API Reference, "List of error codes"; the status
as users report it: 400 in the JSON protocols (aws-sdk-js issue 254), 403 in Lambda's (chalice issue 828).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from lambdad.awsapi.error_bodies import Fault
from lambdad.domain.errors import CredentialsRefused


class _Name(NamedTuple):
    code: str
    status: int = 403
    message: str | None = None
    """Instead of the one given."""


_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your key and "
    "signing method."
)

_JSON: Final[Mapping[str, str]] = {
    "AuthorizationQueryParametersError": "IncompleteSignatureException",
    "HeadersNotSigned": "InvalidSignatureException",
    "InvalidArgument": "IncompleteSignatureException",
    "RequestExpired": "InvalidSignatureException",
    "RequestTimeTooSkewed": "InvalidSignatureException",
}
"""Names that JSON services do not have; all others are theirs."""

_QUERY: Final[Mapping[str, _Name]] = {
    "AuthorizationQueryParametersError": _Name("IncompleteSignature", 400),
    "ExpiredTokenException": _Name("ExpiredToken"),
    "HeadersNotSigned": _Name("SignatureDoesNotMatch"),
    "IncompleteSignatureException": _Name("IncompleteSignature", 400),
    "InvalidArgument": _Name("IncompleteSignature", 400),
    "InvalidSignatureException": _Name("SignatureDoesNotMatch"),
    "MissingAuthenticationTokenException": _Name(
        "MissingAuthenticationToken", 403, "Request is missing Authentication Token"
    ),
    "RequestExpired": _Name("SignatureDoesNotMatch"),
    "RequestTimeTooSkewed": _Name("SignatureDoesNotMatch"),
    "UnrecognizedClientException": _Name("InvalidClientTokenId"),
}

_S3: Final[Mapping[str, _Name]] = {
    "AuthorizationQueryParametersError": _Name("AuthorizationQueryParametersError", 400),
    "ExpiredTokenException": _Name("ExpiredToken", 400, "The provided token has expired."),
    "HeadersNotSigned": _Name(
        "AccessDenied", 403, "There were headers present in the request which were not signed"
    ),
    "IncompleteBody": _Name("IncompleteBody", 400),
    "IncompleteSignatureException": _Name("AuthorizationHeaderMalformed", 400),
    "InvalidArgument": _Name("InvalidArgument", 400),
    "InvalidChunkSizeError": _Name("InvalidChunkSizeError", 403),
    "InvalidRequest": _Name("InvalidRequest", 400),
    "InvalidSignatureException": _Name("SignatureDoesNotMatch", 403, _MISMATCH),
    "MissingAuthenticationTokenException": _Name("AccessDenied", 403, "Access Denied"),
    "RequestExpired": _Name("AccessDenied", 403, "Request has expired"),
    "RequestTimeTooSkewed": _Name(
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    ),
    "UnrecognizedClientException": _Name(
        "InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."
    ),
    "XAmzContentSHA256Mismatch": _Name("XAmzContentSHA256Mismatch", 400),
}


def fault_of(error: CredentialsRefused, protocol: str, service: str | None) -> Fault:
    """Refused credentials as `service` (botocore's folder name; None when unknown) answers them."""
    if service == "s3":
        name = _S3.get(error.code) or _Name(error.code)
    elif protocol in {"query", "ec2", "rest-xml"}:
        name = _QUERY.get(error.code) or _Name(error.code)
    else:
        status = 403 if protocol == "rest-json" else 400
        name = _Name(_JSON.get(error.code, error.code), status)
    return Fault(name.code, name.status, name.message or str(error))
