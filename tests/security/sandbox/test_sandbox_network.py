"""Who can be reached from inside: nobody but the listeners of the sandbox itself."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator

import pytest
from hosting import PYTHON, Host, run_in

from lambdad.worker.sandbox.plan import Sandbox

pytestmark = pytest.mark.root

_CONNECT = (
    "import socket, json\n"
    "def reach(address, port):\n"
    "    family = socket.AF_INET6 if ':' in address else socket.AF_INET\n"
    "    s = socket.socket(family); s.settimeout(1)\n"
    "    try: s.connect((address, port)); return True\n"
    "    except OSError: return False\n"
    "print(json.dumps([reach(a, p) for a, p in {targets}]))"
)


def _own_addresses() -> list[str]:
    """Addresses of this host, found by asking which one it would send from."""
    found = ["127.0.0.1", "127.0.0.2", "::1"]
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((elsewhere, 9))
                found.append(probe.getsockname()[0])
            except OSError:
                continue
    return found


@pytest.fixture
def everywhere() -> Iterator[int]:
    """A server on every address of the host; its port."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        stop = threading.Event()
        server.settimeout(0.1)

        def accept() -> None:
            while not stop.is_set():
                try:
                    server.accept()[0].close()
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1]
        stop.set()
        thread.join()


def test_no_address_of_the_host_is_reached(host: Host, everywhere: int) -> None:
    addresses = _own_addresses()
    for address in addresses:
        if ":" not in address:
            socket.create_connection((address, everywhere), timeout=5).close()
    targets = [(address, everywhere) for address in [*addresses, "169.254.169.254", "0.0.0.0"]]
    ran = host.python(_CONNECT.format(targets=targets))
    assert json.loads(ran.output) == [False] * len(targets)


def test_a_server_in_another_sandbox_is_not_reached(host: Host) -> None:
    serve = (
        "import socket, os\n"
        "s = socket.create_server(('0.0.0.0', 7777)); s.settimeout(3)\n"
        "os.write(1, b'listening\\n')\n"
        "try: s.accept(); print('reached')\n"
        "except TimeoutError: print('alone')"
    )
    visit = _CONNECT.format(
        targets=[
            ("127.0.0.1", 7777),
            ("169.254.100.1", 7777),
            ("169.254.128.1", 7777),
            ("169.254.128.2", 7777),
        ]
    )

    async def scenario(server: Sandbox, visitor: Sandbox) -> tuple[str, str]:
        serving = asyncio.ensure_future(run_in(server, (PYTHON, "-c", serve), {}))
        await asyncio.sleep(0.5)
        visited = await run_in(visitor, (PYTHON, "-c", visit), {})
        return (await serving).output, visited.output

    server, visitor = host.make(), host.make()
    try:
        served, visited = host.runner.run(scenario(server, visitor))
    finally:
        host.destroy(server)
        host.destroy(visitor)
    assert served == "listening\nalone\n"
    assert json.loads(visited) == [False] * 4


def test_abstract_sockets_of_the_host_are_not_reached(host: Host) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0lambdad-test")
        server.listen()
        ran = host.python("import socket; socket.socket(socket.AF_UNIX).connect('\\0lambdad-test')")
    assert "ConnectionRefusedError" in ran.output


def test_the_listeners_of_the_plan_are_reached_by_their_addresses(host: Host) -> None:
    source = (
        "import socket, sys\n"
        "for endpoint in sys.argv[1:]:\n"
        "    a, p = endpoint.rsplit(':', 1)\n"
        "    s = socket.create_connection((a, int(p)), timeout=5); print(s.recv(100).decode())"
    )

    async def greet(sandbox: Sandbox) -> str:
        loop = asyncio.get_running_loop()

        async def answer(listener: socket.socket, words: bytes) -> None:
            connection, _ = await loop.sock_accept(listener)
            await loop.sock_sendall(connection, words)
            connection.close()

        answers = [answer(one, b"listener %d" % at) for at, one in enumerate(sandbox.listeners)]
        ran, *_ = await asyncio.gather(
            run_in(sandbox, (PYTHON, "-c", source, *sandbox.addresses), {}), *answers
        )
        return ran.output

    sandbox = host.make()
    try:
        assert sandbox.addresses == ("169.254.100.1:9001", "127.0.0.1:9001", "169.254.100.1:4566")
        assert host.runner.run(greet(sandbox)) == "listener 0\nlistener 1\nlistener 2\n"
    finally:
        host.destroy(sandbox)


def test_the_network_cannot_be_changed(host: Host) -> None:
    source = (
        "import socket, fcntl, struct\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "fcntl.ioctl(s, 0x8914, struct.pack('16sh', b'lo', 0))"  # SIOCSIFFLAGS: lo down
    )
    assert "Operation not permitted" in host.python(source).output


def test_raw_sockets_are_refused(host: Host) -> None:
    ran = host.python("import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)")
    assert "PermissionError" in ran.output
