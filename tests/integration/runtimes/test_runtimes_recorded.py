"""What is on record of AWS's runtime clients holds for any host, and tells when it is not up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from official_clients import (
    NODE_GENERATIONS,
    NODE_VERSIONS,
    PYTHON39_PINS,
    PYTHON_PINS,
    missing_for_the_native_part,
    node_client_name,
    node_clients_asked,
)
from recorded import ROOT, Case, Record, record

from lambdad.worker.runtimes.install import NODE_WHEELS
from lambdad.worker.runtimes.interpreters import Interpreter

CLIENT = "awslambdaric==4.2.2"
ANSWERED = {"posts": [["/response", {}, "1"]], "records": [], "exit_code": None}
FAILED = {"posts": [], "records": [], "exit_code": 1}


def a_case(
    handler: str = "a.handler", prefix: str = "/opt/python", version: str = "3.12.1", client: str = CLIENT
) -> Case:
    home = Path(prefix)
    return Case(Interpreter(home / "bin" / "python", home, version), client, handler)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "python.json"


@pytest.mark.parametrize(
    "client",
    [
        PYTHON39_PINS[0],
        PYTHON_PINS[0],
        *(f"aws-lambda-ric@{version}" for version in NODE_VERSIONS.values()),
    ],
)
def test_the_versions_that_are_installed_are_on_record(client: str) -> None:
    assert client in record("python").clients() | record("node").clients()


@pytest.mark.parametrize("line", NODE_GENERATIONS)
def test_a_node_that_is_fetched_is_on_record(line: str) -> None:
    client = node_client_name(NODE_GENERATIONS[line])
    assert record("node").knows(client, NODE_WHEELS[line][1]), "run record_clients.py with this Node.js"


def test_the_node_client_is_built_ahead_where_tests_ask_it() -> None:
    on_record = {line: version for line, (_, version) in NODE_WHEELS.items()}

    assert node_clients_asked(on_record, full=False) == []
    assert node_clients_asked({**on_record, "nodejs24.x": "24.0.1"}, full=False) == [4]
    assert node_clients_asked({**on_record, "nodejs18.x": "18.20.4"}, full=False) == [3]
    assert node_clients_asked(on_record, full=True) == [3, 4]


def test_places_of_this_host_are_those_of_any() -> None:
    seen = {"records": [[None, f'File "{ROOT}/tests/a.py" and "/opt/python/lib/b.py"']]}

    assert a_case().portable(seen) == {
        "records": [[None, 'File "<checkout>/tests/a.py" and "<prefix>/lib/b.py"']]
    }


def test_an_interpreter_inside_the_checkout_is_on_record_as_one_elsewhere() -> None:
    inside = f"{ROOT}/.cache/python"

    assert a_case(prefix=inside).portable([f"{inside}/lib/b.py"]) == ["<prefix>/lib/b.py"]


def test_a_place_that_only_begins_as_one_of_this_host_stays() -> None:
    names = [f"{ROOT}-other/a.py", "/opt/python3/b.py", "/srv/opt/python/c.py"]

    assert a_case().portable(names) == names


def test_a_place_with_letters_that_json_escapes_is_one_of_this_host() -> None:
    assert a_case(prefix="/opt/pythön").portable(["/opt/pythön/lib"]) == ["<prefix>/lib"]


def test_what_is_written_is_read_again(file: Path) -> None:
    kept = Record(file)
    kept.note(a_case("one"), ANSWERED)
    kept.note(a_case("two"), FAILED)
    kept.note(a_case("one", version="3.13.0"), ANSWERED)
    kept.write({CLIENT})

    again = Record(file)

    assert [again.of(a_case("one")), again.of(a_case("two"))] == [ANSWERED, FAILED]
    assert again.of(a_case("one", version="3.13.0")) == ANSWERED
    assert file.read_text().count("/response") == 1


def test_an_interpreter_that_is_not_on_record_is_asked_now(file: Path) -> None:
    kept = Record(file)
    kept.note(a_case("one"), ANSWERED)

    assert kept.expected(a_case("one"), lambda _case: FAILED) == ANSWERED
    assert kept.expected(a_case("one", version="3.12.9"), lambda _case: FAILED) == FAILED


def test_what_is_recorded_anew_leaves_nothing_behind(file: Path) -> None:
    kept = Record(file)
    kept.note(a_case("gone"), FAILED)
    kept.note(a_case("one", client="awslambdaric==4.0.0"), FAILED)
    kept.note(a_case("one", version="3.9.18"), ANSWERED)
    kept.begin_anew([a_case("one")])
    kept.note(a_case("one"), ANSWERED)
    kept.write({CLIENT})

    again = Record(file)

    assert not again.has(a_case("gone"))
    assert again.clients() == {CLIENT}
    assert again.has(a_case("one", version="3.9.18"))
    assert 'exit_code": 1' not in file.read_text()


def test_packages_that_compile_the_node_client_are_named() -> None:
    found = missing_for_the_native_part(lambda program: None if program in ("cmake", "g++") else "/usr/bin/x")

    assert found == "aws-lambda-ric is compiled here, which takes: sudo apt-get install cmake g++"
    assert missing_for_the_native_part(lambda _program: "/usr/bin/x") is None
