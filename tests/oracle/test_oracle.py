"""lambdad against AWS's runtime interface emulator: the same processes send the same bytes in both."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import probe_extensions  # noqa: F401 - registers its scenarios
import probe_lambdad
import probe_runtime  # noqa: F401 - registers its scenarios
import pytest
import record_oracle
from outranked import OUTRANKED
from probe_answers import comparable
from probe_difference import Answers, Difference, differences, outranked, pending
from probe_emulator import FUNCTION, play
from probe_steps import SCENARIOS
from unfinished import PENDING

from tests.running import Server

AT_ONCE = 4
RECORDED = json.loads((Path(__file__).parent / "data" / "emulator.json").read_text())["answers"]


@pytest.fixture(scope="module")
def lambdad(shared_server: Server) -> dict[str, Answers]:
    """What lambdad answers in every scenario; they wait most of the time, so several are played at once."""

    def played(name: str) -> Answers:
        happened, function = probe_lambdad.play(shared_server, SCENARIOS[name])
        return comparable(SCENARIOS[name], happened, function)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(SCENARIOS, pool.map(played, SCENARIOS), strict=True))


def found(lambdad: dict[str, Answers]) -> list[Difference]:
    return [one for name in SCENARIOS for one in differences(name, RECORDED[name], lambdad[name])]


@pytest.mark.parametrize("name", SCENARIOS)
def test_lambdad_answers_as_the_emulator_does(lambdad: dict[str, Answers], name: str) -> None:
    assert name in RECORDED, "ask the emulator: python tests/oracle/record_oracle.py"
    unexplained = [
        one
        for one in differences(name, RECORDED[name], lambdad[name])
        if not outranked(one) and not pending(one)
    ]
    assert not unexplained, "\n".join(str(one) for one in unexplained)


def test_every_difference_that_is_explained_is_still_there(lambdad: dict[str, Answers]) -> None:
    explained = [outranked(one) for one in found(lambdad)]
    assert [entry for entry in OUTRANKED if entry not in explained] == []


def test_nothing_is_called_unfinished_that_is_finished(lambdad: dict[str, Answers]) -> None:
    promised = [pending(one) for one in found(lambdad) if not outranked(one)]
    assert [entry for entry in PENDING if entry not in promised] == []


def test_nothing_recorded_is_left_uncompared() -> None:
    assert set(RECORDED) == set(SCENARIOS)


def test_a_difference_is_seen_whichever_side_it_is_on() -> None:
    told = differences("routes", {"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"})
    assert [(one.step, one.emulator, one.lambdad) for one in told] == [
        ("b", "2", "3"),
        ("c", "(absent)", "4"),
    ]


def test_a_repeated_init_is_passed_over_only_when_it_went_as_before() -> None:
    once = {"runtime 1: exit": "code=0"}
    assert differences("exit 0 in init", once, {**once, "runtime 2: exit": "code=0"}) == []
    assert differences("exit 0 in init", once, {**once, "runtime 2: exit": "code=1"}) != []
    assert differences("routes", once, {**once, "runtime 2: exit": "code=0"}) != []


@pytest.mark.root
@pytest.mark.registry
@pytest.mark.full
def test_the_recorded_answers_are_the_emulators() -> None:
    emulator = record_oracle.emulator()

    def asked(name: str) -> Answers:
        return comparable(SCENARIOS[name], play(emulator, SCENARIOS[name]), FUNCTION)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = dict(zip(SCENARIOS, pool.map(asked, SCENARIOS), strict=True))
    # The emulator's own timers run beside four others here: what came out otherwise is asked once more, alone.
    answers.update({name: asked(name) for name in SCENARIOS if answers[name] != RECORDED[name]})
    assert answers == RECORDED
