"""Lineages: what a function sees, and when it has come round too often."""

from __future__ import annotations

import pytest

from lambdad.domain import lineage
from lambdad.domain.lineage import first, is_loop, key_of, passed_on

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
F, G = key_of(ARN), key_of(ARN + "g")
ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"


def test_a_function_is_the_same_under_every_qualifier_and_another_in_another_account() -> None:
    assert key_of(ARN + ":live") == key_of(ARN + ":7") == F
    assert len({F, G, key_of(ARN.replace("000000000000", "111111111111"))}) == 3


def test_the_first_function_of_a_chain_ran_never_before() -> None:
    assert first(F) == f";Lineage=1:{F}:0"
    assert passed_on(ROOT, F) == (ROOT + first(F), 0)


def test_each_hop_of_the_same_function_counts_and_others_keep_their_count() -> None:
    trace = ROOT
    for hop in range(5):
        trace, before = passed_on(trace, F)
        assert before == hop
        trace, before = passed_on(trace, G)
        assert before == hop
    assert trace == f"{ROOT};Lineage=1:{F}:4|{G}:4"


def test_sixteen_invocations_run_and_the_next_is_a_loop() -> None:
    trace, loops = ROOT, []
    for _ in range(17):
        trace, before = passed_on(trace, F)
        loops.append(is_loop(before))
    assert loops == [False] * 16 + [True]


@pytest.mark.parametrize(
    "value",
    [
        f"Lineage={F}:3|{G}:5",
        f"Lineage=1:{F}:3|{G}:5",
        f"Lineage=1:{F}:3|1:{G}:5",
        f"lineage=1:{F}:3%7C{G}:5",
    ],
)
def test_every_form_is_read_and_the_newest_written(value: str) -> None:
    assert passed_on(f"{value};{ROOT}", F) == (f"{ROOT};Lineage=1:{G}:5|{F}:4", 4)


@pytest.mark.parametrize(
    "value", ["", "1", ":::", "x" * 3000, "|" * 3000, f"1:{'f' * 9}:1", f"{F}:-1", f"{F}:999999", "é:1"]
)
def test_what_is_malformed_counts_for_nothing(value: str) -> None:
    assert passed_on(f"{ROOT};Lineage={value}", F) == (ROOT + first(F), 0)


def test_a_header_is_bounded_whatever_comes_in() -> None:
    many = "|".join(f"{number:08x}:{number}" for number in range(400))[: lineage.MOST_CHARACTERS - 200]
    trace, before = passed_on(f"{ROOT};Lineage=1:{many}", F)
    assert before == 0
    assert trace.count("|") == 31
    assert trace.endswith(f"{F}:0")
    fields, _ = passed_on(";" * 4000 + "Lineage=1:", F)
    assert len(fields) < 4100
    assert passed_on("x" * 100_000 + f";Lineage={F}:99", F) == ("x" * 100_000 + f";Lineage={F}:99", 0)


def test_counts_end_somewhere() -> None:
    trace, before = passed_on(f"Lineage={F}:99999", F)
    assert (trace, is_loop(before)) == (f"Lineage=1:{F}:32767", True)
