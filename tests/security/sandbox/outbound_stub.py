"""In a network namespace of its own that plays the host: who does a sandbox with outbound network reach?

Argument: a data directory. Prints JSON: what the probe said of the network, the interfaces inside, and for
every address on which a server listens whether it was reached from inside (and from the host, as a check).
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from dataclasses import replace
from pathlib import Path

from hosting import LIMITS, PYTHON, run_in

from lambdad.worker.sandbox.factory import make_factory
from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.network import netlink
from lambdad.worker.sandbox.plan import SandboxPlan

OWN = "198.51.100.7"
PORT = 7777
_SERVE = (
    "import socket, os\n"
    f"s = socket.create_server(('0.0.0.0', {PORT})); s.settimeout(600)\n"
    "print([line.split(':')[0].strip() for line in open('/proc/net/dev')][2:])\n"
    "probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); probe.connect(('192.0.2.1', 9))\n"
    "os.write(1, probe.getsockname()[0].encode()); os.read(4, 1)"
)
_VISIT = (
    "import socket, json, sys\n"
    "def reach(address):\n"
    "    try: socket.create_connection((address, int(sys.argv[1])), timeout=1).close(); return True\n"
    "    except OSError: return False\n"
    "print(json.dumps({a: reach(a) for a in sys.argv[2:]}))"
)


def play_host() -> None:
    syscalls.unshare(syscalls.CLONE_NEWNET)
    kernel = netlink.Netlink()
    kernel.execute((netlink.set_up(1), netlink.add_address(1, OWN, 32)))
    kernel.close()


async def main(data_dir: Path) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "0.0.0.0", PORT)
    factory = await make_factory(data_dir=data_dir, require=None, outbound=True)
    plan = SandboxPlan("server", (), replace(LIMITS), outbound=True)
    other = await factory.create(plan)
    visitor = await factory.create(replace(plan, sandbox_id="visitor"))
    serving = asyncio.ensure_future(run_in(other, (PYTHON, "-uc", _SERVE), {}))
    await asyncio.sleep(1)
    kernel = netlink.Netlink()
    own = [address for address in kernel.addresses() if address != "127.0.0.1"]
    kernel.close()
    neighbours = [f"169.254.128.{number}" for number in range(1, 6)]
    targets = ["127.0.0.1", *own, "169.254.127.1", "169.254.169.254", *neighbours]
    visited = await run_in(visitor, (PYTHON, "-c", _VISIT, str(PORT), *targets), {})
    from_host = {}
    for address in own:
        with socket.socket() as check:
            check.setblocking(False)
            await asyncio.get_running_loop().sock_connect(check, (address, PORT))
            from_host[address] = True
    other.kill()
    served = await serving
    findings = {finding.feature: [finding.works, finding.detail] for finding in factory.findings}
    await factory.close()
    server.close()
    inside = served.output
    print(json.dumps({"findings": findings, "inside": inside, "visited": visited.output, "host": from_host}))


if __name__ == "__main__":
    play_host()
    asyncio.run(main(Path(sys.argv[1])))
