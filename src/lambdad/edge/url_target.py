"""A request to a function URL as the edge sees it: where it leads, its event, what policies know of it."""

from __future__ import annotations

from datetime import UTC, datetime

from lambdad.domain.event import Lane
from lambdad.domain.function_url import split_authority
from lambdad.domain.http import Caller, Request
from lambdad.edge.connection import HttpConnection
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.url_cors import Lines
from lambdad.edge.wire import text_headers, whole_request
from lambdad.frontend.url_event import UrlRequest, event_of, signer_of

_PORTS = {"http": "80", "https": "443"}


class UrlTarget:
    """A request to a URL, as far as it has come.

    Attributes:
        region: in the host name; None when the request has none.
        path: percent-encoded, behind what stands for the URL.
        host: as sent.
        extra: headers of every answer.
        caller: who signed it; None where nobody has to.
        lane: the function and qualifier it leads to; None until they are known.
        began: when it came, monotonic seconds.
    """

    __slots__ = (
        "began",
        "caller",
        "connection",
        "extra",
        "host",
        "lane",
        "path",
        "query",
        "raw",
        "region",
        "scheme",
        "url_id",
    )

    def __init__(
        self, connection: HttpConnection, raw: RawRequest, host: bytes, scheme: str, began: float
    ) -> None:
        self.connection = connection
        self.began = began
        self.lane: Lane | None = None
        self.raw = raw
        self.host = host.decode("latin-1")
        self.scheme = scheme
        self.url_id = ""
        self.region: str | None = None
        self.extra: Lines = ()
        self.caller: Caller | None = None
        target = raw.url
        if not target.startswith(b"/"):  # absolute form: http://host/path
            target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
        path, _, query = target.partition(b"?")
        self.path = path.decode("latin-1")
        self.query = query.decode("latin-1")

    def event(self, request_id: str, trace: str, now: float) -> bytes:
        """The event of an invocation at `now` (seconds since the epoch)."""
        name, port = split_authority(self.host)
        request = UrlRequest(
            method=self.raw.method.decode("latin-1"),
            path=self.path,
            query=self.query,
            headers=self.raw.headers,
            body=self.raw.body,
            url_id=self.url_id,
            domain_name=name,
            source_ip=self.connection.client_ip,
            scheme=self.scheme,
            port=port[1:] or _PORTS[self.scheme],
            cipher=self.connection.cipher,
            request_id=request_id,
            trace=trace,
            now=now,
            signer=None if self.caller is None else signer_of(self.caller),
        )
        return event_of(request)

    def request(self, caller: Caller, request_id: str) -> Request:
        """The request as those who decide on it see it."""
        base_url = f"{self.scheme}://{self.host}"
        headers = text_headers(self.raw)
        return whole_request(self.raw, headers, caller, request_id, base_url, self.connection.client_ip)

    def policy_keys(self, now: float) -> dict[str, str]:
        """Condition keys at `now`. Source: IAM user guide, "AWS global condition context keys"."""
        sent = {name: value.decode("latin-1") for name, value in self.raw.headers}
        keys = {
            "aws:CurrentTime": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:EpochTime": str(int(now)),
            "aws:PrincipalIsAWSService": "false",
            "aws:PrincipalType": "Anonymous",
            "aws:Referer": sent.get(b"referer", ""),
            "aws:SecureTransport": "true" if self.scheme == "https" else "false",
            "aws:SourceIp": self.connection.client_ip,
            "aws:UserAgent": sent.get(b"user-agent", ""),
            "aws:ViaAWSService": "false",
        }
        return {name: value for name, value in keys.items() if value}
