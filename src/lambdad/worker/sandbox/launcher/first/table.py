"""A table of system calls for pid 1 of a sandbox: made here, sent to its control socket, carried out there.

Before: `tables` says which calls. After: `machine` carries them out, from the first row on: the next row
follows a call that went well, another one may follow an error, and another one a 0 (so a fork is told apart).
"""

from __future__ import annotations

import os
import platform
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from lambdad.worker.sandbox.launcher.first.machine import BASE, CONTROL, GIVEN

ENDED, ANSWER, READY = 1, 2, 3
"""Kinds of what pid 1 says: a child has ended, a table was carried out, the first table was."""
REPLY_BYTES: Final = 32

_HEAD, _ROW, _REPLY = struct.Struct("<3q2IQ24x"), struct.Struct("<7q2B3H"), struct.Struct("<3q2I")
_PIECE, _MESSAGE, _RIGHTS = struct.Struct("<2Q"), struct.Struct("<7Q"), struct.Struct("<Q2i")
_VALUE_AT: Final = 16
_NUMBER_AT: Final = 28
_NOSIGNAL: Final = 0x4000
_END, _SET = -1, -2
_MAY_FAIL: Final = 64
_FIRST_GIVEN: Final = GIVEN + 16  # behind the header of a control message

# x86_64, aarch64
_NUMBERS: Final = {
    "ioctl": (16, 29), "write": (1, 64), "close": (3, 57), "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "socket": (41, 198), "sendto": (44, 206), "sendmsg": (46, 211), "clone": (56, 220), "execve": (59, 221),
    "kill": (62, 129), "fcntl": (72, 25), "chdir": (80, 49), "umask": (95, 166), "setsid": (112, 157),
    "setgroups": (116, 159), "setresuid": (117, 147), "setresgid": (119, 149), "capset": (126, 91),
    "prctl": (157, 167), "mount": (165, 40), "exit_group": (231, 94), "openat": (257, 56),
    "mkdirat": (258, 34),
    "dup3": (292, 24), "prlimit": (302, 261), "statx": (332, 291), "move_mount": (429, 429),
    "close_range": (436, 436), "recvfrom": (45, 207), "bind": (49, 200), "listen": (50, 201),
    "setsockopt": (54, 208), "fchdir": (81, 50), "pivot_root": (155, 41), "umount2": (166, 39),
    "sethostname": (170, 161), "execveat": (322, 281), "clone3": (435, 435), "setns": (308, 268),
    "read": (0, 63), "pipe2": (293, 59),
    "set": (_SET, _SET),
}  # fmt: skip
_NUMBER: Final = {name: both[platform.machine() == "aarch64"] for name, both in _NUMBERS.items()}


class Where(NamedTuple):
    """An address that is known once the table is whole: in its data, or of what a row has answered."""

    row: int | None
    offset: int


class Stored(NamedTuple):
    """An argument that is read when the call is made: the int at an address."""

    address: int | Where


class Label:
    """A row that others go on with."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = -1


Argument = int | bytes | Where | Stored
Reply = tuple[int, int, int, int, int]
"""Error (0 or negative) and the row it comes from, value, kind, and number of the question or the place."""


def given(number: int) -> Stored:
    """A descriptor that came along."""
    return Stored(_FIRST_GIVEN + 4 * number)


class Table:
    """Rows and what they point to.

    Args:
        kind: of its answer.
        base: where it will lie.

    Attributes:
        error: address of what the first row that failed has answered; 8 bytes, 0 when none has.
        unused: address of an int that means nothing.
    """

    def __init__(self, kind: int = ANSWER, base: int = BASE) -> None:
        self._kind = kind
        self._base = base
        self.error = base
        self.unused = base + 48
        self._rows: list[tuple[int, tuple[Argument, ...], Label | None, Label | None, int, int]] = []
        self._words: dict[int, str] = {}
        self._data = bytearray()
        self._pointers: list[tuple[int, int | Where]] = []
        self._packed: bytes | None = None
        self.failed: Label | None = None
        """What follows an error, unless a call says otherwise; None is the next row."""

    def call(
        self,
        name: str,
        *arguments: Argument,
        may_fail: bool = False,
        zero: Label | None = None,
        times: int = 1,
        stepped: int = 0,
        words: str | None = None,
    ) -> Stored:
        """Add a system call; what it will have answered.

        Args:
            name: of the call; ``set`` writes its second argument to the int at its first.
            arguments: bytes are put into the data, and their address is given.
            may_fail: the next row follows whatever it answers.
            zero: what follows a 0.
            times: how often it is made, until it fails.
            stepped: the argument that grows by one every time.
            words: what it does, for errors.
        """
        at = len(self._rows)
        failed = None if may_fail else self.failed
        self._rows.append((_NUMBER[name], arguments, failed, zero, times, stepped))
        self._words[at] = words or name
        return Stored(Where(at, 0))

    def here(self, label: Label) -> None:
        """The next row is the one of `label`."""
        label.at = len(self._rows)

    def data(self, content: bytes) -> Where:
        """Put bytes into the data; where they are."""
        offset = len(self._data)
        self._data += content.ljust(-(-len(content) // 8) * 8, b"\0")
        return Where(None, offset)

    def text(self, value: str) -> Where:
        """Put a name into the data, ended by a zero."""
        return self.data(os.fsencode(value) + b"\0")

    def pointers(self, places: Sequence[Where]) -> Where:
        """Put addresses into the data, and a zero behind them."""
        found = self.data(bytes(8 * (len(places) + 1)))
        self.point(found, places)
        return found

    def point(self, at: Where, places: Sequence[int | Where]) -> None:
        """Write addresses over what is in the data."""
        self._pointers += [(at.offset + 8 * n, place) for n, place in enumerate(places)]

    def go(self, label: Label) -> None:
        """Go on with another row."""
        self.call("set", self.unused, 0, may_fail=True, zero=label)

    def value(self, value: int) -> None:
        """What an answer has told since the last error, from now on."""
        self.call("set", self._base + _VALUE_AT, value, may_fail=True)

    def forget_error(self) -> None:
        """What has failed was expected."""
        for half in (self.error, self.error + 4):
            self.call("set", half, 0)

    def send(self, extra: tuple[Where, int] | None = None, rights: Where | None = None) -> None:
        """Tell the first error, if any; with so many bytes behind it, and descriptors (`rights`)."""
        pieces: list[tuple[int | Where, int]] = [
            (self._base, REPLY_BYTES),
            *([] if extra is None else [extra]),
        ]
        listed = self.data(b"".join(_PIECE.pack(0, size) for _, size in pieces))
        for at, (place, _) in enumerate(pieces):
            self.point(Where(None, listed.offset + _PIECE.size * at), [place])
        size = 0 if rights is None else _rights_bytes(self._data, rights)
        message = self.data(_MESSAGE.pack(0, 0, 0, len(pieces), 0, size, 0))
        self.point(Where(None, message.offset + 16), [listed])
        if rights is not None:
            self.point(Where(None, message.offset + 32), [rights])
        self.call("sendmsg", CONTROL, message, _NOSIGNAL)

    def rights(self, count: int) -> Where:
        """Room for so many descriptors to be sent; the first is written 16 bytes behind it, 4 bytes each."""
        return self.data(_RIGHTS.pack(_RIGHTS.size + 4 * count, 1, 1) + bytes(4 * count))

    def answer(self, value: Argument = 0) -> None:
        """Tell the first error, or else the value."""
        if value != 0:
            self.call("set", self._base + _VALUE_AT, value, may_fail=True)
        self.call("sendto", CONTROL, self._base, REPLY_BYTES, _NOSIGNAL, 0, 0, may_fail=True)

    def packed(self, number: int = 0, patch: tuple[Where, bytes] | None = None) -> bytes:
        """The message, under the number of a question; what is packed once stays so.

        Args:
            number: of the question.
            patch: what to put into the data this time.
        """
        if self._packed is None:
            self._packed = self._pack()
        if not number and patch is None:
            return self._packed
        whole = bytearray(self._packed)
        struct.pack_into("<I", whole, _NUMBER_AT, number)
        if patch is not None:
            where, content = patch
            at = _HEAD.size + _ROW.size * (len(self._rows) + 1) + where.offset
            whole[at : at + len(content)] = content
        return bytes(whole)

    def _pack(self) -> bytes:
        rows_at = self._base + _HEAD.size
        data_at = rows_at + _ROW.size * (len(self._rows) + 1)

        def address(of: int | Where) -> int:
            if isinstance(of, int):
                return of
            return data_at + of.offset if of.row is None else rows_at + _ROW.size * of.row

        made = [_HEAD.pack(0, 0, 0, self._kind, 0, rows_at)]
        for at, (call, arguments, failed, zero, times, stepped) in enumerate(self._rows):
            numbers, loaded = [0] * 6, _MAY_FAIL if failed is None else 0
            for n, argument in enumerate(arguments):
                if isinstance(argument, int):
                    numbers[n] = argument
                elif isinstance(argument, Stored):
                    numbers[n], loaded = address(argument.address), loaded | 1 << n
                else:
                    numbers[n] = address(self.data(argument) if isinstance(argument, bytes) else argument)
            failed_at = at + 1 if failed is None else failed.at
            made.append(
                _ROW.pack(
                    call, *numbers, loaded, stepped, times, failed_at, at + 1 if zero is None else zero.at
                )
            )
        made.append(_ROW.pack(_END, *[0] * 6, 0, 0, 0, 0, 0))
        for offset, place in self._pointers:
            struct.pack_into("<Q", self._data, offset, address(place))
        made.append(bytes(self._data))
        return b"".join(made)

    def words(self, at: int, error: int) -> str:
        """What failed, and why."""
        return f"{self._words.get(at, 'it')}: {os.strerror(-error)}"


def _rights_bytes(data: bytearray, rights: Where) -> int:
    (size,) = struct.unpack_from("<Q", data, rights.offset)
    return int(size)


def reply(message: bytes) -> Reply:
    """What pid 1 has said."""
    found: Reply = _REPLY.unpack_from(message)
    return found
