"""Whose policy is meant: a function as a whole, one of its versions, or an alias."""

from __future__ import annotations

from lambdad.control.context import ControlContext
from lambdad.domain.alias import ALIASES
from lambdad.domain.arn import FunctionReference, is_alias_name
from lambdad.domain.errors import InvalidParameter, NotFound
from lambdad.domain.function import LATEST, FunctionVersion
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope


def place_of(scope: Scope, reference: FunctionReference) -> Place:
    """Where the policy of what a request names is kept."""
    return Place(scope, reference.name, reference.qualifier or LATEST)


def check_not_latest(reference: FunctionReference) -> None:
    """Refuse a policy for `$LATEST` alone.

    Raises:
        InvalidParameter: in AWS's words. Source: TestLambdaPermissions test_permission_exceptions,
            add_permission_fn_qualifier_latest.
    """
    if reference.qualifier == LATEST:
        raise InvalidParameter("We currently do not support adding policies for $LATEST.")


async def revision_of(context: ControlContext, scope: Scope, reference: FunctionReference) -> str:
    """The revision id of the function, version or alias that a policy hangs on.

    Raises:
        NotFound: in AWS's words.
    """
    return await qualified_revision(context, reference, await context.read_latest(scope, reference.name))


async def qualified_revision(
    context: ControlContext, reference: FunctionReference, latest: FunctionVersion
) -> str:
    """As `revision_of`, of a function whose `$LATEST` is known.

    Raises:
        NotFound: in AWS's words. Source: TestLambdaPermissions test_permission_exceptions,
            add_permission_fn_alias_doesnotexist, …_fn_version_doesnotexist, …_qualifier_valid_doesnotexist.
    """
    scope, qualifier = latest.scope, reference.qualifier
    if qualifier in (None, LATEST):
        return latest.revision_id
    if not is_alias_name(qualifier):
        return (await context.read(scope, reference)).revision_id
    alias = await context.catalogue.resources.read(ALIASES, place_of(scope, reference))
    if alias is None:
        raise NotFound(f"Cannot find alias arn: {reference.arn(scope)}")
    return alias.revision_id
