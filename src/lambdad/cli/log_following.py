"""Goes on reading logs for ever: through StartLiveTail where the server offers it, else by asking again.

What has been printed is remembered for a while, so that the two can overlap: a session is filled up by
one question when it begins, when it left events out (`sampled`), and when it broke off. A server that
goes away is waited for.

Before: `log_sources`. After: `logs` prints the batches.
"""

from __future__ import annotations

import queue
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lambdad.cli.client import ApiError, Client, Unreachable
from lambdad.cli.log_reading import LogLine, Wanted, lines_of, read_existing
from lambdad.cli.log_sources import Source
from lambdad.cli.log_tail import MOST_GROUPS, MOST_SESSIONS, Session, Told

ASK_EVERY_S = 0.5
MOST_QUESTIONS_PER_S = 20.0
"""Many groups without a session are asked less often each."""
SEEN_AGAIN_MS = 2_000
"""Events of this age are read again: streams are written independently."""
GATHER_S = 0.05
"""So long what comes from several sessions is gathered, to be put in order."""
GONE_EVERY_S = 1.0
REFRESH_EVERY_S = 10.0
QUEUED = 1_000
"""Updates that wait to be printed, of at most 500 events each."""

_PASSING = frozenset({"ResourceNotFoundException", "ThrottlingException", "LimitExceededException"})
"""Errors that say nothing of the next question: the group may be made, the rate may fall."""

Key = tuple[str, str, int, str]


class Printed:
    """Which events have been printed, by what they are: a live tail gives events no id.

    Whoever counts (a question, a session) counts from its own beginning; the same event is counted by
    both, and printed once. Equal events of one millisecond are as many as the one that sees most says.
    """

    def __init__(self) -> None:
        self._printed: Counter[Key] = Counter()
        self.newest_ms = 0

    def fresh(self, lines: Iterable[LogLine], count: Counter[Key]) -> list[LogLine]:
        """The lines not printed yet, which are taken as printed from now on."""
        found = []
        for line in lines:
            key = (line.group, line.stream, line.time_ms, line.message)
            count[key] += 1
            if count[key] > self._printed[key]:
                self._printed[key] += 1
                self.newest_ms = max(self.newest_ms, line.time_ms)
                found.append(line)
        return found

    def forget(self, before_ms: int, *counts: Counter[Key]) -> None:
        """Drop what is older: it is not read again."""
        for counter in (self._printed, *counts):
            for key in [key for key in counter if key[2] < before_ms]:
                del counter[key]


@dataclass(slots=True)
class _Live:
    """A session, and what it has counted."""

    session: Session
    begun: bool = False
    count: Counter[Key] = field(default_factory=Counter)


@dataclass(slots=True)
class _Group:
    """A log group that is followed; `live` None: it is asked."""

    name: str
    sources: Sequence[Source]
    exists: bool = False
    live: _Live | None = None
    ask_at: float = 0.0


class Following:
    """Reads on for ever. `say` is told, once each, that the server is gone and that it is back."""

    def __init__(
        self,
        connect: Callable[[], Client],
        groups: Mapping[str, Sequence[Source]],
        wanted: Wanted,
        say: Callable[[str], None],
        *,
        refresh: Callable[[Client], Mapping[str, Sequence[Source]]] | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`refresh` is asked now and then for the groups there are by now; None: they stay the same."""
        self._connect = connect
        self._client = connect()
        self._groups = {name: _Group(name, sources) for name, sources in groups.items()}
        self._wanted = wanted
        self._say = say
        self._now = now
        self._sleep = sleep
        self._refresh = refresh
        self._refresh_at = now() + REFRESH_EVERY_S
        self._printed = Printed()
        self._told: queue.Queue[Told] = queue.Queue(QUEUED)
        self._sessions: list[Session] = []
        self._offered = True
        self._failures = 0

    def batches(self) -> Generator[list[LogLine]]:
        """What is new, in order of time within a batch; never ends, and some batches are empty."""
        try:
            while True:
                try:
                    batch = self._turn()
                except Unreachable as error:
                    self._lost(error)
                    continue
                self._found()
                yield sorted(batch, key=lambda line: line.time_ms)
        finally:
            for session in self._sessions:
                session.stop()
            self._client.close()

    def _turn(self) -> list[LogLine]:
        self._look_around()
        batch = self._ask([group for group in self._groups.values() if self._is_due(group)])
        self._open_sessions()
        if not batch:
            batch = self._listen()
        self._forget()
        return batch

    def _look_around(self) -> None:
        if self._refresh is None or self._now() < self._refresh_at:
            return
        self._refresh_at = self._now() + REFRESH_EVERY_S
        for name, sources in self._refresh(self._client).items():
            self._groups.setdefault(name, _Group(name, sources)).sources = sources

    def _is_due(self, group: _Group) -> bool:
        return group.live is None and self._now() >= group.ask_at

    def _ask(self, groups: Iterable[_Group]) -> list[LogLine]:
        """What groups have that is not printed; those without a session are asked again in a while."""
        batch: list[LogLine] = []
        asked = [group for group in self._groups.values() if group.live is None]
        every_s = max(ASK_EVERY_S, len(asked) / MOST_QUESTIONS_PER_S)
        wanted = Wanted(self._start_ms(), None, self._wanted.pattern)
        for group in groups:
            group.ask_at = self._now() + every_s
            try:
                lines = list(read_existing(self._client, group.name, group.sources, wanted))
                group.exists = True
            except ApiError as error:
                if error.http_status >= 500:
                    raise Unreachable(str(error), error.code) from None
                if error.code not in _PASSING:
                    raise
                lines, group.exists = [], False
            batch += self._printed.fresh(lines, Counter())
        return batch

    def _start_ms(self) -> int:
        return max(self._wanted.start_ms, self._printed.newest_ms - SEEN_AGAIN_MS)

    def _forget(self) -> None:
        counts = {id(group.live): group.live.count for group in self._groups.values() if group.live}
        self._printed.forget(self._start_ms(), *counts.values())

    def _open_sessions(self) -> None:
        """Sessions for the groups that exist and have none, as many as the server may have."""
        without = [group for group in self._groups.values() if group.exists and group.live is None]
        if not (self._offered and without):
            return
        room = MOST_SESSIONS - len(self._sessions)
        for at in range(0, min(len(without), room * MOST_GROUPS), MOST_GROUPS):
            some = without[at : at + MOST_GROUPS]
            arns = {group.name: arn for group in some if (arn := _arn(self._client, group.name)) is not None}
            if not arns:
                continue
            session = Session(self._connect(), arns, self._wanted.pattern, self._told)
            live = _Live(session)
            for group in some:
                group.live = live if group.name in arns else None
            self._sessions.append(session)
            session.start()

    def _listen(self) -> list[LogLine]:
        """What sessions tell within the time until somebody is to be asked."""
        due = min((group.ask_at for group in self._groups.values() if group.live is None), default=None)
        wait_s = ASK_EVERY_S if due is None else max(0.0, min(ASK_EVERY_S, due - self._now()))
        if not self._sessions:
            self._sleep(wait_s)
            return []
        batch: list[LogLine] = []
        try:
            batch += self._take(self._told.get(timeout=wait_s))
            until = self._now() + GATHER_S
            while (left := until - self._now()) > 0:
                batch += self._take(self._told.get(timeout=left))
        except queue.Empty:
            pass
        return batch

    def _take(self, told: Told) -> list[LogLine]:
        live = next(
            (one.live for one in self._groups.values() if one.live and one.live.session is told.session), None
        )
        if live is None:
            return []
        if told.ended is not None:
            self._end(live, told)
            return []
        batch = self._printed.fresh(self._lines(told), live.count)
        if told.begun or told.sampled:
            batch += self._ask([group for group in self._groups.values() if group.live is live])
        return batch

    def _end(self, live: _Live, told: Told) -> None:
        self._offered = self._offered and not told.refused
        self._sessions.remove(live.session)
        for group in self._groups.values():
            if group.live is live:
                group.live, group.ask_at = None, 0.0

    def _lines(self, told: Told) -> Iterator[LogLine]:
        names = {_identifier(arn): name for name, arn in told.session.groups.items()}
        for event in told.events:
            name = names.get(_identifier(str(event.get("logGroupIdentifier"))))
            if name is not None and (group := self._groups.get(name)) is not None:
                yield from lines_of([event], name, group.sources)

    def _lost(self, error: Unreachable) -> None:
        """Once is nothing: a server closes connections that were idle for long. Twice, and it is gone."""
        self._failures += 1
        if self._failures == 2:
            self._say(f"the server is gone, waiting for it ({error.why})")
        if self._failures >= 2:
            self._sleep(GONE_EVERY_S)

    def _found(self) -> None:
        if self._failures >= 2:
            self._say("the server is back")
        self._failures = 0


def _identifier(arn: str) -> str:
    """The name of a group, which events carry as ``account:name`` or as an ARN."""
    return arn.rsplit(":", 1)[-1]


def _arn(client: Client, group: str) -> str | None:
    """The ARN of a log group, as StartLiveTail takes it: without ``:*``."""
    found = client.logs("DescribeLogGroups", {"logGroupNamePrefix": group, "limit": 1})
    groups = found.get("logGroups")
    for one in groups if isinstance(groups, list) else ():
        if one.get("logGroupName") == group:
            return str(one.get("logGroupArn") or one.get("arn")).removesuffix(":*")
    return None
