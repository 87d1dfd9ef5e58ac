"""Layers of a function: what a request names becomes what the function keeps, if the rules allow it."""

from __future__ import annotations

from collections.abc import Sequence

from lambdad.control.context import ControlContext
from lambdad.control.layer_access import check_access
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.function import AttachedLayer
from lambdad.domain.layer import LayerReference, parse_layer_version
from lambdad.domain.limits import MAX_LAYERS, MAX_UNZIPPED_BYTES
from lambdad.domain.scope import Scope


async def attach(context: ControlContext, scope: Scope, arns: Sequence[str]) -> tuple[AttachedLayer, ...]:
    """The layer versions of `Layers`, in order.

    Raises:
        InvalidParameter: too many, one that does not exist or is of another region, a layer named twice.
        AccessDenied: another account's whose policy does not let this one in.
        NotOffered: one of AWS's own.

    Source: recorded answers test_layer_function_exceptions of the public suite (see `control.layers`).
    """
    if len(arns) > MAX_LAYERS:
        raise InvalidParameter(f"Cannot reference more than {MAX_LAYERS} layers.")
    attached: dict[str, AttachedLayer] = {}
    for arn in arns:
        layer = await _find(context, scope, arn)
        name = arn.rpartition(":")[0]
        if name in attached:
            raise InvalidParameter(
                "Two different versions of the same layer are not allowed to be referenced in the same "
                f"function. {attached[name].arn} and {arn} are versions of the same layer."
            )
        attached[name] = layer
    return tuple(attached.values())


def check_unzipped(code_bytes: int, layers: Sequence[AttachedLayer]) -> None:
    """Refuse code that is too large together with its layers.

    Args:
        code_bytes: of all files of the function's own code.
        layers: of the function.

    Raises:
        InvalidParameter: in AWS's words, as callers have quoted them.
    """
    layer_bytes = sum(layer.unpacked_bytes for layer in layers)
    if layer_bytes > MAX_UNZIPPED_BYTES:
        raise InvalidParameter(f"Layers consume more than the available size of {MAX_UNZIPPED_BYTES} bytes")
    if code_bytes + layer_bytes > MAX_UNZIPPED_BYTES:
        raise InvalidParameter(
            f"Function code combined with layers exceeds the maximum allowed size of {MAX_UNZIPPED_BYTES} "
            f"bytes. The actual size is {code_bytes + layer_bytes} bytes."
        )


async def _find(context: ControlContext, scope: Scope, arn: str) -> AttachedLayer:
    reference: LayerReference = parse_layer_version(arn)
    await check_access(context, scope, reference, "lambda:GetLayerVersion")
    if reference.scope.region != scope.region:
        raise InvalidParameter(
            "Layers are not in the same region as the function. "
            f"Layers are expected to be in region {scope.region}."
        )
    found = await context.catalogue.layers.read(reference.scope, reference.name, reference.number or 0)
    if found is None:
        raise InvalidParameter(f"Layer version {arn} does not exist.")
    return found.attached()
