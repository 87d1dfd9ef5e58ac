"""Requests to EventBridge and Step Functions.

Source: Service Authorization Reference, "Amazon EventBridge" and "AWS Step Functions".
"""

from __future__ import annotations

from typing import Final

from lambdad.domain.http import Request
from lambdad.domain.scope import Scope
from lambdad.identity.authorization.needs import EVERYTHING, UNKNOWN, Need
from lambdad.identity.authorization.neighbours.passed_roles import passed
from lambdad.identity.authorization.neighbours.reading import (
    Members,
    Unreadable,
    json_members,
    members,
    target,
    text,
)

_PASSING: Final = frozenset({"PutRule", "PutTargets", "CreateStateMachine", "UpdateStateMachine"})
"""Operations that give the service a role to act with."""
_BUSES: Final = frozenset({"CreateEventBus", "DeleteEventBus", "DescribeEventBus", "UpdateEventBus"})
_RULES: Final = frozenset(
    {
        "DeleteRule",
        "DescribeRule",
        "DisableRule",
        "EnableRule",
        "ListTargetsByRule",
        "PutRule",
        "PutTargets",
        "RemoveTargets",
    }
)
_STATES_ARNS: Final = (
    "stateMachineArn",
    "executionArn",
    "activityArn",
    "resourceArn",
    "mapRunArn",
    "stateMachineAliasArn",
    "stateMachineVersionArn",
)
_STATES_NAMES: Final = {"CreateStateMachine": "stateMachine", "CreateActivity": "activity"}


def events(request: Request) -> list[Need]:
    """What a request to EventBridge needs.

    Raises:
        Unreadable: it does not say one thing only.
    """
    operation, given = _read(request)
    scope = request.caller.scope
    if operation == "PutEvents":
        buses = [_bus(scope, text(each.get("EventBusName"))) for each in members(given.get("Entries"))]
        resources = list(dict.fromkeys(buses)) or [UNKNOWN]
    elif operation in _BUSES:
        resources = [_bus(scope, text(given.get("Name")))]
    elif operation in _RULES:
        bus = text(given.get("EventBusName")).rpartition("/")[2]
        name = text(given.get("Rule") or given.get("Name"))
        resources = [scope.arn("events", f"rule/{name}" if bus in ("", "default") else f"rule/{bus}/{name}")]
    elif given.get("ResourceARN"):
        resources = [text(given["ResourceARN"])]
    else:
        resources = [EVERYTHING if operation.startswith("List") else UNKNOWN]
    roles = [given.get("RoleArn"), *(each.get("RoleArn") for each in members(given.get("Targets")))]
    needs = [Need(f"events:{operation}", resource) for resource in resources]
    return [*needs, *passed("events.amazonaws.com", *roles)] if operation in _PASSING else needs


def _bus(scope: Scope, name: str) -> str:
    return name if name.startswith("arn:") else scope.arn("events", f"event-bus/{name or 'default'}")


def states(request: Request) -> list[Need]:
    """What a request to Step Functions needs.

    Raises:
        Unreadable: it does not say one thing only.
    """
    operation, given = _read(request)
    roles = passed("states.amazonaws.com", given.get("roleArn")) if operation in _PASSING else []
    return [*_states(request, operation, given), *roles]


def _states(request: Request, operation: str, given: Members) -> list[Need]:
    action = f"states:{operation}"
    if operation in _STATES_NAMES:
        name = f"{_STATES_NAMES[operation]}:{text(given.get('name'))}"
        return [Need(action, request.caller.scope.arn("states", name))]
    arns = [text(given[name]) for name in _STATES_ARNS if given.get(name)]
    if arns:
        return [Need(action, arn) for arn in arns]
    return [Need(action, EVERYTHING if operation.startswith(("List", "SendTask")) else UNKNOWN)]


def _read(request: Request) -> tuple[str, Members]:
    operation = target(request)
    if operation is None:
        raise Unreadable
    return operation, json_members(request)
