"""The queue of asynchronous invocation in SQLite: `ports.event_store.EventStore` on one file.

The data directory belongs to one server, so claims need not be on disk: they are held here and are gone
with the process, which is what a claim is for. Ids are given here too, so that an event that was just
accepted can be run without being read again.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lambdad.domain.errors import LambdadError
from lambdad.domain.event import Again, Backlog, Delivery, Ended, Event, Glimpse, Lane, Owed
from lambdad.domain.scope import Scope
from lambdad.ports.event_store import Claim, Stored
from lambdad.storage.sqlite.database import Durability, open_for_reading
from lambdad.storage.sqlite.event_damage import is_damage
from lambdad.storage.sqlite.event_file import ready, suspect
from lambdad.storage.sqlite.event_intake import EventIntake, Item, Row, Step
from lambdad.storage.sqlite.event_look import Look
from lambdad.storage.sqlite.event_rows import DUE, columns_of, delivery_of, event_of, lane_of, rows_of
from lambdad.storage.sqlite.queries import queries
from lambdad.storage.sqlite.threads import Threads
from lambdad.storage.sqlite.writer import WriterStatus

_STEPS = {step: step.name.lower() for step in Step}


class SqliteEvents:
    """Events by lane, and deliveries. Made inside the event loop that uses it.

    Args:
        path: the file, made when missing; what a damaged one still has goes on.

    Raises:
        StorageRefused: the file cannot be used.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._sql = queries("events")
        self._witness = ready(self._path)
        statements = {step: self._sql[name] for step, name in _STEPS.items()}
        loop = asyncio.get_running_loop()
        self._intake = EventIntake(statements, loop, self._sql["tally"], self._witness)
        self._threads = Threads(path, "events", Durability.FULL, background=self._intake)
        self._intake.wake = self._threads.wake
        self._taken: dict[int, set[int]] = {}  # ids of claimed events by lane
        self._lane_of: dict[int, int] = {}  # the same, by event
        self._out: set[int] = set()  # deliveries taken
        self._claiming = asyncio.Lock()  # between reading what is free and taking it nothing else is taken
        self._load(path)
        self._look = Look(self._path, self._witness)

    def _load(self, path: Path | str) -> None:
        connection = open_for_reading(path)
        try:
            rows = connection.execute(self._sql["lanes"]).fetchall()
            self._last_event, self._last_lane, self._last_delivery = connection.execute(
                self._sql["last_ids"]
            ).fetchone()
        finally:
            connection.close()
        self._lanes: dict[Lane, int] = {lane_of(row): row[0] for row in rows}
        self._known = set(self._lanes.values())  # lanes that are on disk
        self._paused = {row[0] for row in rows if row[5]}

    @property
    def writer_status(self) -> WriterStatus:
        """How its writer does."""
        return self._threads.writer_status

    def close(self) -> None:
        """Store what waits and close the file."""
        self._look.close()
        self._threads.close()
        self._witness.close()

    def accept(self, event: Event, stored: Stored) -> Event:
        """Store a new event and claim it; it as it will be stored."""
        rows: list[tuple[Step, Row]] = []
        lane = self._number(event.lane, rows)
        self._last_event += 1
        given = replace(event, id=self._last_event)
        rows.append((Step.INSERT_EVENT, (given.id, lane, *columns_of(given))))
        self._take(lane, given.id)

        def done(error: LambdadError | None) -> None:
            if error is None:
                self._known.add(lane)
            else:
                self._free(given.id)
            stored(error)

        self._intake.put(Item(rows, done, is_new=True))
        return given

    def settle(self, settlements: Sequence[Again | Ended], stored: Stored | None = None) -> None:
        """Store what became of claimed events."""
        rows: list[tuple[Step, Row]] = []
        for one in settlements:
            if isinstance(one, Again):
                rows.append((Step.AGAIN, (one.due_ms, one.attempts, one.refusals, one.event_id)))
            else:
                rows.append((Step.END_EVENT, (one.event_id,)))
                rows += [(Step.INSERT_DELIVERY, self._delivery_row(owed)) for owed in one.deliveries]
        ids = [one.event_id for one in settlements]

        def done(error: LambdadError | None) -> None:
            for event_id in ids:
                self._free(event_id)
            if stored is not None:
                stored(error)

        self._intake.put(Item(rows, done))

    def release(self, events: Sequence[Event]) -> None:
        """Claimed events are free again, unchanged."""
        for event in events:
            self._free(event.id)

    async def claim(self, lane: Lane, *, now_ms: int, limit: int) -> Claim:
        """Take events that are due."""
        number = self._lanes.get(lane)
        if number is None:
            return Claim([], None)
        async with self._claiming:
            # One more than wanted tells when the next is due, mostly without another question.
            [(listed,)] = await self._fetch("claim", (number, now_ms, self._taken_text(number), limit + 1))
            found = rows_of(listed)
            events = self._claimed(lane, number, found[:limit])
            if len(found) > limit:
                return Claim(events, found[limit][DUE])
            rows = await self._fetch("next_due", (number, self._taken_text(number)))
        return Claim(events, rows[0][0] if rows else None)

    async def aged(self, lane: Lane, *, accepted_before_ms: int, limit: int) -> list[Event]:
        """Take events that were accepted before, due or not."""
        number = self._lanes.get(lane)
        if number is None:
            return []
        async with self._claiming:
            rows = await self._fetch("aged", (number, self._taken_text(number), limit, accepted_before_ms))
            return self._claimed(lane, number, rows)

    async def backlogs(self) -> list[Backlog]:
        """Every lane that has events or is paused."""
        counted = {row[0]: row for row in await self._fetch("backlogs", ())}
        found = []
        for lane, number in self._lanes.items():
            paused = number in self._paused
            if number in counted or paused:
                _, events, oldest, due = counted.get(number, (number, 0, 0, 0))
                found.append(Backlog(lane, events, oldest, due, paused))
        return found

    async def first(self, lane: Lane, limit: int) -> list[Glimpse]:
        """The first events of a lane, in the order in which they are due."""
        number = self._lanes.get(lane)
        rows = [] if number is None else await self._fetch("first", (number, limit))
        return [Glimpse(*row) for row in rows]

    async def pause(self, lane: Lane, *, paused: bool) -> None:
        """Keep a lane from being tried, or no longer."""
        rows: list[tuple[Step, Row]] = []
        number = self._number(lane, rows)
        if rows:
            self._intake.put(Item(rows, lambda _: self._known.add(number)))
        (self._paused.add if paused else self._paused.discard)(number)
        await self._write(self._sql["pause"], (int(paused), number))

    async def purge(self, lane: Lane) -> int:
        """Remove the events of a lane that are not claimed; how many."""
        number = self._lanes.get(lane)
        if number is None:
            return 0
        async with self._claiming:
            statement, parameters = self._sql["purge"], (number, self._taken_text(number))
            return await self._threads.write(lambda c: self._intake.purge(c, statement, parameters))

    async def deliveries(self, *, now_ms: int, limit: int, but: Collection[str] = ()) -> list[Delivery]:
        """Take deliveries that are due, to other targets than `but`, the oldest first."""
        async with self._claiming:
            taken, others = json.dumps(sorted(self._out)), json.dumps(sorted(but))
            rows = await self._fetch("deliveries", (now_ms, taken, others, limit))
            found = [delivery_of(row) for row in rows]
            self._out.update(one.id for one in found)
            return found

    def delivered(self, delivery: Delivery, stored: Stored | None = None) -> None:
        """It is owed no longer."""

        def done(error: LambdadError | None) -> None:
            self._out.discard(delivery.id)
            if stored is not None:
                stored(error)

        self._intake.put(Item([(Step.DELIVERED, (delivery.id,))], done))

    def owe(self, delivery: Delivery) -> None:
        """It did not arrive: it is owed again."""
        row = (delivery.due_ms, delivery.attempts, delivery.id)
        self._intake.put(Item([(Step.OWE, row)], lambda _: self._out.discard(delivery.id)))

    async def next_delivery_ms(self, *, but: Collection[str] = ()) -> int | None:
        """When the first delivery that is not taken, to other targets than `but`, is due."""
        rows = await self._fetch("next_delivery", (json.dumps(sorted(self._out)), json.dumps(sorted(but))))
        return rows[0][0] if rows else None

    async def owed_by_target(self) -> list[Owed]:
        """What is owed, by target."""
        rows = await self._fetch("owed", ())
        return [Owed(Scope(account, region), *rest) for account, region, *rest in rows]

    async def not_accepted_after(self, now_ms: int) -> None:
        """Have nothing accepted later; only when the last event was is every event looked at."""
        last = await self._fetch("last_accepted", ())
        if last and last[0][0] > now_ms:
            await self._write(self._sql["not_accepted_after"], (now_ms,))

    async def not_later_than(self, latest_ms: int) -> None:
        """Have nothing due later."""
        for query in ("events_not_later", "deliveries_not_later"):
            await self._write(self._sql[query], (latest_ms,))

    def _number(self, lane: Lane, rows: list[tuple[Step, Row]]) -> int:
        """The lane's number; a new lane is stored with what follows in `rows`."""
        number = self._lanes.get(lane)
        if number is None:
            self._last_lane += 1
            number = self._lanes[lane] = self._last_lane
        if number not in self._known:  # or the transaction that was to make it has failed
            key = (lane.scope.account, lane.scope.region, lane.function, lane.qualifier or "")
            rows.append((Step.INSERT_LANE, (number, *key)))
        return number

    def _claimed(self, lane: Lane, number: int, rows: Sequence[Any]) -> list[Event]:
        events = []
        for row in rows:
            self._take(number, row[0])
            event = event_of(lane, row)
            if event is not None:
                events.append(event)
            else:  # it stays taken, and in the file, until the next start counts it
                suspect(self._path, self._witness, f"the payload of event {row[0]} has changed")
        return events

    def _take(self, number: int, event_id: int) -> None:
        self._taken.setdefault(number, set()).add(event_id)
        self._lane_of[event_id] = number

    def _free(self, event_id: int) -> None:
        number = self._lane_of.pop(event_id, None)
        if number is not None:
            self._taken[number].discard(event_id)

    def _taken_text(self, number: int) -> str:
        return json.dumps(sorted(self._taken.get(number, ())))

    def _delivery_row(self, owed: Delivery) -> Row:
        self._last_delivery += 1
        return (
            self._last_delivery,
            owed.scope.account,
            owed.scope.region,
            owed.due_ms,
            owed.attempts,
            owed.target,
            owed.function_arn,
            owed.request_id,
            owed.trace,
            json.dumps(owed.attributes),
            owed.body,
            owed.role,
        )

    async def _fetch(self, query: str, parameters: Row) -> list[Any]:
        statement = self._sql[query]
        try:
            return await self._threads.read(lambda c: c.execute(statement, parameters).fetchall())
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                suspect(self._path, self._witness, str(error))
            raise

    async def _write(self, statement: str, parameters: Row) -> int:
        def run(connection: sqlite3.Connection) -> int:
            changed: int = connection.execute(statement, parameters).rowcount
            return changed

        return await self._threads.write(run)
