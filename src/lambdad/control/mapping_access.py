"""How a mapping gets into its source: SourceAccessConfigurations; pure.

Source: the model's documentation of SourceAccessConfiguration; radkawar/stackd's recordings for the words
about types that a kind does not have, BASIC_AUTH and VIRTUAL_HOST. The other words are lambdad's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lambdad.control.mapping_kinds import Rules
from lambdad.domain.errors import InvalidParameter

BASIC_AUTH: Final = "BASIC_AUTH"
VIRTUAL_HOST: Final = "VIRTUAL_HOST"
_WITHOUT_URI: Final = frozenset({"IAM_AUTH", "IAM_OAUTHBEARER_AUTH"})
_OAUTH: Final = frozenset({"OAUTHBEARER_AUTH"})
_NEEDS_ONE_OF: Final[Mapping[str, frozenset[str]]] = {
    "OAUTHBEARER_SCOPE": _OAUTH,
    "OAUTHBEARER_LOGICAL_CLUSTER": _OAUTH,
    "OAUTHBEARER_IDENTITY_POOL": _OAUTH,
    "OAUTHBEARER_AUDIENCE": frozenset({"OAUTHBEARER_AUTH", "IAM_OAUTHBEARER_AUTH"}),
    "IAM_OAUTHBEARER_AUTH": frozenset({"OAUTHBEARER_AUDIENCE"}),
}
_NOT_BESIDE_IAM: Final = frozenset(
    {"OAUTHBEARER_AUTH", "OAUTHBEARER_SCOPE", "OAUTHBEARER_LOGICAL_CLUSTER", "OAUTHBEARER_IDENTITY_POOL"}
)

Access = Sequence[Mapping[str, Any]]


def check_access(rules: Rules, given: Access) -> None:
    """Refuse types that the kind does not know, and those that lack what they need.

    Raises:
        InvalidParameter: names the type.
    """
    types = [access.get("Type") for access in given]
    for access in given:
        name = access.get("Type")
        if name not in rules.access:
            raise InvalidParameter(
                "Unsupported source access configurations type for given event source mapping type."
            )
        if (name in _WITHOUT_URI) == ("URI" in access):
            wrong = "takes no" if name in _WITHOUT_URI else "needs a"
            raise InvalidParameter(f"The source access configuration type {name} {wrong} URI.")
        needed = _NEEDS_ONE_OF.get(name)
        if needed is not None and needed.isdisjoint(types):
            raise InvalidParameter(
                f"The source access configuration type {name} requires {' or '.join(sorted(needed))}."
            )
    if "IAM_OAUTHBEARER_AUTH" in types and not _NOT_BESIDE_IAM.isdisjoint(types):
        raise InvalidParameter(
            "IAM_OAUTHBEARER_AUTH does not support other OAUTHBEARER types than OAUTHBEARER_AUDIENCE."
        )
    if types and rules.needs_password and BASIC_AUTH not in types:
        raise InvalidParameter("BASIC_AUTH source access configuration was not provided")
    if types.count(VIRTUAL_HOST) > 1:
        raise InvalidParameter("Only one VIRTUAL_HOST can be specified.")


def changed_access(rules: Rules, before: Access, given: Access) -> list[dict[str, Any]]:
    """The configurations after an update; the virtual host is that of the creation.

    Raises:
        InvalidParameter: a virtual host, which cannot be changed; none at all where there must be one.
    """
    if any(access.get("Type") == VIRTUAL_HOST for access in given):
        raise InvalidParameter("Invalid parameters: VIRTUAL_HOST")
    if not given and "SourceAccessConfigurations" in rules.required:
        raise InvalidParameter("Invalid parameters: sourceAccessConfigurations")
    kept = [dict(access) for access in before if access["Type"] == VIRTUAL_HOST]
    return [dict(access) for access in given] + kept
