"""Whose request it is: account, region and service, and the key that must have signed it.

An access key that `ports.identities` knows stands for its owner, once `admission` has verified the signature.
Any other is taken as local AWS tools mean it: twelve digits name the account, all others are the default
account's; what comes from inside a sandbox is its function's account, whatever it claims. Whether such a
request is let in is `admission`'s to say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from lambdad.domain.http import Caller
from lambdad.domain.identity import Key
from lambdad.domain.scope import DEFAULT_ACCOUNT, Scope
from lambdad.identity.signatures import refused
from lambdad.ports import identities
from lambdad.ports.clock import Clock

if TYPE_CHECKING:
    from lambdad.frontend.invoke import Route

_END = b"/aws4_request"
_VERSION_4A = b"AWS4-ECDSA-"
_MAX_KNOWN = 1_024
_MAX_KNOWN_INSIDE = 16
"""Of one environment; a function has one credential, and calls few services and regions."""
_MAX_ENVIRONMENTS = 4_096
_MAX_CREDENTIAL_BYTES = 4_096
"""With its session token; AWS's have about a thousand."""
_WORD = re.compile(r"[A-Za-z0-9-]{1,64}")
"""A region or service; anything else would end up in ARNs and headers."""


class Identity:
    """A caller and the service asked for.

    Attributes:
        caller: who asks, verified only when `key` is there.
        service: signing name; None when the request is not signed.
        token: the session token that came with the key.
        key: that must have signed every request of this identity; None when the key is nobody's.
        epoch: of the directory, when it was asked for the key.
        routes: functions this caller invoked before, by request target.
        allowed_at: epoch of the policies when those were allowed; None for who is bound by none.
    """

    __slots__ = ("allowed_at", "caller", "epoch", "key", "routes", "service", "token")

    def __init__(self, caller: Caller, service: str | None, token: str | None, epoch: int) -> None:
        self.caller = caller
        self.service = service
        self.token = token
        self.key: Key | None = None
        self.epoch = epoch
        self.routes: dict[bytes, Route] = {}
        self.allowed_at: int | None = None

    @property
    def may_invoke(self) -> bool:
        """Whether a path of Lambda's is one: a verified signature for another service says that it is not."""
        return self.key is None or self.service == "lambda"


class Identities:
    """Reads credentials; the same ones give the same object for as long as they mean the same.

    Args:
        default_region: for requests without a signature.
        directory: knows the keys that are ours.
        clock: tells which of them are over.
    """

    def __init__(self, default_region: str, directory: identities.Identities, clock: Clock) -> None:
        self._default_region = default_region
        self._directory = directory
        self._clock = clock
        self._known: dict[bytes, Identity] = {}
        self._inside: dict[str, dict[bytes, Identity]] = {}

    def of(
        self,
        authorization: bytes | None,
        url: bytes,
        inside: Scope | None,
        environment_id: str | None,
        token: bytes | None = None,
    ) -> Identity:
        """The identity of a request.

        Args:
            authorization: the header; None when absent.
            url: request target; a presigned one carries the credential.
            inside: the function's scope when it came from inside a sandbox.
            environment_id: that sandbox; None otherwise.
            token: the header with the session token; None when absent.

        Raises:
            CredentialsRefused: the key is ours, and its session token does not hold; or Signature Version 4A.
        """
        if authorization is None:
            credential, token = _presigned(url)
        else:
            credential = _credential(authorization)
        wanted = credential if token is None else credential + b"\n" + token
        known = self._known if environment_id is None else self._inside.get(environment_id)
        identity = None if known is None else known.get(wanted)
        if identity is None:
            if (authorization or b"").startswith(_VERSION_4A) or b"=" + _VERSION_4A in url:
                raise refused.version_4a()
            identity = self._read(credential, token, inside, environment_id)
            self._remember(wanted, identity, environment_id)
        elif identity.epoch != self._directory.epoch or _is_over(identity.key, self._clock):
            self._look_up(identity, inside)
        return identity

    def _remember(self, wanted: bytes, identity: Identity, environment_id: str | None) -> None:
        if len(wanted) > _MAX_CREDENTIAL_BYTES:
            return
        if environment_id is None:
            known, most = self._known, _MAX_KNOWN
        else:
            if len(self._inside) >= _MAX_ENVIRONMENTS:
                self._inside.clear()
            known, most = self._inside.setdefault(environment_id, {}), _MAX_KNOWN_INSIDE
        if len(known) >= most:
            known.clear()
        known[wanted] = identity

    def forget_environment(self, environment_id: str) -> None:
        """An environment is gone: its callers are, too."""
        self._inside.pop(environment_id, None)

    def _read(
        self, credential: bytes, token: bytes | None, inside: Scope | None, environment_id: str | None
    ) -> Identity:
        epoch = self._directory.epoch
        parts = credential.decode("latin-1").split("/")
        if len(parts) < 4 or not _WORD.fullmatch(parts[-1]):
            scope = inside or Scope(DEFAULT_ACCOUNT, self._default_region)
            return Identity(Caller(scope, None, environment_id), None, None, epoch)
        access_key, region, service = "/".join(parts[:-3]), parts[-2], parts[-1]
        scope = Scope(DEFAULT_ACCOUNT, region if _WORD.fullmatch(region) else self._default_region)
        text = None if token is None else token.decode("latin-1")
        identity = Identity(Caller(scope, access_key, environment_id), service, text, epoch)
        self._look_up(identity, inside)
        return identity

    def _look_up(self, identity: Identity, inside: Scope | None) -> None:
        """Ask whose key it is, and make that its caller."""
        caller, epoch = identity.caller, self._directory.epoch
        access_key = caller.access_key
        if access_key is not None:
            identity.key = key = self._directory.key(access_key, identity.token, self._clock.now())
            who = None if key is None else key.who
            account = _account(access_key, inside) if who is None else who.account
            if account != caller.scope.account:
                identity.routes.clear()
            scope = Scope(account, caller.scope.region)
            identity.caller = Caller(scope, access_key, caller.environment_id, who)
        identity.epoch = epoch


def _is_over(key: Key | None, clock: Clock) -> bool:
    return key is not None and key.who.expires_s is not None and key.who.expires_s <= clock.now()


def _account(access_key: str, inside: Scope | None) -> str:
    """Of a key that is nobody's."""
    if inside is not None:
        return inside.account
    is_account = len(access_key) == 12 and access_key.isascii() and access_key.isdigit()
    return access_key if is_account else DEFAULT_ACCOUNT


def service_signed_for(authorization: bytes | None, url: bytes) -> str | None:
    """Signing name of the service that a signature is for, as far as it can be read."""
    credential = _presigned(url)[0] if authorization is None else _credential(authorization)
    parts = credential.decode("latin-1").split("/")
    return parts[-1] if len(parts) > 2 and _WORD.fullmatch(parts[-1]) else None


def _credential(authorization: bytes) -> bytes:
    """``key/date/region/service`` of a header; empty when it is no signature."""
    start = authorization.find(b"Credential=")
    end = authorization.find(_END, start)
    return authorization[start + 11 : end] if 0 <= start < end else b""


def _presigned(url: bytes) -> tuple[bytes, bytes | None]:
    """``key/date/region/service`` and the session token of a presigned request."""
    if b"X-Amz-Credential=" not in url:
        return b"", None
    found = dict(parse_qsl(url.partition(b"?")[2].decode("latin-1"), encoding="latin-1"))
    credential = found.get("X-Amz-Credential", "").removesuffix(_END.decode())
    token = found.get("X-Amz-Security-Token")
    return credential.encode("latin-1"), None if token is None else token.encode("latin-1")
