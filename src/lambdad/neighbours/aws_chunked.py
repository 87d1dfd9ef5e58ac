"""Takes apart `aws-chunked` bodies, whose chunks are signed by a caller we cannot sign for.

Source: Amazon S3 API Reference, "Signature calculations: transferring payload in multiple chunks" and
"… including trailing headers".
"""

from __future__ import annotations

from lambdad.domain.errors import InvalidParameter

_LINE_END = b"\r\n"


def is_streaming(payload_hash: str) -> bool:
    """Whether an `x-amz-content-sha256` announces such a body."""
    return payload_hash.startswith("STREAMING-")


def unpack(body: bytes) -> tuple[bytes, dict[str, str]]:
    """The plain body and its trailing headers (names in lower case, without the trailer's signature).

    Raises:
        InvalidParameter: the body is cut short or not so encoded.
    """
    pieces: list[bytes] = []
    offset = 0
    while True:
        end = body.find(_LINE_END, offset)
        try:
            size = int(body[offset:end].partition(b";")[0], 16) if end >= 0 else -1
        except ValueError:
            size = -1
        start = end + len(_LINE_END)
        if size < 0 or start + size > len(body):
            raise InvalidParameter("The request body is not correctly aws-chunked encoded.")
        if size == 0:
            return b"".join(pieces), _trailers(body[start:])
        pieces.append(body[start : start + size])
        offset = start + size + len(_LINE_END)


def _trailers(raw: bytes) -> dict[str, str]:
    found = {}
    for line in raw.split(b"\n"):
        name, colon, value = line.decode("latin-1").strip().partition(":")
        if colon and name.lower() != "x-amz-trailer-signature":
            found[name.lower()] = value.strip()
    return found
