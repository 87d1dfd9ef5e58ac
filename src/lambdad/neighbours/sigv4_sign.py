"""Signature version 4, the signing side; pure.

Source: AWS General Reference, "Create a signed AWS API request". S3 differs twice: its path is encoded
once instead of twice and not normalised, and the body's hash is a header.
"""

from __future__ import annotations

import hashlib
import hmac
import posixpath
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from lambdad.settings import AwsKeys

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
_ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = "-_.~"

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose signature, and what for.

    Attributes:
        service: signing name (``s3``, ``sqs`` …).
    """

    keys: AwsKeys
    region: str
    service: str

    def sign(
        self, method: str, path: str, query: Pairs, headers: Mapping[str, str], payload_hash: str, now: float
    ) -> dict[str, str]:
        """The headers to send: those given, the date, the token if any, and the signature over them all.

        Args:
            method: in capitals.
            path: percent-encoded, as it will be sent (for S3: through `s3_path`).
            query: decoded pairs; to be sent as `query_string` writes them.
            headers: in lower case, with `host`; every one is signed.
            payload_hash: `hash_of` the body, or `UNSIGNED_PAYLOAD`.
            now: seconds since the epoch.
        """
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        signed = {**headers, "x-amz-date": stamp}
        if self.keys.session_token is not None:
            signed["x-amz-security-token"] = self.keys.session_token
        if self.service == "s3":
            signed["x-amz-content-sha256"] = payload_hash
        names = ";".join(sorted(signed))
        canonical = "\n".join(
            (
                method,
                path if self.service == "s3" else _normalised(path),
                query_string(query),
                *(f"{name}:{' '.join(signed[name].split())}" for name in sorted(signed)),
                "",
                names,
                payload_hash,
            )
        )
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hash_of(canonical.encode())}"
        signature = hmac.new(self._key(stamp[:8]), to_sign.encode(), hashlib.sha256).hexdigest()
        credential = f"{self.keys.access_key}/{scope}"
        signed["authorization"] = (
            f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
        )
        return signed

    def _key(self, day: str) -> bytes:
        key = f"AWS4{self.keys.secret_key}".encode()
        for part in (day, self.region, self.service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key


def hash_of(body: bytes) -> str:
    """SHA-256 in hexadecimal, as signatures want it."""
    return hashlib.sha256(body).hexdigest()


def query_string(query: Pairs) -> str:
    """Pairs encoded and sorted as they are signed; sent the same way."""
    encoded = ((quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED)) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def s3_path(path: str) -> str:
    """A percent-encoded path in the one encoding S3 signs, whatever encoding the caller chose."""
    return quote(unquote_to_bytes(path), safe="/" + _UNRESERVED)


def s3_object_path(bucket: str, key: str) -> str:
    """The path of an object, path-style; bucket and key as they are called."""
    return quote(f"/{bucket}/{key}", safe="/" + _UNRESERVED)


def _normalised(path: str) -> str:
    """Dots and doubled slashes resolved, then encoded once more."""
    collapsed = posixpath.normpath(path or "/").replace("//", "/")
    if path.endswith("/") and not collapsed.endswith("/"):
        collapsed += "/"
    return quote(collapsed, safe="/~")
