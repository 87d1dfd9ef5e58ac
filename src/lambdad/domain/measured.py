"""What is measured where it happens: tuples, made on the invocation path and looked at elsewhere.

Before: environment, frontend, queue and function URLs append them. After: `telemetry.lambda_metrics` makes
CloudWatch's metrics of them, and `telemetry.billing` what AWS would have charged. A tuple costs a tenth of a
microsecond; everything else is done a second later, off the path.

Source: Lambda developer guide, "Types of metrics for Lambda functions".
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from lambdad.domain.event import Lane
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Target
from lambdad.domain.outcome import Status
from lambdad.domain.platform_log import RestoreTimes
from lambdad.domain.scope import Scope


class Measured(StrEnum):
    """AWS's names of what is measured beside invocations themselves."""

    THROTTLES = "Throttles"
    RECURSIVE_DROPPED = "RecursiveInvocationsDropped"
    ASYNC_RECEIVED = "AsyncEventsReceived"
    ASYNC_AGE = "AsyncEventAge"
    ASYNC_DROPPED = "AsyncEventsDropped"
    DEAD_LETTER_ERRORS = "DeadLetterErrors"
    DESTINATION_FAILURES = "DestinationDeliveryFailures"
    URL_REQUESTS = "UrlRequestCount"
    URL_4XX = "Url4xxCount"
    URL_5XX = "Url5xxCount"
    URL_LATENCY = "UrlRequestLatency"
    ITERATOR_AGE = "IteratorAge"
    OFFSET_LAG = "OffsetLag"


Ran = tuple[Target, int, float, int, Status, str, float, RestoreTimes | None, int]
"""An invocation that is over.

In order: the target; when the event went to the function, ms since the epoch; duration, ms; billed, ms; how
it ended; the initialization type of its environment; of the duration what extensions took after the answer,
ms; the restore that went before, None without one; bytes that were streamed.
"""

Noted = tuple[Measured, Lane, str | None, int, float]
"""Anything else: what, of which function under which name, the version that ran or would have (None when
nobody knows), when (ms since the epoch), how much."""


_CLIENT_ERROR = 400
_SERVER_ERROR = 500


def url_measures(status: int, latency_ms: float) -> tuple[tuple[Measured, float], ...]:
    """What a request to a function URL counts as."""
    return (
        (Measured.URL_REQUESTS, 1.0),
        (Measured.URL_4XX, float(_CLIENT_ERROR <= status < _SERVER_ERROR)),
        (Measured.URL_5XX, float(status >= _SERVER_ERROR)),
        (Measured.URL_LATENCY, latency_ms),
    )


class RoutePeak(NamedTuple):
    """Most invocations at once that one name of a function had since the last look."""

    lane: Lane
    version: str
    most: int


class FunctionPeak(NamedTuple):
    """The same of a function over all its versions."""

    scope: Scope
    function: str
    most: int


class ScopePeak(NamedTuple):
    """The same of an account in a region.

    Attributes:
        most: of all functions.
        unreserved: of those that share what nobody has reserved.
        allocated: reserved and provisioned concurrency together, used or not.
    """

    scope: Scope
    most: int
    unreserved: int
    allocated: int


class ProvidedPeak(NamedTuple):
    """The same of a version with provisioned concurrency.

    Attributes:
        limit: how much of it there is.
        aliases: for which it is, when it was not asked for by the version's number.
    """

    version: FunctionVersion
    limit: int
    most: int
    aliases: tuple[str, ...] = ()


class Peaks(NamedTuple):
    """Everything of one look."""

    routes: tuple[RoutePeak, ...] = ()
    functions: tuple[FunctionPeak, ...] = ()
    scopes: tuple[ScopePeak, ...] = ()
    provided: tuple[ProvidedPeak, ...] = ()
