"""Questions to pid 1 of a sandbox or to the launcher: each has a number, under which its answer comes."""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import Final, cast

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.helper import HelperGone, News, Packets

MOST_OPEN: Final = 16
"""One that is frozen answers nothing, and who asks may give up: no more than these are ever waiting."""

Answer = tuple[News, list[int]]


class Questions:
    """Questions to one that are not answered yet.

    Args:
        who: is asked, as errors name it.
        most_open: how many may wait at a time.
    """

    __slots__ = ("_most_open", "_numbers", "_open", "_who")

    def __init__(self, who: str, most_open: int = MOST_OPEN) -> None:
        self._who = who
        self._most_open = most_open
        self._numbers = itertools.count()
        self._open: dict[int, asyncio.Future[Answer]] = {}

    async def ask(self, packets: Packets | None, question: News, given: tuple[int, ...] = ()) -> Answer:
        """Send a question, with descriptors, and wait for the answer; those in it are the caller's.

        A question stays open when its caller gives up, until the answer comes.

        Raises:
            EnvironmentUnavailable: it is gone or could not do it, or too many questions are open.
        """
        if packets is None or packets.closed:
            raise EnvironmentUnavailable(f"{self._who} is gone")
        if len(self._open) >= self._most_open:
            raise EnvironmentUnavailable(f"{self._who} has {self._most_open} questions to answer already")
        number = next(self._numbers)
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._open[number] = answered
        asked: News = {**question, "number": number}
        try:
            if given:
                await packets.send(asked, given)
            else:
                packets.send_soon(asked)
            answer, descriptors = await answered
        except HelperGone as gone:
            raise EnvironmentUnavailable(f"{self._who} is gone") from gone
        except asyncio.CancelledError:
            if not answered.cancelled():  # the answer was here, but not taken yet
                _close(answered.result()[1])
            raise
        if "error" in answer:
            raise EnvironmentUnavailable(f"{self._who}: {answer['error']}")
        return answer, descriptors

    def answer(self, answer: News, descriptors: list[int]) -> None:
        """Give the answer to whoever asked; nobody may be waiting any more."""
        answered = self._open.pop(cast("int", answer["number"]), None)
        if answered is None or answered.done():
            _close(descriptors)
        else:
            answered.set_result((answer, descriptors))

    def lose(self) -> None:
        """There will be no answers."""
        while self._open:
            _, answered = self._open.popitem()
            if not answered.done():
                answered.set_exception(HelperGone())


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
