"""Notification configurations as S3 writes them: functions are taken out, put in, and all else is left alone.

Source: Amazon S3 API reference, PutBucketNotificationConfiguration; a function is a
``CloudFunctionConfiguration`` there.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lambdad.domain.bucket_events import EVENTS, FunctionRule, overlapping
from lambdad.domain.limits import MAX_NOTIFICATION_BYTES, MAX_NOTIFICATION_RULES

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
_ROOT: Final = "NotificationConfiguration"
_FUNCTION: Final = "CloudFunctionConfiguration"
_FILTERS: Final = frozenset({"prefix", "suffix"})
_MOST_ID: Final = 255
_MOST_FILTER: Final = 1_024


class Refused(Exception):
    """A configuration that S3 refuses.

    Args:
        code: S3's.
        message: S3's words.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Read:
    """A configuration, taken apart.

    Attributes:
        functions: what functions are told.
        others: all the rest, a document; None when there is nothing else.
    """

    functions: tuple[FunctionRule, ...]
    others: bytes | None


def read(document: bytes) -> Read:
    """Take a configuration apart.

    Raises:
        Refused: it is none, or one that S3 refuses.
    """
    root = _root(document)
    found = [one for one in root if _name(one) == _FUNCTION]
    functions = tuple(_function(one) for one in found)
    _check(functions)
    for one in found:
        root.remove(one)
    return Read(functions, _bytes(root) if len(root) else None)


def written(functions: Sequence[FunctionRule], others: bytes | None) -> bytes:
    """The configuration with these functions in it.

    Raises:
        Refused: `others` is none.
    """
    root = _empty() if others is None else _root(others)
    for rule in functions:
        root.append(_element(rule))
    return _bytes(root)


NOTHING: Final = f'<{_ROOT} xmlns="{NAMESPACE}"/>'.encode()
"""The configuration that tells nobody."""


def _root(document: bytes) -> Element:
    # Imported when a configuration comes: the start of the server does not wait for it.
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    malformed = Refused("MalformedXML", _MALFORMED)
    if len(document) > MAX_NOTIFICATION_BYTES or b"<!" in document:  # no entities, no document types
        raise malformed
    try:
        root = ET.fromstring(document)  # noqa: S314 - see above
    except (ET.ParseError, ValueError, LookupError) as error:
        raise malformed from error
    if _name(root) != _ROOT:
        raise malformed
    return root


_MALFORMED: Final = (
    "The XML you provided was not well-formed or did not validate against our published schema"
)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _texts(element: Element, name: str) -> list[str]:
    return [one.text or "" for one in element if _name(one) == name]


def _function(element: Element) -> FunctionRule:
    arns, events = _texts(element, "CloudFunction"), _texts(element, "Event")
    ids = _texts(element, "Id")
    filters = tuple(
        ("".join(_texts(rule, "Name")), "".join(_texts(rule, "Value")))
        for rule in element.iter()
        if _name(rule) == "FilterRule"
    )
    if len(arns) != 1 or not events or len(ids) > 1:
        raise Refused("MalformedXML", _MALFORMED)
    return FunctionRule((ids and ids[0]) or str(uuid.uuid4()), arns[0], tuple(events), filters)


def _check(functions: Sequence[FunctionRule]) -> None:
    if len(functions) > MAX_NOTIFICATION_RULES:
        raise Refused("InvalidArgument", "The number of configurations is larger than S3 allows")
    for rule in functions:
        if not EVENTS.issuperset(rule.events):
            raise Refused("InvalidArgument", "A specified event is not supported for notifications.")
        names = [name.lower() for name, _ in rule.filters]
        if not _FILTERS.issuperset(names):
            raise Refused("InvalidArgument", "filter rule name must be either prefix or suffix")
        if len(set(names)) < len(names):
            raise Refused(
                "InvalidArgument", "Cannot specify more than one prefix rule or suffix rule in a filter."
            )
        if len(rule.id) > _MOST_ID or any(len(value.encode()) > _MOST_FILTER for _, value in rule.filters):
            raise Refused("InvalidArgument", "An identifier or the value of a filter is too long")
    if len({rule.id for rule in functions}) < len(functions):
        raise Refused("InvalidArgument", "Same ID used for multiple configurations. IDs must be unique")
    if overlapping(functions):
        raise Refused(
            "InvalidArgument",
            "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules "
            "if the prefixes are overlapping for the same event type.",
        )


def _empty() -> Element:
    return _root(NOTHING)


def _element(rule: FunctionRule) -> Element:
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    made = ET.Element(f"{{{NAMESPACE}}}{_FUNCTION}")

    def add(to: Element, name: str, text: str | None = None) -> Element:
        inner = ET.SubElement(to, f"{{{NAMESPACE}}}{name}")
        inner.text = text
        return inner

    add(made, "Id", rule.id)
    add(made, "CloudFunction", rule.function)
    for event in rule.events:
        add(made, "Event", event)
    if rule.filters:
        keys = add(add(made, "Filter"), "S3Key")
        for name, value in rule.filters:
            one = add(keys, "FilterRule")
            add(one, "Name", name)
            add(one, "Value", value)
    return made


def _bytes(root: Element) -> bytes:
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    return bytes(ET.tostring(root, "utf-8", xml_declaration=True, default_namespace=_namespace(root)))


def _namespace(root: Element) -> str | None:
    """That of the root, where all that is inside has it too."""
    namespace = root.tag.partition("}")[0].lstrip("{") if root.tag.startswith("{") else ""
    same = all(one.tag.startswith(f"{{{namespace}}}") for one in root.iter())
    return namespace if namespace and same else None
