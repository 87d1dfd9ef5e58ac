"""Blanks, templates and images for tests, over `image_host`."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lambdad.worker.sandbox.launcher.image.descriptors import READ_ONLY_PLACES, Places
from lambdad.worker.sandbox.launcher.image.dumping import Image, dump
from lambdad.worker.sandbox.launcher.image.mappings import layout

ROOT = Path(__file__).parents[3]
PACKET_BYTES = 128 * 1024
PATIENCE_S = 60.0


class Blank:
    """A waiting process and the two sockets that lead to it."""

    def __init__(self, pid: int, control: socket.socket, channel: socket.socket) -> None:
        self.pid = pid
        self._control = control
        self._channel = channel
        for one in (control, channel):
            one.settimeout(PATIENCE_S)

    def run(self, code: str) -> str:
        """Execute code in it; returns the text of `answer`."""
        self.send(code)
        return self._channel.recv(PACKET_BYTES).decode()

    def send(self, code: str) -> None:
        """Let it execute code, without waiting for an answer."""
        self._channel.send(code.encode())

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        pidfd = os.pidfd_open(self.pid)
        os.kill(self.pid, signal.SIGKILL)
        select.select([pidfd], [], [], PATIENCE_S)
        os.close(pidfd)

    def restore(self, image: Image) -> dict[str, object]:
        """Make it the image's process; returns what its reaper says of that."""
        socket.send_fds(self._control, [b"restore"], [image.descriptor])
        said: dict[str, object] = json.loads(self._control.recv(PACKET_BYTES))
        return said

    def close(self) -> None:
        self._control.close()
        self._channel.close()


class ForkServer:
    """Makes blanks that all have the same addresses."""

    def __init__(self, places: tuple[str, ...] = ()) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        ours.settimeout(PATIENCE_S)
        program = Path(__file__).parent / "image_host.py"
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-S", str(program), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            )
        self._places = Places((*READ_ONLY_PLACES, sys.base_prefix, str(ROOT), *places))
        self._blanks: list[Blank] = []

    def blank(self) -> Blank:
        self._socket.send(b"blank")
        pid, descriptors, _, _ = socket.recv_fds(self._socket, PACKET_BYTES, 2)
        control, channel = (socket.socket(fileno=one) for one in descriptors)
        blank = Blank(json.loads(pid), control, channel)
        self._blanks.append(blank)
        return blank

    def template(self, code: str) -> Blank:
        """A blank that has executed code without failing."""
        blank = self.blank()
        assert blank.run(code) == "None"
        return blank

    @contextmanager
    def image(self, template: Blank, *, writable: tuple[str, ...] = ()) -> Iterator[Image]:
        image = dump(template.pid, layout(self.blank().pid), self._places._replace(writable=writable))
        try:
            yield image
        finally:
            os.close(image.descriptor)

    def close(self) -> None:
        for blank in self._blanks:
            blank.close()
        self._socket.close()
        self._process.wait(PATIENCE_S)
