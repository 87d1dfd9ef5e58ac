"""From an HTTP request to the event a function behind its URL gets: payload format 2.0; pure.

Before: `edge.url_route` with the request as it came. After: the frontend, as with any other event.

Source: spec of events §6; AWS's page "Invoking Lambda function URLs"; recorded answers of LocalStack's suite
(TestLambdaURL: the path as it was sent, queries decoded, multipart in base64, no `body` without one);
aws-lambda-rust-runtime pull request 586 (cookies are in `cookies` and in `headers`);
middleapi/standard-server pull request 93 (the path stays percent-encoded).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from lambdad.domain.http import Caller

_encode = msgspec.json.Encoder().encode
_TEXT_TYPES = frozenset(
    {"application/json", "application/javascript", "application/xml", "application/x-javascript"}
)
"""Media types beside ``text/*`` whose body is passed on as text."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request.

    Attributes:
        caller_id: AWS's `UserId`.
        arn: of the user, the session, or the account's root.
    """

    access_key: str
    account: str
    caller_id: str
    arn: str


def signer_of(caller: Caller) -> Signer:
    """The signer that a verified signature names; an unknown key is its account's root."""
    who = caller.who
    account = caller.scope.account if who is None else who.account
    root = f"arn:{caller.scope.partition}:iam::{account}:root"
    return Signer(
        caller.access_key or "",
        account,
        account if who is None else who.unique_id,
        root if who is None else who.arn,
    )


@dataclass(frozen=True, slots=True)
class UrlRequest:
    """A request to a function URL.

    Attributes:
        path: still percent-encoded.
        query: raw, without the question mark; empty without one.
        headers: names in lower case, in order.
        domain_name: the host it was sent to, without the port.
        source_ip: of the client.
        scheme: ``http`` or ``https``.
        port: it was sent to.
        cipher: name and TLS version; None without TLS.
        request_id: of the invocation.
        trace: of the invocation.
        now: seconds since the epoch.
        signer: None where nobody has to sign.
    """

    method: str
    path: str
    query: str
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    url_id: str
    domain_name: str
    source_ip: str
    scheme: str
    port: str
    cipher: tuple[str, str] | None
    request_id: str
    trace: str
    now: float
    signer: Signer | None = None


def event_of(request: UrlRequest) -> bytes:
    """The event as JSON."""
    headers = _headers(request)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
    }
    if cookie := headers.get("cookie"):
        event["cookies"] = [one.strip() for one in cookie.split(";") if one.strip()]
    event["headers"] = headers
    if request.query:
        event["queryStringParameters"] = _parameters(request.query)
    event["requestContext"] = _context(request, headers.get("user-agent", ""))
    is_encoded = False
    if request.body:
        event["body"], is_encoded = _body(request.body, headers)
    event["isBase64Encoded"] = is_encoded
    return _encode(event)


def _headers(request: UrlRequest) -> dict[str, str]:
    """Headers by name, repeated ones joined by a comma (cookies by a semicolon), and what AWS adds."""
    found: dict[str, str] = {}
    for name, value in request.headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        before = found.get(key)
        if before is not None:
            text = f"{before}; {text}" if key == "cookie" else f"{before},{text}"
        found[key] = text
    given = found.get("x-forwarded-for")
    found["x-forwarded-for"] = f"{given}, {request.source_ip}" if given else request.source_ip
    found["x-forwarded-port"] = request.port
    found["x-forwarded-proto"] = request.scheme
    found.setdefault("x-amzn-trace-id", request.trace.partition(";")[0])
    if request.cipher is not None:
        found["x-amzn-tls-cipher-suite"], found["x-amzn-tls-version"] = request.cipher
    found.pop("connection", None)  # of this connection, not of the request
    return found


def _parameters(query: str) -> dict[str, str]:
    """Decoded parameters; values of the same name are joined by a comma."""
    found: dict[str, str] = {}
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            name, value = unquote_plus(name), unquote_plus(value)
            found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _context(request: UrlRequest, user_agent: str) -> dict[str, Any]:
    moment = datetime.fromtimestamp(request.now, UTC)
    signer = request.signer
    return {
        "accountId": "anonymous" if signer is None else signer.account,
        "apiId": request.url_id,
        **({} if signer is None else {"authorizer": {"iam": _authorizer(signer)}}),
        "domainName": request.domain_name,
        "domainPrefix": request.url_id,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": user_agent,
        },
        "requestId": request.request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(request.now * 1000),
    }


def _authorizer(signer: Signer) -> dict[str, Any]:
    """Source: Lambda developer guide, "Invoking Lambda function URLs", request payload format."""
    return {
        "accessKey": signer.access_key,
        "accountId": signer.account,
        "callerId": signer.caller_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": signer.arn,
        "userId": signer.caller_id,
    }


def _body(body: bytes, headers: dict[str, str]) -> tuple[str, bool]:
    """The body, and whether it is in base64: text is what says so and is UTF-8."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    is_text = media_type.startswith("text/") or media_type in _TEXT_TYPES
    if is_text and "content-encoding" not in headers:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True
