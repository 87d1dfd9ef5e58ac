"""What a compiling process says is taken only as far as it answers what was asked."""

from __future__ import annotations

import struct

import pytest

from lambdad.domain.limits import MAX_COMPILED_BYTES, MAX_COMPILED_FILE_BYTES
from lambdad.worker.ahead.compiled_answers import Answers, CompileFailed

END = struct.pack(">II", 0xFFFFFFFF, 0)


def frame(number: int, code: bytes) -> bytes:
    return struct.pack(">II", number, len(code)) + code


def test_files_come_out_under_the_names_that_were_sent_however_the_bytes_arrive() -> None:
    said = frame(0, b"one") + frame(2, b"three") + END
    for size in (1, 5, len(said)):
        answers = Answers(("a.py", "b.py", "c/d.py"))
        files = [file for at in range(0, len(said), size) for file in answers.feed(said[at : at + size])]
        assert files == [("a.py", b"one"), ("c/d.py", b"three")]
        assert answers.ended


def test_what_comes_after_the_end_is_not_looked_at() -> None:
    answers = Answers(("a.py",))
    assert answers.feed(END + frame(0, b"late")) == []
    assert answers.feed(frame(0, b"later")) == []


@pytest.mark.parametrize("numbers", [(1,), (0, 0), (5,), (0xFFFFFFFE,)])
def test_a_number_that_was_not_sent_or_comes_again_is_refused(numbers: tuple[int, ...]) -> None:
    answers = Answers(("a.py",))
    with pytest.raises(CompileFailed):
        answers.feed(b"".join(frame(number, b"x") for number in numbers))


def test_a_file_that_is_announced_as_too_big_is_refused_before_it_comes() -> None:
    with pytest.raises(CompileFailed):
        Answers(("a.py",)).feed(struct.pack(">II", 0, MAX_COMPILED_FILE_BYTES + 1))


def test_files_that_are_too_big_together_are_refused() -> None:
    count = MAX_COMPILED_BYTES // MAX_COMPILED_FILE_BYTES + 1
    answers = Answers(tuple(f"{number}.py" for number in range(count)))
    big = bytes(MAX_COMPILED_FILE_BYTES)
    with pytest.raises(CompileFailed):
        for number in range(count):
            answers.feed(frame(number, big))
