"""A small AWS client for the commands: signed requests over `http.client`, errors in one line.

boto3 would do the same and take half a second to import.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from urllib.parse import quote, urlencode, urlsplit

from lambdad.cli.errors import CommandError
from lambdad.cli.sigv4 import Credentials, sign

DEFAULT_ENDPOINT = "http://127.0.0.1:4566"
FUNCTIONS = "/2015-03-31/functions"
TIMEOUT_S = 60.0
STREAM_READ_BYTES = 65_536
INVOKE_TIMEOUT_S = 960.0  # the longest function (900 s) and its cold start

HINTS = {
    "ResourceNotFoundException": "'lambdad ls' shows what there is",
    "TooManyRequestsException": "try again in a moment",
    "ResourceConflictException": "wait until the change under way is done",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer of the server; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, object]:
        """The body as a JSON object; empty when there is none."""
        if not self.body:
            return {}
        try:
            found = json.loads(self.body)
        except ValueError:
            raise CommandError(f"the server's answer is not JSON: {self.body[:80]!r}") from None
        if not isinstance(found, dict):
            raise CommandError(f"the server's answer is not an object: {self.body[:80]!r}")
        return found


class ApiError(CommandError):
    """The server refused; `code` is AWS's name of the error, `http_status` that of HTTP."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        hint = HINTS.get(code)
        super().__init__(f"{code}: {message}" + (f" ({hint})" if hint else ""))
        self.code = code
        self.http_status = status


class Unreachable(CommandError):
    """No server answers, or no longer; trying again later may help. `why` in a few words."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why


class Streamed:
    """An answer that goes on for ever: what arrives, as it arrives."""

    def __init__(self, client: Client, response: http.client.HTTPResponse) -> None:
        self._client = client
        self._response = response

    def read(self) -> bytes:
        """What has arrived by now, at least a byte; nothing when the answer has ended.

        Raises:
            Unreachable: the connection broke, or nothing came for too long.
        """
        try:
            return self._response.read1(STREAM_READ_BYTES)
        except TimeoutError:
            raise self._client.unreachable("it is silent") from None
        except (OSError, http.client.HTTPException) as error:
            raise self._client.unreachable(_reason(error)) from None

    def __enter__(self) -> Self:
        """Itself; leaving closes the connection."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the connection."""
        self._response.close()
        self._client.close()


class Client:
    """Talks to one endpoint in one region under one name."""

    def __init__(self, endpoint: str, region: str, credentials: Credentials) -> None:
        url = urlsplit(endpoint)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise CommandError(f"--endpoint {endpoint} is not a URL like {DEFAULT_ENDPOINT}", 2)
        self.endpoint = endpoint.rstrip("/")
        self.region = region
        self.credentials = credentials
        self._url = url
        self._connection: http.client.HTTPConnection | None = None

    def request(
        self,
        method: str,
        path: str,
        *,
        service: str = "lambda",
        query: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Answer:
        """Send one request and return the whole answer, whatever its status.

        Raises:
            CommandError: no server answers there.
        """
        with self._told_in_one_line(timeout_s):
            response = self._send(method, path, service, query, body, headers or {}, timeout_s)
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())

    def live_tail(self, members: Mapping[str, object], quiet_s: float) -> Streamed:
        """StartLiveTail of CloudWatch Logs: its event stream, which must say something every `quiet_s`.

        Raises:
            ApiError: the server refused.
        """
        headers = _target_headers("1.1", "Logs_20140328.StartLiveTail")
        body = json.dumps(members).encode()
        with self._told_in_one_line(quiet_s):
            response = self._send("POST", "/", "logs", (), body, headers, quiet_s)
            if response.status >= 300:
                found = {name.lower(): value for name, value in response.getheaders()}
                accepted(Answer(response.status, found, response.read()))
            return Streamed(self, response)

    def unreachable(self, reason: str) -> Unreachable:
        """The error that says that the connection failed."""
        return Unreachable(f"the connection to {self.endpoint} failed: {reason}", reason)

    @contextmanager
    def _told_in_one_line(self, timeout_s: float) -> Iterator[None]:
        """Errors of the connection as errors of the command; whatever happens, it is not used again."""
        try:
            yield
        except ConnectionRefusedError:
            self.close()
            raise Unreachable(
                f"no lambdad answers at {self.endpoint}: start one with 'lambdad serve', "
                "or name another with --endpoint or LAMBDAD_ENDPOINT",
                "nothing answers there",
            ) from None
        except TimeoutError:
            self.close()
            raise Unreachable(
                f"{self.endpoint} did not answer within {timeout_s:.0f} s", "it does not answer"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self.unreachable(_reason(error)) from None
        except BaseException:
            self.close()
            raise

    def call(
        self,
        method: str,
        path: str,
        document: Mapping[str, object] | None = None,
        query: Sequence[tuple[str, str]] = (),
    ) -> dict[str, object]:
        """A REST-JSON operation (Lambda's, or lambdad's own) from members to members.

        Raises:
            ApiError: the server refused.
        """
        body = b"" if document is None else json.dumps(document).encode()
        headers = {"content-type": "application/json"} if document is not None else {}
        return accepted(self.request(method, path, query=query, body=body, headers=headers)).document()

    def logs(self, operation: str, members: Mapping[str, object]) -> dict[str, object]:
        """A CloudWatch Logs operation.

        Raises:
            ApiError: the server refused.
        """
        headers = _target_headers("1.1", f"Logs_20140328.{operation}")
        body = json.dumps(members).encode()
        return accepted(self.request("POST", "/", service="logs", body=body, headers=headers)).document()

    def monitoring(self, operation: str, members: Mapping[str, object]) -> dict[str, object]:
        """A CloudWatch operation.

        Raises:
            ApiError: the server refused.
        """
        headers = _target_headers("1.0", f"GraniteServiceVersion20100801.{operation}")
        body = json.dumps(members).encode()
        answer = self.request("POST", "/", service="monitoring", body=body, headers=headers)
        return accepted(answer).document()

    def __enter__(self) -> Self:
        """Itself; leaving closes the connection."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(
        self,
        method: str,
        path: str,
        service: str,
        query: Sequence[tuple[str, str]],
        body: bytes,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> http.client.HTTPResponse:
        """Send one signed request; the answer's head has been read when it returns."""
        encoded = urlencode(sorted(query), quote_via=quote, safe="~-._")
        host = self._url.netloc.rpartition("@")[2]
        signed = sign(
            self.credentials,
            service=service,
            region=self.region,
            method=method,
            host=host,
            path=path,
            query=encoded,
            body=body,
            now=datetime.now(UTC),
        )
        target = f"{path}?{encoded}" if encoded else path
        everything = {"host": host, "content-length": str(len(body)), **headers, **signed}
        connection = self._connect(timeout_s)
        connection.request(method, target, body, everything)
        return connection.getresponse()

    def _connect(self, timeout_s: float) -> http.client.HTTPConnection:
        made = self._connection
        if made is None or made.sock is None:
            kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
            made = kind(self._url.hostname or "", self._url.port, timeout=timeout_s)
            made.connect()
            made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection = made
        made.sock.settimeout(timeout_s)
        return made


def _reason(error: Exception) -> str:
    """Why a connection failed, in the system's words without their number."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def accepted(answer: Answer) -> Answer:
    """The answer itself when the server did what was asked.

    Raises:
        ApiError: it did not; with AWS's error name and message.
    """
    if answer.status < 300:
        return answer
    try:
        found = json.loads(answer.body)
        members = found if isinstance(found, dict) else {}
    except ValueError:
        members = {}
    named = answer.headers.get("x-amzn-errortype") or members.get("__type") or f"HTTP {answer.status}"
    code = str(named).split(":", maxsplit=1)[0].rpartition("#")[2]
    message = members.get("Message") or members.get("message") or answer.body[:200].decode(errors="replace")
    raise ApiError(code, str(message), answer.status)


def _target_headers(version: str, target: str) -> dict[str, str]:
    return {"content-type": f"application/x-amz-json-{version}", "x-amz-target": target}


def client_for(endpoint: str | None = None, region: str | None = None) -> Client:
    """The client a command uses: options first, then the environment, then this machine's server.

    Credentials are those AWS tools would take from the environment, so that command line and AWS CLI
    of one shell see the same account; without them the key `test` stands for the default account.
    """
    environ = os.environ
    credentials = Credentials(
        environ.get("AWS_ACCESS_KEY_ID") or "test",
        environ.get("AWS_SECRET_ACCESS_KEY") or "test",
        environ.get("AWS_SESSION_TOKEN") or None,
    )
    where = endpoint or environ.get("LAMBDAD_ENDPOINT") or DEFAULT_ENDPOINT
    region = region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return Client(where, region, credentials)


def function_path(name: str, rest: str = "") -> str:
    """The path of a function's resource; `name` may be an ARN."""
    return f"{FUNCTIONS}/{quote(name, safe='')}{rest}"
