"""What this host can run: runtime identifiers to launches (implements `launch.Runtimes`).

The first `launch` of a runtime may start processes and copy files (0.1-0.5 s, once per machine):
call it in a thread, or `prepare` in one before. Later calls are dictionary look-ups.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.runtimes.client_tree import (
    NODE_CLIENT,
    NODE_WAIT,
    compile_sdk,
    compiled_client,
    node_tree,
    python_tree,
)
from lambdad.worker.runtimes.identifiers import BY_NAME, KNOWN, Language, RuntimeId
from lambdad.worker.runtimes.interpreters import Interpreter, Interpreters
from lambdad.worker.runtimes.launch import LAYER_PATH, RuntimeLaunch, RuntimeStatus
from lambdad.worker.sandbox.blank import DEFAULTS, BlankKind
from lambdad.worker.sandbox.plan import Mount

# The interpreter's tree is shown where AWS has it, so that paths in stack traces are the same.
LANG = "/var/lang"
RUNTIME = "/var/runtime"
# What AWS starts for provided runtimes: the function's bootstrap, else a layer's.
BOOTSTRAPS = ("/var/task/bootstrap", "/opt/bootstrap")
MIN_FORK_SERVER = (3, 10)
"""The oldest Python the launcher's modules run on; an older one is always executed."""
MISSING_BOOTSTRAP = f"Couldn't find valid bootstrap(s): [{' '.join(BOOTSTRAPS)}]"
"""What AWS says (`Runtime.InvalidEntrypoint`) when neither exists."""


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Where `lambdad runtimes install` puts interpreters: ``~/.local/share/lambdad/runtimes``."""
    home = Path(environ.get("HOME") or Path.home())
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "lambdad" / "runtimes"


class RuntimeCatalogue:
    """The runtimes of this host.

    Args:
        home: directory of installs and prepared trees; None is the user's (`default_home`).
        environ: where interpreters are looked for (PATH, HOME, PYENV_ROOT …).
    """

    def __init__(self, home: Path | None = None, environ: Mapping[str, str] = os.environ) -> None:
        users = default_home(environ)
        self.home = home or users
        homes = (self.home,) if self.home == users else (self.home, users)
        self._homes = homes
        self._interpreters = Interpreters(homes, self.home / "interpreters.json", environ)
        self._launches: dict[str, RuntimeLaunch] = {}
        self._lock = threading.Lock()

    def launch(self, runtime: str) -> RuntimeLaunch:
        """How to start a runtime. Raises EnvironmentUnavailable saying precisely what to install."""
        known = self._launches.get(runtime)
        if known is not None:
            return known
        identifier = BY_NAME.get(runtime)
        if identifier is None:
            names = ", ".join(each.name for each in KNOWN)
            raise EnvironmentUnavailable(f"lambdad does not run {runtime}; it runs {names}")
        with self._lock:
            launch = self._launches.get(runtime) or self._make(identifier)
            self._launches[runtime] = launch
        return launch

    def status(self) -> list[RuntimeStatus]:
        """Every runtime id lambdad knows."""
        return [self._status_of(runtime) for runtime in KNOWN]

    def prepare(self, runtime: str) -> None:
        """Do what makes the first environments of a runtime quick; takes seconds: for a thread."""
        self.launch(runtime)
        identifier = BY_NAME[runtime]
        interpreter = self._interpreters.find(identifier)
        if identifier.language is Language.PYTHON and interpreter is not None:
            compile_sdk(python_tree(self.home, interpreter), interpreter)

    def _status_of(self, runtime: RuntimeId) -> RuntimeStatus:
        if runtime.language is Language.PROVIDED:
            return RuntimeStatus(runtime.name, BOOTSTRAPS[0], "the function's own", None)
        found = self._interpreters.find(runtime)
        if found is None:
            return RuntimeStatus(runtime.name, None, None, f"lambdad runtimes install {runtime.name}")
        return RuntimeStatus(runtime.name, str(found.binary), found.version, None)

    def _make(self, runtime: RuntimeId) -> RuntimeLaunch:
        if runtime.language is Language.PROVIDED:
            return RuntimeLaunch(
                argv=(BOOTSTRAPS[0],),
                mounts=(),
                env={},
                version=f"provided:{runtime.version}.v1",
                own_client=False,
                missing_program=MISSING_BOOTSTRAP,
                programs=BOOTSTRAPS,
                takes_wrapper=False,
            )
        interpreter = self._interpreters.find(runtime)
        if interpreter is None:
            raise EnvironmentUnavailable(
                f"No interpreter for {runtime.name} on this host ({runtime.program} {runtime.version}). "
                f"Install one with: lambdad runtimes install {runtime.name}"
            )
        if runtime.language is Language.PYTHON:
            return _waiting(runtime, self._python(interpreter), waits=None)
        launch = self._node(interpreter)
        return _waiting(runtime, launch, waits=(launch.argv[0], f"{RUNTIME}/{NODE_WAIT}"))

    def _python(self, interpreter: Interpreter) -> RuntimeLaunch:
        tree = python_tree(self.home, interpreter)
        major, minor, patch = interpreter.version.split(".")
        own_path = (Mount(interpreter.prefix, str(interpreter.prefix)),) if interpreter.needs_own_path else ()
        return RuntimeLaunch(
            # -S: the host's site-packages are no business of a function; -u: nothing printed is lost.
            argv=(
                f"{LANG}/bin/python{major}.{minor}",
                "-S",
                "-u",
                f"{RUNTIME}/{compiled_client(interpreter)}",
            ),
            mounts=(Mount(interpreter.prefix, LANG), *own_path, Mount(tree, RUNTIME)),
            env={
                "PYTHONPATH": RUNTIME,
                # For our client, which takes it out: where layers have modules, as seen inside.
                LAYER_PATH: f"/opt/python/lib/python{major}.{minor}/site-packages:/opt/python",
            },
            version=f"python:{major}.{minor}.v{patch}",
            own_client=True,
            byte_code=f"python{interpreter.version}",
        )

    def _node(self, interpreter: Interpreter) -> RuntimeLaunch:
        major, minor, _ = interpreter.version.split(".")
        sdk = next(
            (place for home in self._homes if (place := home / "nodejs-sdk" / "node_modules").is_dir()), None
        )
        # ES modules do not look at NODE_PATH, but upwards from /var/task: that is /var/node_modules.
        sdk_mounts = (
            () if sdk is None else (Mount(sdk, f"{RUNTIME}/node_modules"), Mount(sdk, "/var/node_modules"))
        )
        return RuntimeLaunch(
            argv=(f"{LANG}/bin/node", f"{RUNTIME}/{NODE_CLIENT}"),
            mounts=(Mount(interpreter.prefix, LANG), Mount(node_tree(self.home), RUNTIME), *sdk_mounts),
            env={
                "NODE_PATH": f"/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:"
                f"{RUNTIME}/node_modules:{RUNTIME}:/var/task"
            },
            version=f"nodejs:{major}.v{minor}",
            own_client=True,
        )


def _waiting(runtime: RuntimeId, launch: RuntimeLaunch, waits: tuple[str, ...] | None) -> RuntimeLaunch:
    """The launch with what can be made ahead: a program that waits, None for one a fork server makes."""
    if waits is None and runtime.numbers < MIN_FORK_SERVER:
        return launch
    kind = BlankKind(
        runtime.name,
        launch.mounts,
        waits or (),
        stands_for=launch.argv,
        env={**DEFAULTS, **launch.env},
        forks=waits is None,
    )
    return replace(launch, blank=kind)
