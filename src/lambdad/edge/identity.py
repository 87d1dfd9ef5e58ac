"""Whose request it is: account, region and service, as far as the signature says.

Signatures are not verified yet (the identity issue does that). An access key of twelve digits names
the account; keys given to environments stand for their function's account; all others are the
default account's. A request from inside a sandbox acts as its function's account, whatever it claims.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from lambdad.domain.http import Caller
from lambdad.domain.scope import DEFAULT_ACCOUNT, Scope

if TYPE_CHECKING:
    from lambdad.frontend.invoke import Route

_END = b"/aws4_request"
_MAX_KNOWN = 4_096


class Identity:
    """A caller and the service asked for.

    Attributes:
        service: signing name; None when the request is not signed.
        routes: functions this caller invoked before, by request target.
    """

    __slots__ = ("caller", "routes", "service")

    def __init__(self, caller: Caller, service: str | None) -> None:
        self.caller = caller
        self.service = service
        self.routes: dict[bytes, Route] = {}


class Identities:
    """Reads credentials scopes; the same scope gives the same object.

    Args:
        default_region: for requests without a signature.
        scope_of_key: the scope behind an access key issued to an environment; None for other keys.
    """

    def __init__(self, default_region: str, scope_of_key: Callable[[str], Scope | None]) -> None:
        self._default_region = default_region
        self._scope_of_key = scope_of_key
        self._known: dict[tuple[bytes, str | None], Identity] = {}

    def of(
        self, authorization: bytes | None, url: bytes, inside: Scope | None, environment_id: str | None
    ) -> Identity:
        """The identity of a request.

        Args:
            authorization: the header; None when absent.
            url: request target; a presigned one carries the credential.
            inside: the function's scope when it came from inside a sandbox.
            environment_id: that sandbox; None otherwise.
        """
        credential = _credential(authorization, url)
        key = (credential, environment_id)
        identity = self._known.get(key)
        if identity is None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            identity = self._known[key] = self._read(credential, inside, environment_id)
        return identity

    def forget_environment(self, environment_id: str) -> None:
        """An environment is gone: its callers are, too."""
        for key in [key for key in self._known if key[1] == environment_id]:
            del self._known[key]

    def _read(self, credential: bytes, inside: Scope | None, environment_id: str | None) -> Identity:
        parts = credential.decode("latin-1").split("/")
        if len(parts) < 4:
            scope = inside or Scope(DEFAULT_ACCOUNT, self._default_region)
            return Identity(Caller(scope, None, environment_id), None)
        access_key, region, service = "/".join(parts[:-3]), parts[-2], parts[-1]
        account = self._account(access_key, inside)
        scope = Scope(account, region or self._default_region)
        return Identity(Caller(scope, access_key, environment_id), service)

    def _account(self, access_key: str, inside: Scope | None) -> str:
        if inside is not None:
            return inside.account
        issued = self._scope_of_key(access_key)
        if issued is not None:
            return issued.account
        is_account = len(access_key) == 12 and access_key.isascii() and access_key.isdigit()
        return access_key if is_account else DEFAULT_ACCOUNT


def _credential(authorization: bytes | None, url: bytes) -> bytes:
    """``key/date/region/service`` of a signed or presigned request; empty when it is neither."""
    if authorization is not None:
        start = authorization.find(b"Credential=")
        end = authorization.find(_END, start)
        return authorization[start + 11 : end] if 0 <= start < end else b""
    if b"X-Amz-Credential=" not in url:
        return b""
    query = url.partition(b"?")[2].decode("latin-1")
    for name, value in parse_qsl(query):
        if name == "X-Amz-Credential":
            return value.removesuffix(_END.decode()).encode("latin-1", "replace")
    return b""
