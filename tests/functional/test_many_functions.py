"""A catalogue of many pages: everything is seen exactly once and in order, whatever happens between two pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calling import started

from bench import catalogue
from tests.running import ROLE, Server

FUNCTIONS, VERSIONS = 130, 3
NAMES = [catalogue.name_of(number) for number in range(FUNCTIONS)]
NUMBERS = ["$LATEST", *(str(number) for number in range(1, VERSIONS + 1))]
EVERYTHING = [(name, number) for name in NAMES for number in NUMBERS]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("many") / "data"
    catalogue.fill(data, FUNCTIONS, VERSIONS)
    with started(data, "--no-pools") as server:
        yield server


def pages(client: Any, operation: str, **parameters: Any) -> Iterator[list[tuple[str, str]]]:
    """The items of each page, as (name, version)."""
    while True:
        answer = getattr(client, operation)(**parameters)
        items = answer["Functions"] if "Functions" in answer else answer["Versions"]
        yield [(item["FunctionName"], item["Version"]) for item in items]
        if not answer.get("NextMarker"):
            return
        parameters["Marker"] = answer["NextMarker"]


def test_every_function_is_listed_once_and_in_order(full: Server) -> None:
    found = list(pages(full.client(), "list_functions"))
    assert [len(page) for page in found] == [50, 50, 30]
    assert [item for page in found for item in page] == [(name, "$LATEST") for name in NAMES]


@pytest.mark.parametrize("size", [pytest.param(1, marks=pytest.mark.full), 7, 49, 50, 10_000])
def test_every_version_of_every_function_is_listed_once(full: Server, size: int) -> None:
    shown = pages(full.client(), "list_functions", FunctionVersion="ALL", MaxItems=size)
    found = list(shown)
    assert all(len(page) == min(size, 50) for page in found[:-1])
    assert [item for page in found for item in page] == EVERYTHING


def test_the_versions_of_one_function_are_listed_once(full: Server) -> None:
    shown = pages(full.client(), "list_versions_by_function", FunctionName=NAMES[77], MaxItems=3)
    assert [item for page in shown for item in page] == [(NAMES[77], number) for number in NUMBERS]


def test_a_last_page_that_is_full_has_no_marker(full: Server) -> None:
    first = full.client().list_versions_by_function(FunctionName=NAMES[0], MaxItems=len(NUMBERS))
    assert len(first["Versions"]) == len(NUMBERS)
    assert "NextMarker" not in first


def test_other_accounts_and_regions_have_none_of_it(full: Server) -> None:
    assert full.client(account="111122223333").list_functions()["Functions"] == []
    assert full.client(region="eu-west-1").list_functions(FunctionVersion="ALL")["Functions"] == []


def test_what_is_there_is_what_is_used(full: Server) -> None:
    used = full.client().get_account_settings()["AccountUsage"]
    sizes = [
        item["CodeSize"]
        for page in full.client().get_paginator("list_functions").paginate(FunctionVersion="ALL")
        for item in page["Functions"]
    ]
    assert used == {"FunctionCount": FUNCTIONS, "TotalCodeSize": sum(sizes)}


def test_changes_between_two_pages_hide_and_repeat_nothing_else(tmp_path: Path) -> None:
    catalogue.fill(tmp_path / "data", FUNCTIONS, VERSIONS)
    with started(tmp_path / "data", "--no-pools") as server:
        client = server.client()
        shown = pages(client, "list_functions")
        seen = next(shown)
        # The one the marker stands for, one that was shown and one that was not; and two new ones likewise.
        for gone in (NAMES[49], NAMES[3], NAMES[60]):
            client.delete_function(FunctionName=gone)
        code = {"ZipFile": catalogue.archive(1)}
        for new in ("a-before-all", "scale-000055-behind"):
            client.create_function(
                FunctionName=new, Runtime="python3.11", Handler="app.handler", Role=ROLE, Code=code
            )
        for page in shown:
            seen += page
        expected = sorted({*NAMES, "scale-000055-behind"} - {NAMES[60]})
        assert [name for name, _ in seen] == expected


def test_a_restart_forgets_and_repeats_nothing(tmp_path: Path) -> None:
    catalogue.fill(tmp_path / "data", FUNCTIONS, VERSIONS)
    with started(tmp_path / "data", "--no-pools") as server:
        shown = server.client().list_functions(FunctionVersion="ALL")
    with started(tmp_path / "data", "--no-pools") as server:
        rest = pages(server.client(), "list_functions", FunctionVersion="ALL", Marker=shown["NextMarker"])
        first = [(item["FunctionName"], item["Version"]) for item in shown["Functions"]]
        assert first + [item for page in rest for item in page] == EVERYTHING
        assert server.client().get_account_settings()["AccountUsage"]["FunctionCount"] == FUNCTIONS
