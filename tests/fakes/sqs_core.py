"""Queues as SQS has them, in memory: standard and FIFO, visibility, redrive; nothing of HTTP or of real time.

Implements `ports.message_queue.MessageQueue` too, for tests in virtual time.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from lambdad.domain.queue_message import AttributeValue, Message, QueueFacts
from lambdad.domain.scope import Scope
from lambdad.ports.message_queue import QueueTrouble


@dataclass
class Kept:
    """A message in a queue."""

    id: str
    body: str
    sent_s: float
    number: int
    group: str | None = None
    trace: str | None = None
    attributes: dict[str, AttributeValue] = field(default_factory=dict)
    visible_s: float = 0.0
    receives: int = 0
    first_s: float = 0.0
    receipt: str = ""


@dataclass
class Queue:
    """One queue.

    Attributes:
        order: messages by id, in the order they were sent.
        dead: queue that gets what was received `most_receives` times; None for none.
        deleted: ids, in order.
    """

    name: str
    visibility_s: float = 30.0
    dead: Queue | None = None
    most_receives: int = 0
    order: dict[str, Kept] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    lifetimes: list[float] = field(default_factory=list)
    is_fifo: bool = False


class FakeSqs:
    """All queues of one account.

    Attributes:
        trouble: what every request meets; None when all is well.
        requests: operations, in order.
    """

    def __init__(
        self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[object]] | None = None
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._ids = itertools.count(1)
        self.queues: dict[str, Queue] = {}
        self.trouble: QueueTrouble | None = None
        self.requests: list[str] = []
        self.refuses_deletes = 0

    def make(self, name: str, visibility_s: float = 30.0, dead: str | None = None, most: int = 0) -> Queue:
        """Make a queue, or change the one of that name."""
        queue = self.queues.setdefault(name, Queue(name, is_fifo=name.endswith(".fifo")))
        queue.visibility_s, queue.most_receives = visibility_s, most
        queue.dead = self.queues[dead] if dead is not None else None
        return queue

    def send(
        self,
        name: str,
        body: str,
        group: str | None = None,
        trace: str | None = None,
        attributes: dict[str, AttributeValue] | None = None,
        known: str | None = None,
    ) -> str:
        """Send a message; its id."""
        number = next(self._ids)
        name_of = known or f"{number:08d}-0000-4000-8000-000000000000"
        self.queues[name].order[name_of] = Kept(
            name_of, body, self._clock(), number, group, trace, attributes or {}
        )
        return name_of

    def take(self, name: str, most: int) -> list[Message]:
        """Up to `most` messages, as ReceiveMessage gives them."""
        queue, now_s = self.queues[name], self._clock()
        found: list[Message] = []
        busy = (
            {one.group for one in queue.order.values() if one.visible_s > now_s} if queue.is_fifo else set()
        )
        for kept in itertools.islice(list(queue.order.values()), None if queue.is_fifo else 1_000):
            if len(found) >= most:
                break
            if kept.visible_s > now_s or (queue.is_fifo and kept.group in busy):
                continue
            if queue.dead is not None and kept.receives >= queue.most_receives:
                queue.dead.order[kept.id] = queue.order.pop(kept.id)
                kept.visible_s = 0.0
                continue
            found.append(self._received(queue, kept, now_s))
        return found

    def _received(self, queue: Queue, kept: Kept, now_s: float) -> Message:
        kept.receives += 1
        kept.first_s = kept.first_s or now_s
        kept.visible_s = now_s + queue.visibility_s
        kept.receipt = f"{kept.id}#{kept.receives}"
        attributes = {
            "ApproximateReceiveCount": str(kept.receives),
            "SentTimestamp": str(int(kept.sent_s * 1000)),
            "SenderId": "AIDAFAKE",
            "ApproximateFirstReceiveTimestamp": str(int(kept.first_s * 1000)),
        }
        if kept.group is not None:
            attributes |= {
                "MessageGroupId": kept.group,
                "MessageDeduplicationId": kept.id,
                "SequenceNumber": f"{kept.number:020d}",
            }
        if kept.trace is not None:
            attributes["AWSTraceHeader"] = kept.trace
        md5 = hashlib.md5(kept.body.encode(), usedforsecurity=False).hexdigest()
        return Message(kept.id, kept.receipt, kept.body, md5, attributes, kept.attributes, None)

    def drop(self, name: str, receipts: Sequence[str]) -> list[str]:
        """Delete messages; receipts that are no longer good delete nothing, as in SQS."""
        queue = self.queues[name]
        if self.refuses_deletes:
            self.refuses_deletes -= 1
            return list(receipts)
        for receipt in receipts:
            sent = receipt.partition("#")[0]
            kept = queue.order.get(sent)
            if kept is not None and (kept.receipt == receipt or not queue.is_fifo):
                del queue.order[sent]
                queue.deleted.append(sent)
                queue.lifetimes.append(self._clock() - kept.sent_s)
        return []

    def tell(self, name: str) -> QueueFacts:
        """What a queue says of itself."""
        queue, now_s = self.queues[name], self._clock()
        hidden = sum(one.visible_s > now_s for one in queue.order.values())
        return QueueFacts(int(queue.visibility_s), len(queue.order) - hidden, hidden)

    # --- the port --------------------------------------------------------------------------------------

    async def receive(self, scope: Scope, queue: str, *, most: int, wait_s: int) -> list[Message]:
        self._meet("ReceiveMessage", queue)
        await asyncio.sleep(0)
        end_s = self._clock() + wait_s
        while not (found := self.take(_name(queue), most)) and self._sleep and self._clock() < end_s:
            await self._sleep(min(1.0, end_s - self._clock()))
        return found

    async def delete(self, scope: Scope, queue: str, receipts: Sequence[str]) -> list[str]:
        self._meet("DeleteMessageBatch", queue)
        await asyncio.sleep(0)
        return self.drop(_name(queue), receipts)

    async def facts(self, scope: Scope, queue: str) -> QueueFacts:
        self._meet("GetQueueAttributes", queue)
        await asyncio.sleep(0)
        return self.tell(_name(queue))

    def _meet(self, operation: str, queue: str) -> None:
        self.requests.append(operation)
        if self.trouble is not None:
            raise self.trouble
        if _name(queue) not in self.queues:
            said = '{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}'
            raise QueueTrouble(f"sqs answered 400: {said}", "QueueDoesNotExist")


def _name(queue: str) -> str:
    return queue.rpartition(":")[2]
