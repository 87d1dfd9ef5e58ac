"""Nothing of one function is ever visible to the next, whichever way their environments start."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from calling import call, started
from leaving import LEAVER, SEEKER
from start_paths import OPTIONS, filled, path_of

from tests.running import Server

pytestmark = pytest.mark.root
RUNTIME = "python3.13"
PREFIX = secrets.token_hex(4)
SECRETS = {where: PREFIX + secrets.token_hex(16) for where in ("code", "environment", "event")}
DIGESTS = {hashlib.sha256(secret.encode()).hexdigest(): where for where, secret in SECRETS.items()}
LOOK = {"prefix": PREFIX, "digests": list(DIGESTS), "size": len(SECRETS["code"])}


@dataclass(frozen=True)
class Seen:
    """What the first function saw of itself, and then two others of the same server."""

    first: dict[str, Any]
    second: dict[str, Any]
    third: dict[str, Any]


def _seen(server: Server, path: str) -> Seen:
    leaver = server.function(
        {"app.py": LEAVER % SECRETS["code"], "left.txt": "x"},
        Runtime=RUNTIME,
        Timeout=60,
        Environment={"Variables": {"LEFT": SECRETS["environment"]}},
    )
    filled(server, RUNTIME)
    first = call(server, leaver, {**LOOK, "secret": SECRETS["event"]})
    assert first.error is None, first
    others = []
    for _ in range(2):
        seeker = server.function({"app.py": SEEKER}, Runtime=RUNTIME, Timeout=60)
        filled(server, RUNTIME)
        answer = call(server, seeker, LOOK)
        assert answer.error is None, answer
        assert path_of(server, seeker) == path
        others.append(answer.body)
    assert path_of(server, leaver) == path
    return Seen(first.body, *others)


@pytest.fixture(scope="module")
def all_seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Seen]]:
    """By path; each on a server of its own."""
    directory: Path = tmp_path_factory.mktemp("next")
    with ExitStack() as servers:
        found = {}
        for path, options in OPTIONS.items():
            server = servers.enter_context(started(directory / path, *options))
            found[path] = _seen(server, path)
        yield found


@pytest.fixture(params=list(OPTIONS))
def seen(request: pytest.FixtureRequest, all_seen: dict[str, Seen]) -> Seen:
    return all_seen[request.param]


def test_a_function_finds_its_own_secrets_in_its_memory(seen: Seen) -> None:
    assert {DIGESTS[one] for one in seen.first["found"]} == set(SECRETS)


def test_no_secret_of_one_function_is_in_the_memory_of_the_next(seen: Seen) -> None:
    for other in (seen.second, seen.third):
        assert other["bytes"] > 5_000_000, "hardly any memory was looked at"
        assert [DIGESTS[one] for one in other["found"]] == []


def test_no_secret_is_in_any_text_the_next_can_read(seen: Seen) -> None:
    for other in (seen.second, seen.third):
        assert PREFIX not in json.dumps({**other["left"], "is": other["is"]})


def test_files_shared_memory_queues_and_sockets_are_left_to_nobody(seen: Seen) -> None:
    assert seen.first["left"]["tmp"] == ["left"]
    assert seen.first["left"]["abstract"] == ["behind"]
    for other in (seen.second, seen.third):
        found = other["left"]
        assert found["tmp"] == []
        assert found["shm"] in ([], "FileNotFoundError")
        assert found["abstract"] == []
        assert all(lines <= 1 for lines in found["ipc"].values()), "there is more than the heading"


def test_the_next_sees_no_process_but_its_own_and_no_code_but_its_own(seen: Seen) -> None:
    assert len(seen.first["left"]["processes"]) == 2
    for other in (seen.second, seen.third):
        assert other["left"]["processes"] == [2]
        assert other["left"]["var_task"] == ["app.py"]
        assert other["left"]["opt"] in ([], "FileNotFoundError")
        assert "LEFT" not in other["left"]["environ"] + other["left"]["own environ"]
        assert "LEFT_BEHIND" not in other["left"]["environ"]
        assert other["left"]["others' environ"] == "FileNotFoundError", "it can see pid 1"


def test_every_environment_has_namespaces_of_its_own(seen: Seen) -> None:
    for name, first in seen.first["namespaces"].items():
        assert len({first, seen.second["namespaces"][name], seen.third["namespaces"][name]}) == 3, name


def test_descriptors_are_input_output_telemetry_and_channel(seen: Seen) -> None:
    numbers = [number for number, _ in seen.second["is"]["descriptors"]]
    assert [one for one in numbers if one < 5] == [0, 1, 2, 3, 4]
    assert len(numbers) <= 6, "besides these there is the listing itself"


def test_chance_is_different_in_every_environment(seen: Seen) -> None:
    for name, drawn in seen.second["random"].items():
        assert drawn != seen.third["random"][name], name


def test_executed_environments_share_neither_hashes_nor_addresses(all_seen: dict[str, Seen]) -> None:
    executed = all_seen["spawn"]
    assert executed.second["hash"] != executed.third["hash"]
    assert executed.second["addresses"] != executed.third["addresses"]


@pytest.fixture(scope="module")
def forking_and_executing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    directory: Path = tmp_path_factory.mktemp("versions")
    with (
        started(directory / "fork", *OPTIONS["fork"]) as forking,
        started(directory / "spawn", *OPTIONS["spawn"]) as executing,
    ):
        yield forking, executing


@pytest.mark.parametrize(
    "runtime",
    [
        pytest.param("python3.10", marks=pytest.mark.full),
        pytest.param("python3.11", marks=pytest.mark.full),
        "python3.12",
    ],
)
def test_a_forked_python_of_every_version_cannot_tell_itself_from_an_executed_one(
    forking_and_executing: tuple[Server, Server], runtime: str
) -> None:
    told = []
    for server in forking_and_executing:
        name = server.function({"app.py": SEEKER}, Runtime=runtime, Timeout=60)
        told.append(call(server, name, LOOK).body["is"])
    forked, executed = told
    assert {key: (forked[key], executed[key]) for key in executed if forked[key] != executed[key]} == {}


@pytest.mark.parametrize("path", ["pool", "fork"])
def test_a_forked_environment_cannot_tell_itself_from_an_executed_one(
    all_seen: dict[str, Seen], path: str
) -> None:
    forked, executed = all_seen[path].second["is"], all_seen["spawn"].second["is"]
    differing = {name: (forked[name], executed[name]) for name in executed if forked[name] != executed[name]}
    assert differing == {}
