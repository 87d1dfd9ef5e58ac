"""`lambdad doctor`: what this host gives, the effective settings, and what to do about what is missing."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from pathlib import Path

import typer

from lambdad.cli import checks, neighbour_checks, options, pool_checks, show
from lambdad.cli.checks import Check, Verdict
from lambdad.domain.errors import LambdadError
from lambdad.settings import Isolation, RequiredIsolation, Settings, SettingsError, load
from lambdad.settings.model import default_of
from lambdad.settings.shown import effective
from lambdad.worker.sandbox.plan import Tier

MARKS = {Verdict.GOOD: "ok", Verdict.WEAK: "--", Verdict.MISSING: "!!"}
STYLES = {Verdict.GOOD: "green", Verdict.WEAK: "yellow", Verdict.MISSING: "bold red"}


def doctor(data_dir: options.DataDir = None, as_json: options.AsJson = False) -> None:
    """Show what this host gives functions; exit status 1 when something required is missing."""
    try:
        settings = load({"data_dir": data_dir} if data_dir else {})
    except SettingsError as error:
        found = [Check("settings", Verdict.MISSING, line, "correct it") for line in str(error).splitlines()]
        _report(found, None, as_json)
        raise typer.Exit(1) from None
    with show.progress("trying out what this host can do"):
        found = examine(settings)
    _report(found, settings, as_json)
    if any(check.verdict is Verdict.MISSING for check in found):
        raise typer.Exit(1)


def examine(settings: Settings) -> list[Check]:
    """Every check, the required ones first."""
    from lambdad.cli.runtimes import found_here

    return [
        *_sandboxes(settings),
        checks.descriptors(settings, checks.descriptor_hard_limit()),
        checks.disk(settings.data_dir, checks.free_bytes(settings.data_dir)),
        checks.port(settings),
        checks.callers(settings),
        neighbour_checks.companion(settings),
        checks.function_urls(settings, checks.resolves),
        *checks.networks(settings),
        *checks.file_systems(settings),
        *pool_checks.of_running_server(settings),
        *checks.interpreters(found_here()),
    ]


def _sandboxes(settings: Settings) -> list[Check]:
    """What the probe of the sandbox found, in a directory of its own so that a server is not disturbed."""
    from lambdad.worker.sandbox import group_memory, probe
    from lambdad.worker.sandbox.factory import make_factory

    # Its warnings are our findings; said twice they would only spoil --json.
    logging.getLogger("lambdad").setLevel(logging.CRITICAL)

    chosen = None if settings.isolation is Isolation.AUTO else Tier(settings.isolation.value)
    required = settings.require_isolation

    async def look() -> list[Check]:
        with tempfile.TemporaryDirectory(prefix="lambdad-doctor-") as scratch:
            factory = await make_factory(
                data_dir=Path(scratch), require=None, outbound=settings.outbound, tier=chosen
            )
            try:
                tier = checks.isolation(factory.tier, required, by_choice=chosen is not None)
                if required is not RequiredIsolation.NONE:
                    probe.choose(Tier(required.value), factory.findings)
            except probe.TierRefused as refusal:
                tier = checks.isolation(None, required, str(refusal))
            finally:
                of_all = group_memory.of(factory)
                limit = None if of_all is None else of_all.limit_bytes()
                await factory.close()
            memory = checks.memory(settings, group_memory.host_bytes(), limit, measured=of_all is not None)
            return [tier, *checks.features(factory.findings), memory]

    try:
        return asyncio.run(look())
    except (LambdadError, OSError) as error:
        return [checks.isolation(None, settings.require_isolation, str(error))]


def _report(found: list[Check], settings: Settings | None, as_json: bool) -> None:
    shown = effective(settings) if settings else {}
    if as_json:
        show.document({"checks": [check.members() for check in found], "settings": shown})
        return
    width = max(len(check.what) for check in found)
    for check in found:
        show.verdict(MARKS[check.verdict], STYLES[check.verdict], check.what, check.detail, width)
        if check.remedy and check.verdict is not Verdict.GOOD:
            show.verdict("", "", "", f"do: {check.remedy}", width)
    show.out.print(f"\nsettings (Python {sys.version.split()[0]}, user {os.geteuid()})")
    for name, value in shown.items():
        default = settings is not None and getattr(settings, name) == default_of(name)
        show.verdict("", "", name, value if default else f"{value}  (set)")
