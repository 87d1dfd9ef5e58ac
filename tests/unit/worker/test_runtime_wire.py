"""The Runtime API's parser: the same requests come out however the bytes are cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.worker.runtime_api.connections import ConnectionCount
from lambdad.worker.runtime_api.wire import MAX_BODY_BYTES, BadRequest, RequestParser, header

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"


def post(body: bytes, extra: bytes = b"") -> bytes:
    line = b"POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nHost: x\r\n"
    return line + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(parts: list[bytes]) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"
    return (
        b"POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nHost: x\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" + body
    )


def parse(pieces: list[bytes]) -> tuple[list[tuple[bytes, bytes, bytes]], int]:
    found: list[tuple[bytes, bytes, bytes]] = []
    continues = 0

    def on_continue() -> None:
        nonlocal continues
        continues += 1

    parser = RequestParser(
        lambda method, path, head, body: found.append((method, path, body)), on_continue, ConnectionCount()
    )
    for piece in pieces:
        parser.feed(piece)
    assert not parser.in_message
    return found, continues


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[tuple[bytes, bytes, bytes]]]:
    data, expected = b"", []
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["next", "post", "chunked"]))
        if kind == "next":
            data += NEXT
            expected.append((b"GET", b"/2018-06-01/runtime/invocation/next", b""))
            continue
        body = draw(st.binary(max_size=300))
        data += post(body) if kind == "post" else chunked([body[:100], body[100:]])
        expected.append((b"POST", b"/2018-06-01/runtime/invocation/id-1/response", body))
    return data, expected


@given(streams(), st.lists(st.integers(0, 2000), max_size=12))
def test_requests_come_out_the_same_wherever_the_stream_is_cut(
    stream: tuple[bytes, list[tuple[bytes, bytes, bytes]]], cuts: list[int]
) -> None:
    data, expected = stream
    points = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces = [data[a:b] for a, b in itertools.pairwise(points)]
    found, _ = parse(pieces)
    assert found == expected


def test_a_client_that_waits_for_100_continue_is_told_once() -> None:
    found, continues = parse([post(b"abc", b"Expect: 100-continue\r\n")])
    assert (len(found), continues) == (1, 1)


def test_a_head_without_an_end_is_refused_before_it_fills_memory() -> None:
    parser = RequestParser(lambda *_: None, lambda: None, ConnectionCount())
    parser.feed(b"GET /x HTTP/1.1\r\nA: ")
    for _ in range(1_050):
        parser.feed(b"b" * 1024)
    with pytest.raises(BadRequest, match="1126400 bytes"):
        parser.feed(b"b" * 100_000)


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\r\n\r\n", b"NONSENSE\r\n\r\n", b"PUT\r\n\r\n"])
def test_what_is_not_http_is_refused(garbage: bytes) -> None:
    parser = RequestParser(lambda *_: None, lambda: None, ConnectionCount())
    with pytest.raises(BadRequest):
        parser.feed(garbage)


def test_a_body_over_the_limit_is_counted_but_not_kept() -> None:
    sizes: list[int] = []
    parser = RequestParser(
        lambda method, path, head, body: sizes.append(len(body)), lambda: None, ConnectionCount()
    )
    total = MAX_BODY_BYTES + 5_000_000
    parser.feed(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % total)
    left = total
    while left:
        piece = min(left, 1_000_000)
        parser.feed(b"x" * piece)
        left -= piece
    assert MAX_BODY_BYTES <= sizes[0] < total


def test_a_header_is_found_in_any_case_and_only_as_a_whole_name() -> None:
    head = b"POST /a HTTP/1.1\r\nX-Other-Type: no\r\nLAMBDA-Runtime-Function-Error-Type:  Runtime.X \r\n"
    assert header(head, b"lambda-runtime-function-error-type") == b"Runtime.X"
    assert header(head, b"type") is None
