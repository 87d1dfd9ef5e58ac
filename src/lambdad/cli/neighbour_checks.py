"""What `lambdad doctor` says of the companion."""

from __future__ import annotations

from lambdad.cli.checks import Check, Verdict
from lambdad.neighbours.companion.places import Place, cache_dir, version
from lambdad.settings import Neighbours, Settings

_FORGETS = "objects of S3 survive kill -9, of what else it holds the last seconds are lost"


def companion(settings: Settings) -> Check:
    """Whether S3, SQS and the like are there without being configured."""
    if settings.neighbours is Neighbours.NONE:
        return Check("companion", Verdict.GOOD, "left out: neighbours = none")
    place = Place(settings.companion_dir or cache_dir())
    if place.is_installed:
        return Check("companion", Verdict.GOOD, f"ministack {version()} in {place.path}; {_FORGETS}")
    detail = "not installed: S3, SQS and other services answer only where lambdad.toml names an endpoint"
    return Check("companion", Verdict.WEAK, detail, "lambdad neighbours install")
