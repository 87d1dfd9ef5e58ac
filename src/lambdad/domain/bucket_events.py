"""What a bucket tells functions: rules, which of them may stand together, and which an event fits.

Source: Amazon S3 user guide, "Configuring event notifications using object key name filtering" (rules of one
event type may not overlap) and "Supported event types for SQS, SNS, and Lambda".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from lambdad.domain.resource import ACCOUNT, Kind, Place
from lambdad.domain.scope import Scope

EVENTS: Final = frozenset(
    f"s3:{name}"
    for name in (
        "IntelligentTiering",
        "LifecycleExpiration:*",
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
        "LifecycleTransition",
        "ObjectAcl:Put",
        "ObjectAnnotation:*",
        "ObjectAnnotation:Delete",
        "ObjectAnnotation:Put",
        "ObjectCreated:*",
        "ObjectCreated:CompleteMultipartUpload",
        "ObjectCreated:Copy",
        "ObjectCreated:Post",
        "ObjectCreated:Put",
        "ObjectRemoved:*",
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "ObjectRestore:*",
        "ObjectRestore:Completed",
        "ObjectRestore:Delete",
        "ObjectRestore:Post",
        "ObjectRetention:Put",
        "ObjectTagging:*",
        "ObjectTagging:Delete",
        "ObjectTagging:Put",
        "ReducedRedundancyLostObject",
        "Replication:*",
        "Replication:OperationFailedReplication",
        "Replication:OperationMissedThreshold",
        "Replication:OperationNotTracked",
        "Replication:OperationReplicatedAfterThreshold",
    )
)
"""Source: `Event` of S3's service model."""

_ANY: Final = ":*"


@dataclass(frozen=True, slots=True)
class FunctionRule:
    """Which events of a bucket one function is told.

    Attributes:
        id: of the configuration; in every record.
        function: ARN of the function, a version or an alias of it.
        events: of `EVENTS`.
        filters: pairs of ``Prefix`` or ``Suffix``, as it was written, and its value.
    """

    id: str
    function: str
    events: tuple[str, ...]
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def prefix(self) -> str:
        """What keys begin with; empty for any."""
        return self._filter("prefix")

    @property
    def suffix(self) -> str:
        """What keys end with; empty for any."""
        return self._filter("suffix")

    def _filter(self, wanted: str) -> str:
        return next((value for name, value in self.filters if name.lower() == wanted), "")

    def fits(self, event: str, key: str) -> bool:
        """Whether its function is told of an event.

        Args:
            event: its name without ``s3:``, as in records.
            key: of the object, not encoded.
        """
        named = any(_covers(pattern, f"s3:{event}") for pattern in self.events)
        return named and key.startswith(self.prefix) and key.endswith(self.suffix)


@dataclass(frozen=True, slots=True)
class BucketRules:
    """What functions are told of a bucket.

    Attributes:
        account: whose bucket it counts as: of who configured it.
        region: where it counts as being: that of the functions.
    """

    account: str
    region: str
    functions: tuple[FunctionRule, ...]


BUCKET_RULES: Final = Kind("bucket-rules", BucketRules)
"""Rules of buckets at an endpoint that knows no functions."""


def place_of(bucket: str) -> Place:
    """Where the rules of a bucket are kept: one endpoint has one bucket of a name, whoever asks."""
    return Place(Scope(), ACCOUNT, bucket)


def overlapping(rules: Sequence[FunctionRule]) -> bool:
    """Whether an object could fit two of the rules for one event."""
    return any(_overlap(one, other) for one, other in combinations(rules, 2))


def _overlap(one: FunctionRule, other: FunctionRule) -> bool:
    return (
        any(_meet(*pair) for pair in _pairs(one.events, other.events))
        and (one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix))
        and (one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix))
    )


def _pairs(some: Sequence[str], others: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((one, other) for one in some for other in others)


def _meet(one: str, other: str) -> bool:
    return _covers(one, other) or _covers(other, one)


def _covers(pattern: str, event: str) -> bool:
    return pattern == event or (pattern.endswith(_ANY) and event.startswith(pattern[:-1]))
