"""Code signing configurations as resources: create, get, list, update, delete, and who uses them.

Source: what the public suite that `tests/parity/data` is from has recorded about them (their texts), and the
model's documentation: "You can delete the code signing configuration only if no function is using it."
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambdad.control.checks import check_tags
from lambdad.control.configuration import timestamp
from lambdad.control.context import ControlContext, Operations, Params
from lambdad.control.paging import page_size, read_marker, write_marker
from lambdad.domain.arn import FunctionReference
from lambdad.domain.code_signing import (
    CODE_SIGNING_CONFIGS,
    FUNCTION_CODE_SIGNING,
    WARN,
    CodeSigningConfig,
    config_arn,
    config_id_of,
)
from lambdad.domain.errors import Conflict, NotFound
from lambdad.domain.http import Request
from lambdad.domain.resource import ACCOUNT, Place
from lambdad.domain.scope import Scope

Members = dict[str, Any]


class CodeSigning:
    """Handlers for code signing configurations."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context
        self._resources = context.catalogue.resources

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "CreateCodeSigningConfig": self.create,
            "GetCodeSigningConfig": self.get,
            "ListCodeSigningConfigs": self.list_configs,
            "UpdateCodeSigningConfig": self.update,
            "DeleteCodeSigningConfig": self.delete,
            "ListFunctionsByCodeSigningConfig": self.list_functions,
        }

    async def create(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Make a configuration; without a policy it only warns."""
        tags = params.get("Tags") or {}
        check_tags(tags)
        made = CodeSigningConfig(
            config_id=f"csc-0{secrets.token_hex(8)}",
            publishers=_publishers(params),
            policy=_policy(params, WARN),
            last_modified=timestamp(self._context.clock.now()),
            description=params.get("Description"),
            tags=dict(tags),
        )
        scope = request.caller.scope
        place = Place(scope, ACCOUNT, made.config_id)
        await self._resources.change(CODE_SIGNING_CONFIGS, place, lambda _: made)
        return {"CodeSigningConfig": _shown(scope, made)}

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """One configuration."""
        config = await self._find(request.caller.scope, params["CodeSigningConfigArn"])
        return {"CodeSigningConfig": _shown(request.caller.scope, config)}

    async def list_configs(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of configurations."""
        scope, size = request.caller.scope, page_size(params)
        marker = read_marker(params, 1)
        after = None if marker is None else Place(scope, ACCOUNT, marker[0])
        found = await self._resources.page(
            CODE_SIGNING_CONFIGS, scope, function=ACCOUNT, after=after, limit=size + 1
        )
        page = found[:size]
        return {
            "CodeSigningConfigs": [_shown(scope, stored.value) for stored in page],
            "NextMarker": write_marker(page[-1].place.name) if len(found) > size else None,
        }

    async def update(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Change what is given; it counts for code deployed from now on."""
        scope, arn = request.caller.scope, params["CodeSigningConfigArn"]
        now = timestamp(self._context.clock.now())

        def decide(config: CodeSigningConfig | None) -> CodeSigningConfig:
            if config is None:
                raise _missing(arn)
            return replace(
                config,
                description=params.get("Description", config.description),
                publishers=_publishers(params) or config.publishers,
                policy=_policy(params, config.policy),
                last_modified=now,
            )

        place = Place(scope, ACCOUNT, _id_in(scope, arn))
        changed = await self._resources.change(CODE_SIGNING_CONFIGS, place, decide)
        if changed is None:
            raise _missing(arn)
        return {"CodeSigningConfig": _shown(scope, changed)}

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove a configuration that no function has."""
        scope, arn = request.caller.scope, params["CodeSigningConfigArn"]
        async with self._context.code_signing:
            await self._find(scope, arn)
            if await self._resources.find(FUNCTION_CODE_SIGNING, arn):
                raise Conflict(
                    f"The code signing configuration {arn} can not be deleted because functions use it."
                )
            place = Place(scope, ACCOUNT, _id_in(scope, arn))
            await self._resources.change(CODE_SIGNING_CONFIGS, place, lambda _: None)
        return {}

    async def list_functions(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of the functions that have a configuration, by name."""
        scope, arn, size = request.caller.scope, params["CodeSigningConfigArn"], page_size(params)
        await self._find(scope, arn)
        marker = read_marker(params, 1)
        using = await self._resources.find(FUNCTION_CODE_SIGNING, arn)
        behind = marker[0] if marker else ""
        names = [name for name in sorted(stored.place.function for stored in using) if name > behind]
        page = names[:size]
        return {
            "FunctionArns": [FunctionReference(name).arn(scope) for name in page],
            "NextMarker": write_marker(page[-1]) if len(names) > size else None,
        }

    async def _find(self, scope: Scope, arn: str) -> CodeSigningConfig:
        config = await self._resources.read(CODE_SIGNING_CONFIGS, Place(scope, ACCOUNT, _id_in(scope, arn)))
        if config is None:
            raise _missing(arn)
        return config


def _id_in(scope: Scope, arn: str) -> str:
    config_id = config_id_of(scope, arn)
    if config_id is None:
        raise _missing(arn)
    return config_id


def _missing(arn: str) -> NotFound:
    return NotFound(f"The Lambda code signing configuration {arn} can not be found.")


def _publishers(params: Params) -> tuple[str, ...]:
    return tuple((params.get("AllowedPublishers") or {}).get("SigningProfileVersionArns") or ())


def _policy(params: Params, default: str) -> str:
    given = (params.get("CodeSigningPolicies") or {}).get("UntrustedArtifactOnDeployment")
    return str(given or default)


def _shown(scope: Scope, config: CodeSigningConfig) -> Members:
    return {
        "CodeSigningConfigId": config.config_id,
        "CodeSigningConfigArn": config_arn(scope, config.config_id),
        "Description": config.description,
        "AllowedPublishers": {"SigningProfileVersionArns": list(config.publishers)},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": config.policy},
        "LastModified": config.last_modified,
    }
