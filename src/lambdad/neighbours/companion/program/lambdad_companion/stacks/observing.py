"""Log groups, streams, filters; alarms and dashboards.

Source: CloudFormation template reference, AWS::Logs::* and AWS::CloudWatch::*.
"""

from __future__ import annotations

import json
from typing import Any, Final

from .calls import Calls
from .resource import Made, Props, Resource, physical_name, tag_map

_MAX_NAME: Final = 255


def _arn(name: str) -> str:
    from ministack.core.responses import get_account_id, get_region

    return f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{name}"


def _group(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    name = props.get("LogGroupName") or physical_name(stack, logical_id, _MAX_NAME)
    more = {"kmsKeyId": props.get("KmsKeyId"), "logGroupClass": props.get("LogGroupClass")}
    more["tags"] = tag_map(props.get("Tags")) or None
    sent = {member: value for member, value in more.items() if value is not None}
    calls("logs", "create_log_group", logGroupName=name, **sent)
    _retention(calls, name, {}, props)
    return name, {"Arn": f"{_arn(name)}:*"}


def _retention(calls: Calls, name: str, old: Props, new: Props) -> None:
    days = new.get("RetentionInDays")
    if days is not None and days != old.get("RetentionInDays"):
        calls("logs", "put_retention_policy", logGroupName=name, retentionInDays=days)
    elif days is None and "RetentionInDays" in old:
        calls("logs", "delete_retention_policy", logGroupName=name)


def _group_changed(calls: Calls, physical_id: str, old: Props, new: Props) -> Made:
    _retention(calls, physical_id, old, new)
    before, now = tag_map(old.get("Tags")), tag_map(new.get("Tags"))
    removed = sorted(before.keys() - now.keys())
    if removed:
        calls("logs", "untag_resource", resourceArn=_arn(physical_id), tagKeys=removed)
    if now != before and now:
        calls("logs", "tag_resource", resourceArn=_arn(physical_id), tags=now)
    return physical_id, {"Arn": f"{_arn(physical_id)}:*"}


def _group_gone(calls: Calls, physical_id: str, props: Props) -> None:
    calls.unless_gone("logs", "delete_log_group", logGroupName=physical_id)


def _stream(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    name = props.get("LogStreamName") or physical_name(stack, logical_id, _MAX_NAME)
    calls("logs", "create_log_stream", logGroupName=props["LogGroupName"], logStreamName=name)
    return name, {}


def _stream_gone(calls: Calls, physical_id: str, props: Props) -> None:
    named = {"logGroupName": props["LogGroupName"], "logStreamName": physical_id}
    calls.unless_gone("logs", "delete_log_stream", **named)


def _lowered(value: Any) -> Any:
    """Members as the API of Logs writes them: ``MetricName`` is ``metricName`` there."""
    if isinstance(value, dict):
        return {f"{name[0].lower()}{name[1:]}": _lowered(each) for name, each in value.items()}
    return [_lowered(each) for each in value] if isinstance(value, list) else value


def _filter(kind: str) -> Resource:
    """A filter of a log group: ``metric`` or ``subscription``."""

    def put(calls: Calls, name: str, props: Props) -> None:
        sent = _lowered(dict(props))
        for entry in sent.get("metricTransformations") or ():
            dimensions = entry.get("dimensions")
            if isinstance(dimensions, list):
                entry["dimensions"] = {each["key"]: each["value"] for each in dimensions}
        calls("logs", f"put_{kind}_filter", **{**sent, "filterName": name})

    def create(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
        name = props.get("FilterName") or physical_name(stack, logical_id, _MAX_NAME)
        put(calls, name, props)
        return name, {}

    def update(calls: Calls, physical_id: str, old: Props, new: Props) -> Made:
        put(calls, physical_id, new)
        return physical_id, {}

    def delete(calls: Calls, physical_id: str, props: Props) -> None:
        named = {"logGroupName": props["LogGroupName"], "filterName": physical_id}
        calls.unless_gone("logs", f"delete_{kind}_filter", **named)

    return Resource(create, delete, update, fixed=("LogGroupName", "FilterName"))


def _alarm(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    name = props.get("AlarmName") or physical_name(stack, logical_id, _MAX_NAME)
    return _alarm_put(calls, name, props)


def _alarm_put(calls: Calls, name: str, props: Props) -> Made:
    calls("cloudwatch", "put_metric_alarm", **{**props, "AlarmName": name})
    found = calls("cloudwatch", "describe_alarms", AlarmNames=[name])["MetricAlarms"]
    return name, {"Arn": found[0]["AlarmArn"]} if found else {}


def _alarm_gone(calls: Calls, physical_id: str, props: Props) -> None:
    calls.unless_gone("cloudwatch", "delete_alarms", AlarmNames=[physical_id])


def _dashboard(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    return _dashboard_put(
        calls, props.get("DashboardName") or physical_name(stack, logical_id, _MAX_NAME), props
    )


def _dashboard_put(calls: Calls, name: str, props: Props) -> Made:
    body = props["DashboardBody"]
    text = body if isinstance(body, str) else json.dumps(body)
    calls("cloudwatch", "put_dashboard", DashboardName=name, DashboardBody=text)
    return name, {}


def _dashboard_gone(calls: Calls, physical_id: str, props: Props) -> None:
    calls.unless_gone("cloudwatch", "delete_dashboards", DashboardNames=[physical_id])


LOG_GROUP: Final = Resource(_group, _group_gone, _group_changed, fixed=("LogGroupName",))
LOG_STREAM: Final = Resource(_stream, _stream_gone)
METRIC_FILTER: Final = _filter("metric")
SUBSCRIPTION_FILTER: Final = _filter("subscription")
ALARM: Final = Resource(
    _alarm, _alarm_gone, lambda calls, name, old, new: _alarm_put(calls, name, new), fixed=("AlarmName",)
)
DASHBOARD: Final = Resource(
    _dashboard,
    _dashboard_gone,
    lambda calls, name, old, new: _dashboard_put(calls, name, new),
    fixed=("DashboardName",),
)
