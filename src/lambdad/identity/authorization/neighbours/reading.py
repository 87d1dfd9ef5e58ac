"""Bodies of AWS's protocols, read once and only one way.

Services differ in what they make of a member that is there twice; so it is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from lambdad.domain.http import Request

Members = Mapping[str, Any]
_MOST_FIELDS = 10_000
_JSON = "application/x-amz-json"


class Unreadable(Exception):
    """A request that does not say one thing only."""


def target(request: Request) -> str | None:
    """The operation in `X-Amz-Target`; None without one."""
    given = request.headers.get("x-amz-target")
    return None if given is None else given.rpartition(".")[2]


def json_members(request: Request) -> Members:
    """The members of a JSON body.

    Raises:
        Unreadable: another format, no object, or a member that is there twice.
    """
    if not request.headers.get("content-type", _JSON).startswith((_JSON, "application/json")):
        raise Unreadable
    if not request.body:
        return {}
    try:
        found = json.loads(request.body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Unreadable from error
    if not isinstance(found, dict):
        raise Unreadable
    return found


def form_members(request: Request) -> Members:
    """The members of a form, in the body and in the query.

    Raises:
        Unreadable: no form, or a member that is there twice.
    """
    try:
        text = request.body.decode()
        sent = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise Unreadable from error
    return _once([*request.query, *sent])


def text(value: object) -> str:
    """A member that must be a text; empty when it is not there.

    Raises:
        Unreadable: something else.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable
    return value


def members(value: object) -> list[Members]:
    """A member that must be a list of objects; none when it is not there.

    Raises:
        Unreadable: something else.
    """
    listed = [] if value is None else value
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise Unreadable
    return listed


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unreadable
    return found
