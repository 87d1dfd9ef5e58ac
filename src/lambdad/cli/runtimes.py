"""`lambdad runtimes`: which of AWS's runtimes this host can run, and how to get the others."""

from __future__ import annotations

from typing import Annotated

import typer

from lambdad.cli import options, show
from lambdad.cli.errors import CommandError
from lambdad.domain.errors import LambdadError
from lambdad.worker.runtimes.launch import RuntimeStatus

app = typer.Typer(
    help="List the runtimes this host can run, or install one.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def runtimes(context: typer.Context, as_json: options.AsJson = False) -> None:
    """List the runtimes this host can run, or install one."""
    if context.invoked_subcommand is None:
        list_runtimes(as_json)


@app.command("list")
def list_runtimes(as_json: options.AsJson = False) -> None:
    """Show each runtime with its interpreter, or with the command that gets it."""
    with show.progress("looking for interpreters"):
        found = found_here()
    if as_json:
        show.document(
            [
                {
                    "runtime": one.runtime,
                    "interpreter": one.interpreter,
                    "version": one.version,
                    "remedy": one.remedy,
                }
                for one in found
            ]
        )
        return
    rows = [[one.runtime, one.version or "-", one.interpreter or f"missing: {one.remedy}"] for one in found]
    show.table(("runtime", "version", "interpreter"), rows)


@app.command("install")
def install(
    runtime: Annotated[str, typer.Argument(metavar="ID", help="for example python3.13 or nodejs22.x")],
    as_json: options.AsJson = False,
) -> None:
    """Get the interpreter of a runtime, and for Node.js the SDK that AWS has in it."""
    from lambdad.worker.runtimes import install as installing

    try:
        with show.progress(f"installing {runtime}"):
            installing.install(runtime, show.note)
    except (LambdadError, OSError) as error:
        raise CommandError(str(error)) from None
    one = next(one for one in found_here() if one.runtime == runtime)
    if as_json:
        show.document({"runtime": runtime, "interpreter": one.interpreter, "version": one.version})
    else:
        show.out.print(f"{runtime}: {one.interpreter} ({one.version})", markup=False)


def found_here() -> list[RuntimeStatus]:
    """Every runtime lambdad knows, with what this host has for it."""
    from lambdad.worker.runtimes.catalogue import RuntimeCatalogue

    return RuntimeCatalogue().status()
