"""SnapStart with numpy and pandas imported: a version out of its memory image, beside executing it.

Both are the same published version; in the one server it is restored, in the other, which has no pools, it
is executed and imports everything. Before each call every environment is ended.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from bench import client, interpreters, status
from bench.functions import Kind, Spec
from bench.measure_paths import FAILURES, FIRST_ANSWER, SPAWN, TAIL, cold, subject_of
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure, p99
from bench.subject import Subject
from bench.subject_api import lambdad

RESTORE = "restore"
FUNCTION = "numpy and pandas"
# The newest that Python 3.11 and every later one have wheels of.
PACKAGES = ("numpy==2.2.6", "pandas==2.2.3")
_SOURCE = Path(__file__).parent / "sources" / "science.py.txt"
_INSTALL_S = 600
_OPTIMISED_S = 60.0


def measure(run: Run) -> None:
    """Measure every checkout of lambdad."""
    for name in run.programs:
        try:
            runtime = _newest_python(run, name)
            folder = _packed(run.packages / "-".join([runtime, *PACKAGES]), runtime, run)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            run.results.fail(Measure.SNAPSTART, name, "pip install", getattr(error, "stderr", "") or error)
            return
        spec = Spec("science", Kind.PYTHON, runtime, "science.handler", folder, FULL_MEMORY_MIB)
        for path, settings in ((RESTORE, {}), (SPAWN, {"LAMBDAD_POOLS": "false"})):
            environment = {**run.environments[name], **settings}
            _measure_path(run, lambdad(subject_of(name, path), run.programs[name], environment), spec, path)


def _measure_path(run: Run, subject: Subject, spec: Spec, path: str) -> None:
    run.say(f"snapstart: {subject.name}")
    seen: list[float] = []
    with opened(run, Measure.SNAPSTART, [(subject, [])]) as sessions:
        if subject.name not in sessions:
            return
        port = sessions[subject.name].target(spec.name).port
        try:
            version = publish(port, spec, optimised=path == RESTORE)
            for _ in range(run.effort.cold_samples):
                status.drain(port)
                time.sleep(run.effort.settle_s / 4)
                where = f"{client.invoke_path(spec.name)}?Qualifier={version}"
                seen.append(cold(port, where, path) * 1e3)
        except FAILURES as error:
            run.results.fail(Measure.SNAPSTART, subject.name, FUNCTION, error)
            return
    for value in seen:
        run.results.add(Key(Measure.SNAPSTART, subject.name, FIRST_ANSWER, FUNCTION), value)
    run.results.add(Key(Measure.SNAPSTART, subject.name, TAIL, FUNCTION), p99(seen))


def publish(port: int, spec: Spec, *, optimised: bool) -> str:
    """Create the function with SnapStart and publish it; the version, once it is Active.

    Args:
        port: of the server.
        spec: of the function.
        optimised: whether there must be a snapshot of it.

    Raises:
        CallError: it is refused or fails, or has no snapshot; with the server's reason.
    """
    request = {
        "FunctionName": spec.name,
        "Runtime": spec.runtime,
        "Role": "arn:aws:iam::000000000000:role/bench",
        "Handler": spec.handler,
        "Timeout": 30,
        "MemorySize": spec.memory_mib,
        "Code": {"ZipFile": base64.b64encode(spec.zipped()).decode()},
        "Publish": True,
        **({"SnapStart": {"ApplyOn": "PublishedVersions"}} if optimised else {}),
    }
    with closing(client.dial(port)) as line:
        made = client.call(line, "POST", "/2015-03-31/functions", json.dumps(request).encode())
        if made.status != 201:
            raise client.CallError(f"CreateFunction {spec.name}: {made.status} {made.body[:300]!r}")
        version = str(json.loads(made.body)["Version"])
        path = f"/2015-03-31/functions/{spec.name}/configuration?Qualifier={version}"
        deadline = time.monotonic() + _OPTIMISED_S
        while (about := json.loads(client.call(line, "GET", path).body)).get("State") == "Pending":
            if time.monotonic() > deadline:
                raise client.CallError(f"version {version} is still Pending after {_OPTIMISED_S:g} s")
            time.sleep(0.05)
    reason = about.get("StateReason")
    if about.get("State") != "Active":
        raise client.CallError(f"version {version} is {about.get('State')}: {reason}")
    state = (about.get("SnapStart") or {}).get("OptimizationStatus")
    if optimised and state != "On":
        raise client.CallError(f"OptimizationStatus is {state}: {reason or 'no reason is given'}")
    return version


def _newest_python(run: Run, name: str) -> str:
    """SnapStart is offered from Python 3.12 on."""
    found, _ = interpreters.find(run.programs[name], run.environments[name])
    return [one.runtime for one in found if one.kind is Kind.PYTHON][-1]


def _packed(home: Path, runtime: str, run: Run) -> Path:
    """The function with its packages, installed once."""
    if not home.exists():
        run.say(f"installing {' '.join(PACKAGES)} (pip, own folder)")
        draft = home.with_suffix(".partial")
        shutil.rmtree(draft, ignore_errors=True)
        number = runtime.removeprefix("python")
        # Wheels of the function's Python, whichever runs the bench.
        wheels = ["--only-binary=:all:", "--python-version", number, "--no-compile"]
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", *wheels, "--target", str(draft), *PACKAGES],
            check=True,
            capture_output=True,
            text=True,
            timeout=_INSTALL_S,
            stdin=subprocess.DEVNULL,
        )
        # A third of both, and nobody's at run time: the zip must stay below what can be sent directly.
        for tests in [*draft.rglob("tests"), draft / "bin"]:
            shutil.rmtree(tests, ignore_errors=True)
        draft.rename(home)
    shutil.copy(_SOURCE, home / "science.py")
    return home
