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
    detail = "the process tier cannot limit it: a function can use all of the host's"
    remedy = "get the namespace tier: see the findings above"
    lacking = ("memory limit", "cpu limit", "size of /tmp", "file system", "network isolation")
    own = [Finding(feature, works=False, detail=detail, remedy=remedy) for feature in lacking]
    return (*(finding for finding in found if finding.feature in ISOLATION), *own)


def choose(require: Tier | None, findings: Iterable[Finding]) -> Tier:
    """The strongest tier the findings allow.

    Raises:
        TierRefused: it is weaker than `require`, or its limits do not hold.
    """
    by_feature = {finding.feature: finding for finding in findings}
    lacking = [_lacks(by_feature, feature) for feature in ISOLATION]
    isolated = not any(lacking)
    if require is Tier.MICROVM:
        raise TierRefused("isolation microvm is not offered yet; the strongest tier is namespace")
    if require is Tier.NAMESPACE:
        missing = [why for why in (*lacking, *(_lacks(by_feature, limit) for limit in LIMITS)) if why]
        if missing:
            raise TierRefused("isolation namespace was required, but this host lacks: " + "; ".join(missing))
    return Tier.NAMESPACE if isolated else Tier.PROCESS


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
