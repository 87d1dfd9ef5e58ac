"""Queues of SQS as a kind of source: makes pollers, and says whether a queue suits a function.

Implements `ports.event_sources.PollerMaker`.
"""

from __future__ import annotations

from collections.abc import Callable

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope
from lambdad.ports.event_sources import Poller, StartFrom
from lambdad.ports.message_queue import QueueTrouble
from lambdad.sources import trouble
from lambdad.sources.sqs.poller import NEEDED, SqsPoller, Tools


class Queues:
    """Both kinds of queues.

    Args:
        tools: of every poller.
        is_configured: whether there is an endpoint of SQS now.
    """

    def __init__(self, tools: Tools, *, is_configured: Callable[[], bool]) -> None:
        self._tools = tools
        self._is_configured = is_configured

    def poller(self, scope: Scope, mapping: EventSourceMapping) -> Poller:
        """One that has not begun."""
        return SqsPoller(scope, mapping, self._tools)

    def not_polled(self) -> str | None:
        """Why no queue can be polled."""
        if self._is_configured():
            return None
        return (
            "No SQS is configured or installed (lambdad neighbours install), so the mapping stays disabled."
        )

    async def admit(self, scope: Scope, mapping: EventSourceMapping, version: FunctionVersion) -> None:
        """Refuse a queue that is not there, is closed to the role, or gives messages again too soon.

        Raises:
            InvalidParameter: in AWS's words.
        """
        queue = mapping.source_arn or ""
        lacking = self._tools.roles.lacking(version.role, version.name, NEEDED, queue)
        if lacking is not None:
            raise InvalidParameter(trouble.lacks(lacking))
        try:
            facts = await self._tools.queue.facts(scope, queue)
        except QueueTrouble as error:
            # AWS tries to receive, and names that.
            operation = "GetQueueAttributes" if trouble.is_denial(error.code) else "ReceiveMessage"
            raise InvalidParameter(trouble.refused(operation, str(error), error.code)) from error
        if facts.visibility_s < version.timeout_s:
            raise InvalidParameter(trouble.too_short(facts.visibility_s, version.timeout_s))

    async def forget(self, scope: Scope, mapping: EventSourceMapping) -> None:
        """Nothing is kept of a mapping: the queue knows what was read."""

    async def reset(self, scope: Scope, mapping: EventSourceMapping, start: StartFrom) -> None:
        """Refuse it.

        Raises:
            InvalidParameter: always.
        """
        raise InvalidParameter("A queue has no checkpoint: what was read and not deleted comes again.")
