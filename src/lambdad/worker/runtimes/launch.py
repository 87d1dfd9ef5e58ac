"""How a runtime identifier becomes something that can be started, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from lambdad.worker.sandbox.blank import BARE_KIND, BlankKind
from lambdad.worker.sandbox.plan import Mount

LAYER_PATH = "_LAMBDAD_LAYER_PATH"
"""Variable that tells our Python client the directories of layers that hold modules."""

COMPILED_PATH = "_LAMBDAD_COMPILED_PATH"
"""Variable that tells our Python client where byte code is: a tree, its byte code, the next tree, its …"""


@dataclass(frozen=True, slots=True)
class RuntimeLaunch:
    """What starts a runtime inside a sandbox.

    Attributes:
        argv: program and arguments, paths as seen inside.
        mounts: interpreter trees and our client (at `/var/runtime`), beside the system directories.
        env: additions to the function's environment (`PYTHONPATH`, `NODE_PATH`, …).
        version: AWS-like runtime version for INIT_START (``python:3.11.v7``).
        own_client: whether it speaks over descriptor 4 (ours) or only over TCP (bootstrap, official ones).
        missing_program: what is said when `argv[0]` does not exist; None names the program.
        programs: what may stand for `argv[0]`: the first that exists is started, and `argv[0]` if none does.
        takes_wrapper: whether `AWS_LAMBDA_EXEC_WRAPPER` is heeded.
        blank: what can be made before a function of this runtime is called.
        byte_code: the interpreter that byte code is made by (``python3.13.0``); None for what takes none.
    """

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...]
    env: Mapping[str, str]
    version: str
    own_client: bool
    missing_program: str | None = None
    programs: tuple[str, ...] = ()
    takes_wrapper: bool = True
    blank: BlankKind = BARE_KIND
    byte_code: str | None = None


@dataclass(frozen=True, slots=True)
class RuntimeStatus:
    """A line of `lambdad runtimes`.

    Attributes:
        runtime: AWS's identifier.
        interpreter: path on this host; None when missing.
        version: of the interpreter; None when missing.
        remedy: the command that gets it; None when present.
    """

    runtime: str
    interpreter: str | None
    version: str | None
    remedy: str | None


class Runtimes(Protocol):
    """What this host can run."""

    def launch(self, runtime: str) -> RuntimeLaunch:
        """How to start it. Raises EnvironmentUnavailable saying precisely what to install."""
        ...

    def status(self) -> list[RuntimeStatus]:
        """Every runtime id lambdad knows."""
        ...
