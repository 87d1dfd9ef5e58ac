"""What a function says of the records of a batch: `ReportBatchItemFailures`; pure.

=============================================================  =================================
answer                                                         means
=============================================================  =================================
nothing, ``null``, ``{}``, ``[]``, ``""``                      all went well
``batchItemFailures`` absent, ``null`` or ``[]``               all went well
items with ids of the batch                                    these failed, the others went well
an item that is ``{}``                                         nothing
an id that is empty, ``null``, no text or not of the batch     all failed
an item that is no object, or has other members only           all failed
``batchItemFailures`` that is no list; no object; no JSON      all failed
=============================================================  =================================

Source: developer guide, "Implementing partial batch responses"; LocalStack's tests run against AWS
(test_dynamodb_report_batch_item_success_scenarios, …_failures); radkawar/stackd's recording
sqs_mapping_delivery, finding malformed_reports, for ``{}``, numbers, and what is no list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import msgspec

_NOTHING: Final = (b"", b"null", b"[]", b'""')


def failed(answer: bytes, ids: Collection[str]) -> frozenset[str]:
    """The ids of a batch that a function says failed; all of them when it does not say it right.

    Args:
        answer: of the function, which itself succeeded.
        ids: of the records of the batch.
    """
    everything = frozenset(ids)
    said = named(answer, everything)
    return everything if said is None else said


def text_name(name: object) -> str | None:
    """An id that is text; None when it is none."""
    return name if isinstance(name, str) else None


def named(
    answer: bytes, ids: frozenset[str], name: Callable[[object], str | None] = text_name
) -> frozenset[str] | None:
    """The ids of a batch that a function says failed; None when it does not say it right.

    Args:
        answer: of the function.
        ids: of the records of the batch.
        name: what an item identifier names; None when it names nothing.
    """
    if answer.strip() in _NOTHING:
        return frozenset()
    try:
        said = msgspec.json.decode(answer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    items = said.get("batchItemFailures")
    if items is not None and not isinstance(items, list):
        return None
    names = [
        name(item.get("itemIdentifier")) if isinstance(item, dict) else None
        for item in items or ()
        if item != {}
    ]
    found = frozenset(one for one in names if one is not None)
    return found if None not in names and found <= ids else None
