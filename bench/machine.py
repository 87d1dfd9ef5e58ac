"""What the figures were measured on: processor, kernel, load and versions, as text by name."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


def describe() -> dict[str, str]:
    """Describe this machine now."""
    return {
        "processor": _processor(),
        "processors": str(len(os.sched_getaffinity(0))),
        "memory": f"{_memory_gb():.1f} GB",
        "kernel": platform.release(),
        "system": _system(),
        "architecture": platform.machine(),
        "virtualised": _first_line(["systemd-detect-virt"]) or "unknown",
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "processors busy before": f"{_busy_share(1.0):.0%}",
        "user": "root" if os.geteuid() == 0 else "ordinary",
    }


def tool_versions() -> dict[str, str]:
    """Give the versions of interpreters and tools that take part."""
    commands = {
        "python": ["python3", "--version"],
        "node": ["node", "--version"],
        "wrk": ["wrk", "--version"],
        "cc": ["cc", "--version"],
        "curl": ["curl", "--version"],
    }
    found = {name: _first_line(command) for name, command in commands.items()}
    return {name: version or "absent" for name, version in found.items()} | {
        "bench python": platform.python_version()
    }


def commit(checkout: Path) -> str:
    """Give the commit of a checkout, with `+changes` when files differ; `unknown` outside git."""
    at = _first_line(["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"])
    changed = _first_line(["git", "-C", str(checkout), "status", "--porcelain", "--", "src"])
    return f"{at}{'+changes' if changed else ''}" if at else "unknown"


def python_runtime(names: Sequence[str] = ("3.13", "3.12", "3.11", "3.14", "3.10", "3.9")) -> str:
    """Give the Lambda runtime id of the host's own python3, or of the first interpreter found.

    The host's own comes first because a peer may know no other.
    """
    own = _first_line(["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    if own in names:
        return f"python{own}"
    return next((f"python{name}" for name in names if shutil.which(f"python{name}")), "python3.12")


def node_runtime() -> str:
    """Give the Lambda runtime id of the host's node, or of node 22 when there is none."""
    version = _first_line(["node", "--version"]).removeprefix("v").split(".")[0]
    return f"nodejs{version or '22'}.x"


def _busy_share(seconds: float) -> float:
    """Give the share of processor time that others use: figures of a busy machine are worth less."""
    before = _processor_ticks()
    time.sleep(seconds)
    spent = [after - first for after, first in zip(_processor_ticks(), before, strict=True)]
    idle = spent[3] + spent[4]
    return 1 - idle / sum(spent) if sum(spent) else 0.0


def _processor_ticks() -> list[int]:
    first = Path("/proc/stat").read_text().splitlines()[0]
    return [int(word) for word in first.split()[1:9]]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.lower().startswith(("model name", "cpu model")):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")
    except OSError:
        return "unknown"


def _first_line(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    # wrk prints its version with status 1.
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0].strip() if lines and (done.returncode == 0 or command[0] == "wrk") else ""
