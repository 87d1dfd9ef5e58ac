"""Reads a policy document: JSON in, statements out, or the first thing that is wrong with it.

What cannot be understood wholly is refused, so that nothing is ever decided by half a policy.

Source: IAM user guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from lambdad.domain.policies.conditions import Condition, read_condition
from lambdad.domain.policies.principals import AWS, EVERYBODY, Principals, read_principals
from lambdad.domain.policies.statements import Actions, Audience, Effect, Policy, Resources, Statement
from lambdad.domain.policies.templates import read_arn
from lambdad.domain.policies.wildcards import Glob, pieces_of

Json = Mapping[str, object]
CURRENT_VERSION = "2012-10-17"
_DEFAULT_VERSION = "2008-10-17"
_MEMBERS = frozenset({"Version", "Id", "Statement"})
_PAIRS = ("Principal", "Action", "Resource")
_STATEMENT_MEMBERS = frozenset({"Sid", "Effect", "Condition", *_PAIRS, *(f"Not{name}" for name in _PAIRS)})
_ACTION = re.compile(r"\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+")


class InvalidPolicy(ValueError):
    """A document that is no policy; the message says what is wrong with it.

    Attributes:
        statement: in which statement, counted from 0; None when it is in none.
        line, column: where it ceases to be JSON, counted from 1; None when it is JSON.
    """

    statement: int | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """What the documents of one use must have.

    Attributes:
        principal, resource: True for required, False for not allowed, None for either.
    """

    principal: bool | None
    resource: bool | None


RESOURCE_POLICY = Form(principal=True, resource=True)
IDENTITY_POLICY = Form(principal=False, resource=True)
TRUST_POLICY = Form(principal=True, resource=False)


def read_policy(text: str, form: Form) -> Policy:
    """Read a document.

    Raises:
        InvalidPolicy: not JSON, not a policy, or not one of this form.
    """
    document = _object(read_json(text), "The policy")
    _known(document, _MEMBERS, "policy")
    version = document.get("Version", _DEFAULT_VERSION)
    if version not in (CURRENT_VERSION, _DEFAULT_VERSION):
        _refuse("Version must be 2012-10-17 or 2008-10-17")
    if not isinstance(document.get("Id", ""), str):
        _refuse("Id must be a string")
    listed = document.get("Statement")
    statements = listed if isinstance(listed, list) else [listed]
    if not statements:
        _refuse("Statement must not be empty")
    variables = version == CURRENT_VERSION
    read = tuple(_numbered(number, each, form, variables) for number, each in enumerate(statements))
    sids = [statement.sid for statement in read if statement.sid is not None]
    if len(set(sids)) < len(sids):
        _refuse("Statement IDs (SID) in a single policy must be unique")
    return Policy(read)


def read_json(text: str) -> object:
    """Read strict JSON without repeated members and without halves of characters.

    Raises:
        InvalidPolicy: it is none, or nested too deeply.
    """
    try:
        text.encode()
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()
    except InvalidPolicy:
        raise
    except (ValueError, RecursionError) as error:
        raise _no_json(error) from error
    result: object = value
    return result


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        _refuse("a member is given twice")
    return members


def _no_json(error: Exception) -> InvalidPolicy:
    refusal = InvalidPolicy("it is not JSON")
    if isinstance(error, json.JSONDecodeError):
        refusal.line, refusal.column = error.lineno, error.colno
    return refusal


def _numbered(number: int, value: object, form: Form, variables: bool) -> Statement:
    """Read a statement, or say in which it was that something is wrong."""
    try:
        return _statement(value, form, variables=variables)
    except InvalidPolicy as error:
        error.statement = number
        raise


def _statement(value: object, form: Form, *, variables: bool) -> Statement:
    statement = _object(value, "A statement")
    _known(statement, _STATEMENT_MEMBERS, "statement")
    sid = statement.get("Sid")
    if sid is not None and not isinstance(sid, str):
        _refuse("Sid must be a string")
    effect = statement.get("Effect")
    if effect not in tuple(Effect):
        _refuse("Effect must be Allow or Deny")
    return Statement(
        sid=sid,
        effect=Effect(str(effect)),
        audience=_audience(statement, form),
        actions=_actions(statement),
        resources=_resources(statement, form, variables=variables),
        conditions=tuple(_conditions(statement.get("Condition", {}), variables=variables)),
    )


def _either(statement: Json, name: str, *, required: bool | None) -> str | None:
    """Which of `X` and `NotX` there is; None for neither."""
    given = [member for member in (name, f"Not{name}") if member in statement]
    if len(given) > 1:
        _refuse(f"a statement has {name} or Not{name}, not both")
    if required and not given:
        _refuse(f"a statement must have {name}")
    if required is False and given:
        _refuse(f"a statement must not have {given[0]}")
    return given[0] if given else None


def _audience(statement: Json, form: Form) -> Audience | None:
    member = _either(statement, "Principal", required=form.principal)
    if member is None:
        return None
    return Audience(member.startswith("Not"), _principals(statement[member]))


def _principals(value: object) -> Principals:
    if value == EVERYBODY:
        return read_principals([(AWS, EVERYBODY)])
    kinds = _object(value, "Principal")
    names = [(kind, name) for kind, listed in kinds.items() for name in _texts(listed, "Principal")]
    if not names:
        _refuse("Principal must not be empty")
    try:
        return read_principals(names)
    except ValueError as error:
        raise InvalidPolicy(f"Principal has an {error}") from error


def _actions(statement: Json) -> Actions:
    member = _either(statement, "Action", required=True) or ""
    texts = _texts(statement[member], member)
    for text in texts:
        if _ACTION.fullmatch(text) is None:
            _refuse(f"{text} is not an action")
    return Actions(member.startswith("Not"), tuple(Glob(pieces_of(text), fold=True) for text in texts))


def _resources(statement: Json, form: Form, *, variables: bool) -> Resources | None:
    member = _either(statement, "Resource", required=form.resource)
    if member is None:
        return None
    arns = []
    for text in _texts(statement[member], member):
        try:
            arns.append(read_arn(text, variables=variables, complete=True))
        except ValueError as error:
            raise InvalidPolicy(f"{member} {text}: {error}") from error
    return Resources(member.startswith("Not"), tuple(arns))


def _conditions(value: object, *, variables: bool) -> Iterator[Condition]:
    for operator, tests in _object(value, "Condition").items():
        for key, wanted in _object(tests, operator).items():
            values = [_scalar(each) for each in (wanted if isinstance(wanted, list) else [wanted])]
            if not values:
                _refuse(f"Condition {operator} {key} has no value")
            try:
                yield read_condition(operator, key, values, variables=variables)
            except ValueError as error:
                raise InvalidPolicy(f"Condition {operator} {key}: {error}") from error


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise InvalidPolicy("a value of Condition must be a string, a number or a boolean")


def _texts(value: object, member: str) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        _refuse(f"{member} must not be empty")
    texts = [text for text in listed if isinstance(text, str)]
    if len(texts) < len(listed):
        _refuse(f"{member} must be a string or a list of strings")
    return texts


def _object(value: object, what: str) -> Json:
    if not isinstance(value, dict):
        _refuse(f"{what} must be an object")
    return value


def _known(members: Json, known: frozenset[str], what: str) -> None:
    unknown = sorted(set(members) - known)
    if unknown:
        _refuse(f"a {what} has no member {unknown[0]}")


def _refuse(what: str) -> NoReturn:
    raise InvalidPolicy(what)
