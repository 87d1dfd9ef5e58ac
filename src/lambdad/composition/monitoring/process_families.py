"""The server's own process, under the names that every Prometheus client gives a process."""

from __future__ import annotations

import os
import resource
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from lambdad import __version__
from lambdad.telemetry.prometheus.family import Family, counter, gauge

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_RESIDENT: Final = 1  # field of statm


def process_families(started: float) -> list[Family]:
    """Processor, memory and descriptors of this process; what this system does not tell is left out.

    Args:
        started: monotonic seconds when the server started.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    families = [
        gauge("lambdad_build_info", "The version that runs.", 1, (("version", __version__),)),
        counter(
            "process_cpu_seconds", "Processor time, user and system.", round(used.ru_utime + used.ru_stime, 6)
        ),
        gauge(
            "process_start_time_seconds",
            "Start, seconds since the epoch.",
            round(time.time() - (time.monotonic() - started), 3),
        ),
        gauge(
            "process_max_fds",
            "Descriptors this process may have.",
            resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        ),
    ]
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[_RESIDENT])
        families.append(gauge("process_resident_memory_bytes", "Resident memory.", pages * _PAGE_BYTES))
    with suppress(OSError):
        families.append(
            gauge(
                "process_open_fds",
                "Descriptors that are open.",
                sum(1 for _ in Path("/proc/self/fd").iterdir()),
            )
        )
    return families
