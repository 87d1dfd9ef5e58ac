"""Dead letters become events of their function again; beyond AWS, where people write a script for it.

A message is deleted from the queue only when its event is on disk: if the server dies in between, the event
is queued a second time by the next redrive, under the same request id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lambdad.domain.arn import service_of
from lambdad.domain.errors import InvalidParameter, LambdadError, NotFound
from lambdad.domain.event import Lane
from lambdad.domain.limits import MAX_ASYNC_REQUEST_BYTES
from lambdad.events.policy import Gone
from lambdad.events.poller import Policies
from lambdad.events.queue import Accept, queued
from lambdad.frontend.payload import checked
from lambdad.ports.clock import Clock
from lambdad.ports.dead_letters import DeadLetter, DeadLetters

MOST_MESSAGES: Final = 1_000
"""Looked at by one redrive; whoever wants more asks again."""


@dataclass(frozen=True, slots=True)
class Redriven:
    """How a redrive went.

    Attributes:
        queue: ARN of the dead-letter queue.
        queued: messages that are events again.
        left: messages that stay in the queue: no dead letters, no JSON, or sent after the redrive began.
        more: there may be others.
    """

    queue: str
    queued: int
    left: int
    more: bool


class Redriver:
    """Redrives lanes.

    Args:
        new_trace: the trace header of a new chain of calls: what was stopped as a loop may run again.
    """

    def __init__(
        self,
        accept: Accept,
        policies: Policies,
        letters: DeadLetters,
        new_trace: Callable[[], str],
        clock: Clock,
    ) -> None:
        self._accept = accept
        self._policies = policies
        self._letters = letters
        self._new_trace = new_trace
        self._clock = clock

    async def redrive(self, lane: Lane) -> Redriven:
        """Queue what is in the dead-letter queue of a lane's function, for the lane.

        Raises:
            NotFound: no such function.
            InvalidParameter: it has no dead-letter queue, or a topic.
            QueueUnavailable: the queue cannot be reached; what was queued before is.
            LambdadError: an event could not be stored; its message stays.
        """
        queue = await self._queue_of(lane)
        # A function that fails at once sends its events back while this takes them out.
        began_ms = self._clock.now() * 1000
        queued = left = 0
        while queued + left < MOST_MESSAGES:
            found = await self._letters.receive(lane.scope, queue)
            if not found:
                return Redriven(queue, queued, left, more=False)
            taken = [one for one in found if one.sent_ms <= began_ms and _is_event(one)]
            await self._take(lane, queue, taken)
            queued += len(taken)
            left += len(found) - len(taken)
        return Redriven(queue, queued, left, more=True)

    async def _queue_of(self, lane: Lane) -> str:
        policy = await self._policies(lane)
        if isinstance(policy, Gone):
            raise NotFound(f"Function not found: {lane.arn}")
        target = policy.dead_letter
        if target is None:
            raise InvalidParameter(f"{lane.arn} has no dead-letter queue (DeadLetterConfig)")
        if not target.startswith("arn:") or service_of(target) != "sqs":
            raise InvalidParameter(
                f"The dead letters of {lane.arn} go to {target}: what was published to a topic cannot be "
                "taken back; only SQS queues can be redriven"
            )
        return target

    async def _take(self, lane: Lane, queue: str, letters: list[DeadLetter]) -> None:
        """Queue letters and delete those that are on disk."""
        refusals = await asyncio.gather(*(self._stored(lane, one) for one in letters))
        stored = [one for one, refusal in zip(letters, refusals, strict=True) if refusal is None]
        if stored:
            await self._letters.remove(lane.scope, queue, stored)
        for refusal in refusals:
            if refusal is not None:
                raise refusal

    async def _stored(self, lane: Lane, letter: DeadLetter) -> LambdadError | None:
        request_id, body = letter.request_id or "", letter.body or b"{}"
        return await queued(self._accept, lane, request_id, body, self._new_trace())


def _is_event(letter: DeadLetter) -> bool:
    if letter.request_id is None:
        return False
    try:
        checked(letter.body, MAX_ASYNC_REQUEST_BYTES)
    except LambdadError:
        return False
    return True
