"""Partial batch responses, form by form."""

from __future__ import annotations

import json

import pytest

from lambdad.sources.report import failed

IDS = ["a", "b", "c"]
ALL = frozenset(IDS)
NONE: frozenset[str] = frozenset()


def items(*found: object) -> bytes:
    return json.dumps({"batchItemFailures": list(found)}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b" ", b"null", b"{}", b"[]", b'""', b'{"other": 1}'),
        *(b'{"batchItemFailures": null}', b'{"batchItemFailures": []}', items({})),
    ],
)
def test_complete_success(answer: bytes):
    assert failed(answer, IDS) == NONE


@pytest.mark.parametrize(
    "answer",
    [
        *(b"{", b'"text"', b"1", b"true", b"[1]", b"\xff", b"[" * 5_000),
        *(b'{"batchItemFailures": "a"}', b'{"batchItemFailures": {}}'),
        *(items({"itemIdentifier": one}) for one in ("", None, 123, "unknown", ["a"])),
        *(items(one) for one in ("a", None, {"itemId": "a"}, {"itemIdentifer": "a"})),
        items({"itemIdentifier": "a"}, {"itemIdentifier": ""}),
    ],
)
def test_complete_failure(answer: bytes):
    assert failed(answer, IDS) == ALL


def test_only_what_is_named_failed():
    assert failed(items({"itemIdentifier": "b"}), IDS) == {"b"}
    assert failed(items({"itemIdentifier": "a", "more": 1}, {"itemIdentifier": "a"}, {}), IDS) == {"a"}
    assert failed(items(*({"itemIdentifier": one} for one in IDS)), IDS) == ALL
