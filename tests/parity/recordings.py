"""Recorded answers, and how one of ours is compared with one of AWS's."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import botocore.loaders
import pytest
from botocore.exceptions import ClientError, ParamValidationError

DATA = Path(__file__).parent / "data"
_PLACEHOLDER = re.compile(r"<([a-zA-Z][\w-]*(?:[:_][\w-]+)?|a:len\(\d+\))>")
_FIXED = {
    "<partition>": "aws",
    "<region>": "us-east-1",
    "<code-size>": r"\d+",
    "<location>": r"http://127\.0\.0\.1:4566/lambdad/v1/code/[0-9a-f]{64}\.zip\?expires=\d+&signature=[0-9a-f]{64}",
}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
_ENUM = re.compile(r"enum value set: \[(.*?)\]")
_PATTERN = re.compile(r"(?<=regular expression pattern: )(.*?)(?=\]?$)")
_DISTINCT = ("<uuid:", "<code-sha256:", "<function-name:")


@functools.cache
def load(group: str) -> dict[str, Any]:
    """All recorded tests of a group."""
    recorded: dict[str, Any] = json.loads((DATA / f"{group}.json").read_text())
    return recorded


def groups() -> list[str]:
    """The recorded groups."""
    return sorted(path.stem for path in DATA.glob("*.json"))


@functools.cache
def _model_patterns() -> frozenset[str]:
    shapes = botocore.loaders.Loader().load_service_model("lambda", "service-2")["shapes"]
    return frozenset(shape["pattern"] for shape in shapes.values() if "pattern" in shape)


@functools.cache
def _model_enum(name: str) -> frozenset[str]:
    shapes = botocore.loaders.Loader().load_service_model("lambda", "service-2")["shapes"]
    return frozenset(shapes[name]["enum"])


COVERED: set[tuple[str, str]] = set()
"""Recorded tests that some test of ours compares; filled while the test modules are imported."""


def parity(group: str, *tests: str) -> pytest.MarkDecorator:
    """Run a test once per recorded test named, each with its `recorded` answers."""
    COVERED.update((group, test) for test in tests)
    return pytest.mark.parametrize("recorded", [(group, test) for test in tests], indirect=True, ids=tests)


def cases(group: str, prefix: str) -> list[str]:
    """The recorded tests of a group that begin with `prefix`."""
    return [test for test in load(group) if test.startswith(prefix)]


def answer(call: Callable[..., Any], **params: Any) -> Any:
    """What a client call answers, errors too, in the form of the recordings."""
    try:
        return call(**params)
    except ClientError as error:
        return error.response
    except ParamValidationError as error:
        return str(error)


class Recording:
    """The answers of one recorded test; placeholders keep their value over all of them.

    Attributes:
        later: members that AWS added after the recording; ours are ignored.
        case: what stands in brackets behind the recorded test's name; empty without.
    """

    def __init__(self, group: str, test: str) -> None:
        self.answers: dict[str, Any] = load(group)[test]["answers"]
        self.case = test.partition("[")[2].removesuffix("]")
        self.later: frozenset[str] = frozenset()
        self._bound: dict[str, str] = {}
        self._open = set(self.answers)

    def unchecked(self) -> list[str]:
        """Keys of answers that were not compared yet."""
        return sorted(self._open)

    def check(self, key: str, ours: Any) -> None:
        """Compare our answer with the recorded one."""
        self._open.remove(key)
        theirs = self.answers[key]
        if isinstance(theirs, dict):
            if "CreateFunctionResponse" in theirs:
                theirs = theirs["CreateFunctionResponse"]
            if "Errors" in theirs:
                ours = _counted(ours)
            elif "Code" in theirs and "Message" in theirs:
                ours = ours["Error"]
        self._same(theirs, ours, key)

    def _same(self, theirs: Any, ours: Any, where: str) -> None:
        if isinstance(theirs, dict):
            self._same_members(theirs, ours, where)
        elif isinstance(theirs, list):
            assert isinstance(ours, list), where
            assert len(theirs) == len(ours), f"{where}: {ours}"
            for number, (one, other) in enumerate(zip(theirs, ours, strict=True)):
                self._same(one, other, f"{where}[{number}]")
        elif theirs == "date":
            assert _DATE.fullmatch(ours), f"{where}: {ours}"
        elif theirs == "datetime":
            assert isinstance(ours, datetime), f"{where}: {ours}"
        elif isinstance(theirs, str):
            self._same_text(theirs, str(ours), where)
        else:
            assert theirs == ours, where

    def _same_members(self, theirs: dict[str, Any], ours: Any, where: str) -> None:
        assert isinstance(ours, dict), f"{where}: {ours}"
        members = {name: value for name, value in ours.items() if name not in self.later or name in theirs}
        if where.endswith("ResponseMetadata"):
            assert ours["HTTPStatusCode"] == theirs["HTTPStatusCode"], where
            return
        members.pop("ResponseMetadata", None) if "ResponseMetadata" not in theirs else None
        assert members.keys() == theirs.keys(), f"{where}: {ours}"
        for name, value in theirs.items():
            self._same(value, members[name], f"{where}.{name}")

    def _same_text(self, theirs: str, ours: str, where: str) -> None:
        theirs, ours = _model_wins(theirs, ours, where)
        pattern, names, at = "", [], 0
        for found in _PLACEHOLDER.finditer(theirs):
            pattern += re.escape(theirs[at : found.start()])
            name, at = found.group(), found.end()
            if name.startswith("<a:len("):
                pattern += "a" * int(name[7:-2])
            elif name in _FIXED:
                pattern += _FIXED[name]
            elif name in self._bound:
                pattern += re.escape(self._bound[name])
            elif name in names:
                pattern += f"(?P=p{names.index(name)})"
            else:
                pattern += f"(?P<p{len(names)}>.+?)"
                names.append(name)
        matched = re.fullmatch(pattern + re.escape(theirs[at:]), ours, re.DOTALL)
        assert matched, f"{where}:\n theirs {theirs}\n ours   {ours}\n bound  {self._bound}"
        for number, name in enumerate(names):
            self._bind(name, matched.group(f"p{number}"), where)

    def _bind(self, name: str, value: str, where: str) -> None:
        if name.startswith(_DISTINCT):
            family = name.split(":")[0]
            others = {v for n, v in self._bound.items() if n.split(":")[0] == family}
            assert value not in others, f"{where}: {name} must differ from {others}"
        self._bound[name] = value


def _counted(ours: Any) -> dict[str, Any]:
    """An error with violations in the form some recordings have: code, count and sorted sentences."""
    message = ours["Error"]["Message"]
    count, _, sentences = message.partition(" detected: ")
    return {
        "Code": ours["Error"]["Code"],
        "Count": int(count.split(" ")[0]),
        "Errors": sorted(sentences.split("; ")),
    }


def _model_wins(theirs: str, ours: str, where: str) -> tuple[str, str]:
    """Make equal what the pinned model changed: lists of values and patterns."""
    listed, allowed = _ENUM.search(ours), _ENUM.search(theirs)
    if listed and allowed and "'runtime'" in ours:
        values = set(listed.group(1).split(", "))
        assert set(allowed.group(1).split(", ")) <= values <= _model_enum("Runtime"), where
        theirs = _ENUM.sub("enum value set", theirs)
        ours = _ENUM.sub("enum value set", ours)
    old, new = _PATTERN.search(theirs), _PATTERN.search(ours)
    if old and new and old.group(1) not in _model_patterns():
        assert new.group(1) in _model_patterns(), where
        theirs, ours = _PATTERN.sub("", theirs), _PATTERN.sub("", ours)
    return theirs, ours
