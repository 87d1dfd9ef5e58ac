"""Which settings a server can run with: rules over more than one value, in lines for people."""

from __future__ import annotations

import ipaddress
import re

from lambdad.settings.file_systems import first_nested
from lambdad.settings.model import AuthMode, Isolation, RequiredIsolation, Settings
from lambdad.settings.observability import observability_problems

_MOST_CONCURRENCY = 1_000_000
_MET_BY_PROCESS = (RequiredIsolation.NONE, RequiredIsolation.PROCESS)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def validate(settings: Settings) -> list[str]:
    """Every reason why a server cannot run with these settings, one line each; empty when it can."""
    lines = []
    if not is_loopback(settings.host) and settings.auth is not AuthMode.ENFORCE:
        lines.append(
            f"host = {settings.host} is refused: with auth = permissive anybody who can reach the port could "
            "run code; add --auth enforce, or use 127.0.0.1, ::1 or localhost"
        )
    if settings.signature_skew_s <= 0:
        lines.append("signature_skew_s = 0 is refused: clocks differ, and a request takes its time")
    required = settings.require_isolation
    if settings.isolation is Isolation.PROCESS and required not in _MET_BY_PROCESS:
        lines.append(
            f"isolation = process is refused: require_isolation = {required} forbids it; leave one out"
        )
    if settings.port > 65_535:
        lines.append(f"port = {settings.port} is refused: ports end at 65535")
    if (settings.tls_cert is None) != (settings.tls_key is None):
        lines.append("tls_cert and tls_key are refused one without the other: give both or neither")
    lines.extend(
        f"{name} = {path} is refused: no such file"
        for name, path in (
            ("tls_cert", settings.tls_cert),
            ("tls_key", settings.tls_key),
            ("price_file", settings.price_file),
        )
        if path is not None and not path.is_file()
    )
    lines.extend(_counts(settings))
    lines.extend(observability_problems(settings))
    lines.extend(_shared_data(settings))
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d{1,2}", settings.default_region):
        lines.append(f"default_region = {settings.default_region} is refused: not a region name (us-east-1)")
    domain = settings.function_url_domain
    if domain is not None and not re.fullmatch(r"(https?://)?[A-Za-z0-9.-]+(:\d{1,5})?", domain):
        lines.append(f"function_url_domain = {domain} is refused: not a domain ([https://]name[:port])")
    lines.extend(
        f"cors_origins: {origin} is refused: an origin is scheme://host[:port] without a path; "
        "`:*` stands for every port"
        for origin in settings.cors_origins
        if not re.fullmatch(r"https?://[^/\s*]+(:\*)?", origin)
    )
    return lines


def _counts(settings: Settings) -> list[str]:
    """Numbers that must be at least something."""
    lines = []
    if not 1 <= settings.account_concurrency <= _MOST_CONCURRENCY:
        asked = settings.account_concurrency
        lines.append(f"account_concurrency = {asked} is refused: it is from 1 to {_MOST_CONCURRENCY}")
    if settings.max_environments is not None and settings.max_environments < 1:
        lines.append("max_environments = 0 is refused: at least one environment is needed")
    if settings.memory_ceiling_mib is not None and settings.memory_ceiling_mib < 1:
        lines.append("memory_ceiling_mib = 0 is refused: an environment needs memory")
    if settings.pools and settings.pool_memory_mib < 1:
        lines.append("pool_memory_mib = 0 is refused: nothing could wait; pools = false has no pools")
    if settings.max_environment_age_s <= 0:
        lines.append("max_environment_age_s = 0 is refused: an environment must live to take an event")
    return lines


def _shared_data(settings: Settings) -> list[str]:
    """Functions must not come by the data directory."""
    if settings.data_dir is None:
        return []
    data = settings.data_dir.resolve()
    return [
        f"file_systems: {directory} is refused: it and the data directory {data} lie in one another"
        for directory in settings.file_systems.values()
        if directory == data or first_nested((data, directory))
    ]
