"""The application log level: which printed lines a JSON log shows."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.platform_log import LogLine
from lambdad.worker.environment.output import split
from lambdad.worker.environment.printed_levels import HiddenLine, LevelJudge, judge_of

ORDER = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]


def frame(level: int, text: str, *, is_json: bool = True) -> bytes:
    kind = 0xA55A0002 + (not is_json) + (level << 2)
    return struct.pack(">IIQ", kind, len(text.encode()), 1_000) + text.encode()


def shown(data: bytes, floor: str) -> list[str]:
    judge = judge_of("JSON", floor)
    _, lines = split(data, 5, judge)
    return [line.message for line in lines if type(line) is LogLine]


@pytest.mark.parametrize("floor", ORDER)
def test_a_framed_record_is_shown_from_its_level_on(floor: str) -> None:
    data = b"".join(frame(number, f"{level}\n") for number, level in enumerate(ORDER, 1))
    assert shown(data, floor) == [f"{level}\n" for level in ORDER[ORDER.index(floor) :]]


@pytest.mark.parametrize("floor", ORDER)
def test_a_printed_object_has_the_level_it_names(floor: str) -> None:
    data = "".join(f'{{"level": "{level.lower()}"}}\n' for level in ORDER).encode()
    assert len(shown(data, floor)) == len(ORDER) - ORDER.index(floor)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"level":"WARNING"}', "WARN"),
        ('{"level":"CRITICAL"}', "FATAL"),
        ('{"message":"no level"}', "INFO"),
        ('{"level":"loud"}', "INFO"),
        ('{"level":30}', "INFO"),
        ('  {"level":"ERROR","nested":{"level":"DEBUG"}}', "ERROR"),
    ],
)
def test_an_object_without_a_level_known_counts_as_info(line: str, level: str) -> None:
    assert [floor for floor in ORDER if shown(line.encode() + b"\n", floor)] == ORDER[
        : ORDER.index(level) + 1
    ]


@pytest.mark.parametrize(
    "line", ["plain", "", "{", '{"level":"DEBUG"', '["DEBUG"]', '{"a":1} tail', '"DEBUG"']
)
def test_text_that_is_no_object_is_always_shown_as_it_is(line: str) -> None:
    assert shown(line.encode() + b"\n", "FATAL") == [line + "\n"]


def test_a_frame_without_a_level_is_judged_by_its_text() -> None:
    data = frame(0, '{"level":"DEBUG"}\n') + frame(0, "plain\n", is_json=False)
    assert shown(data, "ERROR") == ["plain\n"]


def test_the_level_of_a_frame_outranks_what_its_text_says() -> None:
    assert shown(frame(5, '{"log_level":"ERROR","errorMessage":"x"}\n'), "ERROR")
    assert not shown(frame(2, '{"level":"FATAL"}\n'), "ERROR")


def test_a_deeply_nested_object_is_no_danger() -> None:
    deep = '{"a":' * 30_000 + "1" + "}" * 30_000 + "\n"
    assert shown(deep.encode(), "FATAL") in ([], [deep])
    assert shown(deep.encode() + b"next\n", "FATAL")[-1] == "next\n"


def test_text_logs_and_trace_show_everything() -> None:
    assert judge_of("Text", "FATAL") is None
    assert judge_of("JSON", "TRACE") is None
    assert judge_of("JSON", None) is not None


@given(
    st.lists(
        st.one_of(
            st.sampled_from([b"plain\n", b'{"level":"DEBUG"}\n', b"no end"]),
            st.integers(0, 7).map(lambda level: frame(level, "framed\n")),
        )
    )
)
def test_judging_loses_no_line_and_changes_none(parts: list[bytes]) -> None:
    data = b"".join(parts)
    rest, plain = split(data, 5)
    same_rest, judged = split(data, 5, LevelJudge("WARN"))
    assert same_rest == rest
    assert [tuple(line) for line in judged] == [tuple(line) for line in plain]
    for line in judged:
        if line.message == "plain\n":
            assert type(line) is LogLine
        if line.message == '{"level":"DEBUG"}\n':
            assert type(line) is HiddenLine
