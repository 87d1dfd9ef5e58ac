"""Where records of asynchronous invocations may go: standard queues and topics, functions, event buses, and
buckets for failures alone.

Source: AWS's page of PutFunctionEventInvokeConfig; recorded answers
EventInvokeConfig test_lambda_eventinvokeconfig_exceptions. That FIFO queues are refused is aws/aws-cdk
issue 13793, which does not have the words; they are those of other refused ARNs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lambdad.control.context import ControlContext
from lambdad.domain.arn import FunctionReference
from lambdad.domain.errors import InvalidParameter, NotFound
from lambdad.domain.scope import Scope

_SUCCESS: Final = frozenset({"sqs", "sns", "lambda", "events"})
_FAILURE: Final = _SUCCESS | {"s3"}
_FIFO: Final = ".fifo"
_MEMBERS: Final = ("arn", "partition", "service", "region", "account", "resource")


@dataclass(frozen=True, slots=True)
class Destinations:
    """The two destinations as a request gives them.

    Attributes:
        on_success: an ARN; None for none.
        on_failure: an ARN; None for none.
    """

    on_success: str | None
    on_failure: str | None


async def read_destinations(
    context: ControlContext, scope: Scope, function: str, given: dict[str, Any]
) -> Destinations:
    """The destinations of a DestinationConfig, for events of a function.

    Raises:
        InvalidParameter: one that records cannot go to; in AWS's words.
    """
    success, failure = given.get("OnSuccess"), given.get("OnFailure")
    found = Destinations(_destination(success), _destination(failure))
    if not (_is_kind(found.on_success, _SUCCESS) and _is_kind(found.on_failure, _FAILURE)):
        shown = f"onSuccess={_as_java('OnSuccess', success)}, onFailure={_as_java('OnFailure', failure)}"
        raise InvalidParameter(f"The provided destination config DestinationConfig({shown}) is invalid.")
    for arn in (found.on_success, found.on_failure):
        if arn is not None:
            await _check(context, scope, function, arn)
    return found


async def _check(context: ControlContext, scope: Scope, function: str, arn: str) -> None:
    _, partition, service, region, account, resource = arn.split(":", 5)
    there = Scope(account, region)
    if partition != scope.partition:
        raise _invalid(arn)
    if service == "lambda":
        reference = _function(resource)
        if reference is None or not (account and region):
            raise _invalid(arn)
        # Whether another account has a function is nothing this caller may find out.
        if account == scope.account and not await _exists(context, there, reference):
            raise _invalid(arn)
        if (there, reference.name) == (scope, function):
            raise InvalidParameter("You can't specify the function as a destination for itself.")
    elif not _is_well_formed(service, there, resource):
        raise _invalid(arn)


def _is_well_formed(service: str, there: Scope, resource: str) -> bool:
    if service == "s3":
        return bool(resource) and not there.account and not there.region
    if not (resource and there.account and there.region):
        return False
    if service == "events":
        return resource.startswith("event-bus/") and resource != "event-bus/"
    return ":" not in resource and not resource.endswith(_FIFO)


async def _exists(context: ControlContext, there: Scope, reference: FunctionReference) -> bool:
    try:
        await context.read(there, reference)
    except NotFound:
        return False
    return True


def _function(resource: str) -> FunctionReference | None:
    """The function that an ARN's resource names, ``function:name`` or ``function:name:qualifier``."""
    match resource.split(":"):
        case ["function", name] if name:
            return FunctionReference(name)
        case ["function", name, qualifier] if name and qualifier:
            return FunctionReference(name, qualifier)
    return None


def _destination(given: dict[str, Any] | None) -> str | None:
    return (given or {}).get("Destination") or None


def _is_kind(arn: str | None, services: frozenset[str]) -> bool:
    if arn is None:
        return True
    members = arn.split(":", 5)
    return len(members) == len(_MEMBERS) and members[2] in services


def _as_java(name: str, given: dict[str, Any] | None) -> str:
    return "null" if given is None else f"{name}(destination={given.get('Destination') or 'null'})"


def _invalid(arn: str) -> InvalidParameter:
    return InvalidParameter(f"The destination ARN {arn} is invalid.")
