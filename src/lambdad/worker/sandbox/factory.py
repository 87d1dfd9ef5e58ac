"""Chooses the tier by probing this host, and fails closed."""

from __future__ import annotations

import hashlib
import logging
import sys
from pathlib import Path
from typing import cast

from lambdad.worker.sandbox import probe
from lambdad.worker.sandbox.helper import HelperGone, LauncherSetting
from lambdad.worker.sandbox.namespace_tier import NamespaceFactory
from lambdad.worker.sandbox.plan import Finding, SandboxFactory, Tier
from lambdad.worker.sandbox.process_tier import ProcessFactory

_log = logging.getLogger(__name__)


async def make_factory(*, data_dir: Path, require: Tier | None, outbound: bool) -> SandboxFactory:
    """Probe this host and make the factory of the strongest tier it gives.

    What an earlier server on the same data directory left behind (processes, control groups,
    directories) is removed.

    Args:
        data_dir: an existing directory that this server has locked.
        require: None takes what there is, and warns when that is the process tier.
        outbound: whether sandboxes may reach the internet.

    Raises:
        probe.TierRefused: the host does not give what `require` demands; the message is one line.
    """
    wanted_process = require is Tier.PROCESS
    factory: NamespaceFactory | None = None
    if sys.platform != "linux":
        findings = probe.no_namespaces(f"{sys.platform} has no namespaces")
    else:
        factory, findings = await _open_namespaces(data_dir, outbound=outbound)
    try:
        tier = probe.choose(require, findings)
    except probe.TierRefused:
        await _close(factory)
        raise
    if factory is not None and tier is Tier.NAMESPACE and not wanted_process:
        factory.findings = findings
        return factory
    await _close(factory)
    if not wanted_process:
        _warn(findings)
    return ProcessFactory(data_dir / "sandboxes", probe.of_process_tier(findings))


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


def _warn(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        if not finding.works:
            _log.warning(
                "isolation is weak: %s: %s (%s)",
                finding.feature,
                finding.detail,
                finding.remedy,
                extra={"event": "isolation_weak", "feature": finding.feature},
            )
