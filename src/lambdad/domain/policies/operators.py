"""The condition operators of IAM: how a value of the policy is compared with one of the request.

Source: IAM user guide, "Condition operators". Negated ones (`…Not…`) are the others turned round, which is
for `conditions`; `Null` compares nothing and is there as well.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from lambdad.domain.policies.request_keys import RequestKeys
from lambdad.domain.policies.templates import ArnTemplate, Template, read_arn, read_template

Wanted = Template | ArnTemplate
"""A value as a policy has it, read."""

Compare = Callable[[Wanted, str, RequestKeys], bool | None]
"""Of the policy's value and the request's: whether they agree; None when the policy's cannot be resolved."""

_EPOCH = re.compile(r"\d{1,13}")
_MAX_NUMBER = 64  # characters; longer ones are no numbers anybody compares


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.

    Attributes:
        negated: true where its values do not agree.
        is_arn: its values are ARNs.
    """

    name: str
    compare: Compare
    negated: bool = False
    is_arn: bool = False
    check: Callable[[str], object] = str

    def read(self, value: str, *, variables: bool) -> Wanted:
        """Read a value of the policy.

        Raises:
            ValueError: it is none for this operator.
        """
        if self.is_arn:
            return read_arn(value, variables=variables)
        template = read_template(value, variables=variables)
        if template.glob is not None:
            self.check(value)
        return template


def _like(wanted: Wanted, given: str, keys: RequestKeys) -> bool | None:
    glob = _template(wanted).resolve(keys)
    return None if glob is None else glob.matches(given)


def _arn_like(wanted: Wanted, given: str, keys: RequestKeys) -> bool | None:
    return wanted.matches(given, keys) if isinstance(wanted, ArnTemplate) else None


def _compared(read: Callable[[str], Any], agree: Callable[[Any, Any], bool]) -> Compare:
    """Both values read in the same way; `agree` takes the request's first, as in "less than"."""

    def compare(wanted: Wanted, given: str, keys: RequestKeys) -> bool | None:
        text = _template(wanted).literal(keys)
        if text is None:
            return None
        try:
            return agree(read(given), read(text))
        except ValueError:
            return False

    return compare


def _template(wanted: Wanted) -> Template:
    if isinstance(wanted, ArnTemplate):
        raise TypeError(wanted)
    return wanted


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text) if len(text) <= _MAX_NUMBER else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise ValueError("not a number")
    return number


def _moment(text: str) -> datetime:
    if _EPOCH.fullmatch(text):
        try:
            return datetime.fromtimestamp(int(text), UTC)
        except (OverflowError, OSError) as error:
            raise ValueError("not a moment") from error
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _flag(text: str) -> bool:
    folded = text.lower()
    if folded not in ("true", "false"):
        raise ValueError("neither true nor false")
    return folded == "true"


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _inside(given: Any, wanted: Any) -> bool:
    return given.version == wanted.version and bool(given.subnet_of(wanted))


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def _pair(name: str, opposite: str, compare: Compare, **more: Any) -> tuple[Operator, Operator]:
    return Operator(name, compare, **more), Operator(opposite, compare, negated=True, **more)


def _ordered(prefix: str, read: Callable[[str], Any]) -> list[Operator]:
    ordered = [
        Operator(prefix + order, _compared(read, agree), check=read) for order, agree in _ORDERS.items()
    ]
    unequal = Operator(f"{prefix}NotEquals", _compared(read, operator.eq), negated=True, check=read)
    return [*ordered, unequal]


def _all() -> list[Operator]:
    exact = _compared(str, operator.eq)
    folded = _compared(str.casefold, operator.eq)
    return [
        *_pair("StringEquals", "StringNotEquals", exact),
        *_pair("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", folded),
        *_pair("StringLike", "StringNotLike", _like),
        *_pair("ArnEquals", "ArnNotEquals", _arn_like, is_arn=True),
        *_pair("ArnLike", "ArnNotLike", _arn_like, is_arn=True),
        *_pair("IpAddress", "NotIpAddress", _compared(_network, _inside), check=_network),
        *_ordered("Numeric", _number),
        *_ordered("Date", _moment),
        Operator("Bool", _compared(_flag, operator.eq), check=_flag),
        Operator("BinaryEquals", _compared(_bytes, operator.eq), check=_bytes),
    ]


OPERATORS: Mapping[str, Operator] = {each.name: each for each in _all()}
"""Every operator but `Null`, by its name without qualifier and suffix."""
