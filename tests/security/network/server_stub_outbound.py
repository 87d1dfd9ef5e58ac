"""A stand-in for the server with real sandboxes: one that tries addresses while another serves on all of its own.

Arguments: data directory, task directory (with peer.py in it), whether outbound is on, then the addresses.
Prints one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from lambdad.worker.sandbox.factory import make_factory
from lambdad.worker.sandbox.plan import ExitStatus, Limits, Mount, ProcessPlan, Sandbox, SandboxPlan

PYTHON = "/usr/bin/python3"
LIMITS = Limits(128 << 20, 1.0, 256, 256, 16 << 20)


async def printed(sandbox: Sandbox, *argv: str) -> str:
    ended: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
    process = await sandbox.start(ProcessPlan(argv, {}), ended.set_result)
    await ended
    output = os.read(process.output, 65536).decode()
    os.close(process.output)
    process.channel.close()
    return output


async def main(data_dir: Path, task: Path, *, outbound: bool, addresses: list[str]) -> None:
    factory = await make_factory(data_dir=data_dir, require=None, outbound=outbound)
    mounts = (Mount(task, "/var/task"),)
    server = await factory.create(SandboxPlan("server", mounts, LIMITS, outbound=outbound))
    visitor = await factory.create(SandboxPlan("visitor", mounts, LIMITS, outbound=outbound))
    own = "import socket; print(socket.if_nameindex())"
    serving = await server.start(
        ProcessPlan((PYTHON, "-c", "import peer; peer.serve_plainly('other')"), {}), lambda _: None
    )
    os.set_blocking(serving.output, True)
    assert os.read(serving.output, 100) == b"ready\n"
    answer: dict[str, object] = {
        "tier": factory.tier,
        "findings": {found.feature: found.works for found in factory.findings},
        "reached": json.loads(await printed(visitor, PYTHON, "peer.py", "try", *addresses)),
        "interfaces": await printed(visitor, PYTHON, "-c", own),
        "resolv.conf": await printed(visitor, "/bin/cat", "/etc/resolv.conf"),
    }
    if outbound:
        answer["dns"] = json.loads(await printed(visitor, PYTHON, "peer.py", "dns", "169.254.127.1"))
    print(json.dumps(answer), flush=True)
    await factory.close()
    os.close(serving.output)
    serving.channel.close()


if __name__ == "__main__":
    asyncio.run(
        main(Path(sys.argv[1]), Path(sys.argv[2]), outbound=sys.argv[3] == "on", addresses=sys.argv[4:])
    )
