"""One life of a server in the soak: warmed up, counted, stormed, brought to rest, counted again."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import Server
from tests.soak import calls, inventory
from tests.soak.calls import Answer, Call, Caller
from tests.soak.functions import Function, Kind
from tests.soak.strikes import ENDS, UNAVAILABLE, Striker, ask

WORKERS = 4
_SAMPLE_S = 0.02
_THROTTLED_S = 0.05
_REST_WITHIN_S = 40.0
_STRIKE_GRACE_S = 2.0
_HUNG_UP = 0.06
"""The part of calls whose caller goes away."""
_OK = frozenset({""})


def _ends(*names: str) -> frozenset[str]:
    return frozenset(names)


_PYTHON_VERBS: tuple[tuple[str, int, frozenset[str]], ...] = (
    ("fine", 50, _OK),
    ("linger", 14, _OK),
    ("raise", 4, _ends("ValueError")),
    ("exit", 6, _ends("Runtime.ExitError")),
    ("kill", 6, _ends("Runtime.ExitError")),
    ("memory", 2, _ends("Runtime.OutOfMemory")),
    ("large", 2, _ends("Function.ResponseSizeTooLarge")),
    ("print", 2, _OK),
    ("daemon", 6, _OK),
    ("forks", 3, _OK),
)
VERBS = {
    Kind.PYTHON: _PYTHON_VERBS,
    Kind.EXTENDED: (("fine", 8, _OK), ("linger", 2, _OK), ("exit", 1, _ends("Runtime.ExitError"))),
    Kind.SHELL: (("fine", 1, _OK),),
    Kind.STREAM: (("fine", 6, _OK), ("linger", 3, _OK), ("exit", 1, _ends("Runtime.ExitError"))),
    Kind.BROKEN: (("fine", 1, _ends("Runtime.ExitError")),),
    Kind.HANGING: (("fine", 1, _ends("Sandbox.Timedout")),),
    Kind.ROOMY: (("fine", 1, _OK), ("tmp", 2, _OK)),
    Kind.HURRIED: (("sleep", 1, _ends("Sandbox.Timedout")),),
}
"""What each kind is asked, how often, and how that ends when nothing strikes."""
_KIND_WEIGHTS = {
    Kind.PYTHON: 440,
    Kind.SHELL: 330,
    Kind.STREAM: 150,
    Kind.EXTENDED: 50,
    Kind.BROKEN: 20,
    Kind.HURRIED: 10,
    Kind.ROOMY: 10,
    Kind.HANGING: 1,
}


@dataclass(slots=True)
class Storm:
    """What happened in one life of a server.

    Attributes:
        answered: function → (request id, how it ended) of every call that was answered.
        problems: everything that was not as it should be, in words.
        early_kib: resident memory of server and launcher when a tenth of the environments had been made.
    """

    environments: set[str] = field(default_factory=set)
    ends: Counter[str] = field(default_factory=Counter)
    answered: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    strikes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    early_kib: tuple[int, int] = (0, 0)


class Front:
    """Calls from several threads, a striker beside them, and a count of the environments that appear."""

    def __init__(
        self, server: Server, functions: list[Function], striker: Striker, chance: random.Random
    ) -> None:
        self.seen = Storm()
        self._server = server
        self._by_kind: dict[Kind, list[Function]] = {}
        for function in functions:
            self._by_kind.setdefault(function.kind, []).append(function)
        self._kinds = list(self._by_kind)
        self._striker = striker
        self._chance = chance
        self._number = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._ending = False

    def storm(self, environments: int, strike_every_s: float, say: Callable[[int], None]) -> None:
        """Go on until so many environments have been made."""
        threads = self._threads(strike_every_s)
        while len(self.seen.environments) < environments:
            made = len(self.seen.environments)
            say(made)
            if not all(self.seen.early_kib) and made >= environments / 10:
                self.seen.early_kib = inventory.resident_kib(self._server.process.pid)
            time.sleep(0.1)
        self._join(threads)

    def storm_until_killed(self, for_s: float) -> None:
        """Work on for a while, then kill -9 the server amid it."""
        threads = self._threads(strike_every_s=1e9)
        time.sleep(for_s)
        self._ending = True
        self._server.kill()
        self._join(threads)

    def _threads(self, strike_every_s: float) -> list[threading.Thread]:
        self._over.clear()
        threads = [threading.Thread(target=self._work) for _ in range(WORKERS)]
        threads.append(threading.Thread(target=self._strike, args=(strike_every_s,)))
        threads.append(threading.Thread(target=self._count))
        for thread in threads:
            thread.start()
        return threads

    def _join(self, threads: list[threading.Thread]) -> None:
        self._over.set()
        for thread in threads:
            thread.join()
        self.seen.strikes = self._striker.done

    def _count(self) -> None:
        """Environments live for longer than this looks away; one that did not would not be counted."""
        tops = {group.parent for group in inventory.sandbox_groups(Path(self._server.data_dir))}
        while not self._over.is_set():
            if not tops:
                tops = {group.parent for group in inventory.sandbox_groups(Path(self._server.data_dir))}
            for top in list(tops)[:1]:
                try:
                    self.seen.environments.update(entry.name for entry in os.scandir(top) if entry.is_dir())
                except FileNotFoundError:
                    continue
            time.sleep(_SAMPLE_S)

    def _strike(self, every_s: float) -> None:
        while not self._over.wait(every_s):
            self._striker.strike()

    def _work(self) -> None:
        caller = Caller(self._server.port)
        while not self._over.is_set():
            call, hangs_up = self._choose()
            if call.function is self._striker.making_again:
                continue
            if hangs_up:
                calls.hang_up(self._server.port, call, 0.3)
                self._note(call, "hung up")
                continue
            began = time.monotonic()
            answer = caller.call(call)
            if answer.ended == "throttled":
                time.sleep(_THROTTLED_S)
            self._judge(call, answer, began)
        caller.close()

    def _choose(self) -> tuple[Call, bool]:
        with self._lock:
            self._number += 1
            chance = self._chance
            kind = chance.choices(self._kinds, [_KIND_WEIGHTS[one] for one in self._kinds])[0]
            verbs = VERBS[kind]
            do, _, ends = chance.choices(verbs, [weight for _, weight, _ in verbs])[0]
            function = chance.choice(self._by_kind[kind])
            return Call(function, do, self._number, ends), chance.random() < _HUNG_UP

    def _judge(self, call: Call, answer: Answer, began: float) -> None:
        self._note(call, answer.ended or "answered")
        if answer.ended == "throttled":
            return
        struck = self._striker.was_about(began, _STRIKE_GRACE_S)
        if answer.ended in call.ends:
            # A shell whose echo was killed sends what there is.
            may_differ = struck and call.function.kind is Kind.SHELL
            if not answer.ended and not may_differ and not calls.answered_well(call, answer):
                self._problem(f"{call} was answered with {answer.body[:200]!r}")
        elif answer.ended == "lost" and self._ending:
            return
        elif not (struck and (answer.ended in ENDS or answer.ended.startswith(UNAVAILABLE))):
            self._problem(f"{call} ended as {answer.ended} ({answer.body[:200]!r}), struck: {struck}")
        if answer.request_id and not answer.ended.startswith("status"):
            with self._lock:
                listed = self.seen.answered.setdefault(call.function.name, [])
                listed.append((answer.request_id, answer.ended))

    def _note(self, call: Call, ended: str) -> None:
        with self._lock:
            self.seen.ends[f"{call.function.kind} {call.do}: {ended[:60]}"] += 1

    def _problem(self, words: str) -> None:
        with self._lock:
            self.seen.problems.append(words)


def every_verb(functions: list[Function]) -> list[Call]:
    """One call of each sort, for a server that is to be warm; what hangs for 10 s is left out."""
    first: dict[Kind, Function] = {}
    for function in functions:
        first.setdefault(function.kind, function)
    return [
        Call(function, do, 0, ends)
        for kind, function in first.items()
        if kind is not Kind.HANGING
        for do, _, ends in VERBS[kind]
    ]


def bring_to_rest(server: Server, expected: dict[str, int] | None) -> inventory.Held:
    """End every environment and count, once what is held is as expected or the time is over."""
    data_dir = Path(server.data_dir)
    for client in server.clients.values():
        client.close()
    server.clients.clear()
    ask(server.port, "POST", "/lambdad/v1/drain", b'{"wait_s": 60}')
    deadline = time.monotonic() + _REST_WITHIN_S
    before: dict[str, int] = {}
    while True:
        found = inventory.held(server.process.pid, data_dir)
        counts = found.counts()
        if counts == (before if expected is None else expected) or time.monotonic() > deadline:
            return found
        before = counts
        time.sleep(1.0 if expected is None else 0.1)
