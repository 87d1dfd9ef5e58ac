"""What a function's own configuration changes about how its runtime is started.

Before: the catalogue knows how the runtime starts in general. After: the sandbox runs the program. Two things
depend on the function: which `bootstrap` there is, and `AWS_LAMBDA_EXEC_WRAPPER`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from lambdad.domain.function import FunctionVersion
from lambdad.worker.runtimes.launch import RuntimeLaunch
from lambdad.worker.sandbox.plan import Mount

WRAPPER_VARIABLE: Final = "AWS_LAMBDA_EXEC_WRAPPER"
# A shell looks for the wrapper, as in AWS's own bootstrap: the line and the status 127 of a missing one are
# AWS's (quoted by users), and a wrapper without `#!` runs as a shell script.
_RUN_WRAPPER: Final = (
    'if [ ! -f "$1" ]; then echo "$1: does not exist"; exit 127; fi\n'
    'if [ ! -x "$1" ]; then echo "$1: is not an executable"; exit 126; fi\n'
    'exec "$@"\n'
)


def as_configured(launch: RuntimeLaunch, version: FunctionVersion, mounts: Sequence[Mount]) -> RuntimeLaunch:
    """The launch of this very function.

    Args:
        launch: of its runtime.
        version: the function; its wrapper gets the runtime's program and arguments as its own arguments. Only
            managed runtimes have one (Source: AWS's page "Modifying the runtime environment").
        mounts: what the sandbox will show, code and layers among it.
    """
    program = next((one for one in launch.programs if _is_file(one, mounts)), None)
    if program is not None:
        launch = replace(launch, argv=(program, *launch.argv[1:]), missing_program=None)
    wrapper = (version.environment or {}).get(WRAPPER_VARIABLE)
    if not wrapper or not launch.takes_wrapper:
        return launch
    return replace(launch, argv=("/bin/sh", "-c", _RUN_WRAPPER, "bootstrap", wrapper, *launch.argv))


def _is_file(path: str, mounts: Sequence[Mount]) -> bool:
    return any(
        path.startswith(f"{mount.target}/") and (mount.source / path[len(mount.target) + 1 :]).is_file()
        for mount in mounts
    )
