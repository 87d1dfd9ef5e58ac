"""Requests as they come off the wire, signed by botocore."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lambdad.identity.signatures.verifier import Verifier

ACCESS_KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = 1_795_400_000.0
SKEW_S = 300.0
HOST = "service.eu-west-1.amazonaws.com"


@dataclass(frozen=True)
class Wire:
    """A request as the edge has it."""

    method: bytes
    url: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""

    def verify(self, now_s: float = NOW, *, secret: str = SECRET, verifier: Verifier | None = None) -> None:
        """Raises what the verifier raises."""
        verifier = verifier or Verifier(SKEW_S)
        verifier.verify(self.method, self.url, self.headers, self.body, ACCESS_KEY, secret, now_s)

    def header(self, name: bytes) -> bytes:
        return next(value for key, value in self.headers if key == name)

    def having(self, name: bytes, value: bytes) -> Wire:
        """With one more header."""
        return replace(self, headers=(*self.headers, (name, value)))

    def lacking(self, name: bytes) -> Wire:
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0] != name))

    def with_header(self, name: bytes, value: bytes) -> Wire:
        """With another value of a header that is there."""
        changed = tuple((key, value if key == name else old) for key, old in self.headers)
        assert changed != self.headers
        return replace(self, headers=changed)


def signed(
    method: str = "POST",
    target: str = "/2015-03-31/functions/f/invocations",
    *,
    service: str = "lambda",
    headers: dict[str, str] | None = None,
    body: bytes = b"{}",
    token: str | None = None,
    presigned_s: int | None = None,
    unsigned_payload: bool = False,
    at_s: float = NOW,
) -> Wire:
    """A request that botocore's own signer for that service signed.

    Args:
        target: path and query, as they are sent.
        presigned_s: signed in the query, for so long.
        unsigned_payload: as S3 clients do over TLS.
        at_s: the signer's clock.
    """
    request = AWSRequest(method, f"https://{HOST}{target}", headers=headers or {}, data=body)
    request.context["payload_signing_enabled"] = not unsigned_payload
    credentials = Credentials(ACCESS_KEY, SECRET, token)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda: dt.datetime.fromtimestamp(at_s, dt.UTC))
        if presigned_s is None:
            kind = auth.S3SigV4Auth if service == "s3" else auth.SigV4Auth
            kind(credentials, service, "eu-west-1").add_auth(request)
        else:
            kind = auth.S3SigV4QueryAuth if service == "s3" else auth.SigV4QueryAuth
            kind(credentials, service, "eu-west-1", expires=presigned_s).add_auth(request)
    parts = urlsplit(request.url)
    url = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    sent = [(b"host", HOST.encode())]
    sent += [(name.lower().encode(), value.encode("latin-1")) for name, value in request.headers.items()]
    return Wire(method.encode(), url.encode(), tuple(sent), body)
