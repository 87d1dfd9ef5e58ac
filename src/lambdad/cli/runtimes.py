"""`lambdad runtimes`: which of AWS's runtimes this host can run, and how to get the others."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="List the runtimes this host can run, or install one.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
