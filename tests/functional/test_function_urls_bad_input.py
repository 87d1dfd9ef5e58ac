"""What no client of a function URL should send, and what no page should get at: answered, and the server stays up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from test_edge_bad_input import talk
from url_calls import RETURNS, Url, open_url

from tests.running import Server

UNKNOWN = b'{"Message":null}'


@pytest.fixture(scope="module")
def url(shared_server: Server) -> Url:
    return open_url(shared_server, shared_server.function({"app.py": RETURNS}))


@pytest.fixture(autouse=True)
def _still_answered(url: Url) -> Iterator[None]:
    yield
    assert url.returns("still here").body == b"still here"


def sent(server: Server, target: bytes, *headers: bytes, method: bytes = b"GET") -> tuple[int, bytes]:
    """Status and body of the answer to a request of these bytes."""
    lines = (b"%s %s HTTP/1.1" % (method, target), *headers, b"Connection: close", b"", b"")
    answer = talk(server, b"\r\n".join(lines))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


@pytest.mark.parametrize(
    "host",
    [
        b".lambda-url.us-east-1.localhost",
        b"{id}.lambda-url.",
        b"{id}.lambda-url.us-east-1",
        b"x.{id}.lambda-url.us-east-1.localhost",
        b"{id}.lambda-url.us-east-1.lambda-url.us-east-1.localhost",
        b"{id}x.lambda-url.us-east-1.localhost",
        b"\xff\xfe.lambda-url.us-east-1.localhost",
        b"' OR 1=1 --.lambda-url.us-east-1.localhost",
        b"a" * 20_000 + b".lambda-url.us-east-1.localhost",
        b"127.0.0.1@x.lambda-url.us-east-1.localhost",
    ],
)
@pytest.mark.parametrize("path", [b"/2015-03-31/functions", b"/lambdad/v1/status", b"/"])
def test_a_host_name_leads_to_a_function_or_to_nobody(
    shared_server: Server, url: Url, host: bytes, path: bytes
) -> None:
    named = host.replace(b"{id}", url.url_id.encode())
    status, body = sent(shared_server, path, b"Host: " + named)
    if status == 403:
        assert body == UNKNOWN
    else:  # the id with its region, whatever the domain
        assert status == 200
        assert named.startswith(url.url_id.encode() + b".lambda-url.us-east-1")
        assert body == b"null"


@pytest.mark.parametrize("rest", [b"", b"/", b"//x", b"?x", b"/../../status", b"%2e%2e/status", b"%ff"])
def test_a_path_leads_to_a_function_or_to_nobody(shared_server: Server, rest: bytes) -> None:
    status, body = sent(shared_server, b"/lambdad/v1/url/" + rest, b"Host: localhost")
    assert (status, body) == (403, UNKNOWN)


def test_a_target_with_a_host_of_its_own_is_read_like_any_other(shared_server: Server, url: Url) -> None:
    target = b"http://other.example/event?a=b"
    status, body = sent(shared_server, target, b"Host: " + url.host.encode())
    assert (status, json.loads(body)["rawPath"]) == (200, "/event")


def test_headers_of_any_bytes_become_an_event(shared_server: Server, url: Url) -> None:
    headers = (
        b'X-Any: \x80\xff\t"\\',
        b"Cookie: \xe4=\xff;;=;",
        b"Content-Type: text/\xff",
        b"X-Amzn-Trace-Id: \xff",
    )
    status, body = sent(shared_server, b"/event?%ff=%zz&=", b"Host: " + url.host.encode(), *headers)
    assert status == 200
    assert json.loads(body)["headers"]["x-any"] == '\x80\xff\t"\\'


def test_many_headers_are_many_members(shared_server: Server, url: Url) -> None:
    headers = [b"x-%d: %d" % (number, number) for number in range(3_000)]
    status, body = sent(shared_server, b"/event", b"Host: " + url.host.encode(), *headers)
    assert (status, json.loads(body)["headers"]["x-2999"]) == (200, "2999")


def test_requests_in_a_row_are_answered_in_order(shared_server: Server, url: Url) -> None:
    one = b"POST /%d HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n%s\r\n%d"
    data = b"".join(
        one % (n, url.host.encode(), b"Connection: close\r\n" if n == 5 else b"", n) for n in range(6)
    )
    answers = talk(shared_server, data)
    assert re.findall(rb"\r\n\r\n(\d)", answers) == [b"0", b"1", b"2", b"3", b"4", b"5"]
