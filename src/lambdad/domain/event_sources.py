"""What an event source mapping can read from: eight kinds, told apart by their ARNs."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from lambdad.domain.errors import InvalidParameter


class SourceKind(StrEnum):
    """The kinds of event sources; each has rules and defaults of its own."""

    SQS = "sqs"
    SQS_FIFO = "sqs-fifo"
    KINESIS = "kinesis"
    DYNAMODB = "dynamodb"
    MSK = "msk"
    SELF_MANAGED_KAFKA = "self-managed-kafka"
    MQ = "mq"
    DOCUMENTDB = "documentdb"


_NAME: Final = r"[a-zA-Z0-9_.-]+"
_FORMS: Final = (
    ("sqs", r"[a-zA-Z0-9_-]+\.fifo", SourceKind.SQS_FIFO),
    ("sqs", r"[a-zA-Z0-9_-]+", SourceKind.SQS),
    ("kinesis", rf"stream/{_NAME}(/consumer/{_NAME}:\d+)?", SourceKind.KINESIS),
    # AWS's labels end without Z, those of tables that the companion makes for a stack with it.
    ("dynamodb", rf"table/{_NAME}/stream/[0-9T:.-]+Z?", SourceKind.DYNAMODB),
    ("kafka", r"cluster/[a-zA-Z0-9-]+/[a-zA-Z0-9-]+", SourceKind.MSK),
    ("kafka", r"vpc-connection/\d{12}/[a-zA-Z0-9-]+/[a-zA-Z0-9-]+", SourceKind.MSK),
    ("mq", rf"broker:{_NAME}:[a-zA-Z0-9-]+", SourceKind.MQ),
    ("rds", r"cluster:[a-zA-Z0-9-]+", SourceKind.DOCUMENTDB),
)
_SOURCES: Final = tuple(
    (re.compile(rf"arn:aws[a-zA-Z0-9-]*:{service}:([a-z0-9-]+):\d{{12}}:{form}", re.ASCII), kind)
    for service, form, kind in _FORMS
)


def kind_of(arn: str, region: str) -> SourceKind:
    """The kind of source that an ARN names.

    Args:
        arn: of a queue, a stream or its consumer, a cluster, a VPC connection or a broker.
        region: of the function; a source of another region cannot be read. Of another account it can.

    Raises:
        InvalidParameter: no event source, or one of another region.

    Source: "Unrecognized event source." is an answer of AWS (LocalStack's recording
        test_event_source_mapping_exceptions, create_no_event_source_arn); the words about the region are
        lambdad's own.
    """
    for form, kind in _SOURCES:
        if matched := form.fullmatch(arn):
            if matched.group(1) != region:
                raise InvalidParameter(
                    f"The event source {arn} is not in the region of the function ({region})."
                )
            return kind
    raise InvalidParameter("Unrecognized event source.")
