"""What the operations on roles, users and groups share: names, ids, ARNs, look-up, pages."""

from __future__ import annotations

import base64
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from lambdad.domain.errors import Conflict, InvalidParameter, NotFound
from lambdad.domain.http import Request
from lambdad.domain.iam import GROUPS, ROLES, USERS, Group, Holder, Role, User
from lambdad.domain.resource import Kind
from lambdad.identity.directory import Directory

H = TypeVar("H", bound=Holder)
T = TypeVar("T")
Params = dict[str, Any]
Handler = Callable[[Params, Request], Awaitable[Mapping[str, Any]]]

_ID_BYTES = 11
_ID_CHARACTERS = 17
_PAGE = 100  # entries, when the request does not say


@dataclass(frozen=True, slots=True, eq=False)
class Entity(Generic[H]):
    """One of the three that have policies.

    Attributes:
        kind: how it is kept.
        title: as names of operations have it, and parameters.
        prefix: of its unique ids.
    """

    kind: Kind[H]
    title: str
    prefix: str

    @property
    def word(self) -> str:
        """As messages and ARNs have it."""
        return self.title.lower()

    def name(self, params: Params) -> str:
        """The name that a request gives."""
        return str(params[f"{self.title}Name"])

    def find(self, directory: Directory, account: str, name: str) -> H:
        """The one with this name.

        Raises:
            NotFound: there is none.
        """
        return self.there(directory.table(self.kind, account).get(name.lower()), name)

    def there(self, found: H | None, name: str) -> H:
        """`found`, as there is one.

        Raises:
            NotFound: it is not, or it is called otherwise.
        """
        if found is None or found.name != name:
            raise NotFound(f"The {self.word} with name {name} cannot be found.")
        return found

    def absent(self, found: H | None, name: str) -> None:
        """See that there is none.

        Raises:
            Conflict: there is one.
        """
        if found is not None:
            raise Conflict(f"{self.title} with name {name} already exists.")

    def arn(self, request: Request, path: str, name: str) -> str:
        """What a new one is called."""
        return iam_arn(request, f"{self.word}{path}{name}")


ROLE: Entity[Role] = Entity(ROLES, "Role", "AROA")
USER: Entity[User] = Entity(USERS, "User", "AIDA")
GROUP: Entity[Group] = Entity(GROUPS, "Group", "AGPA")


def iam_arn(request: Request, resource: str) -> str:
    """The ARN of a resource of the caller's account; IAM has no regions."""
    scope = request.caller.scope
    return f"arn:{scope.partition}:iam::{scope.account}:{resource}"


def new_id(prefix: str) -> str:
    """An id that nobody had before."""
    return prefix + base64.b32encode(os.urandom(_ID_BYTES)).decode()[:_ID_CHARACTERS]


def moment(seconds: float) -> datetime:
    """As answers have it: IAM keeps whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC)


def page(
    params: Params, member: str, items: Iterable[T], name: Callable[[T], str], show: Callable[[T], object]
) -> Mapping[str, Any]:
    """A page of a list, by name.

    Raises:
        InvalidParameter: the marker is none of ours.
    """
    ordered = sorted(items, key=lambda item: name(item).lower())
    return cut(params, member, ordered, name, show)


def cut(
    params: Params, member: str, items: Sequence[T], name: Callable[[T], str], show: Callable[[T], object]
) -> Mapping[str, Any]:
    """A page of a list as it is ordered: what comes behind the marker, which is the name of the last before.

    Raises:
        InvalidParameter: the marker is none of ours.
    """
    start, size = _start(params, [name(item) for item in items]), params.get("MaxItems") or _PAGE
    shown = items[start : start + size]
    answer: dict[str, Any] = {member: [show(item) for item in shown], "IsTruncated": False}
    if start + size < len(items):
        marker = base64.urlsafe_b64encode(name(shown[-1]).encode()).decode()
        answer |= {"IsTruncated": True, "Marker": marker}
    return answer


def _start(params: Params, names: Sequence[str]) -> int:
    marker = params.get("Marker")
    if not marker:
        return 0
    try:
        after = base64.b64decode(marker, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise InvalidParameter("Invalid Marker.") from None
    if after in names:
        return names.index(after) + 1
    return sum(name.lower() <= after.lower() for name in names)  # it was removed since


def below(params: Params, items: Iterable[H]) -> list[H]:
    """Those whose path begins with PathPrefix."""
    prefix = params.get("PathPrefix") or "/"
    return [item for item in items if item.path.startswith(prefix)]
