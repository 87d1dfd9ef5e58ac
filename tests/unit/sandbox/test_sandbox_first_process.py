"""The program that is pid 1 of a sandbox carries out tables; here it is no pid 1 and has no powers."""

from __future__ import annotations

import errno
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.first import tables
from lambdad.worker.sandbox.launcher.first.machine import executable
from lambdad.worker.sandbox.launcher.first.table import ANSWER, ENDED, Label, Reply, Table, reply
from lambdad.worker.sandbox.launcher.first.tables import Command, Powers

POWERS = Powers(privileged=False, tasks=0, filter=b"")
AT_ITS_NUMBER = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.argv[2], sys.argv[2:])"


class First:
    """The program, and the socket it obeys."""

    def __init__(self, *program: Path) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(10)
        with theirs:
            arguments = [str(theirs.fileno()), *map(str, program)]
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", AT_ITS_NUMBER, *arguments], pass_fds=[theirs.fileno()]
            )

    def order(self, table: Table, given: tuple[int, ...] = (), number: int = 0) -> None:
        socket.send_fds(self.control, [table.packed(number)], given)

    def reply(self) -> Reply:
        return reply(self.control.recv(65536))

    def ask(self, table: Table, given: tuple[int, ...] = ()) -> Reply:
        self.order(table, given, number=7)
        return self.reply()


@pytest.fixture
def first(tmp_path: Path) -> Iterator[First]:
    program = tmp_path / "first"
    program.write_bytes(executable(syscalls.architecture()))
    program.chmod(0o755)
    made = First(program)
    yield made
    made.control.close()
    assert made.process.wait(10) == 0, "it ends when its control socket does"


def start(
    first: First, *argv: str, place: int = 1, env: dict[str, str] | None = None
) -> tuple[Reply, int, int]:
    """What it answered; where the output comes, and what exec said."""
    output, output_inside = os.pipe()
    told, tell = os.pipe()
    command = Command(place, argv, env or {}, "/", ((1, 2),), 4096, 256, renounces=False)
    answer = first.ask(tables.start(POWERS, command), (output_inside, tell))
    os.close(output_inside)
    os.close(tell)
    return answer, output, told


def read_all(descriptor: int) -> bytes:
    with open(descriptor, "rb") as file:
        return file.read()


def test_a_program_is_executed_with_its_arguments_and_variables_and_its_end_is_told(first: First) -> None:
    answer, output, told = start(first, "/bin/sh", "-c", 'echo "$0 $A"; exit 5', "zero", env={"A": "b"})
    assert answer[0] == 0 and answer[3:] == (ANSWER, 7)
    assert read_all(told) == b""
    assert read_all(output) == b"zero b\n"
    error, _, status, kind, place = first.reply()
    assert (error, os.waitstatus_to_exitcode(status), kind, place) == (0, 5, ENDED, 1)


def test_a_program_that_cannot_be_executed_says_why(first: First) -> None:
    answer, output, told = start(first, "/not/there")
    assert answer[0] == 0
    assert struct.unpack("<q", read_all(told)) == (-errno.ENOENT,)
    assert read_all(output) == b""
    assert first.reply()[3:] == (ENDED, 1)


def test_a_program_has_no_descriptor_but_its_own_and_no_signal_blocked(first: First) -> None:
    script = "ls /proc/self/fd | tr '\\n' ' '; grep -c 'SigBlk:.*0000000000000000' /proc/self/status"
    _, output, told = start(first, "/bin/sh", "-c", script)
    assert read_all(output) == b"0 1 2 3 1\n"  # 3 is the directory that ls reads
    assert read_all(told) == b""
    first.reply()


def test_a_signal_reaches_the_process_of_a_place_and_none_that_has_ended(first: First) -> None:
    _, output, told = start(first, "/bin/sleep", "60", place=2)
    assert read_all(told) == b""
    first.order(tables.signal_to(2, signal.SIGTERM))
    _, _, status, kind, place = first.reply()
    assert (os.waitstatus_to_exitcode(status), kind, place) == (-signal.SIGTERM, ENDED, 2)
    os.close(output)
    first.order(tables.signal_to(2, signal.SIGTERM))  # the place is nobody's; the program itself goes on
    assert first.ask(tables.open_socket())[0] == 0


def test_the_first_call_that_fails_is_told_and_nothing_behind_it_is_done(
    first: First, tmp_path: Path
) -> None:
    table = Table()
    end = table.failed = Label()
    table.call("chdir", table.text(str(tmp_path)))
    table.call("chdir", table.text("/not/there"), words="second")
    table.call("write", 9999, b"x", 1)
    table.here(end)
    table.answer()
    error, at, *_ = first.ask(table)
    assert error == -errno.ENOENT
    assert table.words(at, error) == "second: No such file or directory"
    assert Path(f"/proc/{first.process.pid}/cwd").readlink() == tmp_path


def test_modes_of_files_are_told_and_links_are_followed(first: First, tmp_path: Path) -> None:
    (tmp_path / "file").touch(0o640)
    (tmp_path / "link").symlink_to("file")
    paths = [str(tmp_path / name) for name in ("file", "missing", "link")]
    first.order(tables.modes(paths))
    told = struct.unpack("<3i", first.control.recv(65536)[32:])
    assert [oct(mode) for mode in told] == ["0o100640", "0o0", "0o100640"]


def test_after_a_large_message_the_memory_is_given_back(first: First) -> None:
    def resident() -> int:
        status = Path(f"/proc/{first.process.pid}/status").read_text()
        return int(status.partition("RssAnon:")[2].split()[0])

    first.ask(tables.open_socket())
    before = resident()
    table = Table()
    table.data(bytes(150_000))
    table.answer()
    first.ask(table)
    first.ask(tables.open_socket())
    assert resident() <= before + 16
