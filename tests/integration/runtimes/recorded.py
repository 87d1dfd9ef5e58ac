"""What AWS's own clients did, on record: asking them again for every case costs more than all of ours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
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
        return f"{self.client} on {self.interpreter.version}"

    @property
    def key(self) -> str:
        """What is asked of it."""
        settings = [f"{name}={value}" for name, value in sorted(self.settings.items())]
        return " ".join([repr(self.handler), *settings, *([] if self.framed else ["unframed"])])

    def portable(self, seen: object) -> Seen:
        """What was seen, with places of this host as those of any."""
        text = json.dumps(seen)
        for place, name in ((ROOT, "<checkout>"), (self.interpreter.prefix, "<prefix>")):
            text = text.replace(str(place), name)
        return _shortened(json.loads(text))


def _shortened(seen: Seen) -> Seen:
    """Long texts by their beginning, their length and a digest."""
    if isinstance(seen, dict):
        return {name: _shortened(part) for name, part in seen.items()}
    if isinstance(seen, list):
        return [_shortened(part) for part in seen]
    if isinstance(seen, str) and len(seen) > LONGEST:
        digest = hashlib.sha256(seen.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{seen[:SHOWN]} … {len(seen)} characters, {digest}"
    return seen


class Record:
    """A file of what was seen; the same of several runs is in it once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        found = json.loads(file.read_text()) if file.exists() else {"seen": [], "cases": {}}
        self._seen: list[Seen] = found["seen"]
        self._cases: dict[str, dict[str, int]] = found["cases"]

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

    def write(self) -> None:
        """Make the file say so."""
        kept = {"seen": self._seen, "cases": self._cases}
        self._file.write_text(json.dumps(kept, indent=0, ensure_ascii=False) + "\n")


@cache
def record(name: str) -> Record:
    """The record of a language: ``python``."""
    return Record(DATA / f"{name}.json")
