"""The settings as values: every name with its meaning, unit, default and reason.

Before: nothing. After: `loading` fills them, `validation` judges them, `docs/reference/settings.md` is
generated from them.
"""
# ruff: noqa: RUF009 - `_setting` only builds a dataclass field; nothing is shared between instances.

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from lambdad.settings import reading
from lambdad.settings.network import VpcNames


class AuthMode(StrEnum):
    """Who may call: everybody on this machine, or only known credentials."""

    PERMISSIVE = "permissive"
    ENFORCE = "enforce"


class RequiredIsolation(StrEnum):
    """The weakest isolation the server may start with; `NONE` takes the best this host gives."""

    NONE = "none"
    PROCESS = "process"
    NAMESPACE = "namespace"
    MICROVM = "microvm"


class Isolation(StrEnum):
    """The isolation functions get; `AUTO` takes the strongest this host gives."""

    AUTO = "auto"
    NAMESPACE = "namespace"
    PROCESS = "process"


class Neighbours(StrEnum):
    """Where services come from that no `[services.…]` names."""

    NONE = "none"
    COMPANION = "companion"


class LogLevel(StrEnum):
    """Least serious kind of record the server writes to its own log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How the server's own log is written."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class AwsKeys:
    """Credentials for an external service; the secret parts never appear in `repr`."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ServiceEndpoint:
    """Where a neighbour service is, when it is not lambdad's own.

    Attributes:
        endpoint: URL without a path, ``https://s3.eu-central-1.amazonaws.com``.
        credentials: None sends the caller's request as it is signed.
        region: region to sign for; None keeps the caller's.
        verify: whether the endpoint's TLS certificate is checked.
        headers: that every request must carry; only the companion's has any.
    """

    endpoint: str
    credentials: AwsKeys | None = None
    region: str | None = None
    verify: bool = True
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class About:
    """What the reference page says about a setting, and how its value is read.

    Attributes:
        what: one sentence.
        why: the reason for the default.
        default: how the default is written for people.
        unit: None for values that have none.
        read: from ``(name, raw)``, where raw is text or a TOML value, to the value.
        choices: the words allowed, when they are few.
        switch: whether the option is a pair ``--x`` / ``--no-x``.
    """

    what: str
    why: str
    default: str
    unit: str | None
    read: Callable[[str, object], object]
    choices: tuple[str, ...] = ()
    switch: bool = False


def _setting(
    default: object,
    read: Callable[[str, object], object],
    *,
    what: str,
    why: str,
    shown: str | None = None,
    unit: str | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    text = shown if shown is not None else str(default).lower()
    about = About(what, why, text, unit, read, choices, switch=read is reading.switch)
    if callable(default):
        return field(default_factory=default, metadata={"about": about})
    return field(default=default, metadata={"about": about})


def default_data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_DATA_HOME/lambdad``, else ``~/.local/share/lambdad``."""
    root = environ.get("XDG_DATA_HOME", "")
    if root.startswith("/"):
        return Path(root) / "lambdad"
    home = environ.get("HOME") or str(Path("~").expanduser())
    return Path(home) / ".local" / "share" / "lambdad"


def _local_data_dir() -> Path | None:
    return default_data_dir()


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective settings of one server.

    Attributes:
        data_dir: None keeps nothing (``:memory:``).
        key_command: None keeps the key in the data directory.
        tls_cert: None serves plain HTTP.
        max_environments: None derives the bound from descriptors.
        memory_ceiling_mib: None derives it from the memory there is.
        function_url_domain: None follows the name the caller used.
        price_file: None takes the list that comes with lambdad.
        companion_dir: None takes the user's cache.
        services: neighbour service to where it really is.
        file_systems: the directory of each access point, by its ARN.
        kafka_clusters: the bootstrap servers of each cluster of Amazon MSK, by its ARN.
        vpcs: what exists in each VPC, by its id.
    """

    host: str = _setting(
        "127.0.0.1", reading.text, what="Address to listen on.", why="Only this machine can call."
    )
    port: int = _setting(
        4566,
        reading.integer,
        what="Port to listen on; 0 takes any free one.",
        why="What local AWS tools expect.",
    )
    data_dir: Path | None = _setting(
        _local_data_dir,
        reading.data_dir,
        what="Directory of everything that is kept, mode 0700; `:memory:` keeps nothing.",
        why="Functions survive a restart; the XDG directory belongs to the user alone.",
        shown="$XDG_DATA_HOME/lambdad, else ~/.local/share/lambdad",
    )
    auth: AuthMode = _setting(
        AuthMode.PERMISSIVE,
        reading.one_of(AuthMode),
        what="Whether callers must be known: with `enforce`, requests without a key of ours are refused.",
        why="Local tools call with made-up keys; only loopback can reach the server.",
        choices=tuple(AuthMode),
    )
    signature_skew_s: float = _setting(
        300.0,
        reading.seconds,
        what="How far the date of a signed request may be from the server's clock, either way.",
        why="As on AWS. A request that is sent again within that time is accepted, as on AWS, too.",
        unit="seconds",
        shown="300",
    )
    isolation: Isolation = _setting(
        Isolation.AUTO,
        reading.one_of(Isolation),
        what="How functions are kept apart; `process` gives it up, `namespace` starts with nothing else.",
        why="The strongest tier of the host is right for everybody who does not know better.",
        choices=tuple(Isolation),
    )
    require_isolation: RequiredIsolation = _setting(
        RequiredIsolation.NONE,
        reading.one_of(RequiredIsolation),
        what="Refuse to start with anything weaker.",
        why="The best tier of the host is taken and a weak one is said loudly.",
        choices=tuple(RequiredIsolation),
    )
    outbound: bool = _setting(
        True,
        reading.switch,
        what="Whether functions reach the internet (never this host or one another).",
        why="As on AWS.",
    )
    key_command: str | None = _setting(
        None,
        reading.text,
        what="Command that prints the key secrets are sealed with, 32 characters or more; no shell runs it.",
        why="A file of mode 0600 beside the data; a command asks a vault or a TPM instead.",
        shown="`secret.key` in the data directory",
    )
    block_public_policies: bool = _setting(
        False,
        reading.switch,
        what="Whether a function's policy that lets everybody in is refused, for a public URL, too.",
        why="As on AWS, where a function's owner may open it to everybody.",
    )
    tls_cert: Path | None = _setting(
        None,
        reading.path,
        what="Certificate chain, PEM; with `tls_key` the endpoint speaks HTTPS.",
        why="On loopback plain HTTP is enough.",
        shown="none",
    )
    tls_key: Path | None = _setting(
        None, reading.path, what="Private key of `tls_cert`, PEM.", why="See `tls_cert`.", shown="none"
    )
    cors_origins: tuple[str, ...] = _setting(
        (),
        reading.words,
        what="Origins whose web pages may call (`https://app.example`, `http://localhost:*`).",
        why="A web page in the user's browser must not reach the endpoint; the console need not be named.",
        shown="none",
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (),
        reading.words,
        what="Names accepted in `Host`, beside the loopback names.",
        why="Keeps DNS rebinding out.",
        shown="none",
    )
    log_level: LogLevel = _setting(
        LogLevel.INFO,
        reading.one_of(LogLevel),
        what="Least serious record of the server's own log.",
        why="Start, stop and what an operator must act on.",
        choices=tuple(LogLevel),
    )
    log_format: LogFormat = _setting(
        LogFormat.TEXT,
        reading.one_of(LogFormat),
        what="Format of the server's own log on stderr.",
        why="People read it first; machines ask for json.",
        choices=tuple(LogFormat),
    )
    metrics_token_file: Path | None = _setting(
        None,
        reading.path,
        what="File with a bearer token that may read `/metrics` and nothing else, 16 characters or more.",
        why="Without one `/metrics` is read like other operations: by anybody here, or with a permission.",
        shown="none",
    )
    metric_functions: int = _setting(
        200,
        reading.integer,
        what="Functions with series of their own in `/metrics`; the others are counted together as `_other`.",
        why="Each has about sixty series, and Prometheus keeps them all.",
        unit="functions",
    )
    otlp_endpoint: str | None = _setting(
        None,
        reading.text,
        what="Collector that traces are sent to by OTLP over HTTP; without a path, to its `/v1/traces`.",
        why="Nothing leaves the machine unasked.",
        shown="none",
    )
    otlp_percent: int = _setting(
        100,
        reading.integer,
        what="How many of the calls whose caller has not decided are traced for `otlp_endpoint`.",
        why="Who asks for traces expects to see every call; busy servers ask for fewer.",
        unit="percent",
    )
    xray_daemon: str | None = _setting(
        None,
        reading.text,
        what="Address of an X-Ray daemon, `host:port`, that the segments of sampled calls are sent to.",
        why="Nothing leaves the machine unasked.",
        shown="none",
    )
    idle_environment_s: float = _setting(
        600.0,
        reading.seconds,
        what="How long an unused execution environment stays warm.",
        why="In the range AWS is seen to keep them.",
        unit="seconds",
        shown="600",
    )
    max_environment_age_s: float = _setting(
        50_400.0,
        reading.seconds,
        what="Age at which an execution environment takes no more events; each gets up to a fifth less.",
        why="The longest lease AWS has told of; what an environment gathers does not stay for ever.",
        unit="seconds",
        shown="50400",
    )
    freeze: bool = _setting(
        True,
        reading.switch,
        what="Whether a function's processes stop between events; off, work in the background goes on.",
        why="As on AWS; who looks into a function with a debugger wants it to run.",
    )
    max_environments: int | None = _setting(
        None,
        reading.integer,
        what="Most execution environments at once.",
        why="Derived from descriptors (12 each, beside the server's and callers') and AWS's quota of 1,000.",
        unit="environments",
        shown="derived",
    )
    account_concurrency: int = _setting(
        1_000,
        reading.integer,
        what="Concurrent executions of each account in each region; tenfold, calls a second.",
        why="AWS's quota; throttles are met here before they are met there.",
        unit="executions",
    )
    memory_ceiling_mib: int | None = _setting(
        None,
        reading.integer,
        what="Most memory of all execution environments together; idle ones are ended to stay below.",
        why="Four fifths of the host's memory, or of what a control group leaves; the rest is the server's.",
        unit="MiB",
        shown="derived",
    )
    pools: bool = _setting(
        True,
        reading.switch,
        what="Whether sandboxes are made before functions need them, and Python processes forked.",
        why="Cold starts take milliseconds; off, every program is executed anew and shares nothing.",
    )
    pool_memory_mib: int = _setting(
        256,
        reading.integer,
        what="Most memory of the sandboxes that wait for a function.",
        why="About 60 waiting Pythons; never more than a tenth of the host's memory is taken.",
        unit="MiB",
    )
    default_region: str = _setting(
        "us-east-1",
        reading.text,
        what="Region of requests that are not signed.",
        why="What AWS's own tools fall back to.",
    )
    function_url_domain: str | None = _setting(
        None,
        reading.text,
        what="Domain of function URLs, `<id>.lambda-url.<region>.<domain>`; may have a port or scheme.",
        why="Derived from the name the caller used; `localhost` for addresses, so that names need no server.",
        shown="derived",
    )
    price_file: Path | None = _setting(
        None,
        reading.path,
        what="Price list of the bill, TOML as `telemetry/billing/prices.toml` in the package.",
        why="AWS's prices in us-east-1 come with lambdad; other regions and contracts have others.",
        shown="AWS's in us-east-1",
    )
    neighbours: Neighbours = _setting(
        Neighbours.COMPANION,
        reading.one_of(Neighbours),
        what="Where S3, SQS and others come from that no `[services.…]` names; `none` leaves them out.",
        why="Everything works on one machine; nothing starts before it is asked for, nothing without "
        "`lambdad neighbours install`.",
        choices=tuple(Neighbours),
    )
    companion_dir: Path | None = _setting(
        None,
        reading.path,
        what="Directory that the companion is installed in.",
        why="It can be fetched again; several servers share it.",
        shown="$XDG_CACHE_HOME/lambdad, else ~/.cache/lambdad",
    )
    drain_s: float = _setting(
        30.0,
        reading.seconds,
        what="How long running invocations may finish after SIGTERM.",
        why="Well inside the 90 s after which systemd kills.",
        unit="seconds",
        shown="30",
    )
    services: Mapping[str, ServiceEndpoint] = field(default_factory=dict)
    vpcs: Mapping[str, VpcNames] = field(default_factory=dict)
    file_systems: Mapping[str, Path] = field(default_factory=dict)
    kafka_clusters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def about(setting: Field[object]) -> About | None:
    """What is known about a field of `Settings`; None for what is a table of its own."""
    found = setting.metadata.get("about")
    return found if isinstance(found, About) else None


def simple_settings() -> dict[str, About]:
    """Every setting that has one value, by name, in the order of the reference page."""
    return {item.name: known for item in fields(Settings) if (known := about(item)) is not None}


def default_of(name: str) -> object:
    """The default value of a setting, for `lambdad doctor` to mark what differs."""
    item = next(item for item in fields(Settings) if item.name == name)
    if item.default_factory is not MISSING:
        return item.default_factory()
    return item.default
