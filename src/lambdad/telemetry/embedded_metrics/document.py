"""Reads one document of the embedded metric format; pure.

A document is the last thing of a log line: Lambda's runtimes may have put time, request id and level in front
of it. What breaks a rule of the format makes no metric at all; the line stays in the log either way.

Source: CloudWatch user guide, "Specification: Embedded metric format" (`_aws`, MetricDirective, DimensionSet,
MetricDefinition; "a valid embedded metric format document after this metadata is considered valid").
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from lambdad.domain import limits
from lambdad.domain.metric import Datum, Dimensions, MetricKey
from lambdad.domain.scope import Scope

_UNITS: Final = frozenset(
    (
        *("Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes"),
        *("Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count"),
        *("Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second"),
        *("Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second"),
        *("Count/Second", "None"),
    )
)
_RESERVED: Final = "AWS/"
_MAX_NAME: Final = 1_024
_MAX_DIMENSION_NAME: Final = 250


class NotJson(Exception):
    """No document, though it has the mark."""


class NotValid(Exception):
    """A document that breaks a rule; `str(error)` says which."""


def data_of(text: str, scope: Scope, now_ms: int) -> list[Datum]:
    """The metrics of a log line.

    Args:
        text: the line.
        scope: whose log it is.
        now_ms: since the epoch.

    Raises:
        NotJson: what is in the braces is no JSON object.
        NotValid: it breaks a rule of the format.
    """
    root = _object_in(text)
    meta = root.get("_aws")
    if not isinstance(meta, dict):
        raise NotValid("_aws is no object")
    at_ms = _time(meta.get("Timestamp"), now_ms)
    directives = meta.get("CloudWatchMetrics")
    if not isinstance(directives, list):
        raise NotValid("CloudWatchMetrics is no list")
    found: list[Datum] = []
    for directive in directives:
        for datum in _data(directive, root, scope, at_ms):
            if len(found) >= limits.MAX_EMF_DATA:
                raise NotValid("it counts in too many series")
            found.append(datum)
    return found


def _object_in(text: str) -> Mapping[str, object]:
    begin = text.find("{")
    try:
        found = msgspec.json.decode(text[begin:].strip()) if begin >= 0 else None
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        found = None
    if not isinstance(found, dict):
        raise NotJson
    return found


def _time(given: object, now_ms: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise NotValid("Timestamp is no number")
    if not now_ms - limits.EMF_PAST_MS <= given <= now_ms + limits.EMF_FUTURE_MS:
        raise NotValid("Timestamp is more than two weeks ago or two hours ahead")
    return int(given)


def _data(directive: object, root: Mapping[str, object], scope: Scope, at_ms: int) -> Iterator[Datum]:
    if not isinstance(directive, dict):
        raise NotValid("a directive is no object")
    namespace = _name(directive.get("Namespace"), "Namespace")
    if namespace.startswith((":", _RESERVED)):
        raise NotValid("Namespace is reserved")
    places = [_dimensions(names, root) for names in _list(directive.get("Dimensions"), "Dimensions")]
    metrics = _list(directive.get("Metrics"), "Metrics")
    if len(metrics) > limits.MAX_EMF_METRICS:
        raise NotValid("Metrics has too many members")
    for metric in metrics:
        name, unit, is_fine = _definition(metric)
        values = _values(root.get(name))
        for place in places:
            yield Datum(MetricKey(scope, namespace, name, place), at_ms, values, unit=unit, is_fine=is_fine)


def _definition(metric: object) -> tuple[str, str, bool]:
    if not isinstance(metric, dict):
        raise NotValid("a metric is no object")
    unit, resolution = metric.get("Unit", "None"), metric.get("StorageResolution", 60)
    if not isinstance(unit, str) or unit not in _UNITS:
        raise NotValid("Unit is none of CloudWatch's")
    if isinstance(resolution, bool) or resolution not in (1, 60):
        raise NotValid("StorageResolution is neither 1 nor 60")
    return _name(metric.get("Name"), "Name"), unit, resolution == 1


def _dimensions(names: object, root: Mapping[str, object]) -> Dimensions:
    found: dict[str, str] = {}
    for name in _list(names, "a DimensionSet"):
        if not isinstance(name, str) or not 0 < len(name) <= _MAX_DIMENSION_NAME:
            raise NotValid("a dimension has no name")
        value = root.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= _MAX_NAME:
            raise NotValid("a dimension has no text as value")
        found[name] = value
    if len(found) > limits.MAX_EMF_DIMENSIONS:
        raise NotValid("a DimensionSet has too many members")
    return tuple(sorted(found.items()))


def _values(target: object) -> tuple[float, ...]:
    values: Sequence[object] = target if isinstance(target, list) else [target]
    if len(values) > limits.MAX_EMF_VALUES:
        raise NotValid("a metric has too many values")
    return tuple(_number(value) for value in values)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotValid("a metric has no number as value")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= limits.METRIC_VALUE_LIMIT:
        raise NotValid("a value is too large")
    return number


def _name(value: object, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_NAME or not value.strip():
        raise NotValid(f"{what} is no text of 1 to {_MAX_NAME} characters")
    return value


def _list(value: object, what: str) -> list[object]:
    if not isinstance(value, list):
        raise NotValid(f"{what} is no list")
    return value
