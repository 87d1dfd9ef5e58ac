"""Chooses the tier by probing this host, and fails closed."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from lambdad.worker.sandbox import probe
from lambdad.worker.sandbox.helper import HelperGone, LauncherSetting
from lambdad.worker.sandbox.namespace_tier import NamespaceFactory
from lambdad.worker.sandbox.plan import Finding, SandboxFactory, Tier
from lambdad.worker.sandbox.process_tier import ProcessFactory
from lambdad.worker.sandbox.process_trial import try_freezing

_log = logging.getLogger(__name__)


async def make_factory(
    *, data_dir: Path, require: Tier | None, outbound: bool, tier: Tier | None = None
) -> SandboxFactory:
    """Probe this host and make the factory of the strongest tier it gives, or of the one chosen.

    What an earlier server on the same data directory left behind (processes, control groups,
    directories) is removed.

    Args:
        data_dir: an existing directory that this server has locked.
        require: refuse anything weaker; None takes what there is.
        outbound: whether sandboxes may reach the internet.
        tier: use exactly this tier; None takes the strongest. PROCESS gives up isolation
            and tries nothing of it.

    Raises:
        probe.TierRefused: the host does not give what `require` or `tier` demands; the message is one line.
    """
    if tier is Tier.PROCESS:
        findings = probe.of_chosen_process_tier()
        probe.choose(require, findings)
        return await _process_factory(data_dir, findings)
    factory: NamespaceFactory | None = None
    if sys.platform != "linux":
        findings = probe.no_namespaces(f"{sys.platform} has no namespaces")
    else:
        factory, findings = await _open_namespaces(data_dir, outbound=outbound)
    try:
        best = probe.choose(require, findings, tier)
    except probe.TierRefused:
        await _close(factory)
        raise
    if factory is not None and best is Tier.NAMESPACE:
        factory.findings = findings
        _warn(findings)
        return factory
    await _close(factory)
    return await _process_factory(data_dir, probe.of_process_tier(findings))


def data_id(data_dir: Path) -> str:
    """A short name for a data directory, for control groups."""
    return hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:12]


async def _open_namespaces(
    data_dir: Path, *, outbound: bool
) -> tuple[NamespaceFactory | None, tuple[Finding, ...]]:
    place = data_dir / "sandbox-root"
    place.mkdir(exist_ok=True)
    factory = NamespaceFactory(LauncherSetting(data_id(data_dir), place, outbound))
    try:
        hello = await factory.open()
    except (HelperGone, OSError) as error:
        await factory.close()
        return None, probe.no_namespaces(f"the launcher did not start: {error or 'no answer'}")
    return factory, probe.findings_from(cast("list[dict[str, object]]", hello["facts"]))


async def _close(factory: NamespaceFactory | None) -> None:
    if factory is not None:
        await factory.close()


async def _process_factory(data_dir: Path, findings: tuple[Finding, ...]) -> ProcessFactory:
    _log.warning("isolation is weak: %s", probe.WEAK, extra={"event": "isolation_weak"})
    factory = ProcessFactory(data_dir / "sandboxes", findings)
    await try_freezing(factory)
    _warn(finding for finding in factory.findings if finding.feature not in probe.LACKED_BY_PROCESS)
    return factory


def _warn(findings: Iterable[Finding]) -> None:
    for finding in findings:
        if not finding.works:
            _log.warning(
                "isolation lacks %s: %s (%s)",
                finding.feature,
                finding.detail,
                finding.remedy,
                extra={"event": "isolation_lacks", "feature": finding.feature},
            )
