"""A stand-in for the server, to be killed or to run as another user: runs programs in sandboxes.

Arguments: data directory, task directory, then JSON: a list of programs (argument lists), and whether to
stay. STUB_TIER chooses a tier, STUB_SHARED a directory that is shared as `/mnt/data`. Prints one JSON line with tier, findings and what every program did, and then
stays or closes. While it stays, SIGUSR1 freezes every sandbox and prints ``frozen``.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from hosting import LIMITS, run_in

from lambdad.worker.sandbox.factory import make_factory
from lambdad.worker.sandbox.plan import (
    ExitStatus,
    Mount,
    ProcessPlan,
    Sandbox,
    SandboxPlan,
    SharedDirectory,
    Tier,
)


async def main(data_dir: Path, task: Path, programs: list[list[str]], *, stay: bool) -> None:
    tier = Tier(os.environ["STUB_TIER"]) if "STUB_TIER" in os.environ else None
    factory = await make_factory(data_dir=data_dir, require=None, outbound=False, tier=tier)
    place = os.environ.get("STUB_SHARED")
    shared = () if place is None else (SharedDirectory(Path(place), "data"),)
    ran = []
    staying: list[Sandbox] = []
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, freeze, staying)
    for number, argv in enumerate(programs):
        plan = SandboxPlan(
            f"stub{number}", (Mount(task, "/var/task"),), LIMITS, outbound=False, shared=shared
        )
        sandbox = await factory.create(plan)
        if stay:
            ended: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
            process = await sandbox.start(ProcessPlan(tuple(argv), {}), ended.set_result)
            os.set_blocking(process.output, True)
            ran.append(os.read(process.output, 4096).decode())
            staying.append(sandbox)
        else:
            done = await run_in(sandbox, tuple(argv), {})
            ran.append({"output": done.output, "status": asdict(done.status)})
            await sandbox.destroy()
    findings = {finding.feature: asdict(finding) for finding in factory.findings}
    print(json.dumps({"tier": factory.tier, "findings": findings, "ran": ran}), flush=True)
    if stay:
        await asyncio.sleep(600)
    await factory.close()


def freeze(sandboxes: list[Sandbox]) -> None:
    frozen = [sandbox.freeze() for sandbox in sandboxes]
    print("frozen" if all(frozen) else "not frozen", flush=True)


if __name__ == "__main__":
    asyncio.run(
        main(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]), stay=json.loads(sys.argv[4]))
    )
