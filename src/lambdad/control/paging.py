"""Pages of a list: size and marker; pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.limits import MAX_PAGE_ITEMS


def page_size(params: Mapping[str, Any], most: int = MAX_PAGE_ITEMS) -> int:
    """How many items the page holds: MaxItems, at most `most` (AWS accepts up to 10,000 and gives 50)."""
    return min(params.get("MaxItems") or most, most)


def write_marker(*place: str) -> str:
    """An opaque marker behind the last item of a page."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def read_marker(params: Mapping[str, Any], length: int) -> tuple[str, ...] | None:
    """The place a request's Marker stands for; None without one.

    Args:
        params: of the request.
        length: how many strings the place consists of.

    Raises:
        InvalidParameter: not a marker of ours.
    """
    marker = params.get("Marker")
    if not marker:
        return None
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(marker.encode()), type=tuple[str, ...])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        place = ()
    if len(place) != length:
        raise InvalidParameter("Invalid pagination token")
    return place
