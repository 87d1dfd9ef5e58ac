"""The server's end of memory images: asks the launcher, and finds it a blank to compare with."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Final, cast

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.asking import Questions
from lambdad.worker.sandbox.blank import BlankKind
from lambdad.worker.sandbox.helper import News, Packets
from lambdad.worker.sandbox.image import ImageStale, MemfdImage, SnapshotRefused
from lambdad.worker.sandbox.plan import Sandbox

_MOST_AT_ONCE: Final = 1_000


class Imaging:
    """Takes images of runtimes and puts them back.

    Args:
        packets: of the launcher; None while there is none.
        blank: makes a blank of a kind.
    """

    def __init__(
        self, packets: Callable[[], Packets | None], blank: Callable[[BlankKind], Awaitable[Sandbox]]
    ) -> None:
        self.questions = Questions("the sandbox launcher", _MOST_AT_ONCE)
        self._packets = packets
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
            answer, descriptors = await self.questions.ask(self._packets(), question)
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
            answer, _ = await self.questions.ask(self._packets(), question, (descriptor,))
        except EnvironmentUnavailable as error:
            raise ImageStale(str(error)) from error
        finally:
            os.close(descriptor)
        if "refused" in answer:
            raise ImageStale(cast("str", answer["refused"]))
