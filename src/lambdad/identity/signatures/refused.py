"""What is wrong with a signature, in AWS's words; nothing of the request's secrets is in them.

Codes are those of the JSON protocols; `awsapi.refusals` has what other protocols call them.

Source: IAM User Guide, "Troubleshoot signed requests"; the texts as users report them (aws-cli issue 6676,
chalice issue 828, the glacier-cli, kanzi and serverless trackers).
"""

from __future__ import annotations

import hashlib
from base64 import b64encode

from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.sigv4 import stamp_of

_MINUTE_S = 60


def mismatch() -> CredentialsRefused:
    """The signature is not that of this request."""
    return CredentialsRefused(
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access Key and signing method. Consult the service documentation for details.",
    )


def incomplete(message: str) -> CredentialsRefused:
    """What is said about the signature cannot be read, or is not all there."""
    return CredentialsRefused("IncompleteSignatureException", message)


def unsigned() -> CredentialsRefused:
    """There is no signature at all."""
    return CredentialsRefused("MissingAuthenticationTokenException", "Missing Authentication Token")


def unknown_key() -> CredentialsRefused:
    """The access key is nobody's."""
    return CredentialsRefused(
        "UnrecognizedClientException", "The security token included in the request is invalid."
    )


def version_4a() -> CredentialsRefused:
    """Signature Version 4A, which needs the caller's public key."""
    return incomplete(
        "AWS4-ECDSA-P256-SHA256 (Signature Version 4A) is not supported by lambdad: sign with "
        "AWS4-HMAC-SHA256, for one Region."
    )


def not_signed(name: bytes) -> CredentialsRefused:
    """A header that must be signed is not."""
    shown = "'Host' or ':authority'" if name == b"host" else f"'{name[:100].decode('latin-1')}'"
    return CredentialsRefused(
        "HeadersNotSigned", f"{shown} must be a 'SignedHeader' in the AWS Authorization."
    )


def stale(stamp: str, now_s: float, skew_s: float) -> CredentialsRefused:
    """It was signed too long ago."""
    return CredentialsRefused(
        "RequestTimeTooSkewed",
        f"Signature expired: {stamp} is now earlier than {stamp_of(now_s - skew_s)} "
        f"({stamp_of(now_s)} - {_told(skew_s)}.)",
    )


def early(stamp: str, now_s: float, skew_s: float) -> CredentialsRefused:
    """It was signed in what is the future here."""
    return CredentialsRefused(
        "RequestTimeTooSkewed",
        f"Signature not yet current: {stamp} is still later than {stamp_of(now_s + skew_s)} "
        f"({stamp_of(now_s)} + {_told(skew_s)}.)",
    )


def expired_link(stamp: str, expires_s: int, now_s: float) -> CredentialsRefused:
    """A presigned request is over."""
    return CredentialsRefused(
        "RequestExpired",
        f"Signature expired: {stamp} + {expires_s} sec. is now earlier than {stamp_of(now_s)}",
    )


def payload_mismatch() -> CredentialsRefused:
    """The body is not the one whose hash was signed, where S3 says so."""
    return CredentialsRefused(
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )


def hashed(text: bytes) -> str:
    """A header as AWS quotes it: it may hold a token, so that nobody should find it in a log."""
    return b64encode(hashlib.sha256(text).digest()).decode()


def _told(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), _MINUTE_S)
    return f"{int(seconds)} sec" if rest or not minutes else f"{minutes} min"
