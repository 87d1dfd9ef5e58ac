"""Code signing of functions: which configuration a function has, and what that means for its code.

Signatures cannot be verified here, so code of a function with the policy Enforce is always refused; AWS
does the same with unsigned code. With Warn it is accepted, and the log says so.

Source: "Using code signing to verify code integrity with Lambda" of the developer guide: code that is there
already keeps running; layers that are added must be signed as well.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from lambdad.control.context import ControlContext, Operations, Params, named_function
from lambdad.domain.arn import FunctionReference
from lambdad.domain.code_signing import (
    CODE_SIGNING_CONFIGS,
    ENFORCE,
    FUNCTION_CODE_SIGNING,
    CodeSigningConfig,
    FunctionCodeSigning,
    config_id_of,
)
from lambdad.domain.errors import CodeSigningConfigNotFound, CodeVerificationFailed
from lambdad.domain.function import LATEST, FunctionVersion
from lambdad.domain.http import Request
from lambdad.domain.resource import ACCOUNT, Place
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import Beside

_log = logging.getLogger(__name__)


class FunctionSigning:
    """Handlers for the code signing configuration of a function."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context
        self._resources = context.catalogue.resources

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "PutFunctionCodeSigningConfig": self.put,
            "GetFunctionCodeSigningConfig": self.get,
            "DeleteFunctionCodeSigningConfig": self.delete,
        }

    async def put(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Give a function a configuration; code that it has already stays."""
        scope, arn = request.caller.scope, params["CodeSigningConfigArn"]
        name = named_function(params, request)
        async with self._context.code_signing:
            await _find(self._context, scope, arn)
            signing = FunctionCodeSigning(arn)
            await self._resources.change(FUNCTION_CODE_SIGNING, _place(scope, name), lambda _: signing)
        return {"CodeSigningConfigArn": arn, "FunctionName": name}

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A function's configuration; nothing when it has none."""
        scope, name = request.caller.scope, named_function(params, request)
        await self._context.read_latest(scope, name)
        signing = await self._resources.read(FUNCTION_CODE_SIGNING, _place(scope, name))
        return {} if signing is None else {"CodeSigningConfigArn": signing.config_arn, "FunctionName": name}

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Take the configuration from a function."""
        place = _place(request.caller.scope, named_function(params, request))
        await self._resources.change(FUNCTION_CODE_SIGNING, place, lambda _: None)
        return {}


async def check_code_of_new(context: ControlContext, scope: Scope, name: str, arn: str | None) -> None:
    """Refuse the code of a function that is to be created with the configuration `arn` (None: none).

    Raises:
        CodeSigningConfigNotFound: there is no such configuration.
        CodeVerificationFailed: it enforces signatures.
    """
    if arn:
        _judge(await _find(context, scope, arn), FunctionReference(name).arn(scope))


async def check_code_of(context: ControlContext, scope: Scope, name: str) -> None:
    """Refuse other code or layers for a function whose configuration enforces signatures.

    Raises:
        CodeVerificationFailed: it does.
    """
    signing = await context.catalogue.resources.read(FUNCTION_CODE_SIGNING, _place(scope, name))
    if signing is not None:
        _judge(await _find(context, scope, signing.config_arn), FunctionReference(name).arn(scope))


async def create_signed(
    context: ControlContext, latest: FunctionVersion, tags: Mapping[str, str], arn: str | None
) -> bool:
    """Store a new function and the configuration it has, as `CatalogueStore.create` does.

    Raises:
        CodeSigningConfigNotFound: it was deleted while the code was taken in.
    """
    if not arn:
        return await context.catalogue.create(latest, tags)
    beside: list[Beside] = [(FUNCTION_CODE_SIGNING, LATEST, FunctionCodeSigning(arn))]
    async with context.code_signing:
        await _find(context, latest.scope, arn)
        return await context.catalogue.create(latest, tags, beside)


def _judge(config: CodeSigningConfig, function_arn: str) -> None:
    if config.policy == ENFORCE:
        raise CodeVerificationFailed(
            "Lambda cannot deploy the function. The function or layer might be signed using a signature that "
            "the client is not configured to accept. lambdad cannot verify signatures, so all code counts as "
            "unsigned."
        )
    _log.warning(
        "code of %s is accepted without a look at its signature, as its code signing policy is Warn",
        function_arn,
        extra={"event": "function.code_not_verified"},
    )


async def _find(context: ControlContext, scope: Scope, arn: str) -> CodeSigningConfig:
    config_id = config_id_of(scope, arn)
    if config_id is not None:
        place = Place(scope, ACCOUNT, config_id)
        config = await context.catalogue.resources.read(CODE_SIGNING_CONFIGS, place)
        if config is not None:
            return config
    raise CodeSigningConfigNotFound(
        "The code signing configuration cannot be found. "
        f"Check that the provided configuration is not deleted: {arn}."
    )


def _place(scope: Scope, name: str) -> Place:
    return Place(scope, name, LATEST)
