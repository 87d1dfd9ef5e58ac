"""A message that was received from a queue of SQS, and what a queue says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """A message attribute.

    Attributes:
        data_type: ``String``, ``Number`` or ``Binary``, with what the sender put behind it.
        text: None when it is binary.
        binary: in base64; None when it is text.
    """

    data_type: str
    text: str | None = None
    binary: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message; nobody else receives it until its visibility timeout is over.

    Attributes:
        receipt: deletes it.
        attributes: of the system, by AWS's names.
        attributes_md5: None when it has no message attributes.
    """

    id: str
    receipt: str
    body: str
    body_md5: str
    attributes: Mapping[str, str]
    message_attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    attributes_md5: str | None = None

    @property
    def trace(self) -> str | None:
        """The trace header it was sent with; None without one."""
        return self.attributes.get("AWSTraceHeader")


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What a queue says of itself.

    Attributes:
        visibility_s: how long a received message is nobody else's.
        waiting: messages that can be received, about.
        hidden: messages that were received and are not deleted, about.
    """

    visibility_s: int
    waiting: int
    hidden: int
