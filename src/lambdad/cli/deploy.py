"""`lambdad deploy DIR|FILE`: from source to an active function, created or updated through the AWS API."""

from __future__ import annotations

import base64
import hashlib
import io
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from lambdad.cli import guess, options, packing, show
from lambdad.cli.client import FUNCTIONS, ApiError, Client, client_for, function_path
from lambdad.cli.dependencies import Target, host_architecture, install, wanted
from lambdad.cli.errors import USAGE, CommandError
from lambdad.domain.limits import MAX_ZIPPED_BYTES

DEFAULT_ROLE = "arn:aws:iam::000000000000:role/lambdad"
ACTIVE_WITHIN_S = 120.0
POLL_EVERY_S = 0.05

Members = dict[str, object]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asked for; None leaves a function as it is, or takes AWS's default."""

    runtime: str | None = None
    handler: str | None = None
    memory_mib: int | None = None
    timeout_s: int | None = None
    environment: dict[str, str] | None = None
    role: str | None = None
    architecture: str | None = None
    layers: list[str] | None = None

    def members(self) -> Members:
        """What was asked for, as members of CreateFunction and UpdateFunctionConfiguration."""
        found: Members = {
            "Runtime": self.runtime,
            "Handler": self.handler,
            "MemorySize": self.memory_mib,
            "Timeout": self.timeout_s,
            "Role": self.role,
            "Environment": None if self.environment is None else {"Variables": self.environment},
            "Layers": self.layers,
        }
        return {name: value for name, value in found.items() if value is not None}


def deploy(
    source: Annotated[Path, typer.Argument(metavar="DIR|FILE", help="a folder, a file, or a .zip as it is")],
    name: Annotated[str | None, typer.Option("--name", "-n", help="default: the folder's name")] = None,
    runtime: Annotated[str | None, typer.Option("--runtime", "-r", help="default: from the files")] = None,
    handler: Annotated[str | None, typer.Option("--handler", help="default: from the files")] = None,
    memory: Annotated[int | None, typer.Option("--memory", metavar="MB", help="default: 128")] = None,
    timeout: Annotated[int | None, typer.Option("--timeout", metavar="SECONDS", help="default: 3")] = None,
    env: Annotated[
        list[str] | None, typer.Option("--env", "-e", metavar="K=V", help="a variable; may be repeated")
    ] = None,
    role: Annotated[str | None, typer.Option("--role", metavar="ARN", help="default: a made-up role")] = None,
    architecture: Annotated[
        str | None, typer.Option("--architecture", metavar="x86_64|arm64", help="default: this host's")
    ] = None,
    layer: Annotated[
        list[str] | None,
        typer.Option("--layer", metavar="ARN", help="a layer version; may be repeated, in order"),
    ] = None,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Zip a folder or file with what it requires, create or update the function, wait until active."""
    function = name or guess.function_name_of(source.absolute().name)
    wish = Wish(runtime, handler, memory, timeout, variables(env), role, architecture, layer or None)
    with client_for(endpoint, region) as client:
        existing = find(client, function)
        archive, wish = build(source, wish, existing)
        with show.progress(f"deploying {function}"):
            if existing is None:
                verb, final = "created", create(client, function, wish, archive)
            else:
                verb, final = "updated", update(client, function, wish, archive, existing)
    if as_json:
        show.document(final)
    else:
        text = f"{verb} {function} ({final.get('Runtime')}, {final.get('Handler')}, {len(archive):,} bytes)"
        show.out.print(f"{text}\ninvoke it: lambdad invoke {function}", markup=False)


def sized(archive: bytes) -> bytes:
    """The archive itself when Lambda takes it directly.

    Raises:
        CommandError: it is too large.
    """
    if len(archive) > MAX_ZIPPED_BYTES:
        raise CommandError(
            f"the archive has {len(archive):,} bytes; Lambda takes {MAX_ZIPPED_BYTES:,} directly; "
            "put it into S3 and create the function from there"
        )
    return archive


def build(source: Path, wish: Wish, existing: Members | None) -> tuple[bytes, Wish]:
    """The archive of `source`, and the wish with what its files tell.

    An existing function keeps its runtime and handler unless the command line names others.
    """
    if not source.exists():
        raise CommandError(f"{source}: no such file or directory")
    if source.suffix == ".zip" and source.is_file():
        archive = sized(source.read_bytes())
        return archive, _completed(wish, _top_names(archive), existing)
    with tempfile.TemporaryDirectory(prefix="lambdad-deploy-") as staged:
        directory = Path(staged)
        packing.stage(source, directory)
        wish = _completed(wish, {path.name for path in directory.iterdir()}, existing)
        known = existing or {}
        target = Target(
            wish.runtime or str(known.get("Runtime")),
            wish.architecture or _architecture(known) or host_architecture(),
        )
        if file := wanted(directory, target.runtime):
            with show.progress(f"installing {file} for {target.runtime} on {target.architecture}"):
                install(directory, target, _interpreter(target.runtime))
        return sized(packing.pack(directory)), wish


def create(client: Client, name: str, wish: Wish, archive: bytes) -> Members:
    """Create the function and wait until it is active."""
    members: Members = {
        "FunctionName": name,
        "Role": DEFAULT_ROLE,
        "Architectures": [wish.architecture or host_architecture()],
        "Code": {"ZipFile": base64.b64encode(archive).decode()},
        **wish.members(),
    }
    client.call("POST", FUNCTIONS, members)
    return settled(client, name)


def update(client: Client, name: str, wish: Wish, archive: bytes, existing: Members) -> Members:
    """Bring code and configuration up to date, each only when it differs."""
    digest = base64.b64encode(hashlib.sha256(archive).digest()).decode()
    if digest != existing.get("CodeSha256") or wish.architecture not in {None, _architecture(existing)}:
        code: Members = {"ZipFile": base64.b64encode(archive).decode()}
        if wish.architecture:
            code["Architectures"] = [wish.architecture]
        client.call("PUT", function_path(name, "/code"), code)
        existing = settled(client, name)
    known = {**existing, "Layers": layer_arns(existing)}
    changed = {key: value for key, value in wish.members().items() if known.get(key) != value}
    if not changed:
        return existing
    client.call("PUT", function_path(name, "/configuration"), changed)
    return settled(client, name)


def settled(
    client: Client,
    name: str,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Members:
    """The configuration once neither creation nor an update is under way.

    Raises:
        CommandError: it failed, or takes longer than `ACTIVE_WITHIN_S`.
    """
    deadline = clock() + ACTIVE_WITHIN_S
    while True:
        found = client.call("GET", function_path(name, "/configuration"))
        for state, reason in (("State", "StateReason"), ("LastUpdateStatus", "LastUpdateStatusReason")):
            if found.get(state) == "Failed":
                raise CommandError(f"{name} failed: {found.get(reason) or 'no reason given'}")
        if found.get("State") in {"Active", "Inactive"} and found.get("LastUpdateStatus") != "InProgress":
            return found
        if clock() > deadline:
            raise CommandError(f"{name} is still {found.get('State')} after {ACTIVE_WITHIN_S:.0f} s")
        sleep(POLL_EVERY_S)


def find(client: Client, name: str) -> Members | None:
    """The function's configuration; None when there is no such function."""
    try:
        return client.call("GET", function_path(name, "/configuration"))
    except ApiError as error:
        if error.code == "ResourceNotFoundException":
            return None
        raise


def variables(pairs: list[str] | None) -> dict[str, str] | None:
    """``["K=V", …]`` as a mapping; None when none was given, which keeps what the function has.

    Raises:
        CommandError: one has no ``=``.
    """
    if not pairs:
        return None
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise CommandError(f"--env {pair}: write it as NAME=value", USAGE)
        found[key] = value
    return found


def layer_arns(members: Members) -> list[str]:
    """The layer versions of a function's configuration, in order."""
    layers = members.get("Layers")
    return [str(layer["Arn"]) for layer in layers] if isinstance(layers, list) else []


def _completed(wish: Wish, names: set[str], existing: Members | None) -> Wish:
    """The wish with runtime and handler, as a new function needs them."""
    if existing is not None:
        return wish
    runtime = wish.runtime or guess.runtime_of(names, _runnable(names))
    handler = wish.handler or guess.handler_of(runtime, names)
    return replace(wish, runtime=runtime, handler=handler)


def _runnable(names: set[str]) -> list[str]:
    """Runtimes this host can run; not looked for when a bootstrap tells everything."""
    if "bootstrap" in names:
        return []
    from lambdad.cli.runtimes import found_here

    return [one.runtime for one in found_here() if one.interpreter]


def _interpreter(runtime: str) -> str | None:
    """The interpreter functions of this runtime run on here; None when there is none."""
    from lambdad.cli.runtimes import found_here

    return next((one.interpreter for one in found_here() if one.runtime == runtime), None)


def _architecture(members: Members) -> str | None:
    architectures = members.get("Architectures")
    return str(architectures[0]) if isinstance(architectures, list) and architectures else None


def _top_names(archive: bytes) -> set[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return {name for name in opened.namelist() if "/" not in name}
    except zipfile.BadZipFile:
        raise CommandError("the file ends in .zip but is no zip archive") from None
