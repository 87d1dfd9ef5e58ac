"""From files, variables and options to one `Settings`: names are checked, later sources win."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from lambdad.settings import file_systems, kafka_clusters, network, reading
from lambdad.settings.model import AwsKeys, ServiceEndpoint, Settings, default_data_dir, simple_settings
from lambdad.settings.reading import SettingsError
from lambdad.settings.validation import validate

ENVIRONMENT_PREFIX = "LAMBDAD_"
CONFIG_FILE = "lambdad.toml"
CLIENT_VARIABLES = frozenset({"LAMBDAD_CONFIG", "LAMBDAD_ENDPOINT"})
"""Variables that are not settings of the server but belong to the command line."""
TEST_PREFIX = "LAMBDAD_TEST_"
"""Variables of this form belong to test suites and are not looked at."""
OWN_SERVICES = frozenset({"lambda", "logs"})
"""Services lambdad answers itself; they cannot be pointed elsewhere."""
TABLES: Mapping[str, Callable[[str, object], object]] = {
    "vpcs": network.vpcs,
    "file_systems": file_systems.file_systems,
    "kafka_clusters": kafka_clusters.kafka_clusters,
}
"""Settings that are tables, and only of the file."""


def load(
    options: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
    config: Path | None = None,
) -> Settings:
    """The effective settings: defaults < `config` < `environ` < `options`.

    Args:
        options: what the command line gave, by setting name; only what was given.
        environ: the process environment.
        config: a TOML file that must exist; None takes ``$LAMBDAD_CONFIG``, else ``lambdad.toml`` in
            the working directory if there is one.

    Raises:
        SettingsError: an unknown key or variable, a value of the wrong kind, or a combination that
            cannot be served; one line per problem, each naming the place and the setting.
    """
    values: dict[str, object] = {"data_dir": default_data_dir(environ)}
    tables: dict[str, dict[str, object]] = {}
    for source, found in (_from_file(environ, config), _from_environment(environ)):
        _take(source, found, values, tables)
    known = simple_settings()
    for name, raw in (options or {}).items():
        option = "--" + name.replace("_", "-")
        if name not in known:
            raise SettingsError(f"{option} is not an option of lambdad serve")
        values[name] = known[name].read(option, raw)
    services = {name: _service(name, table, environ) for name, table in tables.items()}
    settings = Settings(**values, services=services)  # type: ignore[arg-type]
    if problems := validate(settings):
        raise SettingsError("\n".join(problems))
    return settings


def _from_file(environ: Mapping[str, str], config: Path | None) -> tuple[str, dict[str, object]]:
    named = config or (Path(environ["LAMBDAD_CONFIG"]) if environ.get("LAMBDAD_CONFIG") else None)
    path = named or Path(CONFIG_FILE)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if named is None:
            return CONFIG_FILE, {}
        raise SettingsError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error})") from None
    try:
        return str(path), tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from None


def _from_environment(environ: Mapping[str, str]) -> tuple[str, dict[str, object]]:
    """Variables as a tree like that of the file; the names are checked with those of the file."""
    found: dict[str, object] = {}
    services: dict[str, dict[str, object]] = {}
    for variable, value in sorted(environ.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in CLIENT_VARIABLES:
            continue
        if variable.startswith(TEST_PREFIX):
            continue
        of_service = re.fullmatch(r"LAMBDAD_SERVICES_([A-Z0-9]+)_([A-Z_]+)", variable)
        if of_service:
            services.setdefault(of_service[1].lower(), {})[of_service[2].lower()] = value
        else:
            found[variable.removeprefix(ENVIRONMENT_PREFIX).lower()] = value
    return "environment", found | ({"services": services} if services else {})


def _take(
    source: str,
    found: Mapping[str, object],
    values: dict[str, object],
    tables: dict[str, dict[str, object]],
) -> None:
    """Check the names of one source and lay its values over those before."""
    known = simple_settings()
    for name, raw in found.items():
        place = f"{ENVIRONMENT_PREFIX}{name.upper()}" if source == "environment" else f"{source}: {name}"
        if name == "services" and isinstance(raw, dict):
            for service, table in raw.items():
                if not isinstance(table, dict):
                    raise SettingsError(f"{place}.{service} must be a table like {{ endpoint = … }}")
                tables.setdefault(service, {}).update(table)
        elif name in known:
            values[name] = known[name].read(place, raw)
        elif name in TABLES and source != "environment":
            values[name] = TABLES[name](place, raw)
        else:
            names = ", ".join([*known, "services", *TABLES])
            raise SettingsError(f"{place} is not a setting; the settings are {names}")


def _service(name: str, table: Mapping[str, object], environ: Mapping[str, str]) -> ServiceEndpoint:
    place = f"services.{name}"
    if name in OWN_SERVICES:
        raise SettingsError(f"{place} is refused: lambdad answers {name} itself")
    if unknown := sorted(set(table) - {"endpoint", "credentials", "region", "verify"}):
        raise SettingsError(f"{place}.{unknown[0]} is not known; use endpoint, credentials, region, verify")
    endpoint = reading.text(f"{place}.endpoint", table.get("endpoint"))
    url = urlsplit(endpoint)
    if url.scheme not in {"http", "https"} or not url.hostname or url.path.strip("/"):
        raise SettingsError(f"{place}.endpoint must be a URL without a path, not {endpoint!r}")
    credentials = table.get("credentials")
    region = table.get("region")
    return ServiceEndpoint(
        endpoint=endpoint.rstrip("/"),
        credentials=None if credentials is None else _keys(f"{place}.credentials", credentials, environ),
        region=None if region is None else reading.text(f"{place}.region", region),
        verify=reading.switch(f"{place}.verify", table.get("verify", True)),
    )


def _keys(place: str, raw: object, environ: Mapping[str, str]) -> AwsKeys:
    """``ACCESS:SECRET[:TOKEN]``, or ``environment`` for the usual AWS_* variables of the server."""
    if raw == "environment":
        access, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
        if not access or not secret:
            raise SettingsError(
                f"{place} = environment, but AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set"
            )
        return AwsKeys(access, secret, environ.get("AWS_SESSION_TOKEN") or None)
    parts = raw.split(":", 2) if isinstance(raw, str) else []
    if len(parts) < 2 or not all(parts):
        raise SettingsError(f"{place} must be environment or ACCESS_KEY:SECRET_KEY[:SESSION_TOKEN]")
    return AwsKeys(parts[0], parts[1], parts[2] if len(parts) == 3 else None)
