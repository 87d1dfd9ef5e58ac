"""Where an S3 server that is elsewhere tells what happened: events for functions, on disk before the 200.

The path ends in a token that nobody guesses. A server that is answered anything else than 200 sends again,
if it is one that does; functions may therefore be told twice, as AWS may do.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Iterator
from typing import Final, Protocol

from lambdad.domain.bucket_events import BUCKET_RULES, BucketRules, FunctionRule, place_of
from lambdad.domain.errors import InvalidRequestContent, NotFound
from lambdad.domain.http import Request, Response
from lambdad.domain.limits import MAX_WEBHOOK_BYTES
from lambdad.domain.scope import Scope
from lambdad.neighbours.bucket_events.records import NoEvents, Told, event_of, read
from lambdad.ports.clock import Clock
from lambdad.ports.resource_store import ResourceStore

_log = logging.getLogger(__name__)

NAME: Final = "s3-events"
"""In the path, before the token."""
_MOST_WARNED: Final = 1_000


class Destination(Protocol):
    """Functions, as S3 sees them."""

    async def lets_in(self, bucket: str, owner: Scope, function: str) -> bool:
        """Whether a function is there and its policy lets S3 invoke it for a bucket of this owner."""
        ...

    async def deliver(self, owner: Scope, function: str, body: bytes) -> None:
        """Queue an event for a function; it is on disk when this returns.

        Raises:
            LambdadError: it is not.
        """
        ...


class Webhook:
    """Answers `POST /lambdad/v1/s3-events/<token>`.

    Args:
        token: what the path must end in.
        rules: what functions are told.
        destination: the functions.
        clock: for events that do not say when they were.
    """

    def __init__(self, token: str, rules: ResourceStore, destination: Destination, clock: Clock) -> None:
        self._token = token.encode()
        self._rules = rules
        self._destination = destination
        self._clock = clock
        self._warned: set[tuple[str, str]] = set()

    async def __call__(self, request: Request) -> Response:
        """Queue what functions are told; answered when it is on disk.

        Raises:
            NotFound: the token is another one.
            InvalidRequestContent: it is no notification, or too large.
            LambdadError: an event could not be stored.
        """
        given = request.path.rpartition("/")[2].encode("latin-1", "replace")
        if request.method != "POST" or not hmac.compare_digest(given, self._token):
            raise NotFound("There is nothing here.")
        if len(request.body) > MAX_WEBHOOK_BYTES:
            raise InvalidRequestContent(f"A notification may have {MAX_WEBHOOK_BYTES} bytes.")
        try:
            told = read(request.body, self._clock.now())
        except NoEvents as error:
            raise InvalidRequestContent(f"This is no notification of S3: {error}") from error
        known: dict[str, BucketRules | None] = {}
        for one in told:
            if one.bucket not in known:
                found = await self._rules.read(BUCKET_RULES, place_of(one.bucket))
                known[one.bucket] = found
        deliveries = [
            self._deliver(one, rules, rule, request.request_id)
            for one in told
            if (rules := known[one.bucket]) is not None
            for rule in _fitting(one, rules)
        ]
        for refusal in await asyncio.gather(*deliveries, return_exceptions=True):
            if refusal is not None:
                raise refusal
        return Response(200)

    async def _deliver(self, told: Told, rules: BucketRules, rule: FunctionRule, request_id: str) -> None:
        owner = Scope(rules.account, rules.region)
        if not await self._destination.lets_in(told.bucket, owner, rule.function):
            self._warn(told.bucket, rule.function)
            return
        body = event_of(told, rule.id, rules.account, rules.region, request_id)
        await self._destination.deliver(owner, rule.function, body)

    def _warn(self, bucket: str, function: str) -> None:
        if (bucket, function) in self._warned or len(self._warned) >= _MOST_WARNED:
            return
        self._warned.add((bucket, function))
        _log.warning(
            "s3.amazonaws.com may not invoke %s for bucket %s: it is gone, or its resource policy does not "
            "let S3 in (aws lambda add-permission --action lambda:InvokeFunction --principal "
            "s3.amazonaws.com --source-arn arn:aws:s3:::%s)",
            function,
            bucket,
            bucket,
            extra={"event": "bucket_events.denied", "function": function},
        )


def _fitting(told: Told, rules: BucketRules) -> Iterator[FunctionRule]:
    return (rule for rule in rules.functions if rule.fits(told.event, told.key))
