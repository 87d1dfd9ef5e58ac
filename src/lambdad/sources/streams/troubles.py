"""What is said of a stream that cannot be read: refusals of a creation, and `LastProcessingResult`; pure.

Source: users' reports of CreateEventSourceMapping (aws-amplify issues, serverless forum) for both sentences;
that the result of a mapping under way has the same ones is lambdad's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lambdad.domain.event_sources import SourceKind

_WORDS: Final[Mapping[SourceKind, str]] = {
    SourceKind.KINESIS: "GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams",
    SourceKind.DYNAMODB: "GetRecords, GetShardIterator, DescribeStream, and ListStreams",
}
_GONE: Final = "ResourceNotFoundException"
_EXPIRED: Final = frozenset({"ExpiredIteratorException"})
_TRIMMED: Final = "TrimmedDataAccessException"
_INVALID: Final = frozenset({"InvalidArgumentException", "ValidationException"})
_THROTTLED: Final = frozenset(
    {
        *("ProvisionedThroughputExceededException", "LimitExceededException", "ThrottlingException"),
        *("RequestLimitExceeded", "KMSThrottlingException"),
    }
)
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnrecognizedClientException"})


def missing(stream: str) -> str:
    """There is no such stream."""
    return f"Stream not found: {stream}"


def closed(kind: SourceKind, stream: str) -> str:
    """The role may not read it."""
    return (
        f"Cannot access stream {stream}. Please ensure the role can perform the {_WORDS[kind]} Actions on "
        "your stream in IAM."
    )


def told(kind: SourceKind, stream: str, text: str, code: str) -> str:
    """What a service said that did not do what it was asked; `code` is empty when it did not answer."""
    if is_gone(code):
        return missing(stream)
    if is_throttled(code):
        return f"Stream {stream} is read too often just now: {code}"
    return closed(kind, stream) if code in _DENIED else text


def is_gone(code: str) -> bool:
    """Whether the stream or shard is not there."""
    return code == _GONE


def is_expired(code: str) -> bool:
    """Whether an iterator has to be made anew."""
    return code in _EXPIRED


def is_trimmed(code: str) -> bool:
    """Whether what was to be read next is not there any more."""
    return code == _TRIMMED


def is_invalid(code: str) -> bool:
    """Whether the service does not know the iterator, or the number that one was to be made of."""
    return code in _INVALID


def is_throttled(code: str) -> bool:
    """Whether the stream is read too often."""
    return code in _THROTTLED
