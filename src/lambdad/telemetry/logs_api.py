"""CloudWatch Logs: the operations that write and read events, and the table of all handlers.

Source: the `logs` service model and its documentation. Reading first flushes what functions wrote, so
a line is there as soon as its invocation has been answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.http import Request
from lambdad.domain.limits import (
    DAY_MS,
    LOG_EVENT_OVERHEAD_BYTES,
    LOG_RETENTION_DAYS,
    MAX_LOG_PAGE_BYTES,
    MAX_LOG_PAGE_EVENTS,
)
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogLine, LogStore, StoredEvent, StreamKey
from lambdad.telemetry.filter_book import FilterBook
from lambdad.telemetry.live_tail import LiveTails
from lambdad.telemetry.log_group_settings import LogGroupSettings
from lambdad.telemetry.log_listing import SEQUENCE_TOKEN, LogListing, Params
from lambdad.telemetry.log_names import requested_group
from lambdad.telemetry.log_tokens import (
    Bookmark,
    event_id_text,
    events_token,
    opaque,
    parse_events_token,
    parse_opaque,
)
from lambdad.telemetry.metric_filters import MetricFilters
from lambdad.telemetry.patterns.compiling import compile_pattern
from lambdad.telemetry.put_batch import Accepted, judge
from lambdad.telemetry.subscription_filters import Destination, SubscriptionFilters

Handler = Callable[[Params, Request], Awaitable[Mapping[str, Any]]]
_EVENT_ID_DIGITS = 56


@dataclass(frozen=True, slots=True)
class LogsParts:
    """What the API is made of beside the store.

    Attributes:
        book: the filters of groups.
        tails: the Live Tail sessions.
        destination: functions that log events are sent to.
    """

    book: FilterBook
    tails: LiveTails
    destination: Destination


def logs_handlers(store: LogStore, clock: Clock, parts: LogsParts) -> dict[str, Handler]:
    """The operations offered, by name, for a modelled service of the `logs` model."""
    listing, events = LogListing(store, parts.book, parts.tails), LogEvents(store, clock)
    settings = LogGroupSettings(store)
    metrics = MetricFilters(store, parts.book, clock)
    subscriptions = SubscriptionFilters(store, parts.book, clock, parts.destination)
    return {
        "CreateLogGroup": listing.create_log_group,
        "CreateLogStream": listing.create_log_stream,
        "DeleteLogGroup": listing.delete_log_group,
        "DeleteLogStream": listing.delete_log_stream,
        "DeleteMetricFilter": metrics.delete,
        "DeleteRetentionPolicy": settings.delete_retention_policy,
        "DeleteSubscriptionFilter": subscriptions.delete,
        "DescribeLogGroups": listing.describe_log_groups,
        "DescribeLogStreams": listing.describe_log_streams,
        "DescribeMetricFilters": metrics.describe,
        "DescribeSubscriptionFilters": subscriptions.describe,
        "FilterLogEvents": events.filter_log_events,
        "GetLogEvents": events.get_log_events,
        "ListLogGroups": listing.list_log_groups,
        "ListTagsForResource": settings.list_tags_for_resource,
        "ListTagsLogGroup": settings.list_tags_log_group,
        "PutLogEvents": events.put_log_events,
        "PutMetricFilter": metrics.put,
        "PutRetentionPolicy": settings.put_retention_policy,
        "PutSubscriptionFilter": subscriptions.put,
        "StartLiveTail": parts.tails.start,
        "TagLogGroup": settings.tag_log_group,
        "TagResource": settings.tag_resource,
        "TestMetricFilter": metrics.test,
        "UntagLogGroup": settings.untag_log_group,
        "UntagResource": settings.untag_resource,
    }


class LogEvents:
    """Handlers of PutLogEvents, GetLogEvents and FilterLogEvents."""

    def __init__(self, store: LogStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def put_log_events(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Store a batch; durable when it is answered."""
        key = StreamKey(request.caller.scope, params["logGroupName"], params["logStreamName"])
        lines = [LogLine(event["timestamp"], event["message"]) for event in params["logEvents"]]
        now_ms = int(self._clock.now() * 1000)
        accepted = judge(lines, now_ms, await self._retention(key, lines, now_ms))
        await self._store.append(key, accepted.lines)
        answer: dict[str, Any] = {"nextSequenceToken": SEQUENCE_TOKEN}
        rejected = _rejected(accepted)
        if rejected:
            answer["rejectedLogEventsInfo"] = rejected
        return answer

    async def _retention(self, key: StreamKey, lines: Sequence[LogLine], now_ms: int) -> int | None:
        """Days that the group keeps events, if that can matter to some."""
        if lines[0].timestamp_ms >= now_ms - DAY_MS * min(LOG_RETENTION_DAYS):
            return None
        return (await self._store.group(key.scope, key.group)).retention_days

    async def get_log_events(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of one stream, with tokens for both directions.

        At an end the token of that direction is answered again as it was given.
        """
        scope = request.caller.scope
        group = requested_group(params, scope)
        bookmark = _bookmark(params)
        await self._store.flush()
        found = await self._store.read(
            scope,
            group,
            streams=[params["logStreamName"]],
            start_ms=params.get("startTime"),
            end_ms=params.get("endTime"),
            after_id=None if bookmark.backward else bookmark.event_id,
            before_id=bookmark.event_id if bookmark.backward else None,
            limit=params.get("limit", MAX_LOG_PAGE_EVENTS),
            backward=bookmark.backward,
        )
        page = _fitting(found.events, backward=bookmark.backward)
        forward, backward = _tokens(page, bookmark)
        return {
            "events": [_output(event) for event in page],
            "nextForwardToken": events_token(forward),
            "nextBackwardToken": events_token(backward),
        }

    async def filter_log_events(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of a group's events that match, of all streams interleaved in order of time."""
        scope = request.caller.scope
        group = requested_group(params, scope)
        if params.get("logStreamNames") and params.get("logStreamNamePrefix"):
            raise InvalidParameter(
                "logStreamNames and logStreamNamePrefix are mutually exclusive parameters."
            )
        pattern = params.get("filterPattern", "").strip()
        matcher = compile_pattern(pattern) if pattern else None
        bookmark = _filter_bookmark(params)
        end_ms = params.get("endTime")
        limit = params.get("limit", MAX_LOG_PAGE_EVENTS)
        await self._store.flush()
        found = await self._store.read(
            scope,
            group,
            streams=params.get("logStreamNames"),
            start_ms=params.get("startTime"),
            end_ms=None if end_ms is None else end_ms + 1,  # inclusive here, exclusive in GetLogEvents
            after_id=None if bookmark.backward else bookmark.event_id,
            before_id=bookmark.event_id if bookmark.backward else None,
            limit=limit + 1,
            backward=bookmark.backward,
            matcher=matcher,
            stream_prefix=params.get("logStreamNamePrefix"),
        )
        in_order = found.events[::-1] if bookmark.backward else found.events
        page = _fitting(in_order[:limit], backward=False)
        answer: dict[str, Any] = {
            "events": [_filtered(event) for event in page],
            "searchedLogStreams": [],  # AWS answers none since 2019
        }
        if len(in_order) > len(page):
            answer["nextToken"] = _next_token(bookmark, page[-1].event_id)
        elif found.stopped_id is not None:  # its time was over: what it has found, and where it goes on
            answer["nextToken"] = _next_token(bookmark, found.stopped_id)
        return answer


def _bookmark(params: Params) -> Bookmark:
    if params.get("nextToken") is not None:
        return parse_events_token(params["nextToken"])
    return Bookmark(not params.get("startFromHead", False), None)


def _filter_bookmark(params: Params) -> Bookmark:
    token = params.get("nextToken")
    if token is None:
        return Bookmark(params.get("startFromHead") is False, None)
    direction, event_id = parse_opaque(token, 2)
    if direction not in ("f", "b") or not (
        event_id.isascii() and event_id.isdigit() and len(event_id) <= _EVENT_ID_DIGITS
    ):
        raise InvalidParameter("The specified nextToken is invalid.")
    return Bookmark(direction == "b", int(event_id))


def _next_token(asked: Bookmark, event_id: int) -> str:
    return opaque("b" if asked.backward else "f", str(event_id))


def _tokens(page: Sequence[StoredEvent], asked: Bookmark) -> tuple[Bookmark, Bookmark]:
    """Where to go on from a page, forward and backward."""
    if page:
        return Bookmark(False, page[-1].event_id), Bookmark(True, page[0].event_id)
    if asked.backward:
        return Bookmark(False, None), asked
    return asked, Bookmark(True, None)


def _fitting(events: Sequence[StoredEvent], *, backward: bool) -> list[StoredEvent]:
    """As many events as one answer holds, from the end that was asked for; at least one."""
    kept: list[StoredEvent] = []
    room = MAX_LOG_PAGE_BYTES
    for event in reversed(events) if backward else events:
        room -= len(event.message.encode("utf-8", "replace")) + LOG_EVENT_OVERHEAD_BYTES
        if room < 0 and kept:
            break
        kept.append(event)
    return kept[::-1] if backward else kept


def _rejected(accepted: Accepted) -> dict[str, int]:
    rejected: dict[str, int] = {}
    if accepted.too_new_start is not None:
        rejected["tooNewLogEventStartIndex"] = accepted.too_new_start
    if accepted.too_old_end is not None:
        rejected["tooOldLogEventEndIndex"] = accepted.too_old_end
    if accepted.expired_end is not None:
        rejected["expiredLogEventEndIndex"] = accepted.expired_end
    return rejected


def _output(event: StoredEvent) -> dict[str, Any]:
    return {
        "timestamp": event.timestamp_ms,
        "message": event.message,
        "ingestionTime": event.ingestion_ms,
    }


def _filtered(event: StoredEvent) -> dict[str, Any]:
    return {
        "logStreamName": event.stream,
        "eventId": event_id_text(event.event_id),
        **_output(event),
    }
