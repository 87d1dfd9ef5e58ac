"""Running `nft`, once per table; nothing here is on the path of a single sandbox."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lambdad.worker.sandbox.network.failure import OutboundUnavailable

_PLACES = ("/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/usr/local/sbin/nft")
_REMEDY = "install nftables (apt-get install nftables)"
_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that the kernel calls by itself."""

    family: str
    table: str
    hook: str
    policy: str


def apply(rules: str, *, netns: int | None = None) -> None:
    """Load rules, all or none, into this process's namespace or that of the descriptor `netns`.

    Raises:
        OutboundUnavailable: no nft here, or the kernel refused.
    """
    command = [_binary(), "-f", "-"]
    if netns is not None:
        command = ["nsenter", f"--net=/proc/self/fd/{netns}", *command]
    _run(command, rules, keep=() if netns is None else (netns,))


def tables(prefix: str) -> list[str]:
    """Names of the `inet` tables that begin with `prefix`."""
    listing = json.loads(_run([_binary(), "-j", "list", "tables"]))["nftables"]
    found = [entry["table"] for entry in listing if "table" in entry]
    return [t["name"] for t in found if t["family"] == "inet" and t["name"].startswith(prefix)]


def elements(table: str, name: str) -> list[str]:
    """Elements of a set of an `inet` table."""
    listing = json.loads(_run([_binary(), "-j", "list", "set", "inet", table, name]))["nftables"]
    found = [entry["set"] for entry in listing if "set" in entry]
    return [str(element) for one in found for element in one.get("elem", ())]


def delete(table: str) -> None:
    """Remove an `inet` table with everything in it."""
    apply(f"delete table inet {table}\n")


def hooked_chains() -> list[Chain]:
    """Every chain of the host that stands at a hook."""
    listing = json.loads(_run([_binary(), "-j", "list", "chains"]))["nftables"]
    return [
        Chain(chain["family"], chain["table"], chain["hook"], chain.get("policy", "accept"))
        for chain in (entry["chain"] for entry in listing if "chain" in entry)
        if "hook" in chain
    ]


def _binary() -> str:
    for place in _PLACES:
        if Path(place).exists():
            return place
    raise OutboundUnavailable("nft is not installed", _REMEDY)


def _run(command: list[str], text: str = "", keep: tuple[int, ...] = ()) -> str:
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, pass_fds=keep
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise OutboundUnavailable(
            f"nft refused: {reason}", "use a kernel with nf_tables, nft_nat and nft_fib"
        )
    return done.stdout
