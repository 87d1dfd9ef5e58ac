"""Tumbling windows: what a function's answer says of the state."""

from __future__ import annotations

import pytest

from lambdad.sources.streams.windows import state_in


def test_the_state_is_taken_as_it_was_written():
    assert state_in(b'{"other": 1, "state": {"n": [1, 2.50]}}') == '{"n": [1, 2.50]}'


@pytest.mark.parametrize(
    "answer", [b"null", b"{}", b'{"state": 3}', b'{"state": null}', b'{"state": {', b"[" * 9]
)
def test_an_answer_without_a_state_has_none(answer: bytes):
    assert state_in(answer) is None
