"""Streamed bodies of the Runtime API: the same parts come out however the bytes are cut."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.limits import MAX_RUNTIME_API_HEADER_BYTES
from lambdad.worker.runtime_api.connections import ConnectionCount
from lambdad.worker.runtime_api.wire import BadRequest, RequestParser

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
PATH = b"/2018-06-01/runtime/invocation/id-1/response"
STREAM = (
    b"POST " + PATH + b" HTTP/1.1\r\nHost: x\r\nLAMBDA-Runtime-function-response-MODE:  streaming\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


class Taker:
    """Writes down what it is given."""

    def __init__(self, *, takes: bool = True) -> None:
        self.takes = takes
        self.heard: list[object] = []
        self.body = b""
        self.parts = 0

    def request(self, method: bytes, path: bytes, head: bytes, body: bytes) -> None:
        self.heard.append((method, path, body))

    def stream_begins(self, method: bytes, path: bytes, head: bytes) -> bool:
        self.body = b""
        return self.takes

    def stream_part(self, part: bytes) -> None:
        self.body += part
        self.parts += 1

    def stream_ends(self, trailers: Mapping[bytes, bytes]) -> None:
        self.heard.append((self.body, dict(trailers)))


def parser(taker: Taker, share: ConnectionCount | None = None) -> RequestParser:
    return RequestParser(taker.request, lambda: None, share or ConnectionCount(), taker)


def body(parts: list[bytes], trailers: Mapping[bytes, bytes] | None = None) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part)
    lines = b"".join(b"%s: %s\r\n" % line for line in (trailers or {}).items())
    return chunks + b"0\r\n" + lines + b"\r\n"


TRAILERS = st.dictionaries(
    st.sampled_from(
        [b"lambda-runtime-function-error-type", b"lambda-runtime-function-error-body", b"x-other"]
    ),
    st.text("abcXYZ0123=./", min_size=1, max_size=30).map(str.encode),
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[object]]:
    data, expected = b"", []
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            data += NEXT
            expected.append((b"GET", b"/2018-06-01/runtime/invocation/next", b""))
            continue
        parts, trailers = draw(st.lists(st.binary(max_size=200), max_size=5)), draw(TRAILERS)
        data += STREAM + body(parts, {name.upper(): value for name, value in trailers.items()})
        expected.append((b"".join(parts), trailers))
    return data, expected


@given(conversations(), st.lists(st.integers(0, 4000), max_size=15))
def test_streams_and_what_is_pipelined_behind_them_come_out_the_same_wherever_the_bytes_are_cut(
    conversation: tuple[bytes, list[object]], cuts: list[int]
) -> None:
    data, expected = conversation
    taker = Taker()
    under_test = parser(taker)
    points = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for a, b in itertools.pairwise(points):
        under_test.feed(data[a:b])
    assert taker.heard == expected
    assert not under_test.in_message


def test_every_single_split_of_a_stream_gives_the_same() -> None:
    data = STREAM + body([b"one", b"two"], {b"A": b"b"}) + NEXT
    for at in range(len(data) + 1):
        taker = Taker()
        under_test = parser(taker)
        under_test.feed(data[:at])
        under_test.feed(data[at:])
        assert taker.heard[0] == (b"onetwo", {b"a": b"b"})
        assert len(taker.heard) == 2


def test_parts_are_handed_on_before_the_body_is_whole_and_nothing_is_held() -> None:
    share, taker = ConnectionCount(), Taker()
    under_test = parser(taker, share)
    under_test.feed(STREAM + b"5\r\nfirst\r\n")
    assert taker.body == b"first"
    assert under_test.in_message
    for _ in range(100):
        under_test.feed(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
    assert share.held_bytes == 0


def test_a_stream_may_announce_its_length_instead() -> None:
    taker = Taker()
    under_test = parser(taker)
    under_test.feed(STREAM.replace(b"Transfer-Encoding: chunked", b"Content-Length: 6") + b"abc")
    assert taker.body == b"abc"
    under_test.feed(b"def" + NEXT)
    assert taker.heard == [(b"abcdef", {}), (b"GET", b"/2018-06-01/runtime/invocation/next", b"")]


def test_a_stream_that_nobody_takes_is_collected_as_any_other_body() -> None:
    taker = Taker(takes=False)
    under_test = parser(taker)
    under_test.feed(STREAM + body([b"abc", b"def"]))
    assert taker.heard == [(b"POST", PATH, b"abcdef")]


def test_an_empty_mode_is_no_mode() -> None:
    taker = Taker()
    parser(taker).feed(STREAM.replace(b"streaming", b"") + body([b"abc"]))
    assert taker.heard == [(b"POST", PATH, b"abc")]


@pytest.mark.parametrize(
    "garbage",
    [
        b"zz\r\nabc\r\n",
        b"-1\r\n",
        b"3\r\nabcdef\r\n",
        b"ffffffffffffffffff\r\n",
        b"\r\nabc",
        b"3\nabc\n0\n\n",
    ],
)
def test_chunk_sizes_that_are_none_end_the_connection(garbage: bytes) -> None:
    taker = Taker()
    under_test = parser(taker)
    under_test.feed(STREAM + b"2\r\nok\r\n")
    with pytest.raises(BadRequest):
        under_test.feed(garbage)
    assert taker.body.startswith(b"ok")
    assert taker.heard == []


def test_both_a_length_and_chunks_are_refused() -> None:
    with pytest.raises(BadRequest):
        parser(Taker()).feed(STREAM.replace(b"Host: x", b"Content-Length: 3") + body([b"abc"]))


def test_trailers_without_end_are_refused_however_much_was_streamed_before() -> None:
    taker = Taker()
    under_test = parser(taker)
    for _ in range(40):
        under_test.feed((STREAM if not taker.parts else b"") + b"40000\r\n" + b"x" * 0x40000 + b"\r\n")
    under_test.feed(b"0\r\n")
    sent = 0
    with pytest.raises(BadRequest):
        while sent < 4 * MAX_RUNTIME_API_HEADER_BYTES:
            under_test.feed(b"X-Padding: " + b"a" * 10_000 + b"\r\n")
            sent += 10_000
    assert sent < 2 * MAX_RUNTIME_API_HEADER_BYTES


def test_chunks_of_one_byte_are_no_flood() -> None:
    taker = Taker()
    under_test = parser(taker)
    under_test.feed(STREAM)
    for _ in range(400):
        under_test.feed(b"1\r\na\r\n" * 1000)
    under_test.feed(b"0\r\n\r\n")
    assert taker.heard == [(b"a" * 400_000, {})]
