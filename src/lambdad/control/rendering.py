"""Versions of functions and layers as AWS answers them; pure. What AWS leaves out is left out.

Source: recorded answers of the groups Function, Versions and LoggingConfig.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from lambdad.domain.function import FunctionVersion
from lambdad.domain.layer import LayerVersion
from lambdad.domain.provisioned import Allocation, ProvisionedConfig

Members = dict[str, Any]
"""Members of an AWS structure by name; None stays out of the answer."""


def configuration(version: FunctionVersion, *, qualified: bool) -> Members:
    """FunctionConfiguration as Get, Create, Update and Publish answer it.

    Args:
        version: what to show.
        qualified: whether `FunctionArn` ends in the version; AWS repeats how it was asked.
    """
    return listed(version, qualified=qualified) | {
        "State": version.state.value,
        "StateReason": version.state_reason and version.state_reason.text,
        "StateReasonCode": version.state_reason and version.state_reason.code,
        "LastUpdateStatus": version.update_status and version.update_status.value,
        "LastUpdateStatusReason": version.update_reason and version.update_reason.text,
        "LastUpdateStatusReasonCode": version.update_reason and version.update_reason.code,
        "RuntimeVersionConfig": _runtime_version(version),
    }


def listed(version: FunctionVersion, *, qualified: bool) -> Members:
    """FunctionConfiguration as lists answer it: without states and runtime version."""
    return {
        **version.echoed,
        "FunctionName": version.name,
        "FunctionArn": version.qualified_arn if qualified else version.unqualified_arn,
        "Runtime": version.runtime,
        "Role": version.role,
        "Handler": version.handler,
        "CodeSize": version.code_bytes,
        "Description": version.description,
        "Timeout": version.timeout_s,
        "MemorySize": version.memory_mib,
        "LastModified": version.last_modified,
        "CodeSha256": version.code_sha256,
        "Version": version.version,
        "Environment": None if version.environment is None else {"Variables": dict(version.environment)},
        "TracingConfig": {"Mode": version.tracing_mode},
        "RevisionId": version.revision_id,
        "Layers": [{"Arn": layer.arn, "CodeSize": layer.code_bytes} for layer in version.layers] or None,
        "FileSystemConfigs": [
            {"Arn": one.arn, "LocalMountPath": one.mount_path} for one in version.file_systems
        ]
        or None,
        "PackageType": version.package_type,
        "Architectures": [version.architecture],
        "EphemeralStorage": {"Size": version.ephemeral_mib},
        "SnapStart": {
            "ApplyOn": version.snap_start_apply_on,
            "OptimizationStatus": "On" if version.is_optimised else "Off",
        },
        "LoggingConfig": _logging(version),
        "TenancyConfig": version.tenant_isolation and {"TenantIsolationMode": version.tenant_isolation},
    }


def asked_for(version: FunctionVersion, arn: str) -> Members:
    """FunctionConfiguration of what was asked for by name.

    Args:
        version: what the name means.
        arn: as it was asked for: unqualified, or with the version or alias.
    """
    return configuration(version, qualified=True) | {"FunctionArn": arn}


def function(
    version: FunctionVersion,
    *,
    arn: str,
    location: str,
    tags: Mapping[str, str],
    concurrency: Mapping[str, int] | None,
) -> Members:
    """GetFunctionResponse; `arn` as in `asked_for`."""
    return {
        "Configuration": asked_for(version, arn),
        "Code": {
            "RepositoryType": "S3",
            "Location": location,
            "SourceKMSKeyArn": version.source_kms_key_arn,
        },
        "Tags": dict(tags) or None,
        "Concurrency": concurrency,
    }


def layer_version(version: LayerVersion, *, location: str) -> Members:
    """What PublishLayerVersion and GetLayerVersion answer."""
    return listed_layer_version(version) | {
        "LayerArn": version.layer_arn,
        "Content": {
            "Location": location,
            "CodeSha256": version.code_sha256,
            "CodeSize": version.code_bytes,
        },
    }


def listed_layer_version(version: LayerVersion) -> Members:
    """LayerVersionsListItem; what is compatible is left out when never given, empty when given so."""
    return {
        "LayerVersionArn": version.version_arn,
        "Version": version.number,
        "Description": version.description,
        "CreatedDate": version.created,
        "CompatibleRuntimes": version.runtimes if version.runtimes is None else list(version.runtimes),
        "CompatibleArchitectures": (
            version.architectures if version.architectures is None else list(version.architectures)
        ),
        "LicenseInfo": version.license_info,
    }


def _logging(version: FunctionVersion) -> Members:
    return {
        "LogFormat": version.logging.log_format,
        "ApplicationLogLevel": version.logging.application_level,
        "SystemLogLevel": version.logging.system_level,
        "LogGroup": version.logging.log_group,
    }


def _runtime_version(version: FunctionVersion) -> Members | None:
    arn = runtime_version_arn(version)
    return None if arn is None else {"RuntimeVersionArn": arn}


def runtime_version_arn(version: FunctionVersion) -> str | None:
    """An ARN per runtime identifier, stable over restarts; what runs is the host's interpreter.

    None for images.
    """
    if version.runtime is None:
        return None
    digest = hashlib.sha256(f"lambdad runtime {version.runtime}".encode()).hexdigest()
    scope = version.scope
    return f"arn:{scope.partition}:lambda:{scope.region}::runtime:{digest}"


def provisioned(config: ProvisionedConfig, allocation: Allocation) -> Members:
    """Provisioned concurrency as Put and Get answer it.

    Source: recorded answers of the group ProvisionedConcurrency.
    """
    return {
        "RequestedProvisionedConcurrentExecutions": config.requested,
        "AvailableProvisionedConcurrentExecutions": allocation.initialised,
        "AllocatedProvisionedConcurrentExecutions": allocation.initialised,
        "Status": allocation.status.value,
        "StatusReason": allocation.reason,
        "LastModified": config.last_modified,
    }
