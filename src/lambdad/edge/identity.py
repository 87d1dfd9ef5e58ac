"""Whose request it is: account, region and service, as far as the signature says.

Signatures are not verified yet (the identity issue does that). An access key of twelve digits names
the account; keys given to environments stand for their function's account; all others are the
default account's. A request from inside a sandbox acts as its function's account, whatever it claims.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from lambdad.domain.http import Caller
from lambdad.domain.scope import DEFAULT_ACCOUNT, Scope

if TYPE_CHECKING:
    from lambdad.edge.raw_request import RawRequest
    from lambdad.frontend.invoke import Route

_END = b"/aws4_request"
_MAX_KNOWN = 1_024
_MAX_KNOWN_INSIDE = 16
"""Of one environment; a function has one credential, and calls few services and regions."""
_MAX_ENVIRONMENTS = 4_096
_MAX_CREDENTIAL_BYTES = 256
_WORD = re.compile(r"[A-Za-z0-9-]{1,64}")
"""A region or service; anything else would end up in ARNs and headers."""


class Identity:
    """A caller and the service asked for.

    Attributes:
        service: signing name; None when the request is not signed.
        routes: functions this caller invoked before, by request target.
        allowed_at: epoch of the policies when those were allowed; None for who is bound by none.
    """

    __slots__ = ("allowed_at", "caller", "routes", "service")

    def __init__(self, caller: Caller, service: str | None) -> None:
        self.caller = caller
        self.service = service
        self.routes: dict[bytes, Route] = {}
        self.allowed_at: int | None = None


class Identities:
    """Reads credentials scopes; the same scope gives the same object.

    Args:
        default_region: for requests without a signature.
        scope_of_key: the scope behind an access key issued to an environment; None for other keys.
    """

    def __init__(self, default_region: str, scope_of_key: Callable[[str], Scope | None]) -> None:
        self._default_region = default_region
        self._scope_of_key = scope_of_key
        self._known: dict[bytes, Identity] = {}
        self._inside: dict[str, dict[bytes, Identity]] = {}

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
        known = self._known if environment_id is None else self._inside.get(environment_id)
        identity = None if known is None else known.get(credential)
        if identity is None:
            identity = self._read(credential, inside, environment_id)
            self._remember(credential, identity, environment_id)
        return identity

    def signer(self, raw: RawRequest) -> Caller | None:
        """Who signed a call of a function URL; None for nobody."""
        authorization = next((value for name, value in raw.headers if name == b"authorization"), None)
        caller = self.of(authorization, raw.url, None, None).caller
        return None if caller.access_key is None else caller

    def _remember(self, credential: bytes, identity: Identity, environment_id: str | None) -> None:
        if len(credential) > _MAX_CREDENTIAL_BYTES:
            return
        if environment_id is None:
            access_key = identity.caller.access_key
            if access_key is not None and self._scope_of_key(access_key) is not None:
                return  # the key of an environment means nothing once that is gone
            known, most = self._known, _MAX_KNOWN
        else:
            if len(self._inside) >= _MAX_ENVIRONMENTS:
                self._inside.clear()
            known, most = self._inside.setdefault(environment_id, {}), _MAX_KNOWN_INSIDE
        if len(known) >= most:
            known.clear()
        known[credential] = identity

    def forget_environment(self, environment_id: str) -> None:
        """An environment is gone: its callers are, too."""
        self._inside.pop(environment_id, None)

    def _read(self, credential: bytes, inside: Scope | None, environment_id: str | None) -> Identity:
        parts = credential.decode("latin-1").split("/")
        if len(parts) < 4:
            scope = inside or Scope(DEFAULT_ACCOUNT, self._default_region)
            return Identity(Caller(scope, None, environment_id), None)
        access_key, region, service = "/".join(parts[:-3]), parts[-2], parts[-1]
        if not _WORD.fullmatch(service):
            scope = inside or Scope(DEFAULT_ACCOUNT, self._default_region)
            return Identity(Caller(scope, None, environment_id), None)
        account = self._account(access_key, inside)
        scope = Scope(account, region if _WORD.fullmatch(region) else self._default_region)
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
