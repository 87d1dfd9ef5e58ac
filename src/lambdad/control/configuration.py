"""From parameters to a version: what a request makes of nothing, or of the version before; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from lambdad.control.file_systems import check_file_systems, file_systems_of
from lambdad.control.snap_start import check_snap_start_of
from lambdad.control.states import Phase, enter
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.function import LATEST, FunctionVersion, LoggingConfig, State
from lambdad.domain.limits import DEFAULT_EPHEMERAL_MIB, DEFAULT_MEMORY_MIB, DEFAULT_TIMEOUT_S
from lambdad.domain.scope import Scope
from lambdad.ports.code_store import StoredCode

Params = Mapping[str, Any]


def created(
    scope: Scope,
    name: str,
    params: Params,
    code: StoredCode,
    *,
    now: float,
    revision_id: str,
    access_points: Collection[str] = (),
) -> FunctionVersion:
    """The `$LATEST` of a new function, in AWS's defaults where the request says nothing."""
    bare = FunctionVersion(
        scope=scope,
        name=name,
        version=LATEST,
        role=params["Role"],
        runtime=params["Runtime"],
        handler=params["Handler"],
        timeout_s=DEFAULT_TIMEOUT_S,
        memory_mib=DEFAULT_MEMORY_MIB,
        ephemeral_mib=DEFAULT_EPHEMERAL_MIB,
        architecture=(params.get("Architectures") or ["x86_64"])[0],
        environment=None,
        description="",
        code_sha256=code.sha256_base64,
        code_bytes=code.archive_bytes,
        code_key=code.key,
        tenant_isolation=(params.get("TenancyConfig") or {}).get("TenantIsolationMode"),
        source_kms_key_arn=params["Code"].get("SourceKMSKeyArn") or None,
        logging=LoggingConfig("Text", f"/aws/lambda/{name}"),
        revision_id=revision_id,
        last_modified=timestamp(now),
        state=State.PENDING,
    )
    made = configured(bare, params, now=now, access_points=access_points)
    return enter(made, Phase.BEING_CREATED, revision_id)


def configured(
    version: FunctionVersion, params: Params, *, now: float, access_points: Collection[str] = ()
) -> FunctionVersion:
    """The version with every setting that the request gives; state and revision id are the caller's.

    Args:
        version: as it is.
        params: of the request.
        now: seconds since the epoch.
        access_points: ARNs of those of file systems that exist.

    Raises:
        InvalidParameter: settings that exclude each other, or name what does not exist.
    """
    file_systems = file_systems_of(params, version.scope, access_points)
    changed = replace(
        version,
        role=params.get("Role", version.role),
        runtime=params.get("Runtime", version.runtime),
        handler=params.get("Handler", version.handler),
        timeout_s=params.get("Timeout", version.timeout_s),
        memory_mib=params.get("MemorySize", version.memory_mib),
        ephemeral_mib=_inner(params, "EphemeralStorage", "Size", version.ephemeral_mib),
        environment=_environment(version, params),
        description=params.get("Description", version.description),
        tracing_mode=_inner(params, "TracingConfig", "Mode", version.tracing_mode),
        snap_start_apply_on=_inner(params, "SnapStart", "ApplyOn", version.snap_start_apply_on),
        logging=_logging(version.logging, params.get("LoggingConfig") or {}),
        echoed=_echoed(version, params),
        file_systems=version.file_systems if file_systems is None else file_systems,
        last_modified=timestamp(now),
    )
    check_snap_start_of(changed)
    check_file_systems(changed)
    return changed


def with_code(version: FunctionVersion, params: Params, code: StoredCode, *, now: float) -> FunctionVersion:
    """The version with other code; state and revision id are the caller's."""
    return replace(
        version,
        architecture=(params.get("Architectures") or [version.architecture])[0],
        code_sha256=code.sha256_base64,
        code_bytes=code.archive_bytes,
        code_key=code.key,
        source_kms_key_arn=params.get("SourceKMSKeyArn") or None,
        last_modified=timestamp(now),
    )


def content_digest(latest: FunctionVersion) -> str:
    """What decides whether publishing makes a new version: everything but states and ids."""
    content = replace(
        latest,
        version=LATEST,
        revision_id="",
        last_modified="",
        is_optimised=False,
        state=State.ACTIVE,
        state_reason=None,
        update_status=None,
        update_reason=None,
        published_from=None,
    )
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


def timestamp(now: float) -> str:
    """Seconds since the epoch in AWS's format: ``2026-11-23T03:05:20.123+0000``."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _inner(params: Params, member: str, inner: str, default: Any) -> Any:
    return (params.get(member) or {}).get(inner, default)


def _environment(version: FunctionVersion, params: Params) -> Mapping[str, str] | None:
    given = params.get("Environment")
    return version.environment if given is None else dict(given.get("Variables") or {})


def _logging(current: LoggingConfig, given: Params) -> LoggingConfig:
    """Merge what a request gives; levels belong to JSON and are INFO unless set.

    Source: recorded answers LoggingConfig; the refusal of levels with Text is AWS's text.
    """
    log_format = given.get("LogFormat", current.log_format)
    log_group = given.get("LogGroup", current.log_group)
    if log_format == "JSON":
        return LoggingConfig(
            log_format,
            log_group,
            application_level=given.get("ApplicationLogLevel", current.application_level) or "INFO",
            system_level=given.get("SystemLogLevel", current.system_level) or "INFO",
        )
    for member in ("ApplicationLogLevel", "SystemLogLevel"):
        if member in given:
            raise InvalidParameter(
                f"{member} is not supported with LogFormat set to Text. Remove {member} from your request "
                "or change the LogFormat to JSON and try again."
            )
    return LoggingConfig(log_format, log_group)


def _echoed(version: FunctionVersion, params: Params) -> Mapping[str, object]:
    """Settings that are only kept: an empty one removes it."""
    echoed = dict(version.echoed)
    if params.get("VpcConfig"):
        echoed["VpcConfig"] = params["VpcConfig"]
    if "KMSKeyArn" in params:
        echoed["KMSKeyArn"] = params["KMSKeyArn"]
    if "DeadLetterConfig" in params:
        target = (params["DeadLetterConfig"] or {}).get("TargetArn")
        echoed["DeadLetterConfig"] = {"TargetArn": target} if target else None
    return {member: value for member, value in echoed.items() if value}
