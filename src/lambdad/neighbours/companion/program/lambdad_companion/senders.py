"""S3, SNS, EventBridge and Scheduler: they hand events to functions and do not wait for what becomes of them.

Source: Lambda developer guide, "Invoking Lambda with events from other AWS services": S3 and SNS are let in
by the function's policy, EventBridge too unless a target names a role, Scheduler acts with its target's role;
"Use Lambda recursive loop detection": S3 and SNS pass on the trace header of who makes them call.
"""

from __future__ import annotations

import json
from contextlib import suppress
from types import ModuleType
from typing import Any

from .functions import Functions
from .hooks import Hooks, replace
from .source import TRACE, Source, acting


def add(hooks: Hooks, functions: Functions) -> None:
    """Set the hooks of all; Scheduler hands over by EventBridge's."""
    hooks.add("s3", lambda module: _s3(module, functions))
    hooks.add("sns", lambda module: _sns(module, functions))
    hooks.add("eventbridge", lambda module: _eventbridge(module, functions))


def _s3(module: ModuleType, functions: Functions) -> None:
    def deliver(arn: str, event_payload: Any, bucket_region: str) -> None:
        bucket = event_payload["Records"][0]["s3"]["bucket"]["name"]
        owner = module._bucket_owner_account(bucket) or module.get_account_id()
        with acting(Source("s3.amazonaws.com", f"arn:aws:s3:::{bucket}", owner, trace=TRACE.get())):
            functions.bring(arn, event_payload)

    replace(module, "_deliver_event_to_lambda", "arn event_payload bucket_region", deliver)


def _sns(module: ModuleType, functions: Functions) -> None:
    def deliver(
        endpoint: str,
        envelope: str,
        topic_arn: str,
        sub_arn: str,
        msg_id: Any,
        raw_message: Any,
        message_attributes: Any,
    ) -> None:
        record = {
            "EventVersion": "1.0",
            "EventSubscriptionArn": sub_arn,
            "EventSource": "aws:sns",
            "Sns": json.loads(envelope),
        }
        with acting(Source("sns.amazonaws.com", topic_arn, topic_arn.split(":")[4], trace=TRACE.get())):
            functions.bring(endpoint, {"Records": [record]})

    replace(
        module,
        "_deliver_to_lambda",
        "endpoint envelope topic_arn sub_arn msg_id raw_message message_attributes",
        deliver,
    )


def _eventbridge(module: ModuleType, functions: Functions) -> None:
    def deliver(arn: str, payload: str) -> None:
        event: Any = payload
        with suppress(ValueError):
            event = json.loads(payload)
        functions.bring(arn, event)

    def invoke(target: Any, event: Any, rule: Any, view: Any = None) -> None:
        with acting(_source_of(target, rule)):
            before(target, event, rule, view)

    replace(module, "_dispatch_to_lambda", "arn payload", deliver)
    before = replace(module, "_invoke_target", "target event rule view", invoke)


def _source_of(target: Any, rule: Any) -> Source:
    """A rule, or a schedule, which fires as a rule does."""
    arn = str(rule.get("Arn", ""))
    parts = arn.split(":")
    account = parts[4] if len(parts) > 4 else None
    is_schedule = arn.startswith("arn:") and parts[2] == "scheduler"
    service = "scheduler.amazonaws.com" if is_schedule else "events.amazonaws.com"
    return Source(service, arn, account, target.get("RoleArn"))
