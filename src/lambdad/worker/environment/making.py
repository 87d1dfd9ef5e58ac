"""From a function version to a started runtime, and back to nothing.

Order: runtime and code are looked up, the sandbox is made, the server listens inside it, the
process is started. Whatever fails on the way, what was made before is removed.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import MAX_OPEN_FILES, MAX_PROCESSES, MEMORY_MIB_PER_VCPU, MIB
from lambdad.domain.platform_events import SNAP_START
from lambdad.domain.scope import Scope
from lambdad.ports.code_store import CodeStore
from lambdad.worker.ahead.ahead import Ahead
from lambdad.worker.credentials import CredentialIssuer
from lambdad.worker.environment.container_credentials import ContainerCredentials
from lambdad.worker.environment.variables import Credentials, extension_variables, placed, variables
from lambdad.worker.file_systems import FileSystems
from lambdad.worker.pools.housing import Housing
from lambdad.worker.runtime_api import answers
from lambdad.worker.runtime_api.connections import ConnectionCount
from lambdad.worker.runtime_api.server import RuntimeConnection, RuntimeHandler
from lambdad.worker.runtimes.launch import RuntimeLaunch, Runtimes
from lambdad.worker.runtimes.starting import as_configured
from lambdad.worker.sandbox.blank import StartPath
from lambdad.worker.sandbox.plan import (
    RUNTIME,
    ExitStatus,
    Limits,
    Mount,
    ProcessPlan,
    RunningProcess,
    Sandbox,
    SandboxFactory,
    SandboxPlan,
)

EndpointFactory = Callable[[str, Scope, ConnectionCount], asyncio.Protocol]
"""Makes the edge's protocol for a connection to the AWS endpoint inside a sandbox."""

EXTENSIONS_DIR = "/opt/extensions"
TASK_ROOT = "/var/task"
RUNTIME_DIR = "/var/runtime"
LAYERS_ROOT = "/opt"
_OWN_ADDRESS = 1  # among the addresses of a sandbox: the loopback's


class MadeFor(RuntimeHandler, Protocol):
    """What an environment tells its maker."""

    environment_id: str
    version: FunctionVersion
    connections: ConnectionCount

    @property
    def credentials_valid_s(self) -> float:
        """Seconds after which whoever fetches its credentials is to fetch them again."""
        ...

    @property
    def initialization_type(self) -> str:
        """As in `domain.platform_events`."""
        ...


class Output(Protocol):
    """Who reads what the processes print."""

    stream_name: str

    def attach(self, fd: int) -> None:
        """Read the runtime's output from this descriptor from now on, and close it in the end."""
        ...

    def attach_extension(self, name: str, fd: int) -> None:
        """Read an extension's output from this descriptor, and close it in the end."""
        ...


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes environments of one sandbox tier.

    Attributes:
        launches: runtimes looked up before.
        ahead: has byte code made; None has none made.
        housing: finds sandboxes; None has every one made for its function.
        file_systems: finds the directories of access points.
        starts: told how a version's environment came to be, and -1 when it was another way after all.
    """

    factory: SandboxFactory
    runtimes: Runtimes
    code: CodeStore
    credentials: CredentialIssuer
    endpoint: EndpointFactory
    outbound: bool
    launches: dict[str, RuntimeLaunch] = field(default_factory=dict)
    ahead: Ahead | None = None
    housing: Housing | None = None
    file_systems: FileSystems = field(default_factory=FileSystems)
    starts: Callable[[FunctionVersion, StartPath, int], None] = lambda _version, _path, _more: None

    async def make(self, environment: MadeFor) -> Making:
        """Make sandbox and listeners; nothing of the function runs yet.

        Raises:
            EnvironmentUnavailable: interpreter missing, or the host cannot make the sandbox.
            FileSystemUnavailable: a file system cannot be mounted.
        """
        version = environment.version
        if version.runtime is None:
            raise EnvironmentUnavailable("Container images are not offered by lambdad yet.")
        known = await self._launch(version.runtime)
        if self.ahead is not None:
            known = await self.ahead.with_byte_code(known, version)
        layers = await self.code.layers_root(version.layer_keys)
        opt = () if layers is None else (Mount(layers, LAYERS_ROOT),)
        mounts = (Mount(self.code.task_root(version.code_key), TASK_ROOT), *opt, *known.mounts)
        launch = as_configured(known, version, mounts)
        plan = SandboxPlan(
            sandbox_id=environment.environment_id,
            mounts=mounts,
            limits=limits_of(version),
            outbound=self.outbound,
            shared=await self.file_systems.shared(version) if version.file_systems else (),
        )
        housing = self.housing or Housing(self.factory)
        sandbox, path = await housing.house(plan, launch, version.environment or {})
        self.starts(version, path, 1)
        making = Making(environment, sandbox, launch, self, path)
        try:
            await making.listen()
        except BaseException as error:
            await making.remove()
            if isinstance(error, OSError):  # its launcher has just ended, and its listeners with it
                raise EnvironmentUnavailable("the sandbox ended while it was made") from error
            raise
        return making

    async def expect(self, runtime: str) -> None:
        """A function of this runtime is there: what can be made before its first call shall be.

        Raises:
            EnvironmentUnavailable: this host does not run it.
        """
        if self.housing is not None:
            self.housing.expect((await self._launch(runtime)).blank)

    async def _launch(self, runtime: str) -> RuntimeLaunch:
        """Look a runtime up; the first time takes processes and files, so it runs in a thread."""
        known = self.launches.get(runtime)
        if known is None:
            loop = asyncio.get_running_loop()
            known = await loop.run_in_executor(None, self.runtimes.launch, runtime)
            self.launches[runtime] = known
        return known


class Making:
    """A made sandbox with its listeners, and the processes in it."""

    __slots__ = (
        "_channel",
        "_container",
        "_credentials",
        "_environment",
        "_launch",
        "_maker",
        "_removed",
        "_servers",
        "connection",
        "given",
        "sandbox",
        "start_path",
    )
    # _container: how the credentials are fetched; None when they are variables. connection: the client's
    # own channel; None before it is there, or without one. given: the variables of the runtime. start_path:
    # how the runtime came to be.

    def __init__(
        self,
        environment: MadeFor,
        sandbox: Sandbox,
        launch: RuntimeLaunch,
        maker: Maker,
        path: StartPath = StartPath.SPAWN,
    ) -> None:
        self.start_path = path
        self.sandbox = sandbox
        self._environment = environment
        self._launch = launch
        self._maker = maker
        self._servers: list[asyncio.Server] = []
        self._channel: asyncio.BaseTransport | None = None
        self._removed = False
        self.connection: RuntimeConnection | None = None
        self.given: Mapping[str, str] = {}
        self._credentials: Credentials = maker.credentials.issue(environment.version)
        self._container: ContainerCredentials | None = None

    @property
    def runtime_version(self) -> str:
        """As INIT_START shows it."""
        return self._launch.version

    def is_restored(self) -> None:
        """Its runtime goes on from a memory image."""
        if self._maker.housing is not None:
            self._maker.housing.restored(self.start_path)
        self._maker.starts(self._environment.version, self.start_path, -1)
        self._maker.starts(self._environment.version, StartPath.RESTORE, 1)
        self.start_path = StartPath.RESTORE

    async def listen(self) -> None:
        """Serve the Runtime API and the AWS endpoint on the sandbox's listeners."""
        loop = asyncio.get_running_loop()
        environment, maker = self._environment, self._maker
        scope = environment.version.scope

        def endpoint() -> asyncio.Protocol:
            return maker.endpoint(environment.environment_id, scope, environment.connections)

        *runtime_api, aws = self.sandbox.listeners
        for listener in runtime_api:
            self._servers.append(await loop.create_server(self._connection, sock=listener, backlog=64))
        self._servers.append(await loop.create_server(endpoint, sock=aws, backlog=64))

    def _connection(self) -> RuntimeConnection:
        return RuntimeConnection(self._environment, self._environment.connections)

    def renew_credentials(self) -> None:
        """New credentials for the processes that are started from now on; the old ones are void."""
        issuer = self._maker.credentials
        issuer.revoke(self._credentials)
        environment = self._environment
        self._credentials = issuer.issue(environment.version)
        if environment.version.is_snap_started:
            self._container = ContainerCredentials(self._credentials, environment.credentials_valid_s)

    def fetched_credentials(self, head: bytes, now: float) -> bytes:
        """The answer to who fetches them, at `now`, seconds since the epoch."""
        return answers.NOT_FOUND if self._container is None else self._container.answer(head, now)

    # --- extensions ------------------------------------------------------------------------------

    async def extension_names(self) -> tuple[str, ...]:
        """Programs in /opt/extensions, by name; only layers can bring any."""
        if not self._environment.version.layers:
            return ()
        return await self.sandbox.executables(EXTENSIONS_DIR)

    async def killed(self) -> None:
        """Return once a kill has been done: a sandbox does what it is told in order, and answers this last.

        Raises:
            EnvironmentUnavailable: the sandbox is gone.
        """
        await self.sandbox.executables(EXTENSIONS_DIR)

    @staticmethod
    def extension_process(name: str) -> str:
        """Name of an extension's process in the sandbox."""
        return f"extension:{name}"

    async def start_extension(self, name: str, on_exit: Callable[[ExitStatus], None], output: Output) -> None:
        """Start an external extension.

        Raises:
            EnvironmentUnavailable: the sandbox cannot start a process, or is being removed.
        """
        program = f"{EXTENSIONS_DIR}/{name}"
        process = await self.sandbox.start(
            ProcessPlan(
                argv=(program,),
                env=extension_variables(self._variables(output.stream_name)),
                cwd="/",
                name=self.extension_process(name),
                has_channel=False,
            ),
            lambda status: on_exit(_naming(status, program)),
        )
        output.attach_extension(name, process.output)

    # --- the runtime -----------------------------------------------------------------------------

    async def start(self, on_exit: Callable[[ExitStatus], None], output: Output) -> None:
        """Start the runtime; its output goes to `output`, its calls to the environment.

        May be called again once the process before has ended.

        Raises:
            EnvironmentUnavailable: the sandbox cannot start a process, or is being removed.
        """
        sandbox = self.sandbox
        self.given = self._variables(output.stream_name)
        process: RunningProcess = await sandbox.start(
            ProcessPlan(
                argv=tuple(self._launch.argv),
                env=self.given,
                cwd=TASK_ROOT,
                name=RUNTIME,
                has_channel=self._launch.own_client,
            ),
            lambda status: on_exit(explained(status, self._launch)),
        )
        output.attach(process.output)
        if process.channel is None:
            return
        if self._removed:
            process.channel.close()
            return
        try:
            channel, self.connection = await asyncio.get_running_loop().connect_accepted_socket(
                self._own_connection, process.channel
            )
        except BaseException:
            process.channel.close()
            raise
        self._channel, before = channel, self._channel
        if before is not None:
            before.close()
        self._close_if_removed(channel)

    def _close_if_removed(self, channel: asyncio.BaseTransport) -> None:
        if self._removed:  # while it was being connected
            channel.close()

    def _own_connection(self) -> RuntimeConnection:
        """The client's own channel; connections that user code holds cannot take its place."""
        return RuntimeConnection(self._environment, ConnectionCount())

    def _variables(self, log_stream: str) -> Mapping[str, str]:
        sandbox = self.sandbox
        unplaced = variables(
            self._environment.version,
            runtime_env=self._launch.env,
            credentials=(
                self._credentials
                if self._container is None
                else self._container.variables(sandbox.addresses[_OWN_ADDRESS])
            ),
            runtime_api=sandbox.addresses[0],
            endpoint_url=f"http://{sandbox.addresses[-1]}",
            log_stream=log_stream,
            task_root=sandbox.inside(TASK_ROOT),
            runtime_dir=sandbox.inside(RUNTIME_DIR),
            # Its hooks run however an environment of such a version comes to be.
            initialization_type=(
                SNAP_START
                if self._environment.version.is_snap_started
                else self._environment.initialization_type
            ),
        )
        if not self._launch.own_client:
            unplaced.pop("_LAMBDAD_RUNTIME_FD")
        return placed(unplaced, sandbox.inside)

    async def remove(self) -> None:
        """Close the listeners and destroy the sandbox."""
        self._removed = True
        self._maker.credentials.revoke(self._credentials)
        for server in self._servers:
            server.close()
        if self._channel is not None:
            self._channel.close()
        await self.sandbox.destroy()


def explained(status: ExitStatus, launch: RuntimeLaunch) -> ExitStatus:
    """Put the reason why a program could not be executed into AWS's words.

    Source: spec of the Runtime API §9 (Runtime.InvalidEntrypoint).
    """
    if status.error is None:
        return status
    missing = status.error == os.strerror(errno.ENOENT).lower()
    if missing and launch.missing_program is not None:
        return replace(status, error=launch.missing_program)
    return _naming(status, launch.argv[0])


def _naming(status: ExitStatus, program: str) -> ExitStatus:
    """Name the program that could not be executed."""
    return status if status.error is None else replace(status, error=f"fork/exec {program}: {status.error}")


def limits_of(version: FunctionVersion) -> Limits:
    """The limits AWS gives a function of this configuration."""
    return Limits(
        memory_bytes=version.memory_mib * MIB,
        vcpus=version.memory_mib / MEMORY_MIB_PER_VCPU,
        processes=MAX_PROCESSES,
        open_files=MAX_OPEN_FILES,
        tmp_bytes=version.ephemeral_mib * MIB,
    )
