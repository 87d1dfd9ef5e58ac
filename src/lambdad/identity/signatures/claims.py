"""What a request says about its signature: out of `Authorization`, or out of a presigned query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.sigv4 import ALGORITHM, TERMINATOR
from lambdad.identity.signatures import refused
from lambdad.identity.signatures.dates import stamp_of_date

MAX_EXPIRES_S: Final = 604_800
"""Of a presigned request: seven days. Source: S3 User Guide, "Sharing objects with presigned URLs"."""

_ALGORITHM = ALGORITHM.encode()
_VERSION_4A = b"AWS4-ECDSA-P256-SHA256"
_USUAL = re.compile(
    rb"AWS4-HMAC-SHA256 Credential=([^\s,=]+), ?SignedHeaders=([^\s,=]+), ?Signature=([0-9a-f]{64})"
)
_PARTS = (b"Credential", b"Signature", b"SignedHeaders")
_QUERY = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")


class Claim:
    """What a request says about its signature.

    Attributes:
        credential: ``key/day/region/service/aws4_request``.
        names: of the signed headers, with semicolons.
        signature: in hexadecimal.
        stamp: when it was signed.
        expires_s: how long a presigned request holds; None for one with a header.
    """

    __slots__ = ("credential", "expires_s", "names", "signature", "stamp")

    def __init__(
        self, credential: bytes, names: bytes, signature: bytes, stamp: bytes, expires_s: int | None = None
    ) -> None:
        self.credential = credential
        self.names = names
        self.signature = signature
        self.stamp = stamp
        self.expires_s = expires_s


def of_headers(headers: Mapping[bytes, bytes]) -> Claim:
    """The claim of a request with an `Authorization` header.

    Args:
        headers: names in lower case.

    Raises:
        CredentialsRefused: it is not one of Signature Version 4, or not complete.
    """
    authorization = headers[b"authorization"]
    stamp = headers.get(b"x-amz-date")
    if stamp is None:
        stamp = stamp_of_date(headers.get(b"date", b""))
    usual = _USUAL.fullmatch(authorization)
    if usual is not None and stamp is not None:
        return Claim(usual[1], usual[2], usual[3], stamp)
    return _unusual(authorization, stamp)


def _unusual(authorization: bytes, stamp: bytes | None) -> Claim:
    """Any order of the parts and any white space between them; or what is wrong, in detail."""
    algorithm, _, rest = authorization.strip().partition(b" ")
    if algorithm.startswith(_VERSION_4A):
        raise refused.version_4a()
    found: dict[bytes, bytes] = {}
    if algorithm == _ALGORITHM:
        for part in rest.split(b",") if rest else ():
            name, equals, value = part.strip().partition(b"=")
            if not equals:
                raise refused.incomplete(
                    "Invalid key=value pair (missing equal-sign) in Authorization header "
                    f"(hashed with SHA-256 and encoded with Base64): '{refused.hashed(part)}'."
                )
            if name in found:
                raise refused.incomplete(f"Authorization header has '{_shown(name)}' more than once.")
            found[name] = value
    lacks = [
        f"Authorization header requires '{name.decode()}' parameter."
        for name in _PARTS
        if not found.get(name)
    ]
    if stamp is None:
        lacks.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if lacks or stamp is None:
        told = f"(Hashed with SHA-256 and encoded with Base64) Authorization={refused.hashed(authorization)}"
        raise refused.incomplete(" ".join((*lacks, told)))
    return Claim(found[b"Credential"], found[b"SignedHeaders"], found[b"Signature"], stamp)


def of_query(query: bytes) -> Claim:
    """The claim of a presigned request.

    Args:
        query: as it was sent.

    Raises:
        CredentialsRefused: it is not one of Signature Version 4, or not complete.
    """
    found: dict[str, bytes] = {}
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if name.startswith(b"X-Amz-"):
            key = name[6:].decode("latin-1")
            if key in found:
                raise refused.incomplete(
                    f"AWS query-string parameters must not include '{_shown(name)}' twice."
                )
            found[key] = unquote_to_bytes(value.replace(b"+", b" "))
    if found.get("Algorithm") == _VERSION_4A:
        raise refused.version_4a()
    lacks = [name for name in _QUERY if not found.get(name)]
    if lacks:
        told = " ".join(f"AWS query-string parameters must include 'X-Amz-{name}'." for name in lacks)
        raise refused.incomplete(f"{told} Re-examine the query-string parameters.")
    if found["Algorithm"] != _ALGORITHM:
        raise refused.incomplete(f"Unsupported AWS 'algorithm': '{_shown(found['Algorithm'])}'.")
    expires = found["Expires"]
    if not re.fullmatch(rb"[0-9]{1,9}", expires) or not 1 <= int(expires) <= MAX_EXPIRES_S:
        raise CredentialsRefused(
            "AuthorizationQueryParametersError",
            f"X-Amz-Expires must be between 1 and {MAX_EXPIRES_S} seconds.",
        )
    return Claim(found["Credential"], found["SignedHeaders"], found["Signature"], found["Date"], int(expires))


def credential_parts(credential: bytes, stamp: bytes) -> tuple[str, str, str, str]:
    """Access key, day, region and service of a claim.

    Raises:
        CredentialsRefused: it has other parts than these, or its day is not that of the stamp.
    """
    parts = credential.decode("latin-1").split("/")
    if len(parts) < 5:
        raise refused.incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{_shown(credential)}'"
        )
    key, (day, region, service, terminator) = "/".join(parts[:-4]), parts[-4:]
    if terminator != TERMINATOR:
        raise CredentialsRefused(
            "InvalidSignatureException",
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}'.",
        )
    if day.encode("latin-1") != stamp[:8]:
        raise CredentialsRefused(
            "InvalidSignatureException",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{day[:20]}' != '{_shown(stamp[:8])}', from '{_shown(stamp[:20])}'.",
        )
    return key, day, region, service


def _shown(text: bytes) -> str:
    return text[:200].decode("latin-1")
