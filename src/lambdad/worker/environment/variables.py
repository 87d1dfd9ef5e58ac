"""The environment a function sees, merged as AWS does.

Source: spec of the Runtime API §7; precedence: customer < credentials < runtime < platform. What a
customer may override (LANG, PATH, TZ …) is put first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lambdad.domain.function import FunctionVersion
from lambdad.worker.runtimes.launch import COMPILED_PATH, LAYER_PATH
from lambdad.worker.sandbox.blank import DEFAULTS

_NOT_IN_SNAPSHOTS = ("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME")
"""Variables that functions with SnapStart lack. Source: AWS's page "Monitoring for Lambda SnapStart"."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a function signs its AWS calls with."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)


_XRAY_PORT = "2000"
_SEARCH_PATHS = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "NODE_PATH", LAYER_PATH, COMPILED_PATH)


def placed(environment: Mapping[str, str], inside: Callable[[str], str]) -> dict[str, str]:
    """The same variables with paths as the function's processes see them: search paths, and a handler
    that is a path (``/opt/nodejs/node_modules/wrapper/index.handler``).

    Args:
        environment: what a sandbox with a root of its own would get.
        inside: `Sandbox.inside`; only the process tier answers another path than it was given.
    """
    moved = {
        name: ":".join(inside(entry) for entry in environment[name].split(":"))
        for name in _SEARCH_PATHS
        if name in environment
    }
    handler = environment.get("_HANDLER", "")
    if handler.startswith("/"):
        moved["_HANDLER"] = inside(handler)
    return {**environment, **moved}


def variables(
    version: FunctionVersion,
    *,
    runtime_env: Mapping[str, str],
    credentials: Credentials | Mapping[str, str],
    runtime_api: str,
    endpoint_url: str,
    log_stream: str,
    task_root: str,
    runtime_dir: str,
    initialization_type: str,
) -> dict[str, str]:
    """All variables of a runtime process.

    Args:
        version: the function; its own variables override the defaults, never the platform's.
        runtime_env: what the runtime needs (`PYTHONPATH`, `NODE_PATH`).
        credentials: of the function's role, or the variables that say where to fetch them.
        runtime_api: ``host:port`` as seen inside.
        endpoint_url: where AWS SDKs inside find lambdad; a customer's own value wins.
        log_stream: name of the environment's log stream.
        task_root: where the code is, as seen inside.
        runtime_dir: where the runtime client is, as seen inside.
        initialization_type: as in `domain.platform_events`.
    """
    merged = dict(DEFAULTS)
    merged["AWS_ENDPOINT_URL"] = endpoint_url
    daemon = runtime_api.rpartition(":")[0]
    merged["AWS_XRAY_CONTEXT_MISSING"] = "LOG_ERROR"
    # Nobody listens there until tracing is offered: segments go by UDP, so nothing waits or fails.
    merged["AWS_XRAY_DAEMON_ADDRESS"] = f"{daemon}:{_XRAY_PORT}"
    merged.update(runtime_env)
    merged.update(version.environment or {})
    if isinstance(credentials, Credentials):
        merged["AWS_ACCESS_KEY_ID"] = credentials.access_key
        merged["AWS_SECRET_ACCESS_KEY"] = credentials.secret_key
        merged["AWS_SESSION_TOKEN"] = credentials.session_token
    else:
        merged.update(credentials)
    if version.runtime is not None and not version.runtime.startswith("provided"):
        merged["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{version.runtime}"
    merged.update(
        {
            "AWS_REGION": version.scope.region,
            "AWS_DEFAULT_REGION": version.scope.region,
            "AWS_LAMBDA_FUNCTION_NAME": version.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(version.memory_mib),
            "AWS_LAMBDA_FUNCTION_VERSION": version.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": initialization_type,
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "AWS_LAMBDA_LOG_GROUP_NAME": version.logging.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
            "LAMBDA_TASK_ROOT": task_root,
            "LAMBDA_RUNTIME_DIR": runtime_dir,
            "_AWS_XRAY_DAEMON_ADDRESS": daemon,
            "_AWS_XRAY_DAEMON_PORT": _XRAY_PORT,
            "_HANDLER": version.handler or "",
            "_LAMBDA_TELEMETRY_LOG_FD": "3",
            # With the address it stands for: a wrapper may lead the client elsewhere by another address.
            "_LAMBDAD_RUNTIME_FD": f"4@{runtime_api}",
        }
    )
    if version.is_snap_started:
        for name in _NOT_IN_SNAPSHOTS:
            del merged[name]
    if version.logging.log_format == "JSON":
        merged["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        merged["AWS_LAMBDA_LOG_LEVEL"] = version.logging.application_level or "INFO"
    return merged


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """What makes the variables `after` of those `before`: new values by name, None for what is gone."""
    changed: dict[str, str | None] = {n: value for n, value in after.items() if before.get(n) != value}
    return changed | dict.fromkeys(before.keys() - after.keys())


_RUNTIME_ONLY = frozenset(
    {
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_XRAY_CONTEXT_MISSING",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


def extension_variables(of_runtime: Mapping[str, str]) -> dict[str, str]:
    """The variables of an external extension, out of those of its runtime.

    Source: spec of the Runtime API §3: without the runtime's own and without names that begin with ``_``.
    """
    return {
        name: value
        for name, value in of_runtime.items()
        if not name.startswith("_") and name not in _RUNTIME_ONLY
    }
