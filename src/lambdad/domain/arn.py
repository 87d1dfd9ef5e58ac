"""How a function is named in a request: bare, partial ARN or full ARN, each with or without a qualifier.

Pure text in, values out; whether the function exists is for `frontend.resolve` and `control`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lambdad.domain.errors import AccessDenied, ConstraintViolations, InvalidParameter, NotFound
from lambdad.domain.function import LATEST
from lambdad.domain.limits import MAX_FUNCTION_REFERENCE, MAX_QUALIFIER
from lambdad.domain.scope import Scope

NAME_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?"
    r"(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
"""The model's pattern of a function reference (shape NamespacedFunctionName)."""

QUALIFIER_PATTERN = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
"""The model's pattern of `Qualifier` (shape NumericLatestPublishedOrAliasQualifier)."""

_NAME = re.compile(NAME_PATTERN)
_QUALIFIER = re.compile(QUALIFIER_PATTERN)
_ALIAS = re.compile(r"[a-zA-Z0-9-_]+")


@dataclass(frozen=True, slots=True)
class FunctionReference:
    """A function as a request names it, inside the caller's account and region.

    Attributes:
        name: the bare name.
        qualifier: a version number, ``$LATEST`` or an alias name; None when the request gave none.
    """

    name: str
    qualifier: str | None = None

    def arn(self, scope: Scope) -> str:
        """The ARN as AWS repeats it in "Function not found": qualified only if the request was."""
        unqualified = scope.arn("lambda", f"function:{self.name}")
        return unqualified if self.qualifier is None else f"{unqualified}:{self.qualifier}"

    @property
    def version(self) -> str | None:
        """The version meant: ``$LATEST`` or a number; None when the qualifier can only be an alias."""
        if self.qualifier is None:
            return LATEST
        return self.qualifier if is_version(self.qualifier) else None


def service_of(arn: str) -> str:
    """The service that an ARN of anything names; empty when it is no ARN."""
    return _part(arn, 2)


def region_of(arn: str) -> str:
    """The region that an ARN of anything names; empty when it names none, as those of buckets."""
    return _part(arn, 3)


def _part(arn: str, number: int) -> str:
    parts = arn.split(":", 5)
    return parts[number] if len(parts) == 6 else ""


def is_version(qualifier: str) -> bool:
    """Whether a qualifier names a version rather than an alias."""
    return qualifier == LATEST or (qualifier.isascii() and qualifier.isdigit())


def is_alias_name(qualifier: str) -> bool:
    """Whether a qualifier could be the name of an alias."""
    return _ALIAS.fullmatch(qualifier) is not None and not is_version(qualifier)


def parse_function(text: str, scope: Scope, qualifier: str | None = None) -> FunctionReference:
    """Read a function reference for a caller in `scope`; `qualifier` is the request's own parameter.

    Raises:
        ConstraintViolations: the text or the qualifier is not what the model allows.
        NotFound: an ARN of another region.
        AccessDenied: an ARN of another account.
        InvalidParameter: name and parameter name different qualifiers.

    Source: recorded answers Function test_function_arns, test_get_function_wrong_region,
        test_ops_with_arn_qualifier_mismatch, test_function_name_and_qualifier_validation.
    """
    matched = _NAME.fullmatch(text)
    violations = _violations(text, qualifier, name_matches=matched is not None)
    if violations or matched is None:
        raise ConstraintViolations(violations)
    region, account, name, embedded = matched.group(3, 9, 11, 13)
    if region and region[:-1] != scope.region:
        raise NotFound(f"Functions from '{region[:-1]}' are not reachable in this region ('{scope.region}')")
    if account and account[:-1] != scope.account:
        raise AccessDenied
    if embedded and qualifier and embedded != qualifier:
        raise InvalidParameter(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return FunctionReference(name, qualifier or embedded)


def _violations(text: str, qualifier: str | None, *, name_matches: bool) -> list[str]:
    """The model's complaints in AWS's order: the qualifier's first."""
    found = []
    if qualifier is not None:
        if len(qualifier) > MAX_QUALIFIER:
            found.append(_violation(qualifier, "qualifier", _too_long(MAX_QUALIFIER)))
        if _QUALIFIER.fullmatch(qualifier) is None:
            found.append(_violation(qualifier, "qualifier", _mismatch(QUALIFIER_PATTERN)))
    if len(text) > MAX_FUNCTION_REFERENCE:
        found.append(_violation(text, "functionName", _too_long(MAX_FUNCTION_REFERENCE)))
    if not name_matches:
        found.append(_violation(text, "functionName", _mismatch(NAME_PATTERN)))
    return found


def _violation(value: str, member: str, rule: str) -> str:
    return f"Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"


def _too_long(limit: int) -> str:
    return f"have length less than or equal to {limit}"


def _mismatch(pattern: str) -> str:
    return f"satisfy regular expression pattern: {pattern}"
