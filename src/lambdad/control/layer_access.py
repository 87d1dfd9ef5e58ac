"""Who may use a layer version: its own account, and whom its policy lets in."""

from __future__ import annotations

from lambdad.control.context import ControlContext
from lambdad.domain.errors import AccessDenied, InvalidParameter, NotFound
from lambdad.domain.http import Request
from lambdad.domain.layer import LayerReference
from lambdad.domain.policies.attached import LAYER_POLICIES
from lambdad.domain.policies.document import RESOURCE_POLICY, read_policy
from lambdad.domain.policies.evaluation import Verdict, decide
from lambdad.domain.policies.principals import root
from lambdad.domain.resource import ACCOUNT, Place
from lambdad.domain.scope import Scope

_FIRST = 1


def place_of_policy(layer: LayerReference) -> Place:
    """Where the policy of a layer version is kept."""
    return Place(layer.scope, ACCOUNT, f"{layer.name}:{layer.number}")


async def may_use(context: ControlContext, caller: Scope, layer: LayerReference, action: str) -> bool:
    """Whether the caller has the layer version, or its policy lets them in.

    Nobody knows here which organization an account belongs to, so a grant to an organization lets nobody in.
    """
    if layer.scope.account == caller.account:
        return True
    policy = await context.catalogue.resources.read(LAYER_POLICIES, place_of_policy(layer))
    if policy is None:
        return False
    verdict = decide(
        read_policy(policy.document, RESOURCE_POLICY),
        principal=root(caller.account),
        action=action,
        resource=layer.arn,
        keys={"aws:PrincipalAccount": caller.account},
    )
    return verdict is Verdict.ALLOW


async def check_access(context: ControlContext, caller: Scope, layer: LayerReference, action: str) -> None:
    """Refuse another account's layer version whose policy does not let the caller in.

    Raises:
        AccessDenied: in AWS's words.
    """
    if not await may_use(context, caller, layer, action):
        raise denied(caller, layer.arn, action)


def own(layer: LayerReference, request: Request, action: str) -> LayerReference:
    """The layer, if it is the caller's and of this region.

    Raises:
        AccessDenied: another account's.
        NotFound: of another region.
    """
    if layer.scope.account != request.caller.scope.account:
        raise denied(request.caller.scope, layer.arn, action)
    check_region(layer, request)
    return layer


def check_region(layer: LayerReference, request: Request) -> None:
    """Refuse a layer of another region.

    Raises:
        NotFound: in AWS's words.
    """
    if layer.scope.region != request.caller.scope.region:
        raise missing()


def check_number(number: int) -> None:
    """Refuse what is no version number.

    Raises:
        InvalidParameter: in AWS's words. Source: TestLambdaLayer test_layer_exceptions.
    """
    if number < _FIRST:
        raise InvalidParameter("Layer Version Cannot be less than 1")


def missing() -> NotFound:
    """What AWS answers for a layer version that is not there."""
    return NotFound("The resource you requested does not exist.")


def denied(caller: Scope, resource: str, action: str) -> AccessDenied:
    """What AWS answers when another account's layer has no policy that lets this caller in."""
    return AccessDenied(
        f"User: arn:{caller.partition}:iam::{caller.account}:root is not authorized to perform: {action} on "
        f"resource: {resource} because no resource-based policy allows the {action} action"
    )
