"""Computes the signature of a request again and compares.

Before: the edge, with the request as it came and the secret of the key it names. What was parsed or derived
before is kept (signing keys, targets, lists of signed headers), so that a request like the one before costs
three hashes and little else. Safe to call from several threads: what is kept is only ever added to, or
dropped whole.

Source: IAM User Guide, "Create a signed AWS API request"; S3 API Reference, "Authenticating requests".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.sigv4 import (
    ALGORITHM,
    S3_NAMES,
    UNSIGNED_PAYLOAD,
    canonical_hash,
    canonical_lines,
    canonical_path,
    canonical_query,
)
from lambdad.identity.signatures import chunks, refused
from lambdad.identity.signatures.claims import Claim, of_headers, of_query
from lambdad.identity.signatures.dates import seconds_of
from lambdad.identity.signatures.scoped import Scoped

Headers = Sequence[tuple[bytes, bytes]]

_ALGORITHM = ALGORITHM.encode()
_UNSIGNED = UNSIGNED_PAYLOAD.encode()
_MAX_KEPT: Final = 1_024
"""Of each kind; who makes more of them only makes the work of others longer."""
_MAX_KEPT_LISTS: Final = 128
"""Of signed headers: there are few different ones, and a hostile one can have hundreds of names."""
_MAX_KEPT_BYTES: Final = 512
"""Longer targets, credentials and lists of names are read every time."""
_SIGNATURE_BYTES: Final = 64
_UNSIGNED_ALLOWED = S3_NAMES | {"ebs", "lex", "mediastore", "omics"}
"""Services with operations whose body need not be signed. Source: botocore's models, `v4-unsigned-body`."""


class Verifier:
    """Verifies requests.

    Args:
        skew_s: how far a request's date may be from `now`, either way.
    """

    def __init__(self, skew_s: float) -> None:
        self._skew_s = skew_s
        self._claims: dict[bytes, tuple[bytes, bytes]] = {}
        self._keys: dict[tuple[bytes, str], Scoped] = {}
        self._targets: dict[bool, dict[bytes, bytes]] = {False: {}, True: {}}
        self._names: dict[bytes, dict[bytes, None]] = {}

    def verify(
        self,
        method: bytes,
        url: bytes,
        headers: Headers,
        body: bytes,
        access_key: str,
        secret: str,
        now_s: float,
    ) -> None:
        """Check that a request is what the owner of `secret` signed.

        Args:
            method: in capitals.
            url: request target.
            headers: as they came, names in lower case.
            body: whole.
            access_key: the key whose secret it is; the signature must be by this one.
            secret: its secret.
            now_s: seconds since the epoch.

        Raises:
            CredentialsRefused: it is not, or not now.
        """
        found = dict(headers)
        if len(found) != len(headers):
            found = _joined(headers)
        query = url.partition(b"?")[2]
        claim = self._claim(found, query)
        names = self._signed_names(claim.names)
        for name in found:
            if name.startswith(b"x-amz-") and name not in names:
                raise refused.not_signed(name)
        scoped = self._scoped(claim, secret)
        if scoped.access_key != access_key:
            raise refused.mismatch()
        self._check_time(claim, now_s)
        presigned = claim.expires_s is not None
        payload, is_hash = _payload(found, query if presigned else b"", body, scoped.service, presigned)
        try:
            lines = canonical_lines(names, found)
        except KeyError:
            raise refused.mismatch() from None
        target = self._target(url, scoped.service in S3_NAMES, presigned)
        digest = canonical_hash(method, target, lines, claim.names, payload)
        expected = scoped.sign(_ALGORITHM, claim.stamp, digest)
        if not hmac.compare_digest(expected, claim.signature):
            raise refused.mismatch()
        if not is_hash and payload.startswith(b"STREAMING-"):
            chunks.verify(payload, body, found, scoped, claim.stamp, expected)

    def _claim(self, headers: Mapping[bytes, bytes], query: bytes) -> Claim:
        presigned = b"X-Amz-Signature=" in query
        authorization = headers.get(b"authorization")
        if authorization is None:
            if not presigned:
                raise refused.unsigned()
            return of_query(query)
        if presigned:
            raise CredentialsRefused(
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query "
                "string parameter or the Authorization header should be specified",
            )
        before, signature = authorization[:-_SIGNATURE_BYTES], authorization[-_SIGNATURE_BYTES:]
        kept, stamp = self._claims.get(before), headers.get(b"x-amz-date")
        if kept is not None and stamp is not None:
            return Claim(*kept, signature, stamp)
        claim = of_headers(headers)
        if claim.signature == signature and before.endswith(b"Signature=") and len(before) <= _MAX_KEPT_BYTES:
            if len(self._claims) >= _MAX_KEPT:
                self._claims = {}
            self._claims[before] = (claim.credential, claim.names)
        return claim

    def _scoped(self, claim: Claim, secret: str) -> Scoped:
        kept = self._keys.get((claim.credential, secret))
        if kept is None or kept.day != claim.stamp[:8]:
            kept = Scoped(claim.credential, claim.stamp, secret)
            if len(claim.credential) <= _MAX_KEPT_BYTES:
                if len(self._keys) >= _MAX_KEPT:
                    self._keys = {}
                self._keys[claim.credential, secret] = kept
        return kept

    def _signed_names(self, given: bytes) -> Mapping[bytes, None]:
        """The names, in order.

        Raises:
            CredentialsRefused: `host` is not among them, or they are not in the one order.
        """
        kept = self._names.get(given)
        if kept is None:
            names = given.split(b";")
            kept = dict.fromkeys(names)
            if b"host" not in kept:
                raise refused.not_signed(b"host")
            if names != sorted(kept) or given != given.lower() or b"" in kept:
                raise refused.mismatch()
            if len(given) <= _MAX_KEPT_BYTES:
                if len(self._names) >= _MAX_KEPT_LISTS:
                    self._names = {}
                self._names[given] = kept
        return kept

    def _target(self, url: bytes, is_s3: bool, presigned: bool) -> bytes:
        if presigned:
            return _target(url, is_s3, b"X-Amz-Signature=")
        known = self._targets[is_s3]
        kept = known.get(url)
        if kept is None:
            kept = _target(url, is_s3)
            if len(url) <= _MAX_KEPT_BYTES:
                if len(known) >= _MAX_KEPT:
                    known = self._targets[is_s3] = {}
                known[url] = kept
        return kept

    def _check_time(self, claim: Claim, now_s: float) -> None:
        signed_s = seconds_of(claim.stamp)
        if signed_s is None:
            raise refused.incomplete(
                "Date must be in ISO-8601 'basic format'. See http://en.wikipedia.org/wiki/ISO_8601"
            )
        if signed_s - now_s > self._skew_s:
            raise refused.early(claim.stamp.decode(), now_s, self._skew_s)
        if claim.expires_s is not None:
            if now_s > signed_s + claim.expires_s:
                raise refused.expired_link(claim.stamp.decode(), claim.expires_s, now_s)
        elif now_s - signed_s > self._skew_s:
            raise refused.stale(claim.stamp.decode(), now_s, self._skew_s)


def _joined(headers: Headers) -> dict[bytes, bytes]:
    """Repeated headers as one, in order, as they are signed; a date or a signature that is two is none."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = b"%b,%b" % (found[name], value) if name in found else value
    return found


def _target(url: bytes, is_s3: bool, leave_out: bytes = b"") -> bytes:
    path, _, query = url.partition(b"?")
    if not path.startswith(b"/"):  # absolute form: http://host/path
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    return canonical_path(path, "s3" if is_s3 else "") + b"\n" + canonical_query(query, leave_out)


def _payload(
    headers: Mapping[bytes, bytes], query: bytes, body: bytes, service: str, presigned: bool
) -> tuple[bytes, bool]:
    """What was signed for the body, and whether that is its hash, which is checked here.

    Raises:
        CredentialsRefused: the hash is another one, or the service wants what is not there.
    """
    told = headers.get(b"x-amz-content-sha256")
    is_s3 = service in S3_NAMES
    if told is None and is_s3:
        if not presigned:
            raise CredentialsRefused(
                "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"
            )
        told = _told_in(query) or _UNSIGNED
    if told is None:
        return hashlib.sha256(body).hexdigest().encode(), True
    if told == _UNSIGNED:
        if service not in _UNSIGNED_ALLOWED:
            raise refused.mismatch()
        return told, False
    if told.startswith(b"STREAMING-"):
        if not is_s3 or presigned:
            raise refused.mismatch()
        return told, False
    if not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), told):
        raise refused.payload_mismatch() if is_s3 else refused.mismatch()
    return told, True


def _told_in(query: bytes) -> bytes | None:
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if name == b"X-Amz-Content-Sha256":
            return value
    return None
