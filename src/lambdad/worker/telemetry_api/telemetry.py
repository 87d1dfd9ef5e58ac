"""The Telemetry and Logs APIs of one environment.

Before: the Runtime API's server knows the path and the extension. After: records reach the extension's own
listener. Made for the first subscription; an environment without any has none of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from lambdad.domain.limits import MAX_EARLY_EVENTS
from lambdad.ports.clock import Clock
from lambdad.worker.telemetry_api import answers
from lambdad.worker.telemetry_api.delivery import Connect
from lambdad.worker.telemetry_api.schemas import render
from lambdad.worker.telemetry_api.subscriber import Subscriber
from lambdad.worker.telemetry_api.subscription import InvalidSubscription, Subscription, parse
from lambdad.worker.telemetry_api.tap import TelemetryTap


class TappedJournal(Protocol):
    """What is told of subscriptions, and tells of everything else."""

    def set_telemetry(self, tap: TelemetryTap | None) -> None:
        """Tell `tap` from now on."""
        ...

    def subscribed(self, api: str, name: str, types: Sequence[str]) -> None:
        """An extension has subscribed."""
        ...


class Telemetry:
    """Takes subscriptions and hands events to who asked for them (a `TelemetryTap`).

    Args:
        connect: `Sandbox.connect_socket`.
        journal: of the environment.
        clock: for records of our own.

    Attributes:
        platform: somebody wants platform events.
        function: somebody wants what the runtime prints.
        extension: somebody wants what extensions print.
    """

    __slots__ = (
        "_clock",
        "_connect",
        "_early",
        "_journal",
        "_paused",
        "_subscribers",
        "extension",
        "function",
        "platform",
    )

    def __init__(self, connect: Connect, journal: TappedJournal, clock: Clock) -> None:
        self._connect = connect
        self._journal = journal
        self._clock = clock
        self._subscribers: list[Subscriber] = []
        self._early: list[tuple[int, str, object]] = []
        self._paused = False
        self.platform = self.function = self.extension = False

    # --- subscribing -----------------------------------------------------------------------------

    def subscribe(self, api: str, extension_name: str, body: bytes, *, is_open: bool = True) -> bytes:
        """Answer a Subscribe call: the whole HTTP answer.

        Args:
            api: ``telemetry`` or ``logs``.
            extension_name: who asks.
            body: of the request.
            is_open: whether the environment is still in Init.
        """
        if not is_open:
            return answers.closed(api)
        try:
            asked = parse(api, body)
        except InvalidSubscription as error:
            return answers.invalid(api, error.problems)
        own = [one for one in self._subscribers if one.name == extension_name]
        if any(one.subscription.api != api for one in own):
            problem = f"{extension_name} is subscribed already, to the other of Logs API and Telemetry API"
            return answers.invalid(api, [problem])
        if not any(one.subscription == asked for one in own):  # the same again changes nothing
            self._replace(own, extension_name, asked)
        return answers.OK

    def _replace(self, own: list[Subscriber], name: str, asked: Subscription) -> None:
        for one in own:
            one.close()
            self._subscribers.remove(one)
        subscriber = Subscriber(name, asked, self._connect, self._now_ms)
        if self._paused:
            subscriber.pause()
        for time_ms, type_, record in self._early:
            _offer(subscriber, "platform", time_ms, type_, record)
        self._subscribers.append(subscriber)
        wanted = {kind for one in self._subscribers for kind in one.subscription.types}
        self.platform = "platform" in wanted
        self.function = "function" in wanted
        self.extension = "extension" in wanted
        self._journal.set_telemetry(self)
        self._journal.subscribed(asked.api, name, asked.types)

    # --- telling ---------------------------------------------------------------------------------

    def event(self, kind: str, time_ms: int, type_: str, record: object) -> None:
        """Take one event; see `TelemetryTap`."""
        if kind == "platform":
            self._remember(time_ms, type_, record)
        for subscriber in self._subscribers:
            _offer(subscriber, kind, time_ms, type_, record)

    def _remember(self, time_ms: int, type_: str, record: object) -> None:
        """Keep what was said of Init for who subscribes later in it."""
        if type_ in {"platform.start", "platform.initReport"}:
            self._early.clear()
        elif len(self._early) < MAX_EARLY_EVENTS:
            self._early.append((time_ms, type_, record))

    # --- the life cycle --------------------------------------------------------------------------

    def pause(self) -> None:
        """The environment is going to be frozen: send nothing, and wait for nothing."""
        self._paused = True
        for subscriber in self._subscribers:
            subscriber.pause()

    def resume(self) -> None:
        """The environment runs again."""
        self._paused = False
        for subscriber in self._subscribers:
            subscriber.resume()

    def flush_soon(self) -> None:
        """Deliver what there is now, without waiting for it."""
        for subscriber in self._subscribers:
            subscriber.flush_soon()

    async def flush(self, deadline: float) -> None:
        """Deliver everything, until `deadline` (on the loop's clock) at the latest."""
        if not self._subscribers:
            return
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.gather(*(subscriber.flush() for subscriber in self._subscribers))
        except TimeoutError:
            return

    def close(self) -> None:
        """Deliver nothing any more; buffers are forgotten."""
        for subscriber in self._subscribers:
            subscriber.close()
        self._subscribers.clear()
        self.platform = self.function = self.extension = False
        self._journal.set_telemetry(None)

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)


def _offer(subscriber: Subscriber, kind: str, time_ms: int, type_: str, record: object) -> None:
    asked = subscriber.subscription
    if kind in asked.types:
        told = render(asked.api, asked.schema, time_ms, type_, record)
        if told is not None:
            subscriber.offer(told)
