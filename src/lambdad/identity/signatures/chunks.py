"""Verifies `aws-chunked` bodies: every piece is signed with the signature of the one before.

Source: S3 API Reference, "Signature calculations: transferring payload in multiple chunks" and "… including
trailing headers".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Final

from lambdad.domain.errors import CredentialsRefused
from lambdad.identity.signatures import refused
from lambdad.identity.signatures.scoped import Scoped

SIGNED: Final = b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_WITH_TRAILER: Final = b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_WITH_TRAILER: Final = b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"

_PIECE = b"AWS4-HMAC-SHA256-PAYLOAD"
_TRAILER = b"AWS4-HMAC-SHA256-TRAILER"
_NOTHING = hashlib.sha256(b"").hexdigest().encode()
_MAX_LINE_BYTES = 256
"""In front of a piece: sixteen digits, the name and a signature have a hundred."""
_HEAD = re.compile(rb"([0-9a-fA-F]{1,16});chunk-signature=([0-9a-f]{64})")
_BARE_HEAD = re.compile(rb"([0-9a-fA-F]{1,16})(?:;[^\r\n]*)?")
_END = b"\r\n"
_MIN_PIECE_BYTES = 8_192
"""Of all but the last one with content; it keeps the work per byte small. Source: S3 API Reference, "List of
error codes", `InvalidChunkSizeError`."""


def verify(
    kind: bytes,
    body: bytes,
    headers: Mapping[bytes, bytes],
    scoped: Scoped,
    stamp: bytes,
    seed: bytes,
) -> None:
    """Check the pieces of a body, and its trailing headers.

    Args:
        kind: what `x-amz-content-sha256` announces.
        body: as it was sent.
        headers: of the request.
        scoped: key that signed the request.
        stamp: of the request.
        seed: signature of the request itself.

    Raises:
        CredentialsRefused: a signature is another one, or the body is not so encoded.
    """
    if kind.startswith(b"STREAMING-AWS4-ECDSA"):
        raise refused.version_4a()
    if kind not in {SIGNED, SIGNED_WITH_TRAILER, UNSIGNED_WITH_TRAILER}:
        raise refused.mismatch()
    is_signed = kind != UNSIGNED_WITH_TRAILER
    last, size, rest, is_short = seed, 0, 0, False
    for data, signature, after in _pieces(body, _HEAD if is_signed else _BARE_HEAD):
        if is_short and data:
            raise CredentialsRefused(
                "InvalidChunkSizeError",
                f"Only the last chunk is allowed to have a size less than {_MIN_PIECE_BYTES} bytes",
            )
        is_short = len(data) < _MIN_PIECE_BYTES
        if is_signed:
            digest = hashlib.sha256(data).hexdigest().encode()
            expected = scoped.sign(_PIECE, stamp, b"%b\n%b\n%b" % (last, _NOTHING, digest))
            if not hmac.compare_digest(expected, signature):
                raise refused.mismatch()
            last = expected
        size, rest = size + len(data), after
    _check_length(headers.get(b"x-amz-decoded-content-length"), size)
    trailer = body[rest:]
    if kind == SIGNED_WITH_TRAILER:
        _check_trailer(trailer, scoped, stamp, last)
    elif kind == SIGNED and trailer not in {b"", _END}:
        raise _malformed()


def _pieces(body: bytes, head: re.Pattern[bytes]) -> Iterator[tuple[memoryview, bytes, int]]:
    """Each piece, the empty last one too: its bytes, its signature, and where the next thing begins."""
    view, offset = memoryview(body), 0
    while True:
        end = body.find(_END, offset, offset + _MAX_LINE_BYTES)
        found = head.fullmatch(body, offset, end) if end >= 0 else None
        if found is None:
            raise _malformed()
        size, begin = int(found[1], 16), end + len(_END)
        if size > len(body) - begin:
            raise _malformed()
        signature = found[2] if head is _HEAD else b""
        if size == 0:
            yield view[begin:begin], signature, begin
            return
        offset = begin + size
        if body[offset : offset + len(_END)] != _END:
            raise _malformed()
        offset += len(_END)
        yield view[begin : begin + size], signature, offset


def _check_length(announced: bytes | None, size: int) -> None:
    if announced is not None and announced != b"%d" % size:
        raise CredentialsRefused(
            "IncompleteBody",
            "You did not provide the number of bytes specified by the Content-Length HTTP header.",
        )


def _check_trailer(trailer: bytes, scoped: Scoped, stamp: bytes, last: bytes) -> None:
    """The trailing headers are signed as `name:value` lines, each with a line feed."""
    lines, signature = b"", None
    for raw in trailer.split(b"\n"):
        name, colon, value = raw.strip().partition(b":")
        if not name:
            continue
        if not colon or signature is not None:
            raise _malformed()
        if name.lower() == b"x-amz-trailer-signature":
            signature = value.strip()
        else:
            lines += b"%b:%b\n" % (name.lower().strip(), value.strip())
    digest = hashlib.sha256(lines).hexdigest().encode()
    expected = scoped.sign(_TRAILER, stamp, b"%b\n%b" % (last, digest))
    if signature is None or not hmac.compare_digest(expected, signature):
        raise refused.mismatch()


def _malformed() -> CredentialsRefused:
    return CredentialsRefused(
        "IncompleteBody", "The request body is not correctly aws-chunked encoded, or its end is missing."
    )
