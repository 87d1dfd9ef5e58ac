"""Where each sandbox's `/tmp` is."""

from __future__ import annotations

import contextlib
import os
from typing import NamedTuple

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.tmp import btrfs
from lambdad.worker.sandbox.launcher.tmp.image import Image
from lambdad.worker.sandbox.launcher.tmp.keeper import Keeper

# The quota counts what btrfs needs to find the files, too: one that is as large as `/tmp` shall fit.
OVERHEAD_BYTES = 256 * 1024
_MODE = 0o1777  # as every /tmp has it


class _Place(NamedTuple):
    directory: str
    number: int
    size_bytes: int


class Tmp:
    """What makes, limits and removes `/tmp` of sandboxes.

    Args:
        image: None when every `/tmp` is a tmpfs.
        why: why it is None.
    """

    def __init__(self, image: Image | None, why: str = "") -> None:
        self._image = image
        self._keeper = None if image is None else Keeper(image)
        self._places: dict[str, _Place] = {}
        self._made = 0
        self._promised_bytes = 0
        self.why = why

    @property
    def is_on_disk(self) -> bool:
        """Whether it is, if nothing goes wrong."""
        return self._image is not None

    def make(self, name: str, owner: tuple[int, int], size_bytes: int) -> int | None:
        """An empty `/tmp` as a detached mount tree; None when it has to be a tmpfs (`why` says why).

        Args:
            name: of the sandbox.
            owner: (uid, gid) on the host.
            size_bytes: see `limit`.
        """
        if self._image is None:
            return None
        # A name may come again before the keeper is done with the last of it.
        self._made += 1
        directory = str(self._made)
        try:
            btrfs.create(self._image.root, directory)
            return self._prepare(self._image, name, directory, owner, size_bytes)
        except OSError as error:
            self.why = str(error)
            self.remove(name)
            return None

    def limit(self, name: str, size_bytes: int) -> bool:
        """From now on `/tmp` of the sandbox `name` holds no more than `size_bytes`.

        May be called at any time after `make`; takes 0.03 ms.

        Returns:
            False when it is a tmpfs, whose size only a process inside can change.

        Raises:
            OSError: the image is broken or full; the former limit holds.
        """
        place = self._places.get(name)
        if place is None or self._image is None:
            return False
        btrfs.limit(self._image.root, place.number, size_bytes + OVERHEAD_BYTES)
        self._places[name] = place._replace(size_bytes=size_bytes)
        self._promise(size_bytes - place.size_bytes)
        return True

    def remove(self, name: str) -> None:
        """Remove what is there, soon; nothing when it is a tmpfs."""
        place = self._places.pop(name, None)
        if place is not None and self._keeper is not None:
            self._promise(-place.size_bytes)
            self._keeper.remove(place.directory, place.number)

    def close(self) -> None:
        """Remove everything, so that nothing of it has to be written when the image is unmounted."""
        for name in list(self._places):
            self.remove(name)
        if self._keeper is not None and self._image is not None:
            self._keeper.close()
            os.close(self._image.root)
            os.close(self._image.file)
            self._image = self._keeper = None

    def _prepare(self, image: Image, name: str, made: str, owner: tuple[int, int], size_bytes: int) -> int:
        place = f"/proc/self/fd/{image.root}/{made}"
        directory = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._places[name] = _Place(made, btrfs.number(directory), 0)
            self.limit(name, size_bytes)
            os.fchown(directory, *owner)
            os.fchmod(directory, _MODE)
        except BaseException:
            if name not in self._places:
                with contextlib.suppress(OSError):
                    btrfs.destroy(image.root, made)
            raise
        finally:
            os.close(directory)
        tree = syscalls.open_tree(place)
        try:
            syscalls.restrict_tree(tree, syscalls.ATTR_NOSUID | syscalls.ATTR_NODEV, recursive=False)
        except BaseException:
            os.close(tree)
            raise
        return tree

    def _promise(self, more_bytes: int) -> None:
        self._promised_bytes += more_bytes
        if self._keeper is not None:
            self._keeper.promise(self._promised_bytes)
