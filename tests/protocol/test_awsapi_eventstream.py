"""Event-stream frames, read back by botocore's decoder."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from awsapi_oracle import whole_body
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from lambdad.awsapi import eventstream, model, render


def decoded(data: bytes) -> list[Any]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return list(buffer)


def test_an_empty_frame_is_sixteen_bytes_of_lengths_and_checksums() -> None:
    prelude = struct.pack(">II", 16, 0)
    head = prelude + struct.pack(">I", zlib.crc32(prelude))
    assert eventstream.frame({}) == head + struct.pack(">I", zlib.crc32(head))


def test_every_kind_of_header_is_read_back() -> None:
    headers: dict[str, eventstream.HeaderValue] = {
        "yes": True,
        "no": False,
        "int": -5,
        "long": 2**40,
        "bytes": b"\x00\xff",
        "text": "ü",
    }
    (message,) = decoded(eventstream.frame(headers, b"payload"))
    assert message.headers == headers
    assert message.payload == b"payload"


def test_a_time_is_milliseconds() -> None:
    moment = datetime(2026, 11, 23, 8, 0, 0, 123_000, UTC)
    (message,) = decoded(eventstream.frame({"at": moment}))
    assert message.headers == {"at": round(moment.timestamp() * 1000)}
    assert eventstream.frame({"at": moment.replace(tzinfo=None)}) == eventstream.frame({"at": moment})


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=5))
def test_any_payloads_come_back_in_order(payloads: list[bytes]) -> None:
    stream = b"".join(eventstream.event("PayloadChunk", one) for one in payloads)
    assert [message.payload for message in decoded(stream)] == payloads


def test_a_changed_byte_is_noticed() -> None:
    data = bytearray(eventstream.event("PayloadChunk", b"payload"))
    data[-6] ^= 1
    with pytest.raises(ChecksumMismatch):
        decoded(bytes(data))


def test_events_exceptions_and_errors_say_what_they_are() -> None:
    event, exception, error = decoded(
        eventstream.event("Chunk", b"{}", "application/json", {"n": 1})
        + eventstream.exception("SessionTimeoutException", b'{"message":"m"}')
        + eventstream.error("InternalFailure", "oops")
    )
    assert event.headers == {
        ":message-type": "event",
        ":event-type": "Chunk",
        ":content-type": "application/json",
        "n": 1,
    }
    assert exception.headers[":message-type"] == "exception"
    assert exception.headers[":exception-type"] == "SessionTimeoutException"
    assert exception.to_response_dict()["status_code"] == 400
    assert error.headers == {
        ":message-type": "error",
        ":error-code": "InternalFailure",
        ":error-message": "oops",
    }


def test_the_answer_of_a_streaming_invoke_is_chunks_and_one_end() -> None:
    loaded = model.load("lambda")
    operation = loaded.operations["InvokeWithResponseStream"]

    async def events() -> Any:
        yield {"PayloadChunk": {"Payload": b"\x00one"}}
        yield {"InvokeComplete": {"ErrorCode": None, "LogResult": "bG9n"}}

    answer = render.response(
        loaded, operation, {"ExecutedVersion": "1", "EventStream": events(), "StatusCode": 200}, "rid"
    )
    assert dict(answer.headers) == {
        "Content-Type": "application/vnd.amazon.eventstream",
        "X-Amz-Executed-Version": "1",
    }
    chunk, end = decoded(whole_body(answer))
    assert (chunk.headers[":event-type"], chunk.payload) == ("PayloadChunk", b"\x00one")
    assert chunk.headers[":content-type"] == "application/octet-stream"
    assert (end.headers[":event-type"], end.payload) == ("InvokeComplete", b'{"LogResult":"bG9n"}')


def test_a_modelled_exception_inside_a_stream_is_an_exception_frame() -> None:
    loaded = model.load("logs")
    stream = loaded.operations["StartLiveTail"].output
    assert stream is not None
    member = stream.members["responseStream"].shape.members["SessionTimeoutException"]
    (message,) = decoded(render.event_frame(member, {"message": "over"}))
    assert message.headers[":exception-type"] == "SessionTimeoutException"
    assert message.payload == b'{"message":"over"}'
