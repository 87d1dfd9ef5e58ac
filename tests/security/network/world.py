"""A world of the test's own: a host and an internet, each a network namespace, and sandboxes beside them.

::

    sandbox … ── links ── host 203.0.113.2, 10.77.0.1 ── internet 203.0.113.1, 198.51.100.7

The host's default route leads to the internet, which also owns metadata and link-local addresses, so that a
packet that got out would be answered. Nothing of the machine's own network is touched.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = HERE.parents[2] / "src"
INTERNET = "198.51.100.7"
GATEWAY = "203.0.113.1"
HOST = "203.0.113.2"
HOST_OTHER = "10.77.0.1"
HOST_V6 = "fd00:77::2"
INTERNET_V6 = "fd00:77::1"
METADATA = ("169.254.169.254", "169.254.170.2", "169.254.77.7")


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


@dataclass
class Launcher:
    """A process in the host that does what the launcher does."""

    process: subprocess.Popen[str]

    def tell(self, *command: object) -> object:
        self.say(*command)
        return self.hear()

    def say(self, *command: object) -> None:
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def hear(self) -> object:
        return json.loads(self.process.stdout.readline())


@dataclass
class Sandbox:
    """A network namespace with a process in it."""

    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        return self.process.pid

    def run(self, *command: str) -> str:
        return run("nsenter", f"--net=/proc/{self.pid}/ns/net", "--preserve-credentials", *command)

    def reach(self, *addresses: str) -> dict[str, dict[str, str]]:
        return json.loads(self.run(sys.executable, str(HERE / "peer.py"), "try", *addresses))


@dataclass
class World:
    """Names of the namespaces and what runs in them."""

    host: str
    internet: str
    stack: ExitStack
    indices: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))

    def in_host(self, *command: str) -> str:
        return run("ip", "netns", "exec", self.host, *command)

    def host_reach(self, *addresses: str) -> dict[str, dict[str, str]]:
        return json.loads(self.in_host(sys.executable, str(HERE / "peer.py"), "try", *addresses))

    def from_internet(self, *addresses: str) -> dict[str, dict[str, str]]:
        """Try from the internet, which for this sends everything by way of the host."""
        run("ip", "-n", self.internet, "route", "replace", "default", "via", HOST)
        command = ("ip", "netns", "exec", self.internet, sys.executable, str(HERE / "peer.py"), "try")
        return json.loads(run(*command, *addresses))

    def spawn(self, *command: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.stack.callback(_end, process)
        return process

    def serve(self, where: tuple[str, ...], name: str) -> None:
        server = self.spawn(*where, sys.executable, str(HERE / "peer.py"), "serve", name)
        assert server.stdout.readline() == "ready\n"

    def launcher(self, *prefix: str) -> Launcher:
        stub = (sys.executable, str(HERE / "launcher_stub.py"))
        env = {"PYTHONPATH": str(SOURCE), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        return Launcher(self.spawn("ip", "netns", "exec", self.host, *prefix, *stub, env=env))

    def bare_sandbox(self, *enter: str) -> Sandbox:
        """A sandbox without a link; `enter` runs in front, to be in the launcher's user namespace."""
        sandbox = Sandbox(self.spawn(*enter, "unshare", "--net", "sh", "-c", "ip link set lo up; echo; cat"))
        sandbox.process.stdout.readline()
        return sandbox

    def sandbox(self, launcher: Launcher, *enter: str) -> tuple[Sandbox, dict[str, str]]:
        sandbox = self.bare_sandbox(*enter)
        link = launcher.tell("attach", sandbox.pid, next(self.indices))
        configure = (
            "import json, sys; from lambdad.worker.sandbox.network import inside, addresses;"
            "inside.configure(addresses.LinkAddress.from_json(json.loads(sys.argv[1])))"
        )
        sandbox.run("env", f"PYTHONPATH={SOURCE}", sys.executable, "-c", configure, json.dumps(link))
        return sandbox, link


@dataclass
class Way:
    """A launcher with its links open in a world, and the words that put a sandbox into its user namespace."""

    world: World
    launcher: Launcher
    enter: tuple[str, ...]

    def sandbox(self) -> tuple[Sandbox, dict[str, str]]:
        return self.world.sandbox(self.launcher, *self.enter)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


@contextmanager
def make_world() -> Iterator[World]:
    tag = secrets.token_hex(3)
    host, internet = f"lt-host-{tag}", f"lt-inet-{tag}"
    resolver = Path("/etc/netns") / host
    with ExitStack() as stack:
        for name in (host, internet):
            run("ip", "netns", "add", name)
            stack.callback(run, "ip", "netns", "del", name)
        # `ip netns exec` shows this as /etc/resolv.conf: a resolver on the host's loopback
        resolver.mkdir(parents=True)
        stack.callback(shutil.rmtree, resolver)
        (resolver / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        world = World(host, internet, stack)
        _cable(host, internet)
        world.serve(("ip", "netns", "exec", internet), "internet")
        world.serve(("ip", "netns", "exec", host), "host")
        yield world


def _cable(host: str, internet: str) -> None:
    def ip(where: str, words: str) -> None:
        run("ip", "-n", where, *words.split())

    ip(host, f"link add wan0 type veth peer name wan0 netns {internet}")
    for where in (host, internet):
        ip(where, "link set lo up")
        ip(where, "link set wan0 up")
    ip(host, f"addr add {HOST}/24 dev wan0")
    ip(host, f"addr add {HOST_V6}/64 dev wan0 nodad")
    ip(host, "link add other0 type bridge")
    ip(host, "link set other0 up")
    ip(host, f"addr add {HOST_OTHER}/24 dev other0")
    ip(host, f"route add default via {GATEWAY}")
    ip(host, f"route add default via {INTERNET_V6}")
    ip(internet, f"addr add {GATEWAY}/24 dev wan0")
    ip(internet, f"addr add {INTERNET_V6}/64 dev wan0 nodad")
    for address in (INTERNET, *METADATA):
        ip(internet, f"addr add {address}/32 dev lo")
