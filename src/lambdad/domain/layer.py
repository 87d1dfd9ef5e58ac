"""Layers: a version of one as a value, the reference a function keeps of it, and how requests name them.

A layer version never changes. A function that uses one keeps what it needs of it (`AttachedLayer`), so that
deleting the version takes nothing from the function.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lambdad.domain.errors import NotOffered
from lambdad.domain.function import AttachedLayer, CodeKey
from lambdad.domain.scope import Scope

_VERSION_ARN = re.compile(r"(arn:[^:]+:lambda:([^:]+):(\d{12}):layer:([^:]+)):(\d+)")
_LAYER_ARN = re.compile(r"arn:[^:]+:lambda:([^:]+):(\d{12}):layer:([^:]+)")
_MAX_DIGITS = 18
"""Of a version number: what fits into 64 bits; longer ones name no version."""


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """One version of one layer.

    Attributes:
        number: counts from 1; the number of a deleted version is not given again.
        license_info: None when never given.
        runtimes: compatible runtimes as published; None when not given, which AWS leaves out of answers.
        architectures: likewise.
        code_sha256: base64 SHA-256 of the archive, as AWS shows it.
        code_bytes: size of the archive.
        unpacked_bytes: size of all its files.
        code_key: where the code store keeps it.
        created: AWS's format, ``2026-11-23T03:05:20.123+0000``.
    """

    scope: Scope
    name: str
    number: int
    description: str
    license_info: str | None
    runtimes: tuple[str, ...] | None
    architectures: tuple[str, ...] | None
    code_sha256: str
    code_bytes: int
    unpacked_bytes: int
    code_key: CodeKey
    created: str

    @property
    def layer_arn(self) -> str:
        """The layer's ARN without a version."""
        return self.scope.arn("lambda", f"layer:{self.name}")

    @property
    def version_arn(self) -> str:
        """The version's ARN."""
        return f"{self.layer_arn}:{self.number}"

    def attached(self) -> AttachedLayer:
        """What a function keeps of it."""
        return AttachedLayer(self.version_arn, self.code_bytes, self.unpacked_bytes, self.code_key)


@dataclass(frozen=True, slots=True)
class LayerReference:
    """A layer as a request names it.

    Attributes:
        scope: whose it is; the caller's own when the request gave a bare name.
        number: None when the request named no version; 0 for a number no version can have.
    """

    scope: Scope
    name: str
    number: int | None = None

    @property
    def arn(self) -> str:
        """The ARN with the version, if one was named."""
        arn = self.scope.arn("lambda", f"layer:{self.name}")
        return arn if self.number is None else f"{arn}:{self.number}"


def parse_layer(text: str, scope: Scope) -> LayerReference:
    """Read a bare name or a layer ARN that the model's pattern allows."""
    matched = _LAYER_ARN.fullmatch(text)
    if matched is None:
        return LayerReference(scope, text)
    region, account, name = matched.groups()
    return LayerReference(Scope(account, region), name)


def parse_layer_version(arn: str) -> LayerReference:
    """Read a layer version ARN that the model's pattern allows.

    Raises:
        NotOffered: one of AWS's own layers (``arn:…:lambda:::awslayer:…``).
    """
    matched = _VERSION_ARN.fullmatch(arn)
    if matched is None:
        raise NotOffered(f"Layers of AWS itself ({arn}) are not offered by lambdad.")
    _, region, account, name, digits = matched.groups()
    number = int(digits) if len(digits) <= _MAX_DIGITS else 0
    return LayerReference(Scope(account, region), name, number)
