"""The first thing that runs: answers `--version`, `serve` and `invoke` without the full command line.

Importing typer and rich costs more time than a whole invocation, so these three parse their own
arguments with argparse; every other command is in `lambdad.cli.app`. Keep this module's imports bare.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lambdad import __version__
from lambdad.cli.errors import CommandError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 for failures, 2 for wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(arguments)
    except CommandError as error:
        print(f"lambdad: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (`lambdad logs f | head`); that is their right.
        sys.stderr.close()
        return 0


def _dispatch(arguments: list[str]) -> int:
    match arguments:
        case ["--version" | "-V"]:
            print(f"lambdad {__version__}")
            return 0
        case ["serve", *rest]:
            from lambdad.cli import serve

            return serve.run(rest)
        case ["invoke", *rest]:
            from lambdad.cli import invoke

            return invoke.run(rest)
        case _:
            from lambdad.cli import app

            return app.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
