"""A function version: its configuration, its code and its state, as one immutable value.

`$LATEST` is a version like any other, the only one that is ever replaced; every change makes a
new value with a new revision id. The control plane writes these, everything else reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from lambdad.domain.file_systems import FileSystem
from lambdad.domain.scope import Scope

LATEST = "$LATEST"

CodeKey = NewType("CodeKey", str)
"""Content address of a code archive: lower-case hex SHA-256 of the zip file."""

LayerKeys = tuple[CodeKey, ...]
"""The archives of a function's layers, in the order in which they are merged."""


class State(StrEnum):
    """Whether a version can be invoked (the AWS `State`)."""

    PENDING = "Pending"
    ACTIVE = "Active"
    INACTIVE = "Inactive"
    FAILED = "Failed"


class UpdateStatus(StrEnum):
    """How the last update of a version went (the AWS `LastUpdateStatus`)."""

    SUCCESSFUL = "Successful"
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence and a code, as AWS gives them beside a state.

    Attributes:
        code: one of AWS's; None for what AWS has no code for.
    """

    text: str
    code: str | None


@dataclass(frozen=True, slots=True)
class LoggingConfig:
    """Where a version logs to, and how.

    Attributes:
        log_format: ``Text`` or ``JSON``.
        log_group: the CloudWatch log group.
        application_level: None unless set or implied by JSON.
        system_level: None unless set or implied by JSON.
    """

    log_format: str
    log_group: str
    application_level: str | None = None
    system_level: str | None = None


@dataclass(frozen=True, slots=True)
class AttachedLayer:
    """A layer version as a function uses it, whether or not the version still exists.

    Attributes:
        arn: of the layer version.
        code_bytes: size of its archive, the `CodeSize` of answers.
        unpacked_bytes: size of all its files.
        code_key: where the code store keeps it.
    """

    arn: str
    code_bytes: int
    unpacked_bytes: int
    code_key: CodeKey


@dataclass(frozen=True, slots=True)
class FunctionVersion:
    """One version of one function.

    Attributes:
        version: ``$LATEST`` or a number as text.
        runtime: AWS's runtime identifier; None only for images.
        handler: None for images.
        environment: None when never given (AWS then leaves `Environment` out); may be empty.
        code_sha256: base64 SHA-256 of the archive, as AWS shows it.
        code_bytes: size of the archive.
        code_key: where the code store keeps it.
        revision_id: changes with every change of this version and only then.
        last_modified: AWS's format, ``2026-11-23T03:05:20.123+0000``.
        update_status: None while a function is being created, and on published versions as AWS has it.
        layers: in the order in which they are merged below ``/opt``, later ones over earlier ones.
        snap_start_apply_on: ``None``, or ``PublishedVersions``.
        is_optimised: whether a snapshot was made when it was published (AWS's `OptimizationStatus`).
        file_systems: at most one, as on AWS.
        tenant_isolation: ``PER_TENANT`` when every caller names a tenant and no two tenants share an
            environment; None otherwise. Never changes.
        source_kms_key_arn: the key that the code archive is said to be encrypted with; None for AWS's own.
            Only kept: archives are not encrypted here.
        echoed: further validated members in AWS's own shape, answered as they are
            (`DeadLetterConfig`, `KMSKeyArn`, `VpcConfig` …); absent when never given.
        published_from: digest of what `$LATEST` held when this version was published, so that
            publishing the same again is no new version; None on `$LATEST`.
    """

    scope: Scope
    name: str
    version: str
    role: str
    runtime: str | None
    handler: str | None
    timeout_s: int
    memory_mib: int
    ephemeral_mib: int
    architecture: str
    environment: Mapping[str, str] | None
    description: str
    code_sha256: str
    code_bytes: int
    code_key: CodeKey
    logging: LoggingConfig
    revision_id: str
    last_modified: str
    state: State
    state_reason: Reason | None = None
    update_status: UpdateStatus | None = None
    update_reason: Reason | None = None
    package_type: str = "Zip"
    tracing_mode: str = "PassThrough"
    snap_start_apply_on: str = "None"
    is_optimised: bool = False
    layers: tuple[AttachedLayer, ...] = ()
    file_systems: tuple[FileSystem, ...] = ()
    tenant_isolation: str | None = None
    source_kms_key_arn: str | None = None
    echoed: Mapping[str, object] = field(default_factory=dict)
    published_from: str | None = None

    @property
    def unqualified_arn(self) -> str:
        """The function's ARN without a version."""
        return self.scope.arn("lambda", f"function:{self.name}")

    @property
    def qualified_arn(self) -> str:
        """The version's ARN; that of `$LATEST` ends in ``:$LATEST``."""
        return f"{self.unqualified_arn}:{self.version}"

    @property
    def is_snap_started(self) -> bool:
        """Whether SnapStart applies to it: never to `$LATEST`."""
        return self.snap_start_apply_on == "PublishedVersions" and self.version != LATEST

    @property
    def layer_keys(self) -> LayerKeys:
        """The code of its layers, in order."""
        return tuple(layer.code_key for layer in self.layers)
