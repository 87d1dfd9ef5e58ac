"""docs/reference/operations.md: every operation of Lambda's model, what was decided about it, and its tests."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from botocore import xform_name

from lambdad.awsapi import model
from lambdad.control.families import FAMILIES, Family, offered_operations, refused_operations

TESTS = Path(__file__).parent.parent / "tests"
OTHERS = {
    "lambda-core": "network connectors and customer-managed runtimes",
    "lambda-microvms": "MicroVMs",
    "lambda-web": "Web Functions",
}
_GENERATED = "test_operations_any_input.py"
_REFUSALS = "test_operations_decided.py"
_NEAREST = ("parity/", "unit/control/", "functional/test_clients", "")
_SHOWN = 4


def operations_page() -> str:
    """The page as Markdown."""
    lines = [
        "# Operations",
        "",
        "<!-- Written by scripts/operations_page.py; `make reference` writes it again. -->",
        "",
        f"Of {len(model.load('lambda').operations)} operations of the `lambda` model,",
        f"{len(offered_operations())} are done and {len(refused_operations())} are refused with 400",
        "`InvalidParameterValueException`, `<Operation> is not offered by lambdad <version>`: nothing answers a",
        "success that did not happen. An operation that a newer model brings fails a test until it is decided on.",
        "",
        f"The control plane's operations are also sent generated requests by `tests/protocol/{_GENERATED}`;",
        "the tables name the nearest tests that call an operation with requests of their own; each has some.",
        "",
    ]
    for family in FAMILIES:
        lines += _family(family)
    lines += ["## Other services of the family", ""]
    lines += [f"* `{name}` ({what}): every operation is checked and refused." for name, what in OTHERS.items()]
    return "\n".join([*lines, ""])


def _family(family: Family) -> list[str]:
    known = model.load("lambda").operations
    state = "refused" if family.refused else "done"
    rows = [
        f"| {name} | `{known[name].method} {known[name].path}` | {state} | {_tests(name)} |"
        for name in family.operations
    ]
    reason = [f"Refused: {family.refused}.", ""] if family.refused else []
    head = ["| operation | HTTP | state | tests |", "|---|---|---|---|"]
    return [f"## {family.title}", "", *reason, *head, *rows, ""]


def tests_of(operation: str) -> list[str]:
    """The test files that call an operation through boto3, by its name, or through the AWS CLI; nearest first."""
    snake = xform_name(operation)
    ways = {f"{snake}(", f"{snake},", f'"{operation}"', f"{snake.replace('_', '-')} "}
    found = [name for name, said in _sources().items() if not ways.isdisjoint(said)]
    return sorted(found, key=lambda name: next(n for n, near in enumerate(_NEAREST) if name.startswith(near)))


def _tests(operation: str) -> str:
    found = tests_of(operation)
    if operation in refused_operations():
        found = [f"protocol/{_REFUSALS}"]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(f"`{name}`" for name in found[:_SHOWN]) + more


def _said(text: str) -> frozenset[str]:
    """Every word of a file in the forms in which operations are called, read once for all operations."""
    calls = (f"{word}(" for word in re.findall(r"\b(\w+)\(", text))
    listed = (f"{word}," for word in re.findall(r"\b(\w+)\b,", text))
    quoted = (f'"{word}"' for word in re.findall(r"(?<=[\"'])(\w+)(?=[\"'])", text))
    commands = (f"{word} " for word in re.findall(r"(?<=[\"' ])([a-z0-9-]+)(?=[\"' ])", text))
    return frozenset((*calls, *listed, *quoted, *commands))


@cache
def _sources() -> dict[str, frozenset[str]]:
    return {
        str(path.relative_to(TESTS)): _said(path.read_text())
        for path in sorted(TESTS.rglob("test_*.py"))
        # Those of the wire stand for no operation.
        if path.name not in (_GENERATED, _REFUSALS) and not path.name.startswith("test_awsapi")
    }
