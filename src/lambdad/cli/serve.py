"""`lambdad serve`: options to settings, then the server; nothing else happens here.

The options are made from `lambdad.settings.model`, so that a setting has one definition for file,
environment, command line and reference page.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from lambdad.cli.errors import USAGE, CommandError
from lambdad.settings import Settings, SettingsError, load
from lambdad.settings.model import simple_settings


def parser() -> argparse.ArgumentParser:
    """The options of `lambdad serve`, one per setting; a value that is not given is absent."""
    made = argparse.ArgumentParser(
        prog="lambdad serve",
        description="Start the endpoint. SIGTERM lets running invocations finish, a second one stops now.",
        epilog="Settings may also stand in lambdad.toml or in LAMBDAD_* variables; the command line wins.",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    made.add_argument("--config", metavar="FILE", help="settings file (default: ./lambdad.toml if it exists)")
    for name, known in simple_settings().items():
        option = "--" + name.replace("_", "-")
        text = f"{known.what} Default: {known.default}.".replace("%", "%%")
        if known.switch:
            made.add_argument(option, action=argparse.BooleanOptionalAction, help=text)
        else:
            metavar = "|".join(known.choices) or (known.unit or name.rsplit("_", 1)[-1]).upper()
            made.add_argument(option, metavar=metavar, help=text)
    return made


def settings_from(arguments: Sequence[str]) -> Settings:
    """The effective settings of `lambdad serve ARGUMENTS`.

    Raises:
        CommandError: a setting cannot be used; one line per problem.
    """
    given = vars(parser().parse_args(arguments))
    config = given.pop("config", None)
    try:
        return load(given, config=Path(config) if config else None)
    except SettingsError as error:
        raise CommandError(str(error).replace("\n", "\nlambdad: "), USAGE) from None


def run(arguments: Sequence[str]) -> int:
    """Serve until stopped and return the exit status."""
    settings = settings_from(arguments)
    from lambdad import composition

    return composition.serve(settings)
