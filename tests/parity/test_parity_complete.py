"""No recorded answer is forgotten: each is compared."""

from __future__ import annotations

import importlib
from pathlib import Path

import recordings


def _import_all() -> None:
    for path in Path(__file__).parent.glob("test_parity_*.py"):
        importlib.import_module(path.stem)


def test_every_recorded_test_is_compared():
    _import_all()
    everything = {(group, test) for group in recordings.groups() for test in recordings.load(group)}
    assert everything == recordings.COVERED


def test_all_472_answers_are_here():
    recorded = [t for group in recordings.groups() for t in recordings.load(group).values()]
    assert sum(len(test["answers"]) for test in recorded) == 472
