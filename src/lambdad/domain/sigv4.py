"""AWS Signature Version 4: the one canonical form, for those who sign and those who verify. Pure.

What is signed is bytes as they are sent. S3 differs from every other service: its path is decoded and encoded
once and not normalised; every other one's is normalised and encoded as it was sent, once more.

Only what the standard library loads quickly is imported: the command line signs with this, too.

Source: IAM User Guide, "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote, unquote_to_bytes

ALGORITHM: Final = "AWS4-HMAC-SHA256"
TERMINATOR: Final = "aws4_request"
UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
S3_NAMES: Final = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})
"""Signing names of the services that have S3's canonical form. Source: botocore, signers of its S3 models."""

_UNRESERVED = "-_.~"
_ALREADY_CANONICAL = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")

Pairs = Sequence[tuple[str, str]]


def hash_of(body: bytes) -> str:
    """SHA-256 in hexadecimal, as signatures want it."""
    return hashlib.sha256(body).hexdigest()


def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key of one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def to_sign(kind: bytes, stamp: bytes, scope: bytes, rest: bytes) -> bytes:
    """What the signature is over.

    Args:
        kind: the algorithm, with the suffix of what is signed.
        stamp: ``20261127T001500Z``.
        scope: ``day/region/service/aws4_request``.
        rest: the last line or lines: hashes of what is signed.
    """
    return b"%b\n%b\n%b\n%b" % (kind, stamp, scope, rest)


# --- canonical forms -------------------------------------------------------------------------------------


def canonical_path(path: bytes, service: str) -> bytes:
    """The path as it is signed.

    Args:
        path: percent-encoded, as it is sent.
        service: signing name.
    """
    if service in S3_NAMES:
        return quote(unquote_to_bytes(path), safe="/" + _UNRESERVED).encode() or b"/"
    return quote(_normalised(path), safe="/~").encode()


def canonical_query(query: bytes, leave_out: bytes = b"") -> bytes:
    """The query as it is signed: every pair decoded, encoded in the one way, and sorted.

    A plus sign is a space, as it is for whoever reads the query; a part without ``=`` has an empty value, an
    empty part is none.

    Args:
        query: as it is sent.
        leave_out: beginning of a part that is not signed: the signature of a presigned request.
    """
    pairs = []
    for part in query.split(b"&"):
        if part and not (leave_out and part.startswith(leave_out)):
            name, _, value = part.partition(b"=")
            pairs.append((_encoded(name), _encoded(value)))
    return b"&".join([b"%b=%b" % pair for pair in sorted(pairs)])


def canonical_lines(names: Iterable[bytes], headers: Mapping[bytes, bytes]) -> bytes:
    """The signed headers as they are signed: one line each, every run of white space one space.

    Raises:
        KeyError: one is not there.
    """
    return b"".join([b"%b:%b\n" % (name, _single_spaced(headers[name])) for name in names])


def _single_spaced(value: bytes) -> bytes:
    if b" " not in value and b"\t" not in value:  # as most are; other white space no header can have
        return value
    return b" ".join(value.split())


def canonical_hash(method: bytes, target: bytes, lines: bytes, names: bytes, payload: bytes) -> bytes:
    """The hash of a canonical request, in hexadecimal.

    Args:
        method: in capitals.
        target: canonical path and query, with a line end between them.
        lines: of `canonical_lines`.
        names: of the signed headers, with semicolons.
        payload: hash of the body in hexadecimal, or the word that stands for it.
    """
    canonical = b"%b\n%b\n%b\n%b\n%b" % (method, target, lines, names, payload)
    return hashlib.sha256(canonical).hexdigest().encode()


def query_string(query: Pairs) -> str:
    """Decoded pairs encoded and sorted as they are signed; sent the same way."""
    encoded = ((quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED)) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def s3_path(path: str) -> str:
    """A percent-encoded path in the one encoding S3 signs, whatever encoding the caller chose."""
    return quote(unquote_to_bytes(path), safe="/" + _UNRESERVED)


def s3_object_path(bucket: str, key: str) -> str:
    """The path of an object, path-style; bucket and key as they are called."""
    return quote(f"/{bucket}/{key}", safe="/" + _UNRESERVED)


def _encoded(text: bytes) -> bytes:
    if _ALREADY_CANONICAL.issuperset(text):
        return text
    return quote(unquote_to_bytes(text.replace(b"+", b" ")), safe=_UNRESERVED).encode()


def _normalised(path: bytes) -> bytes:
    """Dots resolved and doubled slashes made one."""
    if b"//" not in path and b"/." not in path:
        return path or b"/"
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in {b"", b"."}:
            kept.append(segment)
    return b"/" + b"/".join(kept) + (b"/" if kept and path.endswith(b"/") else b"")


# --- signing ---------------------------------------------------------------------------------------------


def authorize(
    secret: str,
    access_key: str,
    region: str,
    service: str,
    *,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    payload_hash: str,
) -> str:
    """The `Authorization` header of a request.

    Args:
        secret: the secret access key.
        access_key: its id.
        region: to sign for.
        service: signing name.
        method: in capitals.
        path: percent-encoded, as it is sent.
        query: as it is sent.
        headers: in lower case, with `host` and `x-amz-date`; every one is signed.
        payload_hash: `hash_of` the body, or `UNSIGNED_PAYLOAD`.
    """
    sent = {name.encode(): value.encode() for name, value in sorted(headers.items())}
    names = b";".join(sent)
    target = canonical_path(path.encode(), service) + b"\n" + canonical_query(query.encode())
    digest = canonical_hash(
        method.encode(), target, canonical_lines(sent, sent), names, payload_hash.encode()
    )
    stamp = headers["x-amz-date"]
    scope = f"{stamp[:8]}/{region}/{service}/{TERMINATOR}"
    key = signing_key(secret, stamp[:8], region, service)
    text = to_sign(ALGORITHM.encode(), stamp.encode(), scope.encode(), digest)
    return (
        f"{ALGORITHM} Credential={access_key}/{scope}, "
        f"SignedHeaders={names.decode()}, Signature={hmac.digest(key, text, 'sha256').hex()}"
    )


def stamp_of(now: float) -> str:
    """A moment (seconds since the epoch) as requests are dated: ``20261127T001500Z``."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
