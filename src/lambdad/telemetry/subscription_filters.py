"""Subscription filters: put, described and deleted; destinations are functions of the same account.

No test message reaches a function: AWS only looks whether it may be invoked.

Source: CloudWatch Logs API and model; answers recorded by LocalStack's suite against AWS (February 2026,
`test_logs_subscription_filters`); refusals as users report them: serverless-plugin-log-subscription issue 6
(permission), troposphere pull request 413 (role), serverless-log-forwarding issue 13 (its own group).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from lambdad.domain.arn import FunctionReference, parse_function
from lambdad.domain.errors import (
    AccessDenied,
    InvalidParameter,
    LambdadError,
    NotFound,
    NotOffered,
    QuotaExceeded,
)
from lambdad.domain.http import Request
from lambdad.domain.limits import MAX_SUBSCRIPTION_FILTERS
from lambdad.domain.log_filter import GroupFilters, SubscriptionFilter
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogStore
from lambdad.telemetry.filter_book import FilterBook
from lambdad.telemetry.filter_paging import page
from lambdad.telemetry.filter_rules import change_filters, check_expressions, refuse_unoffered
from lambdad.telemetry.patterns.compiling import compile_pattern

Params = dict[str, Any]
NO_FILTER = "The specified subscription filter does not exist."
_BY_STREAM = "ByLogStream"


class Destination(Protocol):
    """Functions as destinations of log events."""

    async def log_group(self, scope: Scope, function: FunctionReference) -> str | None:
        """The log group of a function; None when there is no such function."""
        ...

    async def lets_in(self, scope: Scope, function: FunctionReference, group: str) -> bool:
        """Whether the function's policy lets CloudWatch Logs invoke it for a group."""
        ...


class SubscriptionFilters:
    """Handlers of PutSubscriptionFilter, DescribeSubscriptionFilters and DeleteSubscriptionFilter."""

    def __init__(self, store: LogStore, book: FilterBook, clock: Clock, destination: Destination) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._destination = destination

    async def put(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Make a filter, or change one; it tells of what is written from now on."""
        refuse_unoffered(params, "emitSystemFields")
        scope, group = request.caller.scope, params["logGroupName"]
        compile_pattern(params["filterPattern"])
        function = destination_of(params["destinationArn"], params.get("roleArn"), scope)
        await self._store.group(scope, group)
        await self._check(scope, function, group)
        made = SubscriptionFilter(
            params["filterName"],
            params["filterPattern"],
            int(self._clock.now() * 1000),
            params["destinationArn"],
            params.get("distribution", _BY_STREAM),
        )

        def decide(known: GroupFilters) -> GroupFilters:
            return with_subscription_filter(known, made)

        await change_filters(self._store, self._book, scope, group, decide)
        return {}

    async def describe(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of a group's filters."""
        scope, group = request.caller.scope, params["logGroupName"]
        await self._store.group(scope, group)
        prefix = params.get("filterNamePrefix") or ""
        items = [
            (each.name, group, _shown(each, group))
            for each in self._book.of(scope, group).subscriptions
            if each.name.startswith(prefix)
        ]
        return page(items, "subscriptionFilters", params)

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove a filter."""
        scope, group, name = request.caller.scope, params["logGroupName"], params["filterName"]
        await self._store.group(scope, group)

        def decide(known: GroupFilters) -> GroupFilters:
            kept = tuple(each for each in known.subscriptions if each.name != name)
            if len(kept) == len(known.subscriptions):
                raise NotFound(NO_FILTER)
            return replace(known, subscriptions=kept)

        await self._book.change(scope, group, decide)
        return {}

    async def _check(self, scope: Scope, function: FunctionReference, group: str) -> None:
        own = await self._destination.log_group(scope, function)
        if own == group:
            raise InvalidParameter(
                "The log group provided is reserved for the function logs of the destination function."
            )
        if own is None or not await self._destination.lets_in(scope, function, group):
            raise InvalidParameter(
                "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission "
                "to execute your function."
            )


def destination_of(arn: str, role: str | None, scope: Scope) -> FunctionReference:
    """The function that an ARN names.

    Raises:
        AccessDenied: it is another account's.
        InvalidParameter: no function can be meant.
        NotOffered: it is a stream or a destination of CloudWatch Logs.
    """
    parts = arn.split(":")
    vendor = parts[2] if len(parts) > 5 and parts[0] == "arn" else None
    if vendor in ("kinesis", "firehose"):
        if role is None:
            raise InvalidParameter(f"destinationArn for vendor {vendor} cannot be used without roleArn")
        raise NotOffered(f"Subscription filters to {vendor} are not offered by lambdad")
    if vendor == "logs":
        raise NotOffered("Subscription filters to destinations of other accounts are not offered by lambdad")
    if vendor != "lambda":
        raise InvalidParameter(
            f"PutSubscriptionFilter operation cannot work with destinationArn for vendor {vendor or arn[:64]}"
        )
    if role is not None:
        raise InvalidParameter("destinationArn for vendor lambda cannot be used with roleArn")
    if (parts[3], parts[4]) != (scope.region, scope.account):
        raise AccessDenied(
            "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to "
            "create cross account lambda triggers."
        )
    try:
        return parse_function(arn, scope)
    except LambdadError as error:
        raise InvalidParameter("Invalid destinationArn: it is not the ARN of a function.") from error


def with_subscription_filter(known: GroupFilters, made: SubscriptionFilter) -> GroupFilters:
    """The filters of a group with one more, or with one changed.

    Raises:
        QuotaExceeded: there are as many as there may be.
    """
    others = tuple(each for each in known.subscriptions if each.name != made.name)
    same = next((each for each in known.subscriptions if each.name == made.name), None)
    if same is not None:
        made = replace(made, created_ms=same.created_ms)
    elif len(others) >= MAX_SUBSCRIPTION_FILTERS:
        raise QuotaExceeded("Resource limit exceeded.")
    subscriptions = tuple(sorted((*others, made), key=lambda each: each.name))
    return check_expressions(replace(known, subscriptions=subscriptions))


def _shown(each: SubscriptionFilter, group: str) -> dict[str, Any]:
    return {
        "filterName": each.name,
        "logGroupName": group,
        "filterPattern": each.pattern,
        "destinationArn": each.destination,
        "distribution": each.distribution,
        "creationTime": each.created_ms,
        "applyOnTransformedLogs": False,
    }
