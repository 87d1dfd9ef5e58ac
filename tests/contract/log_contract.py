"""What every log store does; subclass `LogContract` and say how to open one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from log_matchers import Literal

from lambdad.domain.errors import NotFound
from lambdad.domain.platform_log import InvocationRecord, lines_of
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import (
    GroupInfo,
    LogLine,
    LogStore,
    StoredEvent,
    StreamKey,
    event_id_of,
    position_of,
)
from tests.forms import examples

# One contract runs on several stores: each subclass is an executor of its own.
INHERITED = [HealthCheck.too_slow, HealthCheck.differing_executors]

HERE = Scope()
ELSEWHERE = Scope(region="eu-central-1")
GROUP = "/aws/lambda/f"
NOW_S = 1_795_403_120.5
NOW_MS = 1_795_403_120_500


class FixedClock:
    """A clock that stands still."""

    def now(self) -> float:
        return NOW_S

    def monotonic(self) -> float:
        return 0.0


def key(stream: str = "s", group: str = GROUP, scope: Scope = HERE) -> StreamKey:
    return StreamKey(scope, group, stream)


def lines(*messages: str, at: int = NOW_MS) -> list[LogLine]:
    return [LogLine(at + index, message) for index, message in enumerate(messages)]


async def read(
    store: LogStore,
    *,
    scope: Scope = HERE,
    streams: list[str] | None = None,
    start_ms: int | None = None,
    end_ms: int | None = None,
    after_id: int | None = None,
    before_id: int | None = None,
    limit: int = 10_000,
    backward: bool = False,
    terms: tuple[str, ...] = (),
    stream_prefix: str | None = None,
) -> list[StoredEvent]:
    await store.flush()
    page = await store.read(
        scope,
        GROUP,
        streams=streams,
        start_ms=start_ms,
        end_ms=end_ms,
        after_id=after_id,
        before_id=before_id,
        limit=limit,
        backward=backward,
        matcher=Literal(terms) if terms else None,
        stream_prefix=stream_prefix,
    )
    assert page.stopped_id is None
    return page.events


def messages(events: list[StoredEvent]) -> list[str]:
    return [event.message for event in events]


WRITES = st.lists(
    st.tuples(
        st.sampled_from(["s1", "s2", "t1"]),
        st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["a", "b", "ab"])), min_size=1, max_size=5),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


class LogContract:
    def opened(self) -> AbstractContextManager[LogStore]:
        """A fresh log store, closed at the end, whose clock is `FixedClock`."""
        raise NotImplementedError

    @pytest.fixture
    def store(self) -> Iterator[LogStore]:
        with self.opened() as opened:
            yield opened

    async def test_lines_written_to_a_new_stream_can_be_read(self, store: LogStore) -> None:
        store.write(key(), lines("one", "two\n", "três 🦉\nin one event"))
        found = await read(store)
        assert messages(found) == ["one", "two\n", "três 🦉\nin one event"]
        assert [event.timestamp_ms for event in found] == [NOW_MS, NOW_MS + 1, NOW_MS + 2]
        assert {event.ingestion_ms for event in found} == {NOW_MS}
        assert {event.stream for event in found} == {"s"}

    async def test_an_invocation_is_stored_as_its_lines(self, store: LogStore) -> None:
        record = InvocationRecord(
            "id", "$LATEST", NOW_MS, NOW_MS + 5, 4.2, 5, 128, 36, lines=lines("hello\n", at=NOW_MS + 1)
        )
        store.write_invocation(key(), record)
        assert messages(await read(store)) == [line.message for line in lines_of(record)]

    async def test_text_that_cannot_be_encoded_loses_only_the_bad_characters(self, store: LogStore) -> None:
        store.write(key(), lines("fine", "bad \ud800 half"))
        found = messages(await read(store))
        assert found[0] == "fine"
        assert found[1].startswith("bad ")
        assert found[1].endswith(" half")

    async def test_writing_what_says_nothing_makes_nothing(self, store: LogStore) -> None:
        store.write(key(), [])
        await store.flush()
        found = await store.groups(HERE, prefix=None, pattern=None, after=None, limit=10)
        assert [group.stored_bytes for group in found] in ([], [0])

    async def test_a_group_exists_once_and_keeps_its_streams_apart_by_scope(self, store: LogStore) -> None:
        assert await store.create_group(HERE, GROUP, {"team": "a"})
        assert not await store.create_group(HERE, GROUP)
        assert await store.create_group(ELSEWHERE, GROUP)
        store.write(key(), lines("here"))
        assert messages(await read(store)) == ["here"]
        assert messages(await read(store, scope=ELSEWHERE)) == []

    async def test_what_is_missing_is_named(self, store: LogStore) -> None:
        with pytest.raises(NotFound, match=r"The specified log group does not exist\."):
            await read(store)
        with pytest.raises(NotFound, match="log group"):
            await store.create_stream(key())
        with pytest.raises(NotFound, match="log group"):
            await store.streams(HERE, GROUP, prefix=None, after=None, limit=1)
        with pytest.raises(NotFound, match="log group"):
            await store.append(key(), lines("x"))
        await store.create_group(HERE, GROUP)
        with pytest.raises(NotFound, match=r"The specified log stream does not exist\."):
            await read(store, streams=["nobody"])
        with pytest.raises(NotFound, match="log stream"):
            await store.append(key(), lines("x"))

    async def test_an_appended_line_is_there_at_once(self, store: LogStore) -> None:
        await store.create_group(HERE, GROUP)
        assert await store.create_stream(key())
        assert not await store.create_stream(key())
        last_id = await store.append(key(), lines("one", "two"))
        found = await store.read(
            HERE,
            GROUP,
            streams=["s"],
            start_ms=None,
            end_ms=None,
            after_id=None,
            before_id=None,
            limit=10,
        )
        assert messages(found.events) == ["one", "two"]
        assert found.events[-1].event_id == last_id

    async def test_a_deleted_group_is_gone_and_its_ids_are_not_used_again(self, store: LogStore) -> None:
        store.write(key(), lines("old", "older"))
        old = await read(store)
        assert await store.delete_group(HERE, GROUP)
        assert not await store.delete_group(HERE, GROUP)
        store.write(key(), lines("new"))
        new = await read(store)
        assert messages(new) == ["new"]
        assert position_of(new[0].event_id)[1] > max(position_of(event.event_id)[1] for event in old)

    async def test_groups_are_listed_by_name_prefix_and_pattern(self, store: LogStore) -> None:
        for name in ("/b/two", "/a/one", "/a/two", "/B"):
            await store.create_group(HERE, name)

        async def names(
            prefix: str | None = None, pattern: str | None = None, after: str | None = None
        ) -> list[str]:
            found = await store.groups(HERE, prefix=prefix, pattern=pattern, after=after, limit=3)
            return [group.name for group in found]

        assert await names() == ["/B", "/a/one", "/a/two"]
        assert await names(after="/a/two") == ["/b/two"]
        assert await names(prefix="/a") == ["/a/one", "/a/two"]
        assert await names(pattern="two") == ["/a/two", "/b/two"]
        assert await names(pattern="%") == []
        assert await names(prefix="/a_") == []

    async def test_a_group_knows_its_size_and_age(self, store: LogStore) -> None:
        store.write(key(), lines("x" * 5_000))
        await store.flush()
        (group,) = await store.groups(HERE, prefix=None, pattern=None, after=None, limit=10)
        assert (group.name, group.created_ms, group.retention_days) == (GROUP, NOW_MS, None)
        assert group.stored_bytes >= 5_000

    async def test_streams_know_when_they_were_written(self, store: LogStore) -> None:
        await store.create_group(HERE, GROUP)
        await store.create_stream(key("empty"))
        store.write(key("full"), [LogLine(NOW_MS - 5, "b"), LogLine(NOW_MS - 9, "a")])
        store.write(key("full"), [LogLine(NOW_MS - 7, "c")])
        await store.flush()
        empty, full = await store.streams(HERE, GROUP, prefix=None, after=None, limit=10)
        assert (empty.name, empty.created_ms) == ("empty", NOW_MS)
        assert (empty.first_event_ms, empty.last_event_ms, empty.last_ingestion_ms) == (None, None, None)
        assert (full.first_event_ms, full.last_event_ms, full.last_ingestion_ms) == (
            NOW_MS - 9,
            NOW_MS - 5,
            NOW_MS,
        )

    @pytest.mark.parametrize("by_time", [False, True])
    @pytest.mark.parametrize("descending", [False, True])
    async def test_pages_of_streams_are_the_whole_list(
        self, store: LogStore, by_time: bool, descending: bool
    ) -> None:
        times = {"a": 3, "b": 1, "c": 2, "d": 3}
        await store.create_group(HERE, GROUP)
        await store.create_stream(key("empty"))
        for name, time in times.items():
            store.write(key(name), [LogLine(time, "x")])
        await store.flush()
        found: list[str] = []
        while page := await store.streams(
            HERE,
            GROUP,
            prefix=None,
            after=found[-1] if found else None,
            limit=2,
            by_time=by_time,
            descending=descending,
        ):
            found += [stream.name for stream in page]
        expected = ["empty", "b", "c", "a", "d"] if by_time else ["a", "b", "c", "d", "empty"]
        assert found == (expected[::-1] if descending else expected)

    async def test_streams_of_a_prefix_are_listed_and_read(self, store: LogStore) -> None:
        for name in ("a/1", "a/2", "b/1"):
            store.write(key(name), lines(name))
        await store.flush()
        found = await store.streams(HERE, GROUP, prefix="a/", after=None, limit=10)
        assert [stream.name for stream in found] == ["a/1", "a/2"]
        assert messages(await read(store, stream_prefix="a/")) == ["a/1", "a/2"]
        assert messages(await read(store, stream_prefix="c")) == []

    async def test_a_range_begins_with_its_start_and_ends_before_its_end(self, store: LogStore) -> None:
        store.write(key(), [LogLine(time, str(time)) for time in range(10)])
        assert messages(await read(store, start_ms=3, end_ms=6)) == ["3", "4", "5"]
        assert messages(await read(store, start_ms=0, end_ms=1)) == ["0"]
        assert messages(await read(store, start_ms=6, end_ms=3)) == []

    async def test_ids_that_no_event_has_stand_where_their_time_is(self, store: LogStore) -> None:
        store.write(key(), lines("one", "two"))
        assert messages(await read(store, after_id=1 << 200)) == []
        between = event_id_of(NOW_MS + 1, 0)
        assert messages(await read(store, after_id=0)) == ["one", "two"]
        assert messages(await read(store, before_id=0, backward=True)) == []
        assert messages(await read(store, after_id=between)) == ["two"]
        assert messages(await read(store, before_id=between, backward=True)) == ["one"]

    async def test_pages_go_on_behind_an_event_that_was_deleted_meanwhile(self, store: LogStore) -> None:
        for name in ("a", "b"):
            store.write(key(name), lines(f"{name}1", f"{name}2"))
        first = await read(store, limit=1)
        assert messages(first) == ["a1"]
        assert await store.delete_stream(key("a"))
        assert messages(await read(store, after_id=first[0].event_id)) == ["b1", "b2"]

    async def test_a_deleted_stream_is_gone_and_the_others_stay(self, store: LogStore) -> None:
        store.write(key("gone"), lines("old"))
        store.write(key("stays"), lines("other"))
        await store.flush()
        assert await store.delete_stream(key("gone"))
        assert not await store.delete_stream(key("gone"))
        assert messages(await read(store)) == ["other"]
        with pytest.raises(NotFound, match="log stream"):
            await read(store, streams=["gone"])
        store.write(key("gone"), lines("new"))
        assert messages(await read(store, streams=["gone"])) == ["new"]
        with pytest.raises(NotFound, match="log group"):
            await store.delete_stream(key(group="/none"))

    async def test_events_older_than_the_retention_are_not_shown(self, store: LogStore) -> None:
        day = 86_400_000
        store.write(key(), [LogLine(NOW_MS - age * day - 1, f"{age} days") for age in (9, 3, 1, 0)])
        store.write(key(group="/other"), [LogLine(0, "for ever")])
        await store.flush()
        await store.set_retention(HERE, GROUP, 3)
        assert (await store.group(HERE, GROUP)).retention_days == 3
        assert messages(await read(store)) == ["1 days", "0 days"]
        assert messages(await read(store, start_ms=0, backward=True, limit=3)) == ["1 days", "0 days"]
        store.write(key(), [LogLine(NOW_MS - 4 * day, "late")])
        assert messages(await read(store)) == ["1 days", "0 days"]
        await store.set_retention(HERE, GROUP, None)
        assert (await store.group(HERE, GROUP)).retention_days is None
        assert messages(await read(store))[-2:] == ["1 days", "0 days"]
        with pytest.raises(NotFound, match="log group"):
            await store.set_retention(ELSEWHERE, GROUP, 1)

    async def test_tags_of_a_group_are_set_and_taken_away(self, store: LogStore) -> None:
        await store.create_group(HERE, GROUP, {"team": "a", "stage": "x"})
        await store.create_group(ELSEWHERE, GROUP)
        await store.change_tags(HERE, GROUP, remove=["team", "none"], add={"cost": "é", "stage": "y"})
        assert await store.group_tags(HERE, GROUP) == {"stage": "y", "cost": "é"}
        await store.change_tags(HERE, GROUP, remove=["cost"])
        assert await store.group_tags(HERE, GROUP) == {"stage": "y"}
        assert await store.group_tags(ELSEWHERE, GROUP) == {}
        for call in (
            store.group_tags(HERE, "/none"),
            store.change_tags(HERE, "/none", add={"a": "b"}),
            store.group(HERE, "/none"),
        ):
            with pytest.raises(NotFound, match=r"The specified log group does not exist\."):
                await call

    async def test_one_group_is_shown_as_in_the_list(self, store: LogStore) -> None:
        store.write(key(), lines("x" * 100))
        await store.flush()
        found = await store.group(HERE, GROUP)
        assert [found] == await store.groups(HERE, prefix=None, pattern=None, after=None, limit=2)
        assert found == GroupInfo(GROUP, NOW_MS, found.stored_bytes, None)
        assert found.stored_bytes >= 100

    async def test_reading_backward_gives_the_last_events_in_order(self, store: LogStore) -> None:
        store.write(key(), lines("1", "2", "3", "4"))
        last = await read(store, limit=2, backward=True)
        assert messages(last) == ["3", "4"]
        assert messages(await read(store, limit=9, backward=True, before_id=last[0].event_id)) == ["1", "2"]

    async def test_every_term_must_be_there_as_it_is_written(self, store: LogStore) -> None:
        store.write(key(), lines("ERROR in app", "error in app", "ERROR elsewhere"))
        assert messages(await read(store, terms=("ERROR", "in app"))) == ["ERROR in app"]

    async def test_a_burst_of_many_lines_is_stored_whole_and_in_order(self, store: LogStore) -> None:
        many = [LogLine(NOW_MS, f"{number} {'x' * 300}") for number in range(6_000)]
        store.write(key(), many)
        found = await read(store)
        assert messages(found) == [line.message for line in many]
        assert [event.event_id for event in found] == sorted({event.event_id for event in found})

    async def test_followers_see_what_is_stored_for_their_group(self, store: LogStore) -> None:
        seen: list[StoredEvent] = []
        leave = store.subscribe(HERE, GROUP, seen.extend)
        store.write(key(), lines("mine"))
        store.write(key(group="/other"), lines("not mine"))
        store.write(key(scope=ELSEWHERE), lines("nor that"))
        await store.flush()
        await asyncio.sleep(0)
        assert seen == await read(store)
        leave()
        store.write(key(), lines("later"))
        await store.flush()
        await asyncio.sleep(0)
        assert messages(seen) == ["mine"]

    @settings(max_examples=examples(40), deadline=None, suppress_health_check=INHERITED)
    @given(
        WRITES, st.integers(1, 7), st.sampled_from([None, ["s1"], ["s1", "t1"]]), st.sampled_from(["", "a"])
    )
    async def test_pages_in_both_directions_are_the_whole_list(
        self,
        writes: list[tuple[str, list[tuple[int, str]], bool]],
        limit: int,
        wanted: list[str] | None,
        term: str,
    ) -> None:
        async def run() -> None:
            with self.opened() as store:
                await store.create_group(HERE, GROUP)
                for name in ("s1", "s2", "t1"):
                    await store.create_stream(key(name))
                expected: list[tuple[int, int, str]] = []
                for order, (stream, events, flush) in enumerate(writes):
                    store.write(key(stream), [LogLine(time, text) for time, text in events])
                    expected += [
                        (time, order, text)
                        for time, text in events
                        if (wanted is None or stream in wanted) and term in text
                    ]
                    if flush:
                        await store.flush()
                terms = (term,) if term else ()
                whole = await read(store, streams=wanted, terms=terms)
                assert [(e.timestamp_ms, e.event_id) for e in whole] == sorted(
                    (e.timestamp_ms, e.event_id) for e in whole
                )
                assert sorted((e.timestamp_ms, e.message) for e in whole) == sorted(
                    (time, text) for time, _, text in expected
                )
                forward: list[StoredEvent] = []
                while page := await read(
                    store,
                    streams=wanted,
                    terms=terms,
                    limit=limit,
                    after_id=forward[-1].event_id if forward else None,
                ):
                    forward += page
                backward: list[StoredEvent] = []
                while page := await read(
                    store,
                    streams=wanted,
                    terms=terms,
                    limit=limit,
                    backward=True,
                    before_id=backward[0].event_id if backward else None,
                ):
                    backward = page + backward
                assert forward == whole
                assert backward == whole

        await run()
