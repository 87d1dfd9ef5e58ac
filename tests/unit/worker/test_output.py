"""What a function prints becomes log events: whole, in order, bounded."""

from __future__ import annotations

import os
import struct

from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.limits import MAX_LOG_AHEAD_MS, MAX_LOG_LINE_BYTES
from lambdad.domain.platform_log import LogLine, events_in, spread
from lambdad.worker.environment.output import OutputReader, split

NOW = 1_000


def frame(message: bytes, at_ms: int = 77) -> bytes:
    return struct.pack(">IIQ", 0xA55A0003, len(message), at_ms * 1000) + message


def events(data: bytes) -> tuple[bytes, list[LogLine]]:
    rest, printed = split(data, NOW)
    return rest, spread(printed)


def messages(data: bytes) -> tuple[bytes, list[str]]:
    rest, lines = events(data)
    return rest, [line.message for line in lines]


def test_a_newline_ends_an_event_and_stays_its_last_character() -> None:
    assert messages(b"one\ntwo\nthr") == (b"thr", ["one\n", "two\n"])


def test_a_carriage_return_separates_lines_of_one_event() -> None:
    assert messages(b"a\rb\n") == (b"", ["a\rb\n"])


def test_a_framed_record_is_one_event_with_its_own_time() -> None:
    rest, lines = split(frame(b"first\nsecond\n", at_ms=1_234), NOW)
    assert (rest, [tuple(line) for line in lines]) == (b"", [(1_234, "first\nsecond\n")])


def test_frames_and_printed_text_keep_their_order() -> None:
    data = b"printed\n" + frame(b"logged\n") + b"unfinished" + frame(b"again\n") + b"end\n"
    assert messages(data) == (b"", ["printed\n", "logged\n", "unfinished", "again\n", "end\n"])


def test_text_in_front_of_a_frame_is_not_shown_behind_it_though_it_was_read_later() -> None:
    now = 1_800_000_000_000
    _, lines = split(b"first\n" + frame(b"second\n", at_ms=now - 5) + b"third\n", now)
    assert [tuple(line) for line in lines] == [(now - 5, "first\n"), (now - 5, "second\n"), (now, "third\n")]
    _, lines = split(b"now\n" + frame(b"of yesterday\n", at_ms=now - 86_400_000), now)
    assert [line.timestamp_ms for line in lines] == [now, now - 86_400_000]


def test_an_unfinished_frame_waits_for_the_rest() -> None:
    whole = frame(b"hello")
    rest, found = messages(whole[:-2])
    assert (rest, found) == (whole[:-2], [])


def test_binary_garbage_that_begins_like_a_frame_does_not_swallow_what_follows() -> None:
    garbage = b"\xa5\x5a\x00\x03" + b"\xff" * 12
    rest, found = messages(garbage + b"\nplain\n")
    assert (rest, found[-1]) == (b"", "plain\n")


def test_a_line_over_256_kib_is_cut_without_losing_a_byte() -> None:
    rest, lines = split(b"x" * (MAX_LOG_LINE_BYTES + 10) + b"\n", NOW)
    assert rest == b""
    assert [len(line.message) for line in lines] == [MAX_LOG_LINE_BYTES, 11]


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=50)))
def test_lines_come_out_as_they_were_printed(lines: list[str]) -> None:
    data = "".join(line + "\n" for line in lines).encode()
    assert messages(data) == (b"", [line + "\n" for line in lines])


@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_cut_anywhere_end_up_as_events(data: bytes, cut: int) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    reader = OutputReader(reading)
    found = []
    try:
        os.write(writing, data[:cut] or b"")
        found += reader.read(NOW)
        os.write(writing, data[cut:])
        found += reader.read(NOW)
        found += reader.unfinished(NOW)
        assert reader.read(NOW) == []
        if b"\xa5\x5a\x00" not in data:
            assert "".join(line.message for line in spread(found)) == data.decode("utf-8", "replace") or any(
                byte > 127 for byte in data
            )
    finally:
        os.close(reading)
        os.close(writing)


def test_the_end_of_the_pipe_is_noticed() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.write(writing, b"last")
    os.close(writing)
    reader = OutputReader(reading)
    assert reader.read(NOW) == []
    assert reader.read(NOW) == []
    assert reader.ended
    assert [line.message for line in spread(reader.unfinished(NOW))] == ["last"]
    os.close(reading)


def test_nul_bytes_are_characters_like_others() -> None:
    assert messages(b"a\0b\n\0\n") == (b"", ["a\0b\n", "\0\n"])


def test_an_empty_record_is_no_event() -> None:
    assert messages(frame(b"") + frame(b"one\n") + frame(b"")) == (b"", ["one\n"])


def test_garbage_that_begins_like_frames_stays_text_of_its_line() -> None:
    garbage = b"\xa5\x5a\x00\x03" + b"\xff" * 4 + b"12345678"
    rest, found = messages(b"before " + garbage * 2 + b" behind\n" + frame(b"record\n"))
    assert (rest, len(found), found[-1]) == (b"", 2, "record\n")
    assert found[0] == (b"before " + garbage * 2 + b" behind\n").decode("utf-8", "replace")


def test_much_garbage_hides_at_most_what_comes_in_the_same_piece() -> None:
    garbage = b"\xa5\x5a\x00\x03" + b"\xff" * 12
    rest, found = messages(garbage * 10_000 + b"\n" + frame(b"hidden\n"))
    assert rest == b"" and len(found) < 5
    assert messages(frame(b"seen\n")) == (b"", ["seen\n"])


def test_a_frame_with_a_time_no_log_takes_has_the_time_it_was_read() -> None:
    for at_ms in (0, NOW + MAX_LOG_AHEAD_MS + 1, 2**53):
        _, lines = split(frame(b"x\n", at_ms=at_ms), NOW)
        assert [line.timestamp_ms for line in lines] == [NOW]


def test_a_long_line_is_not_cut_inside_a_character() -> None:
    text = "x" + "é€😀" * 60_000
    for printed in (text.encode() + b"\n", frame(text.encode())):
        rest, lines = events(printed)
        assert "".join(line.message for line in lines).rstrip("\n") == text
        assert all(len(line.message.encode()) <= MAX_LOG_LINE_BYTES for line in lines)
        assert rest == b""


def test_printing_without_a_newline_for_ever_holds_no_more_than_a_line() -> None:
    rest, seen = b"", 0
    for _ in range(100):
        rest, lines = events(rest + b"x" * 16_384)
        seen += sum(len(line.message) for line in lines)
        assert len(rest) <= MAX_LOG_LINE_BYTES
    assert seen + len(rest) == 100 * 16_384


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=30).map(lambda text: text.replace(b"\xa5", b"?")),
            st.sampled_from([b"\n", b"\xa5", b"\xa5\x5a", b"\xa5\x5a\x00\x03" + b"\xff" * 12]),
            st.binary(max_size=30).map(lambda message: frame(message, at_ms=NOW + 1)),
        ),
        max_size=12,
    ),
    st.lists(st.integers(1, 40), max_size=30),
)
def test_it_does_not_matter_how_the_pipe_hands_it_over(parts: list[bytes], sizes: list[int]) -> None:
    data = b"".join(parts)
    whole_rest, whole = events(data)
    rest, found, at = b"", [], 0
    for size in [*sizes, len(data)]:
        rest, lines = events(rest + data[at : at + size])
        found += lines
        at += size
    assert (rest, found) == (whole_rest, whole)


def test_few_bytes_are_read_at_one_go_of_a_program_that_prints_nothing_but_newlines() -> None:
    reading, writing = os.pipe2(os.O_NONBLOCK)
    reader = OutputReader(reading)
    try:
        os.write(writing, b"\n" * 60_000)
        first, second = events_in(reader.read_some(NOW)), events_in(reader.read_some(NOW))
        assert second < first / 4
        assert first + second + events_in(reader.read(NOW)) == 60_000
    finally:
        os.close(reading)
        os.close(writing)
