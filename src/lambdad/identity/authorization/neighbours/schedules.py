"""Requests to EventBridge Scheduler.

Source: Service Authorization Reference, "Amazon EventBridge Scheduler"; paths as its model has them.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from lambdad.domain.http import Request
from lambdad.identity.authorization.needs import EVERYTHING, Need
from lambdad.identity.authorization.neighbours.passed_roles import passed
from lambdad.identity.authorization.neighbours.reading import Unreadable, json_members, text

_VERBS: Final = {"POST": "Create", "GET": "Get", "PUT": "Update", "DELETE": "Delete"}
_TAGS: Final = {"POST": "TagResource", "GET": "ListTagsForResource", "DELETE": "UntagResource"}
_SERVICE: Final = "scheduler.amazonaws.com"


def scheduler(request: Request) -> list[Need]:
    """What a request to Scheduler needs.

    Raises:
        Unreadable: it does not say one thing only.
    """
    kind, _, name = unquote(request.path, errors="strict").strip("/").partition("/")
    if kind == "tags" and name and request.method in _TAGS:
        return [Need(f"scheduler:{_TAGS[request.method]}", name)]
    noun = {"schedules": "Schedule", "schedule-groups": "ScheduleGroup"}.get(kind)
    if noun is None or request.method not in _VERBS or "/" in name:
        raise Unreadable
    if not name:
        if request.method != "GET":
            raise Unreadable
        return [Need(f"scheduler:List{noun}s", EVERYTHING)]
    action = f"scheduler:{_VERBS[request.method]}{noun}"
    if noun == "ScheduleGroup":
        return [Need(action, request.caller.scope.arn("scheduler", f"schedule-group/{name}"))]
    body = json_members(request) if request.method in {"POST", "PUT"} else {}
    group = text(body.get("GroupName")) or _group(request) or "default"
    target = body.get("Target", {})
    if not isinstance(target, dict):
        raise Unreadable
    resource = request.caller.scope.arn("scheduler", f"schedule/{group}/{name}")
    return [Need(action, resource), *passed(_SERVICE, target.get("RoleArn"))]


def _group(request: Request) -> str:
    found = [value for name, value in request.query if name == "groupName"]
    if len(found) > 1:
        raise Unreadable
    return found[0] if found else ""
