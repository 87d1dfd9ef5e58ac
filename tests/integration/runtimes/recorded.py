"""What AWS's own clients did, on record: asking them again for every case costs more than all of ours."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lambdad.worker.runtimes.interpreters import Interpreter

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(__file__).parent / "data"
LONGEST = 4_000
SHOWN = 400
Seen = Any
"""What `normalised.seen` gives, as JSON has it."""


def runs(client: str, version: str) -> str:
    """Whose behaviour it is: a client's on an interpreter of this version."""
    return f"{client} on {version}"


@dataclass(frozen=True)
class Case:
    """One run of a client.

    Attributes:
        interpreter: what runs it.
        client: AWS's client and its version: ``awslambdaric==4.2.2``.
        handler: as `_HANDLER` has it.
        settings: further variables of the environment.
        framed: whether there is a descriptor for log records.
        wait_for_posts_s: how long a second connection may take to bring the rest of a stream.
    """

    interpreter: Interpreter
    client: str
    handler: str
    settings: Mapping[str, str] = field(default_factory=dict)
    framed: bool = True
    wait_for_posts_s: float = 0.0

    @property
    def runs(self) -> str:
        """Whose behaviour it is: a section of the record."""
        return runs(self.client, self.interpreter.version)

    @property
    def key(self) -> str:
        """What is asked of it."""
        settings = [f"{name}={value}" for name, value in sorted(self.settings.items())]
        return " ".join([repr(self.handler), *settings, *([] if self.framed else ["unframed"])])

    def portable(self, seen: object) -> Seen:
        """What was seen, with places of this host as those of any."""
        places = {str(ROOT): "<checkout>", str(self.interpreter.prefix): "<prefix>"}
        return _portable(json.loads(json.dumps(seen)), places)


def _portable(seen: Seen, places: Mapping[str, str]) -> Seen:
    if isinstance(seen, dict):
        return {name: _portable(part, places) for name, part in seen.items()}
    if isinstance(seen, list):
        return [_portable(part, places) for part in seen]
    if isinstance(seen, str):
        return _shortened(_renamed(seen, places))
    return seen


def _renamed(text: str, places: Mapping[str, str]) -> str:
    """One place may be inside another, and another's name may begin with it."""
    for place in sorted(places, key=len, reverse=True):
        if place in text:  # looking for it so is a hundred times faster, which tells in bodies of megabytes
            text = re.sub(rf"(?<![\w.-]){re.escape(place)}(?![\w.-])", places[place], text)
    return text


def _shortened(text: str) -> str:
    """A long text by its beginning, its length and a digest."""
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[:SHOWN]} … {len(text)} characters, {digest}"


class Record:
    """A file of what was seen; the same of several runs is in it once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        found = json.loads(file.read_text()) if file.exists() else {"seen": [], "cases": {}}
        self._seen: list[Seen] = found["seen"]
        self._cases: dict[str, dict[str, int]] = found["cases"]

    def clients(self) -> set[str]:
        """Whose behaviour is on record: ``awslambdaric==4.2.2``."""
        return {_client(run) for run in self._cases}

    def knows(self, client: str, version: str) -> bool:
        """Whether it is on record what a client does on an interpreter of this version."""
        return runs(client, version) in self._cases

    def keys(self) -> set[str]:
        """What was asked of any client on any interpreter."""
        return {key for kept in self._cases.values() for key in kept}

    def has(self, case: Case) -> bool:
        """Whether it was recorded: hosts have interpreters of other versions."""
        return case.key in self._cases.get(case.runs, {})

    def of(self, case: Case) -> Seen:
        """What was seen."""
        return self._seen[self._cases[case.runs][case.key]]

    def expected(self, case: Case, ask: Callable[[Case], object]) -> Seen:
        """What is on record, else what AWS's client does now."""
        return self.of(case) if self.has(case) else case.portable(ask(case))

    def note(self, case: Case, seen: Seen) -> None:
        """Put it on record, in memory."""
        if seen not in self._seen:
            self._seen.append(seen)
        self._cases.setdefault(case.runs, {})[case.key] = self._seen.index(seen)

    def begin_anew(self, cases: Iterable[Case]) -> None:
        """Forget what was recorded of the clients and interpreters of these, in memory."""
        for run in {case.runs for case in cases}:
            self._cases.pop(run, None)

    def write(self, clients: Set[str]) -> None:
        """Make the file say what is in memory of these clients, and nothing else."""
        cases = {run: kept for run, kept in sorted(self._cases.items()) if _client(run) in clients}
        used = list(dict.fromkeys(number for kept in cases.values() for number in kept.values()))
        places = {number: place for place, number in enumerate(used)}
        content = {
            "seen": [self._seen[number] for number in used],
            "cases": {run: {key: places[one] for key, one in kept.items()} for run, kept in cases.items()},
        }
        self._file.write_text(json.dumps(content, indent=0, ensure_ascii=False) + "\n")


def _client(run: str) -> str:
    return run.partition(" on ")[0]


@cache
def record(name: str) -> Record:
    """The record of a language: ``python``."""
    return Record(DATA / f"{name}.json")
