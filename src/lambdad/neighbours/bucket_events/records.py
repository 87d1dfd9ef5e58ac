"""Events of S3 servers, and records as AWS writes them; pure.

Servers mean the same by other words: names that begin with ``s3:``, keys that are encoded or not, members
that AWS does not have. What AWS does not have is left out here; what is missing is put in.

Source: Amazon S3 user guide, "Event message structure" (version 2.1; keys are URL-encoded as in forms; what
is removed has neither size nor eTag).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

from lambdad.domain.limits import MAX_BUCKET_RECORDS

_MOST_TEXT: Final = 1_024
_MOST_KEY: Final = 1_024
_ENCODED: Final = frozenset({"minio:s3"})
"""Servers whose keys are encoded already, slashes too; others write them as they are.

Source: minio/minio cmd/event-notification.go; versitygw v1.8.0 s3event/event.go.
"""
_AS_AWS: Final = {"ObjectRemoved:DeleteObjects": "ObjectRemoved:Delete"}
"""Names that AWS does not have."""
_REMOVED: Final = ("ObjectRemoved:", "LifecycleExpiration:")


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a bucket.

    Attributes:
        event: without ``s3:``.
        key: not encoded.
        when: ISO 8601 with milliseconds.
        size: None when it is not told.
        region: empty when it is not told.
        principal: who did it.
        owner: whose the bucket is.
    """

    bucket: str
    event: str
    key: str
    when: str
    size: int | None = None
    etag: str = ""
    version: str = ""
    sequencer: str = ""
    region: str = ""
    principal: str = ""
    owner: str = ""
    source_ip: str = ""
    request_id: str = ""
    host_id: str = ""


class NoEvents(Exception):
    """What came is no notification."""


def read(body: bytes, now: float) -> list[Told]:
    """The events of a notification; none for a test event.

    Args:
        body: JSON.
        now: seconds since 1970, for an event that does not say when it was.

    Raises:
        NoEvents: it is none, or one with too much in it.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NoEvents("it is not JSON") from error
    records = document.get("Records", ()) if isinstance(document, dict) else None
    if records is None and isinstance(document, dict):
        records = ()
    if not isinstance(records, list | tuple):
        raise NoEvents("it has no list of records")
    if len(records) > MAX_BUCKET_RECORDS:
        raise NoEvents(f"it has more than {MAX_BUCKET_RECORDS} records")
    return [_told(record, now) for record in records]


def _told(record: object, now: float) -> Told:
    one = _Members(record)
    about = one.inner("s3")
    bucket, thing = about.inner("bucket"), about.inner("object")
    event = one.text("eventName").removeprefix("s3:")
    key = thing.text("key", _MOST_KEY * 3)
    if one.text("eventSource") in _ENCODED:
        key = unquote_plus(key, errors="replace")
    name = bucket.text("name")
    if not name or not event or not key or len(key.encode("utf-8", "replace")) > _MOST_KEY:
        raise NoEvents("a record names no bucket, no event or no object")
    answer = one.inner("responseElements")
    return Told(
        bucket=name,
        event=_AS_AWS.get(event, event),
        key=key,
        when=_when(one.text("eventTime"), now),
        size=thing.number("size"),
        etag=thing.text("eTag"),
        version=thing.text("versionId"),
        sequencer=thing.text("sequencer"),
        region=one.text("awsRegion"),
        principal=one.inner("userIdentity").text("principalId"),
        owner=bucket.inner("ownerIdentity").text("principalId"),
        source_ip=one.inner("requestParameters").text("sourceIPAddress"),
        request_id=answer.text("x-amz-request-id"),
        host_id=answer.text("x-amz-id-2"),
    )


class _Members:
    """Members of an object of JSON, whoever wrote it; names count without their case."""

    def __init__(self, value: object) -> None:
        given: Mapping[str, Any] = value if isinstance(value, dict) else {}
        self._members = {name.lower(): member for name, member in given.items()}

    def inner(self, name: str) -> _Members:
        return _Members(self._members.get(name.lower()))

    def text(self, name: str, most: int = _MOST_TEXT) -> str:
        found = self._members.get(name.lower())
        if not isinstance(found, str) or len(found) > most:
            return ""
        return found.encode("utf-8", "replace").decode()

    def number(self, name: str) -> int | None:
        found = self._members.get(name.lower())
        return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def _when(text: str, now: float) -> str:
    try:
        at = datetime.fromisoformat(text)
        moment = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        moment = datetime.fromtimestamp(now, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def event_of(told: Told, configuration: str, account: str, region: str, request_id: str) -> bytes:
    """The event that a function gets.

    Args:
        told: what happened.
        configuration: id of the rule that it fits.
        account: whose the bucket counts as.
        region: where it counts as being, unless its server says that.
        request_id: in place of one that the server does not tell.
    """
    thing: dict[str, object] = {"key": quote_plus(told.key, safe="/")}
    if not told.event.startswith(_REMOVED):
        thing |= {"size": told.size or 0, "eTag": told.etag.strip('"')}
    if told.version:
        thing["versionId"] = told.version
    if told.sequencer:
        thing["sequencer"] = told.sequencer
    owner = {"principalId": told.owner or account}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": told.region or region,
        "eventTime": told.when,
        "eventName": told.event,
        "userIdentity": {"principalId": told.principal or account},
        "requestParameters": {"sourceIPAddress": told.source_ip},
        "responseElements": {"x-amz-request-id": told.request_id or request_id, "x-amz-id-2": told.host_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {"name": told.bucket, "ownerIdentity": owner, "arn": f"arn:aws:s3:::{told.bucket}"},
            "object": thing,
        },
    }
    return json.dumps({"Records": [record]}, separators=(",", ":")).encode()
