"""No recorded answer is forgotten: each is compared, or listed as pending."""

from __future__ import annotations

import importlib
from pathlib import Path

import pending
import recordings


def _import_all() -> None:
    for path in Path(__file__).parent.glob("test_parity_*.py"):
        importlib.import_module(path.stem)


def test_every_recorded_test_is_compared_or_pending():
    _import_all()
    everything = {(group, test) for group in recordings.groups() for test in recordings.load(group)}
    left = {(group, test) for group, test in everything if pending.is_pending(group, test)}
    assert recordings.COVERED | left == everything
    assert recordings.COVERED & left == set()


def test_what_is_listed_as_pending_was_recorded():
    for group in pending.WHOLE_GROUPS:
        assert group in recordings.groups()
    for group, test in pending.WHOLE_TESTS:
        assert test in recordings.load(group)
    for (group, test), keys in pending.SINGLE_ANSWERS.items():
        assert keys.keys() <= recordings.load(group)[test]["answers"].keys()


def test_the_page_of_pending_answers_is_up_to_date():
    assert pending.PAGE.read_text() == pending.page(), "run: python tests/parity/pending.py"


def test_all_472_answers_are_here():
    recorded = [t for group in recordings.groups() for t in recordings.load(group).values()]
    assert sum(len(test["answers"]) for test in recorded) == 472
