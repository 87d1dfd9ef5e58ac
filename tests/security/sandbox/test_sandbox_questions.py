"""What the server asks of a sandbox: sockets of its network, names of its executable files."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from hosting import PYTHON, Host
from test_sandbox_several import start

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.plan import Mount, Sandbox

_LISTENER = (
    "import socket, sys\n"
    "listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    "print(listener.getsockname()[1], flush=True)\n"
    "while True:\n"
    "    connection, _ = listener.accept()\n"
    "    connection.sendall(b'inside')\n"
    "    connection.close()"
)
_MOST_OPEN = 16


async def hear(connection: socket.socket, port: int) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, ("127.0.0.1", port))
    return await loop.sock_recv(connection, 100)


def test_a_socket_reaches_what_listens_inside(any_host: Host) -> None:
    async def scenario() -> list[bytes]:
        # In the process tier the port is the host's, where it may be taken.
        wanted = "8080" if sandbox.inside("/tmp") == "/tmp" else "0"
        listening = await start(sandbox, "extension:one", PYTHON, "-c", _LISTENER, wanted)
        port = int(await listening.line())
        told = []
        for made in await asyncio.gather(*(sandbox.connect_socket() for _ in range(_MOST_OPEN))):
            with made:
                assert not made.getblocking()
                assert not os.get_inheritable(made.fileno())
                told.append(await hear(made, port))
        return told

    sandbox = any_host.make()
    try:
        assert any_host.runner.run(scenario()) == [b"inside"] * _MOST_OPEN
    finally:
        any_host.destroy(sandbox)


@pytest.mark.root
def test_a_socket_does_not_reach_what_listens_on_the_host(host: Host) -> None:
    async def scenario(listener: socket.socket) -> None:
        address = listener.getsockname()
        loop = asyncio.get_running_loop()
        with await sandbox.connect_socket() as made, pytest.raises(OSError):
            await asyncio.wait_for(loop.sock_connect(made, address), 20)
        with socket.socket() as other:  # it can be reached from here, so the test can fail
            other.setblocking(False)
            await loop.sock_connect(other, address)

    sandbox = host.make()
    try:
        for address in ("127.0.0.1", "127.0.0.2"):
            with socket.create_server((address, 0)) as listener:
                host.runner.run(scenario(listener))
    finally:
        host.destroy(sandbox)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.root
def test_a_frozen_sandbox_answers_when_it_is_thawed_and_no_more_than_a_few_may_wait(host: Host) -> None:
    async def scenario() -> None:
        (await sandbox.connect_socket()).close()
        sandbox.freeze()
        sandbox.thaw()
        before = descriptors()
        sandbox.freeze()
        waiting = [asyncio.ensure_future(sandbox.connect_socket()) for _ in range(_MOST_OPEN)]
        await asyncio.sleep(0.1)
        assert not any(one.done() for one in waiting)
        with pytest.raises(EnvironmentUnavailable, match="16"):
            await sandbox.connect_socket()
        kept, *given_up = waiting
        for one in given_up:
            one.cancel()
        await asyncio.sleep(0.01)
        with pytest.raises(EnvironmentUnavailable, match="16"):  # the questions are still open
            await sandbox.executables("/opt")
        sandbox.thaw()
        (await kept).close()
        assert await sandbox.executables("/opt/extensions") == ()
        assert descriptors() == before

    sandbox = host.make()
    try:
        host.runner.run(scenario())
    finally:
        host.destroy(sandbox)


@pytest.mark.root
def test_who_waits_for_a_sandbox_that_is_destroyed_is_told(host: Host) -> None:
    async def scenario() -> None:
        sandbox.freeze()
        waiting = asyncio.ensure_future(sandbox.connect_socket())
        await asyncio.sleep(0.01)
        await sandbox.destroy()
        with pytest.raises(EnvironmentUnavailable, match="gone"):
            await waiting

    sandbox = host.make()
    host.runner.run(scenario())


def test_a_destroyed_sandbox_answers_nothing(any_host: Host) -> None:
    async def scenario() -> None:
        await sandbox.destroy()
        with pytest.raises(EnvironmentUnavailable, match="gone"):
            await sandbox.connect_socket()
        with pytest.raises(EnvironmentUnavailable, match="gone"):
            await sandbox.executables("/opt/extensions")

    sandbox = any_host.make()
    any_host.runner.run(scenario())


def with_layer(host: Host, layer: Path) -> Sandbox:
    for place in (layer.parent, layer):
        place.chmod(0o755)
    return host.make(replace(host.plan(), mounts=(Mount(layer, "/opt"),)))


def listed(host: Host, layer: Path, directory: str = "/opt/extensions") -> tuple[str, ...]:
    sandbox = with_layer(host, layer)
    try:
        return host.runner.run(sandbox.executables(directory))
    finally:
        host.destroy(sandbox)


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    (tmp_path / "layer" / "extensions").mkdir(parents=True)
    return tmp_path / "layer"


def executable(path: Path, mode: int = 0o755) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def test_executable_files_are_listed_in_order_and_nothing_else(any_host: Host, layer: Path) -> None:
    place = layer / "extensions"
    executable(place / "b")
    executable(place / "a")
    executable(place / "not-executable", 0o644)
    executable(layer / "elsewhere")
    (place / "directory").mkdir()
    os.mkfifo(place / "fifo", 0o755)
    (place / "link").symlink_to("../elsewhere")
    (place / "dangling").symlink_to("nowhere")
    (place / "loop").symlink_to("loop")
    executable(Path(os.fsdecode(os.fsencode(place) + b"/not-utf-8-\xff")))
    assert listed(any_host, layer) == ("a", "b", "link")


@pytest.mark.root
def test_a_link_is_followed_inside_only(host: Host, layer: Path, tmp_path: Path) -> None:
    outside = executable(tmp_path / "outside")
    (layer / "extensions" / "to-the-host").symlink_to(outside)
    (layer / "extensions" / "to-the-system").symlink_to("/bin/sh")
    assert listed(host, layer) == ("to-the-system",)


def test_no_more_than_64_are_listed(any_host: Host, layer: Path) -> None:
    for n in range(100):
        executable(layer / "extensions" / f"{n:03}{'x' * 252}")
    assert listed(any_host, layer) == tuple(f"{n:03}{'x' * 252}" for n in range(64))


def test_a_directory_that_is_not_there_has_no_files(any_host: Host, layer: Path) -> None:
    executable(layer / "extensions" / "one")
    assert listed(any_host, layer, "/opt/nothing") == ()
    assert listed(any_host, layer, "/opt/extensions/one") == ()
