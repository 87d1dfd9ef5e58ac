"""The global condition keys of a request: of the principal, which stay, and of the request itself.

Source: IAM user guide, "AWS global condition context keys". A key that lambdad cannot know, such as the
organization of an account or multi-factor authentication of a long-term key, is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from lambdad.domain.http import Request
from lambdad.domain.identity import Grants, Who

Fact = Callable[[str], Sequence[str]]
"""From a condition key in lower case to its values; none for a key that is absent."""

STEADY = frozenset(
    {
        "aws:requestedregion",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:principalorgid",
        "lambda:eventsourcetoken",
        "lambda:functionarn",
        "lambda:functionurlauthtype",
        "lambda:invokedviafunctionurl",
    }
)
"""Beside those of the principal: keys that are the same in every call that one caller makes of one target."""


def of_principal(who: Who, grants: Grants | None) -> dict[str, tuple[str, ...]]:
    """Keys that stay as long as the credentials."""
    keys = {
        "aws:principalaccount": who.account,
        "aws:principalarn": who.role_arn or who.arn,
        "aws:principalisawsservice": "false",
        "aws:principaltype": _kind(who),
        "aws:userid": who.unique_id,
        "aws:viaawsservice": "false",
    }
    if who.role_arn is None and not who.is_root:
        keys["aws:username"] = who.arn.rpartition("/")[2]
    if who.issued_s is not None:
        keys["aws:tokenissuetime"] = moment(who.issued_s)
        keys["aws:multifactorauthpresent"] = "false"
    found: dict[str, tuple[str, ...]] = {key: (value,) for key, value in keys.items()}
    for key, value in (*(() if grants is None else grants.tags), *who.session_tags):
        found[f"aws:principaltag/{key.lower()}"] = (value,)
    if who.source_identity is not None:
        found["aws:sourceidentity"] = (who.source_identity,)
    return found


def _kind(who: Who) -> str:
    if who.is_root:
        return "Account"
    return "User" if who.role_arn is None else "AssumedRole"


def of_service(name: str, source_arn: str | None, source_account: str | None) -> dict[str, tuple[str, ...]]:
    """Keys of a call that an AWS service makes for a resource of its own."""
    keys = {
        "aws:principalisawsservice": "true",
        "aws:principalservicename": name,
        "aws:sourcearn": source_arn,
        "aws:sourceaccount": source_account,
    }
    return {key: (value,) for key, value in keys.items() if value is not None}


def of_request(request: Request, now: float, extra: Mapping[str, Sequence[str]]) -> Fact:
    """Keys of one request; `extra` are those of its service."""

    def fact(key: str) -> Sequence[str]:
        given = extra.get(key)
        if given is not None:
            return given
        reader = _READERS.get(key)
        value = "" if reader is None else reader(request, now)
        return (value,) if value else ()

    return fact


def at(now: float) -> Fact:
    """Keys of what the server does itself: only the time."""
    known = {"aws:currenttime": (moment(now),), "aws:epochtime": (str(int(now)),)}
    return lambda key: known.get(key, ())


def moment(at_s: float) -> str:
    """A time as conditions compare it."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_READERS: Mapping[str, Callable[[Request, float], str]] = {
    "aws:currenttime": lambda _, now: moment(now),
    "aws:epochtime": lambda _, now: str(int(now)),
    "aws:referer": lambda request, _: request.headers.get("referer", ""),
    "aws:requestedregion": lambda request, _: request.caller.scope.region,
    "aws:securetransport": lambda request, _: str(request.base_url.startswith("https:")).lower(),
    "aws:sourceip": lambda request, _: request.source_ip,
    "aws:useragent": lambda request, _: request.headers.get("user-agent", ""),
}
