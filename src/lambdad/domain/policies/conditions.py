"""One test of a `Condition`: an operator, a key and the values, any of which will do.

Source: IAM user guide, "Condition operators" and "Multivalued context keys": a key that is absent fails an
operator and passes a negated one; `IfExists` passes it; `ForAllValues` passes and `ForAnyValue` fails it,
whatever the suffix says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lambdad.domain.policies.operators import OPERATORS, Operator, Wanted
from lambdad.domain.policies.request_keys import RequestKeys

_IF_EXISTS = "IfExists"
_NULL = "Null"


class Quantifier(StrEnum):
    """How many of the values of a key must pass."""

    ALL = "ForAllValues"
    ANY = "ForAnyValue"


@dataclass(frozen=True, slots=True)
class KeyTest:
    """One operator applied to one key.

    Attributes:
        key: in lower case.
        wanted: values of the policy.
        quantifier: None when the policy names none.
        if_exists: true for a key that is absent.
    """

    operator: Operator
    key: str
    wanted: tuple[Wanted, ...]
    quantifier: Quantifier | None
    if_exists: bool

    def holds(self, keys: RequestKeys) -> bool:
        """Whether the request passes; a variable without a value fails it, negated or not."""
        given = keys.values(self.key)
        if not given:
            return self._of_an_absent_key()
        passed = [self._passes(value, keys) for value in given]
        if None in passed:
            return False
        if self.quantifier is Quantifier.ALL or (self.quantifier is None and self.operator.negated):
            return all(passed)
        return any(passed)

    def _of_an_absent_key(self) -> bool:
        if self.quantifier is not None:
            return self.quantifier is Quantifier.ALL
        return self.if_exists or self.operator.negated

    def _passes(self, value: str, keys: RequestKeys) -> bool | None:
        agreed = [self.operator.compare(wanted, value, keys) for wanted in self.wanted]
        if None in agreed and (self.operator.negated or not any(agreed)):
            return None
        return any(agreed) is not self.operator.negated


@dataclass(frozen=True, slots=True)
class Presence:
    """The operator `Null`: whether a key is absent.

    Attributes:
        key: in lower case.
        absent: what is allowed of it.
    """

    key: str
    absent: frozenset[bool]

    def holds(self, keys: RequestKeys) -> bool:
        """Whether the request has the key, or has it not, as is wanted."""
        return (not keys.values(self.key)) in self.absent


Condition = KeyTest | Presence


def read_condition(name: str, key: str, values: Sequence[str], *, variables: bool) -> Condition:
    """Read one operator with one key.

    Raises:
        ValueError: no operator of IAM, or a value that it cannot compare.
    """
    if name == _NULL:
        return Presence(key.lower(), frozenset(_flags(values)))
    quantifier, bare = _quantified(name)
    if_exists = bare.endswith(_IF_EXISTS)
    operator = OPERATORS.get(bare.removesuffix(_IF_EXISTS))
    if operator is None:
        raise ValueError(f"unknown operator {name}")
    wanted = tuple(operator.read(value, variables=variables) for value in values)
    return KeyTest(operator, key.lower(), wanted, quantifier, if_exists)


def _quantified(name: str) -> tuple[Quantifier | None, str]:
    for quantifier in Quantifier:
        if name.startswith(f"{quantifier}:"):
            return quantifier, name.removeprefix(f"{quantifier}:")
    return None, name


def _flags(values: Sequence[str]) -> Iterator[bool]:
    for value in values:
        if value.lower() not in ("true", "false"):
            raise ValueError("neither true nor false")
        yield value.lower() == "true"
