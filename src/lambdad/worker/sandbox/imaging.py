"""The server's end of memory images: asks the launcher, and finds it a blank to compare with."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.asking import Answer
from lambdad.worker.sandbox.blank import BlankKind
from lambdad.worker.sandbox.helper import News
from lambdad.worker.sandbox.image import ImageStale, MemfdImage, SnapshotRefused
from lambdad.worker.sandbox.plan import Sandbox


class Ask(Protocol):
    """Asks the launcher."""

    async def __call__(self, question: News, given: tuple[int, ...] = ()) -> Answer:
        """As `Questions.ask`."""
        ...


class Imaging:
    """Takes images of runtimes and puts them back.

    Args:
        ask: the launcher, as `Questions.ask` does.
        blank: makes a blank of a kind.
    """

    def __init__(self, ask: Ask, blank: Callable[[BlankKind], Awaitable[Sandbox]]) -> None:
        self._ask = ask
        self._blank = blank

    async def take(self, sandbox_id: str, kind: BlankKind) -> MemfdImage:
        """An image of the runtime of a sandbox, which was a blank of this kind.

        Raises:
            SnapshotRefused: it cannot be kept; the message says why.
            EnvironmentUnavailable: the host did not do it.
        """
        blank = await self._blank(kind)
        try:
            question: News = {"op": "snapshot", "id": sandbox_id, "blank_id": blank.sandbox_id}
            answer, descriptors = await self._ask(question)
        finally:
            await blank.destroy()
        if "refused" in answer:
            raise SnapshotRefused(cast("str", answer["refused"]))
        return MemfdImage(descriptors[0], cast("int", answer["size_bytes"]))

    async def put_back(self, sandbox_id: str, image: MemfdImage) -> None:
        """Have what waits in a sandbox become the image's process.

        Raises:
            ImageStale: it is no process of the image's fork server, or the host did not do it.
        """
        descriptor = os.dup(image.descriptor)
        try:
            question: News = {"op": "restore", "id": sandbox_id}
            answer, _ = await self._ask(question, (descriptor,))
        except EnvironmentUnavailable as error:
            raise ImageStale(str(error)) from error
        finally:
            os.close(descriptor)
        if "refused" in answer:
            raise ImageStale(cast("str", answer["refused"]))
