"""The server's end of the launcher: starts the helper process and exchanges packets with it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import lambdad

MAX_PACKET_BYTES: Final = 200 * 1024
_HELLO_WITHIN_S: Final = 15.0  # pasta and a cold disk included; 0.1 s is usual
_END_WITHIN_S: Final = 5.0
_BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from lambdad.worker.sandbox.launcher.main import main; main(sys.argv[1:])"
)

News = dict[str, object]


class HelperGone(Exception):
    """The other end of a control socket closed."""


@dataclass(frozen=True, slots=True)
class LauncherSetting:
    """What the launcher is started with.

    Attributes:
        data_id: names this server's control groups.
        place: empty directory that becomes the root template in the launcher's own mount namespace.
        outbound: whether sandboxes shall reach the internet.
    """

    data_id: str
    place: Path
    outbound: bool


@dataclass(slots=True)
class _Packet:
    """Waits until the other end has room; nobody waits for `sent` when it is None."""

    data: bytes
    descriptors: tuple[int, ...]
    sent: asyncio.Future[None] | None


def _to_json(message: News) -> bytes:
    return json.dumps(message).encode()


def _of_json(data: bytes) -> News:
    message: News = json.loads(data)
    return message


class Packets:
    """Packets with descriptors over a socket, on the event loop, in the order they were sent.

    Args:
        sock: a SOCK_SEQPACKET socket; owned from now on.
        on_packet: called with every packet and its descriptors; None for the packet means the end.
        encode: makes a packet of a message; JSON, unless another is given.
        decode: the other way.
    """

    def __init__(
        self,
        sock: socket.socket,
        on_packet: Callable[[News | None, list[int]], None],
        encode: Callable[[News], bytes] = _to_json,
        decode: Callable[[bytes], News] = _of_json,
    ) -> None:
        self._encode, self._decode = encode, decode
        self._socket = sock
        self._socket.setblocking(False)
        self._on_packet = on_packet
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock, self._readable)
        self._waiting: deque[_Packet] = deque()
        self.closed = False

    async def send(self, message: dict[str, object], descriptors: tuple[int, ...] = ()) -> None:
        """Send one packet, waiting while the other end is behind.

        Raises:
            HelperGone: nobody is there any more.
        """
        if self.closed:
            raise HelperGone
        packet = _Packet(self._encode(message), descriptors, self._loop.create_future())
        self._post(packet)
        await cast("asyncio.Future[None]", packet.sent)

    def send_soon(self, message: dict[str, object]) -> None:
        """Send one packet now, or as soon as the other end has room; nothing when it is gone."""
        if not self.closed:
            self._post(_Packet(self._encode(message), (), None))

    def close(self) -> None:
        """Stop listening and close the socket; twice is once."""
        if not self.closed:
            self.closed = True
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
            while self._waiting:
                _settle(self._waiting.popleft(), HelperGone())

    def _post(self, packet: _Packet) -> None:
        if self._waiting or not self._sent(packet):
            if not self._waiting:
                self._loop.add_writer(self._socket, self._writable)
            self._waiting.append(packet)

    def _sent(self, packet: _Packet) -> bool:
        """Whether it need not wait any longer."""
        if packet.sent is not None and packet.sent.done():
            return True  # whoever wanted it has gone, and its descriptors with them
        try:
            socket.send_fds(self._socket, [packet.data], packet.descriptors)
        except BlockingIOError:
            return False
        except OSError as error:
            _settle(packet, HelperGone(str(error)))
        else:
            _settle(packet, None)
        return True

    def _writable(self) -> None:
        while self._waiting and self._sent(self._waiting[0]):
            self._waiting.popleft()
        if not self._waiting:
            self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        while not self.closed:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._socket, MAX_PACKET_BYTES, 16)
            except BlockingIOError:
                return
            except ConnectionResetError:
                continue  # it ended with something unread; what it has said before is still there
            except OSError:
                data, descriptors = b"", []
            if not data:
                self.close()
                self._on_packet(None, [])
                return
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)  # recv_fds takes flags, but does not pass them on
            self._on_packet(self._decode(data), descriptors)


def _settle(packet: _Packet, failure: HelperGone | None) -> None:
    if packet.sent is None or packet.sent.done():
        return
    if failure is None:
        packet.sent.set_result(None)
    else:
        packet.sent.set_exception(failure)


class LauncherProcess:
    """The running helper.

    Attributes:
        hello: its first packet: what the probe found and where the control groups are.
    """

    def __init__(self, process: subprocess.Popen[bytes], packets: Packets, hello: News) -> None:
        self._process = process
        self.packets = packets
        self.hello = hello

    @property
    def pid(self) -> int:
        """Process id of the helper."""
        return self._process.pid

    def reap(self) -> None:
        """Collect the exit status of a helper that has ended by itself."""
        asyncio.get_running_loop().run_in_executor(None, self._process.wait)

    async def close(self) -> None:
        """Let it end every sandbox and itself."""
        self.packets.close()
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(None, self._process.wait, _END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()


async def start_launcher(
    setting: LauncherSetting, on_news: Callable[[News | None, list[int]], None]
) -> LauncherProcess:
    """Start the helper and wait until it has probed the host.

    Args:
        setting: what it is started with.
        on_news: called with every packet after the first and its descriptors; None when the helper has ended.

    Raises:
        HelperGone: it ended or said nothing.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        process = _spawn(setting, theirs)
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    hello: asyncio.Future[News] = asyncio.get_running_loop().create_future()

    def on_packet(message: News | None, descriptors: list[int]) -> None:
        if hello.done():
            on_news(message, descriptors)
        elif message is None:
            hello.set_exception(HelperGone())
        else:
            hello.set_result(message)

    packets = Packets(ours, on_packet)
    try:
        return LauncherProcess(process, packets, await asyncio.wait_for(hello, _HELLO_WITHIN_S))
    except (HelperGone, TimeoutError) as error:
        await LauncherProcess(process, packets, {}).close()
        raise HelperGone from error


def _spawn(setting: LauncherSetting, control: socket.socket) -> subprocess.Popen[bytes]:
    source = str(Path(lambdad.__file__).parents[1])
    outbound = "outbound" if setting.outbound else "alone"
    command = [sys.executable, "-I", "-S", "-c", _BOOT, source]
    command += [str(control.fileno()), setting.data_id, str(setting.place), outbound]
    path = {"PATH": os.environ.get("PATH", os.defpath)}
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(control.fileno(),),
        env=path,
        cwd="/",
        process_group=0,
    )
