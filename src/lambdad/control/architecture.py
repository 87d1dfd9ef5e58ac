"""Says when a function is for another machine than this one: it is accepted, its native code will fail."""

from __future__ import annotations

import logging
import os
from typing import Final

from lambdad.domain.function import FunctionVersion

_log = logging.getLogger(__name__)
_AWS_NAMES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def warn_if_foreign(version: FunctionVersion, machine: str | None = None) -> None:
    """Warn about a version whose native code this host cannot run.

    Args:
        version: just created, or with other code.
        machine: the host's, as `uname` says it; None asks.
    """
    machine = machine or os.uname().machine
    if _AWS_NAMES.get(machine, machine) != version.architecture:
        _log.warning(
            "function %s is for %s and this host is %s: native code in it fails with an exec format error",
            version.unqualified_arn,
            version.architecture,
            machine,
            extra={"event": "function.foreign_architecture"},
        )
