"""A fork server with blanks in namespaces of their own, as the launcher's are, and nothing else of it.

Run as `image_host.py descriptor`: every packet on that socket makes a blank; the answer has its pid and
its channel and its reaper's control socket as descriptors. A blank executes what it is sent and answers
with what became of the name `answer`. A reaper restores the image it is sent into its blank.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
import time
import traceback
from typing import NoReturn

from lambdad.worker.sandbox.launcher import seccomp, syscalls
from lambdad.worker.sandbox.launcher.image.refusal import ImageError
from lambdad.worker.sandbox.launcher.image.restoring import restore

PACKET_BYTES = 128 * 1024
CHANNEL_FD = 4
_LOWEST_OWN_FD = 10
_CAPABILITY_VERSION_3 = 0x2008_0522
_CLONE = 56  # on x86_64, as images are
_NAMESPACES = syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWNS
FILTER = seccomp.program(syscalls.architecture())


def main(descriptor: int) -> None:
    server = socket.socket(fileno=descriptor)
    while server.recv(PACKET_BYTES):
        ours, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        far, channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = clone(_NAMESPACES)
        if pid == 0:
            for one in (server, ours, far):
                one.close()
            reap(control, channel)
        for kind in ("uid", "gid"):
            with open(f"/proc/{pid}/{kind}_map", "w") as file:
                file.write("0 0 1")
        ours.send(b"mapped")
        assert ours.recv(PACKET_BYTES) == b"forked"
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            child = int(file.read())
        socket.send_fds(server, [json.dumps(child).encode()], [ours.fileno(), far.fileno()])
        for one in (ours, control, far, channel):
            one.close()


def clone(flags: int) -> int:
    """As os.fork, into new namespaces."""
    return int(ctypes.PyDLL(None).syscall(_CLONE, flags | signal.SIGCHLD, 0, 0, 0, 0))


def reap(control: socket.socket, channel: socket.socket) -> NoReturn:
    """Be pid 1."""
    try:
        control.recv(PACKET_BYTES)
        syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
        syscalls.mount("proc", "/proc", "proc", 0)
        pid = os.fork()
        if pid == 0:
            wait_blank(channel.detach())
        channel.close()
        control.send(b"forked")
        while True:
            _, descriptors, _, _ = socket.recv_fds(control, PACKET_BYTES, 1)
            if not descriptors:
                break
            control.send(json.dumps(copy(pid, descriptors[0])).encode())
            os.close(descriptors[0])
    except BaseException:  # noqa: BLE001 - a forked child must not return
        traceback.print_exc()
    os._exit(0)


def copy(pid: int, image_fd: int) -> dict[str, object]:
    started = time.perf_counter()
    try:
        restore(pid, image_fd)
    except ImageError as error:
        return {"error": str(error), "kind": type(error).__name__}
    return {"ms": (time.perf_counter() - started) * 1000}


def renounce_capabilities() -> None:
    header = (ctypes.c_int * 2)(_CAPABILITY_VERSION_3, 0)
    if ctypes.CDLL(None, use_errno=True).capset(header, (ctypes.c_int * 6)()):
        raise OSError(ctypes.get_errno(), "capset")


def wait_blank(channel: int) -> NoReturn:
    try:
        null = os.open("/dev/null", os.O_RDWR)
        channel = os.dup(channel) if channel < _LOWEST_OWN_FD else channel
        for number in (0, 1, 3):
            os.dup2(null, number)
        os.dup2(channel, CHANNEL_FD)
        syscalls.close_all_but([3, CHANNEL_FD])
        renounce_capabilities()
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        seccomp.install(FILTER)
        obey(socket.socket(fileno=CHANNEL_FD))
    except BaseException:  # noqa: BLE001 - a forked child must not return
        traceback.print_exc()
    os._exit(1)


def obey(channel: socket.socket) -> NoReturn:
    names: dict[str, object] = {}
    while True:
        code = channel.recv(PACKET_BYTES)
        if not code:
            os._exit(0)
        names["answer"] = None
        try:
            exec(code, names)
            answer = repr(names["answer"])
        except BaseException:  # noqa: BLE001 - whatever the code raises is the answer
            answer = traceback.format_exc()
        channel.send(answer.encode())


if __name__ == "__main__":
    main(int(sys.argv[1]))
