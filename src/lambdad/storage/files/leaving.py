"""Trees on their way out: renamed at once, removed by a thread of their own a moment later.

Removing 10,000 trees takes half a minute, and neither the start of a server nor new code waits for that.
What a server does not get to is removed by the next one.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path


class Leaving:
    """The directory of what is to be removed.

    Args:
        place: made with the first tree that leaves.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="code-sweeper")
        self._sweeping: Future[None] | None = None
        self._closing = threading.Event()

    def take(self, trees: Iterable[Path]) -> None:
        """Rename trees away: under their own names nobody finds them any more; call from one thread."""
        batch: Path | None = None
        for number, tree in enumerate(trees):
            if batch is None:  # the names of different trees may be the same
                self._place.mkdir(exist_ok=True)
                batch = Path(tempfile.mkdtemp(dir=self._place))
            tree.rename(batch / str(number))

    def sweep(self) -> None:
        """Begin to remove whatever has left."""
        self._sweeping = self._thread.submit(self._sweep)

    async def swept(self) -> None:
        """Wait until what `sweep` began with is removed."""
        if self._sweeping is not None:
            await asyncio.wrap_future(self._sweeping)

    def close(self) -> None:
        """Return when nothing is being removed any more; what is left is for the next server."""
        self._closing.set()
        self._thread.shutdown()

    def _sweep(self) -> None:
        for batch in _inside(self._place):
            for tree in _inside(batch):
                if self._closing.is_set():
                    return
                shutil.rmtree(tree, ignore_errors=True)
            shutil.rmtree(batch, ignore_errors=True)


def _inside(directory: Path) -> Iterator[Path]:
    return iter(list(directory.iterdir()) if directory.is_dir() else ())
