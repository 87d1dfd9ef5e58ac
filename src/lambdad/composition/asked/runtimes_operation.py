"""`GET /lambdad/v1/runtimes`: what this host can run, for who is to choose."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from lambdad.domain.http import Request
from lambdad.worker.runtimes.catalogue import RuntimeCatalogue


async def show_runtimes(_: Request) -> Mapping[str, object]:
    """Every runtime id that lambdad knows, as `lambdad runtimes` lists them; paths of the host stay here."""
    found = await asyncio.to_thread(RuntimeCatalogue().status)  # looked for anew: one may have been installed
    return {
        "runtimes": [{"runtime": one.runtime, "version": one.version, "remedy": one.remedy} for one in found]
    }
