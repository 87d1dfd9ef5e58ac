"""`lambdad neighbours`: the companion that S3, SQS and other services come from, and how to get it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lambdad.cli import options, show
from lambdad.cli.errors import CommandError
from lambdad.settings import SettingsError, load

app = typer.Typer(
    help="Show or install the companion, which answers S3, SQS, SNS and other services.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Dir = Annotated[
    Path | None,
    typer.Option("--companion-dir", metavar="DIR", help="where it is installed (setting companion_dir)"),
]


@app.callback(invoke_without_command=True)
def neighbours(context: typer.Context, companion_dir: Dir = None, as_json: options.AsJson = False) -> None:
    """Show or install the companion, which answers S3, SQS, SNS and other services."""
    if context.invoked_subcommand is None:
        status(companion_dir, as_json)


@app.command("status")
def status(companion_dir: Dir = None, as_json: options.AsJson = False) -> None:
    """Show whether the companion is installed, and what it answers."""
    from lambdad.neighbours.companion.offered import OFFERED
    from lambdad.neighbours.companion.places import Place, version

    place = Place(_parent(companion_dir))
    if as_json:
        found = {"installed": place.is_installed, "path": str(place.path), "version": version()}
        show.document({**found, "services": list(OFFERED)})
        return
    installed = "yes" if place.is_installed else "no: lambdad neighbours install"
    rows = [
        ["installed", installed],
        ["ministack", version()],
        ["path", str(place.path)],
        ["services", ", ".join(OFFERED)],
    ]
    show.table(("what", "value"), rows)


@app.command("install")
def install(companion_dir: Dir = None, as_json: options.AsJson = False) -> None:
    """Fetch the companion from PyPI, every package pinned by its hash; a running server uses it at once."""
    from lambdad.neighbours.companion.install import NotInstalled
    from lambdad.neighbours.companion.install import install as installing
    from lambdad.neighbours.companion.places import Place, version

    place = Place(_parent(companion_dir))
    try:
        with show.progress("installing the companion"):
            installing(place, show.note)
    except NotInstalled as error:
        raise CommandError(str(error)) from None
    if as_json:
        show.document({"installed": True, "path": str(place.path), "version": version()})
    else:
        show.out.print(f"the companion (ministack {version()}) is in {place.path}", markup=False)


def _parent(given: Path | None) -> Path:
    """Where it is: the option, the setting, or the user's cache."""
    from lambdad.neighbours.companion.places import cache_dir

    try:
        return given or load().companion_dir or cache_dir()
    except SettingsError as error:
        raise CommandError(str(error)) from None
