"""What the probe found, in words: findings with remedies, and which tier they allow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lambdad.domain.errors import LambdadError
from lambdad.worker.sandbox.plan import Finding, Tier

_USER_NAMESPACES: Final = (
    "allow user namespaces: `sysctl -w user.max_user_namespaces=15000`, on Ubuntu also "
    "`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, in a container run it with "
    "`--security-opt seccomp=unconfined --security-opt apparmor=unconfined`; or run lambdad as root"
)
_DELEGATION: Final = (
    "run lambdad as root, or in a delegated control group: "
    "`systemd-run --user --scope -p Delegate=yes lambdad serve`"
)
_REMEDIES: Final = {
    "user namespace": _USER_NAMESPACES,
    "mount namespace and root": (
        "a container that hides parts of /proc forbids this: run it with "
        "`--security-opt systempaths=unconfined --security-opt apparmor=unconfined`, or use a host"
    ),
    "network namespace": "use a kernel with network namespaces (CONFIG_NET_NS), allow them in a container",
    "capabilities and system call filter": "use a kernel with seccomp filters (CONFIG_SECCOMP_FILTER)",
    "memory limit": _DELEGATION,
    "cpu limit": _DELEGATION,
    "pids limit": _DELEGATION,
    "freeze": "use a Linux host: functions go on in the background between events here",
    "tmp on disk": "run lambdad as root, with btrfs-progs installed and a data directory on disk",
    "outbound network": "install `passt` (the pasta command), or run lambdad as root with nftables",
}
_OTHER_HOST: Final = "use a Linux host, kernel 5.12 or later"

ISOLATION: Final = (
    "user namespace",
    "mount namespace and root",
    "network namespace",
    "capabilities and system call filter",
)
"""Without any one of these there is no namespace tier."""
LIMITS: Final = ("memory limit", "cpu limit", "pids limit")
"""Without these the namespace tier works, but is not what `--require-isolation=namespace` promises."""

LACKED_BY_PROCESS: Final = ("memory limit", "cpu limit", "size of /tmp", "file system", "network isolation")
FREEZE: Final = "freeze"
BY_SIGNALS: Final = "SIGSTOP and SIGCONT"
CHOSEN: Final = "namespaces"
"""The finding that stands for the four of `ISOLATION` when they were not tried."""
WEAK: Final = "functions share files, network and user with this account: run only code you trust"
"""What the process tier means, in one sentence, wherever it is told."""


class TierRefused(LambdadError):
    """This host does not give the isolation that was demanded; says why and what to do."""


def findings_from(facts: Iterable[dict[str, object]]) -> tuple[Finding, ...]:
    """The launcher's facts with what to do about those that do not work."""
    return tuple(_finding(fact) for fact in facts)


def no_namespaces(why: str) -> tuple[Finding, ...]:
    """Findings of a host on which the launcher cannot even run."""
    return tuple(Finding(feature, works=False, detail=why, remedy=_OTHER_HOST) for feature in ISOLATION)


def of_process_tier(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """What was found about namespaces, and what the process tier lacks by its nature."""
    own = _lacked("get the namespace tier: see the findings above")
    return (*(finding for finding in found if finding.feature in ISOLATION), *own)


def of_chosen_process_tier() -> tuple[Finding, ...]:
    """The findings when nothing was tried because the process tier was chosen."""
    remedy = "leave the setting isolation at auto"
    chosen = Finding(CHOSEN, works=False, detail="given up: the setting isolation is process", remedy=remedy)
    return (chosen, *_lacked(remedy))


def of_signals(problem: str | None) -> Finding:
    """The finding about freezing where a tier stops processes by signals; None is no problem."""
    fact: dict[str, object] = {"feature": FREEZE, "works": problem is None, "detail": problem or BY_SIGNALS}
    return _finding(fact)


def choose(require: Tier | None, findings: Iterable[Finding], tier: Tier | None = None) -> Tier:
    """The strongest tier the findings allow.

    Args:
        require: the weakest that may come out, its limits included; None is any.
        findings: what the probe found.
        tier: the only one that may come out, whatever limits it has; None is any.

    Raises:
        TierRefused: it is weaker than `require`, its limits do not hold, or it is not `tier`.
    """
    by_feature = {finding.feature: finding for finding in findings}
    lacking = [why for feature in ISOLATION if (why := _lacks(by_feature, feature))]
    limits = [why for limit in LIMITS if (why := _lacks(by_feature, limit))]
    if require is Tier.MICROVM:
        raise TierRefused("isolation microvm is not offered yet; the strongest tier is namespace")
    if require is Tier.NAMESPACE and (missing := lacking + limits):
        raise TierRefused("isolation namespace was required, but this host lacks: " + "; ".join(missing))
    if tier is Tier.NAMESPACE and lacking:
        raise TierRefused("isolation namespace was chosen, but this host lacks: " + "; ".join(lacking))
    return Tier.PROCESS if lacking else Tier.NAMESPACE


def _lacked(remedy: str) -> list[Finding]:
    detail = "the process tier cannot limit it: a function can use all of the host's"
    return [Finding(feature, works=False, detail=detail, remedy=remedy) for feature in LACKED_BY_PROCESS]


def _lacks(findings: dict[str, Finding], feature: str) -> str | None:
    found = findings.get(feature)
    if found is None:
        return f"{feature} (not tried)"
    if found.works:
        return None
    return f"{feature} ({found.detail}; {found.remedy})"


def _finding(fact: dict[str, object]) -> Finding:
    feature, works = str(fact["feature"]), bool(fact["works"])
    remedy = None if works else str(fact.get("remedy") or _REMEDIES.get(feature, _OTHER_HOST))
    return Finding(feature, works, str(fact["detail"]), remedy)
