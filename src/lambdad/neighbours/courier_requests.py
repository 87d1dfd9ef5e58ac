"""Messages to destinations as requests of the services they go to; pure.

Source: the wire protocols of SQS (json 1.0), SNS (query), EventBridge (json 1.1) and S3 (rest-xml) as their
models have them; record and key forms as in spec async-esm.md §1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from lambdad.domain.arn import service_of
from lambdad.domain.event import Condition, Delivery
from lambdad.domain.sigv4 import s3_object_path

SERVICES: Final = frozenset({"sqs", "sns", "events", "s3"})
"""Services that messages can be sent to."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request that is not signed yet.

    Attributes:
        service: its name in the settings, and its signing name unless there is another.
        path: as it is sent.
        signed_as: another signing name; empty without.
    """

    service: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    signed_as: str = ""


def outgoing(delivery: Delivery, endpoint: str, new_id: Callable[[], str]) -> Outgoing | None:
    """The request for a delivery; None when its target is of no known kind.

    Args:
        delivery: what to send.
        endpoint: URL of the target's service; part of a queue's URL.
        new_id: makes UUIDs, for names of objects.
    """
    service = service_of(delivery.target)
    if service == "sqs":
        return _sqs(delivery, endpoint)
    if service == "s3":
        return _s3(delivery, new_id())
    make = {"sns": _sns, "events": _events}.get(service)
    return None if make is None else make(delivery)


def queue_url(queue: str, endpoint: str) -> str:
    """The URL of a queue, by its ARN and the endpoint of SQS."""
    account, name = queue.split(":", 5)[4:6]
    return f"{endpoint.rstrip('/')}/{account}/{name}"


def sqs_request(operation: str, members: dict[str, Any]) -> Outgoing:
    """A request to SQS."""
    return json_request("sqs", "1.0", f"AmazonSQS.{operation}", members)


def _sqs(delivery: Delivery, endpoint: str) -> Outgoing:
    members: dict[str, Any] = {
        "QueueUrl": queue_url(delivery.target, endpoint),
        "MessageBody": _message(delivery.body),
    }
    if delivery.trace:
        trace = {"DataType": "String", "StringValue": delivery.trace}
        members["MessageSystemAttributes"] = {"AWSTraceHeader": trace}
    if delivery.attributes:
        members["MessageAttributes"] = {
            key: {"DataType": kind, "StringValue": value} for key, kind, value in delivery.attributes
        }
    return sqs_request("SendMessage", members)


def _sns(delivery: Delivery) -> Outgoing:
    fields = {
        "Action": "Publish",
        "Version": "2010-03-31",
        "TopicArn": delivery.target,
        "Message": _message(delivery.body),
    }
    for number, (key, kind, value) in enumerate(delivery.attributes, start=1):
        prefix = f"MessageAttributes.entry.{number}"
        fields |= {f"{prefix}.Name": key, f"{prefix}.Value.DataType": kind}
        fields[f"{prefix}.Value.StringValue"] = value
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return Outgoing("sns", "POST", "/", headers, urlencode(fields).encode())


def _message(body: bytes) -> str:
    """JSON as messages carry it: two characters that queues and topics refuse are escaped."""
    return body.decode("utf-8", "replace").replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def _events(delivery: Delivery) -> Outgoing:
    condition = json.loads(delivery.body)["requestContext"]["condition"]
    outcome = "Success" if condition == Condition.SUCCESS.value else "Failure"
    entry = {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {outcome}",
        "Detail": delivery.body.decode("utf-8", "replace"),
        "EventBusName": delivery.target,
        "Resources": [delivery.target, delivery.function_arn],
        "TraceHeader": delivery.trace,
    }
    return json_request("events", "1.1", "AWSEvents.PutEvents", {"Entries": [entry]})


def _s3(delivery: Delivery, unique: str) -> Outgoing:
    bucket = delivery.target.split(":", 5)[5]
    now = datetime.fromtimestamp(delivery.due_ms / 1000, UTC)
    key = f"{delivery.object_folder}{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{unique}"
    return Outgoing(
        "s3", "PUT", s3_object_path(bucket, key), {"content-type": "application/json"}, delivery.body
    )


_AMZ_JSON: Final = "application/x-amz-json-"


def json_request(service: str, version: str, target: str, members: dict[str, Any]) -> Outgoing:
    """A request of AWS's JSON protocol, of that version."""
    headers = {"content-type": _AMZ_JSON + version, "x-amz-target": target}
    return Outgoing(service, "POST", "/", headers, json.dumps(members, separators=(",", ":")).encode())
