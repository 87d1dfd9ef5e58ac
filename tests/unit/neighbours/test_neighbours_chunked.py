from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.errors import InvalidParameter
from lambdad.neighbours.aws_chunked import is_streaming, unpack

SIGNED = b"5;chunk-signature=aa\r\nhello\r\n6;chunk-signature=bb\r\n world\r\n0;chunk-signature=cc\r\n\r\n"


def test_signed_chunks_become_the_plain_body() -> None:
    assert unpack(SIGNED) == (b"hello world", {})


def test_trailing_headers_are_kept_and_their_signature_is_not() -> None:
    body = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\nx-amz-trailer-signature:ff\r\n\r\n"
    assert unpack(body) == (b"hello", {"x-amz-checksum-crc32": "NhCmhg=="})


@given(st.lists(st.binary(min_size=1, max_size=30)))
def test_any_chunks_come_back_whole(chunks: list[bytes]) -> None:
    packed = b"".join(b"%x;chunk-signature=0\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"
    assert unpack(packed)[0] == b"".join(chunks)


@pytest.mark.parametrize("cut", range(1, len(SIGNED) - 25))
def test_a_body_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(InvalidParameter):
        unpack(SIGNED[:cut])


@pytest.mark.parametrize("body", [b"", b"zz\r\n", b"-1\r\n", b"ffffffff\r\nx\r\n0\r\n\r\n"])
def test_a_body_that_is_not_chunked_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidParameter):
        unpack(body)


def test_streaming_payloads_are_told_by_their_hash() -> None:
    assert is_streaming("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    assert is_streaming("STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    assert not is_streaming("UNSIGNED-PAYLOAD")
