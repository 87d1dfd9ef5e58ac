"""What `lambdad doctor` looks at, one finding each: values in, findings out, as far as possible."""

from __future__ import annotations

import resource
import shutil
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from lambdad.domain.function_url import MARK, PATH
from lambdad.domain.limits import ASSUMED_MEMORY_BYTES, MIB, OWN_CONNECTIONS
from lambdad.placement.sharing import MAX_ENVIRONMENTS, capacity, descriptors_needed, memory_ceiling_bytes
from lambdad.settings import AuthMode, RequiredIsolation, Settings, is_loopback
from lambdad.worker.file_systems import unfit
from lambdad.worker.runtimes.launch import RuntimeStatus
from lambdad.worker.sandbox.plan import Finding, Tier
from lambdad.worker.sandbox.probe import WEAK

LOW_DISK_BYTES = 1024 * 1024 * 1024
STRENGTH = {Tier.PROCESS: 1, Tier.NAMESPACE: 2, Tier.MICROVM: 3}


class Verdict(StrEnum):
    """`MISSING` is something the settings require: doctor then exits with 1."""

    GOOD = "good"
    WEAK = "weak"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of doctor.

    Attributes:
        remedy: what to do about it; None when it is good.
    """

    what: str
    verdict: Verdict
    detail: str
    remedy: str | None = None

    def members(self) -> dict[str, object]:
        """The check as `--json` prints it."""
        return asdict(self)


def isolation(
    tier: Tier | None, required: RequiredIsolation, refusal: str = "", *, by_choice: bool = False
) -> Check:
    """What isolation functions get, held against what is required.

    Args:
        tier: None when no sandbox can be made, or none as strong as required.
        required: the setting.
        refusal: why there is no tier; one line.
        by_choice: whether the tier is the one the settings name.
    """
    if tier is None:
        remedy = "see the findings below, or lower require_isolation"
        return Check("isolation", Verdict.MISSING, refusal or "no sandbox can be made here", remedy)
    if required is not RequiredIsolation.NONE and STRENGTH[tier] < STRENGTH[Tier(required.value)]:
        return Check("isolation", Verdict.MISSING, f"{tier}, but {required} is required", "see the findings")
    if tier is Tier.PROCESS:
        chosen = "leave the setting isolation at auto"
        remedy = chosen if by_choice else "run on Linux as root or with user namespaces enabled"
        return Check("isolation", Verdict.WEAK, f"process: {WEAK}", remedy)
    return Check("isolation", Verdict.GOOD, str(tier))


def features(findings: Sequence[Finding]) -> list[Check]:
    """The probe's findings, as they are."""
    return [
        Check(found.feature, Verdict.GOOD if found.works else Verdict.WEAK, found.detail, found.remedy)
        for found in findings
    ]


def interpreters(statuses: Sequence[RuntimeStatus]) -> list[Check]:
    """Which runtimes have an interpreter; with none at all nothing but a bootstrap could run."""
    found = []
    for one in statuses:
        if one.interpreter is None:
            found.append(Check(one.runtime, Verdict.WEAK, "no interpreter", one.remedy))
        else:
            version = f" ({one.version})" if one.version else ""
            found.append(Check(one.runtime, Verdict.GOOD, f"{one.interpreter}{version}"))
    return found


def descriptors(settings: Settings, hard_limit: int) -> Check:
    """Whether the descriptor limit carries the environments the server may hold."""
    shared_out = capacity(settings, hard_limit)
    wanted = shared_out.environments if settings.max_environments is not None else MAX_ENVIRONMENTS
    needed = descriptors_needed(wanted)
    detail = (
        f"limit {hard_limit:,}: {shared_out.environments:,} environments with {OWN_CONNECTIONS} connections "
        f"each, {shared_out.shared_connections:,} more for all, {shared_out.clients:,} callers"
    )
    if needed <= hard_limit:
        return Check("descriptors", Verdict.GOOD, detail)
    remedy = f"ulimit -Hn {needed} before 'lambdad serve' (LimitNOFILE={needed} in systemd)"
    return Check("descriptors", Verdict.WEAK, detail, remedy)


def memory(settings: Settings, host_bytes: int, limit_bytes: int | None, *, measured: bool) -> Check:
    """How much memory all environments may take, and whether it can be told what they take.

    Args:
        settings: the effective settings.
        host_bytes: physical memory.
        limit_bytes: of the control group that bounds them; None when there is none.
        measured: whether this host tells what they use.
    """
    there = min(host_bytes, limit_bytes or host_bytes)
    ceiling = memory_ceiling_bytes(settings, there)
    detail = f"all environments: at most {ceiling // MIB:,} of {there // MIB:,} MiB"
    if ceiling > there:
        return Check("memory", Verdict.WEAK, detail, f"set memory_ceiling_mib below {there // MIB}")
    if not measured:
        assumed = f"{detail}; use cannot be told, {ASSUMED_MEMORY_BYTES // MIB} MiB each are assumed"
        return Check("memory", Verdict.WEAK, assumed, "see memory limit")
    return Check("memory", Verdict.GOOD, detail)


def disk(data_dir: Path | None, free_bytes: int) -> Check:
    """Whether there is room for code and logs."""
    where = "memory only" if data_dir is None else str(data_dir)
    detail = f"{where}: {free_bytes // 2**20:,} MiB free"
    if free_bytes < LOW_DISK_BYTES:
        return Check("disk", Verdict.WEAK, detail, "free at least 1 GiB, or name another --data-dir")
    return Check("disk", Verdict.GOOD, detail)


def port(settings: Settings) -> Check:
    """Whether the endpoint's port is free, by binding it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((settings.host, settings.port))
        except OSError as error:
            detail = f"{settings.host}:{settings.port}: {error.strerror}"
            return Check("port", Verdict.WEAK, detail, "a server runs there, or name another --port")
    return Check("port", Verdict.GOOD, f"{settings.host}:{settings.port} is free")


def callers(settings: Settings) -> Check:
    """Whether callers must be known, and whether what they send can be read on its way."""
    if settings.auth is not AuthMode.ENFORCE:
        detail = "auth = permissive: every access key is let in, and only this machine can call"
        return Check("callers", Verdict.GOOD, detail)
    detail = f"auth = enforce: requests on {settings.host} must be signed by a key of this server"
    if is_loopback(settings.host) or settings.tls_cert is not None:
        return Check("callers", Verdict.GOOD, detail)
    remedy = "signed is not secret: give tls_cert and tls_key, or put a proxy with TLS in front"
    return Check("callers", Verdict.WEAK, f"{detail}, but come in clear", remedy)


def function_urls(settings: Settings, resolves: Callable[[str], bool]) -> Check:
    """Whether function URLs have host names of their own.

    Args:
        settings: the effective settings.
        resolves: whether a host name resolves here.
    """
    chosen = settings.function_url_domain
    domain = (chosen or "localhost").rpartition("://")[2].partition(":")[0]
    name = f"<id>{MARK}{settings.default_region}.{domain}"
    if resolves(name.replace("<id>", "doctor")):
        return Check("function URLs", Verdict.GOOD, f"{name} resolves")
    if chosen is not None:
        remedy = f"point *.{domain} at this server, or leave function_url_domain out"
        return Check("function URLs", Verdict.WEAK, f"{name} does not resolve", remedy)
    detail = f"{name} does not resolve: paths of the endpoint are answered instead ({PATH}<id>/)"
    return Check("function URLs", Verdict.WEAK, detail, "install libnss-myhostname (nss-myhostname)")


def resolves(name: str) -> bool:
    """Whether a host name resolves on this machine."""
    try:
        return bool(socket.getaddrinfo(name, None))
    except (OSError, UnicodeError):
        return False


def networks(settings: Settings) -> list[Check]:
    """Says that a VPC of the settings is a name and not a place; nothing when there is none."""
    if not settings.vpcs:
        return []
    subnets = sum(len(vpc.subnets) for vpc in settings.vpcs.values())
    detail = f"{subnets:,} subnets exist for VpcConfig, but functions run in none of them"
    remedy = "network placement is not offered: let the functions reach what they need through this host"
    return [Check("vpcs", Verdict.WEAK, detail, remedy)]


def file_systems(settings: Settings) -> list[Check]:
    """Whether the directory behind each access point can be given to functions."""
    found = []
    for arn, directory in settings.file_systems.items():
        why = unfit(directory)
        verdict = Verdict.GOOD if why is None else Verdict.WEAK
        remedy = None if why is None else "functions with it fail: make it, with an owner of its own"
        found.append(Check("file system", verdict, f"{arn}: {why or directory}", remedy))
    return found


def descriptor_hard_limit() -> int:
    """RLIMIT_NOFILE up to which the server raises its own limit; unlimited counts as a million."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 1_000_000 if hard == resource.RLIM_INFINITY else hard


def free_bytes(data_dir: Path | None) -> int:
    """Free space where data would go; the nearest parent that exists counts."""
    path = data_dir or Path("/tmp" if sys.platform != "win32" else ".")  # noqa: S108 - only its free space
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free
