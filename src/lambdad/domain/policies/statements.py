"""What a policy says, read from its document."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from lambdad.domain.policies.conditions import Condition
from lambdad.domain.policies.principals import Principal, Principals
from lambdad.domain.policies.request_keys import RequestKeys
from lambdad.domain.policies.templates import ArnTemplate
from lambdad.domain.policies.wildcards import Glob


class Effect(StrEnum):
    """What a statement does to the requests it is about."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of a statement that is written `X` or `NotX`."""

    inverted: bool


@dataclass(frozen=True, slots=True)
class Actions(Listed):
    """`Action` or `NotAction`; in any case."""

    globs: tuple[Glob, ...]

    def cover(self, action: str) -> bool:
        """Whether the statement is about this action."""
        return any(glob.matches(action) for glob in self.globs) is not self.inverted


@dataclass(frozen=True, slots=True)
class Resources(Listed):
    """`Resource` or `NotResource`."""

    arns: tuple[ArnTemplate, ...]

    def cover(self, resource: str, keys: RequestKeys) -> bool:
        """Whether the statement is about this resource; not when a variable it hangs on has no value."""
        matched = [arn.matches(resource, keys) for arn in self.arns]
        if self.inverted and None in matched:
            return False
        return any(matched) is not self.inverted


@dataclass(frozen=True, slots=True)
class Audience(Listed):
    """`Principal` or `NotPrincipal`."""

    principals: Principals

    def cover(self, principal: Principal, effect: Effect) -> bool:
        """Whether the statement is about this principal."""
        if not self.inverted:
            return self.principals.means(principal)
        if effect is Effect.ALLOW:
            return not self.principals.means(principal)
        return not self.principals.means_wholly(principal)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        sid: None when it has none.
        audience: None in policies of identities, which are about who has them.
        resources: None in policies that are about what they are attached to, such as trust policies.
        conditions: all must hold.
    """

    sid: str | None
    effect: Effect
    audience: Audience | None
    actions: Actions
    resources: Resources | None
    conditions: tuple[Condition, ...]

    def applies(self, principal: Principal, action: str, resource: str, keys: RequestKeys) -> bool:
        """Whether the statement is about this request."""
        return (
            self.actions.cover(action)
            and (self.audience is None or self.audience.cover(principal, self.effect))
            and (self.resources is None or self.resources.cover(resource, keys))
            and all(condition.holds(keys) for condition in self.conditions)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """All statements of a document, in its order.

    Attributes:
        name: what people call it: its ARN, or its name where it has none; None when nobody said.
    """

    statements: tuple[Statement, ...]
    name: str | None = field(default=None, compare=False)
