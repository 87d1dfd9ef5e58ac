"""The full command line: every command with its help, built with typer.

`serve` and `invoke` are listed here for `lambdad --help` only; `entry` answers them before this module
is imported.
"""

from __future__ import annotations

from collections.abc import Sequence

import typer

from lambdad.cli import (
    auth,
    auth_explain,
    bill,
    data,
    deploy,
    doctor,
    functions,
    invoke,
    logs,
    mappings,
    metrics,
    neighbours,
    queue,
    runtimes,
    serve,
    server,
    top,
)

app = typer.Typer(
    name="lambdad",
    help="AWS Lambda on your own machines.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="lambdad --version prints the version.",
)

app.command("serve", help=serve.parser().description)(lambda: None)
app.command("invoke", help=invoke.parser().description)(lambda: None)
app.command("deploy")(deploy.deploy)
app.command("logs", epilog=logs.EXAMPLES)(logs.logs)
app.command("metrics", epilog=metrics.EXAMPLES)(metrics.metrics)
app.command("top", epilog=top.EXAMPLES)(top.top)
app.command("ls")(functions.ls)
app.command("rm")(functions.rm)
app.command("doctor")(doctor.doctor)
app.add_typer(runtimes.app, name="runtimes")
app.add_typer(neighbours.app, name="neighbours")
app.add_typer(queue.app, name="queue")
app.add_typer(mappings.app, name="mappings")
auth.app.command("explain")(auth_explain.explain)
app.add_typer(auth.app, name="auth")
app.command("bill")(bill.bill)
app.command("status")(server.status)
app.command("drain")(server.drain)
app.command("backup")(data.backup)
app.command("restore")(data.restore)
app.command("reset")(data.reset)


def run(arguments: Sequence[str]) -> int:
    """Run one command of the app and return its exit status.

    Raises:
        CommandError: the command failed; `entry` prints it.
    """
    try:
        app(args=list(arguments), prog_name="lambdad")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
