"""The event behind a function URL, member by member."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.frontend.url_event import UrlRequest, event_of

URL_ID = "a1" * 16
HOST = f"{URL_ID}.lambda-url.eu-west-1.localhost"


def request(**given_members: Any) -> UrlRequest:
    members: dict[str, Any] = {
        "method": "GET",
        "path": "/",
        "query": "",
        "headers": (),
        "body": b"",
        "url_id": URL_ID,
        "domain_name": HOST,
        "source_ip": "127.0.0.1",
        "scheme": "http",
        "port": "4566",
        "cipher": None,
        "request_id": "request-1",
        "trace": "Root=1-5e6722a7-cc56;Parent=1234;Sampled=0",
        "now": 1_659_687_279.885,
    }
    return UrlRequest(**(members | given_members))


def event(**members: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event_of(request(**members)))
    return found


def test_a_bare_request_has_just_the_members_aws_gives_it() -> None:
    assert event(headers=[(b"host", HOST.encode()), (b"user-agent", b"agent")]) == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {
            "host": HOST,
            "user-agent": "agent",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "4566",
            "x-forwarded-proto": "http",
            "x-amzn-trace-id": "Root=1-5e6722a7-cc56",
        },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": URL_ID,
            "domainName": HOST,
            "domainPrefix": URL_ID,
            "http": {
                "method": "GET",
                "path": "/",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "agent",
            },
            "requestId": "request-1",
            "routeKey": "$default",
            "stage": "$default",
            "time": "05/Aug/2022:08:14:39 +0000",
            "timeEpoch": 1659687279885,
        },
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    "path", ["/pa2%Fth/1", "/a%2Fb%20c", "//double//", "/%", "/ümlaut".encode().decode("latin-1")]
)
def test_a_path_stays_as_it_was_sent(path: str) -> None:
    found = event(path=path)
    assert found["rawPath"] == found["requestContext"]["http"]["path"] == path


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("q=query&multiQuery=foo&multiQuery=%2Fbar", {"q": "query", "multiQuery": "foo,/bar"}),
        ("a", {"a": ""}),
        ("a=1&&b=2", {"a": "1", "b": "2"}),
        ("a=b=c", {"a": "b=c"}),
        ("a+b=c%20d+e", {"a b": "c d e"}),
        ("x=%ff%zz", {"x": "�%zz"}),
        ("=only", {"": "only"}),
    ],
)
def test_a_query_is_given_raw_and_decoded(query: str, parameters: dict[str, str]) -> None:
    found = event(query=query)
    assert found["rawQueryString"] == query
    assert found["queryStringParameters"] == parameters


def test_repeated_headers_are_joined_by_a_comma() -> None:
    headers = [(b"x-a", b"one"), (b"accept", b"*/*"), (b"x-a", b"two, three"), (b"x-a", b"")]
    assert event(headers=headers)["headers"]["x-a"] == "one,two, three,"


def test_cookies_are_listed_and_stay_in_the_headers() -> None:
    found = event(headers=[(b"cookie", b"a=1; b=2;; "), (b"cookie", b"c=x y")])
    assert found["cookies"] == ["a=1", "b=2", "c=x y"]
    assert found["headers"]["cookie"] == "a=1; b=2;; ; c=x y"


def test_headers_of_the_connection_are_not_the_functions_business() -> None:
    assert "connection" not in event(headers=[(b"connection", b"keep-alive")])["headers"]


def test_a_client_behind_a_proxy_is_named_first() -> None:
    headers = event(headers=[(b"x-forwarded-for", b"1.2.3.4")])["headers"]
    assert headers["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"


def test_who_calls_cannot_say_how_the_server_was_reached() -> None:
    lies = [(b"x-forwarded-proto", b"gopher"), (b"x-forwarded-port", b"1")]
    headers = event(headers=lies, scheme="https", port="443", cipher=("TLS_AES_128_GCM_SHA256", "TLSv1.3"))[
        "headers"
    ]
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("https", "443")
    assert headers["x-amzn-tls-cipher-suite"] == "TLS_AES_128_GCM_SHA256"
    assert headers["x-amzn-tls-version"] == "TLSv1.3"


def test_a_trace_that_came_with_the_request_is_passed_on() -> None:
    headers = event(headers=[(b"x-amzn-trace-id", b"Root=1-a-b;Self=x")])["headers"]
    assert headers["x-amzn-trace-id"] == "Root=1-a-b;Self=x"


@pytest.mark.parametrize(
    ("content_type", "body", "is_text"),
    [
        (b"text/plain", b"text", True),
        (b"TEXT/HTML; charset=utf-8", "ä".encode(), True),
        (b"application/json", b"{}", True),
        (b"application/xml;x=y", b"<a/>", True),
        (b"application/javascript", b"1", True),
        (b"text/plain", b"\xff\xfe", False),
        (b"application/x-www-form-urlencoded", b"a=b", False),
        (b"multipart/form-data; boundary=x", b"--x--", False),
        (b"application/octet-stream", b"\0", False),
        (b"image/svg+xml", b"<svg/>", False),
        (b"", b"{}", False),
        (None, b"{}", False),
    ],
)
def test_a_body_is_text_when_its_type_says_so_and_it_is(
    content_type: bytes | None, body: bytes, is_text: bool
) -> None:
    headers = [] if content_type is None else [(b"content-type", content_type)]
    found = event(method="POST", headers=headers, body=body)
    assert found["isBase64Encoded"] is not is_text
    assert found["body"] == (body.decode() if is_text else base64.b64encode(body).decode())


def test_an_encoded_body_is_not_text_whatever_its_type() -> None:
    headers = [(b"content-type", b"application/json"), (b"content-encoding", b"gzip")]
    assert event(headers=headers, body=b"{}")["isBase64Encoded"] is True


@given(
    headers=st.lists(st.tuples(st.binary(min_size=1, max_size=20), st.binary(max_size=50))),
    path=st.binary(max_size=50),
    query=st.binary(max_size=50),
    body=st.binary(max_size=50),
)
def test_whatever_is_sent_becomes_json_that_has_the_body_in_it(
    headers: list[tuple[bytes, bytes]], path: bytes, query: bytes, body: bytes
) -> None:
    found = event(headers=headers, path=path.decode("latin-1"), query=query.decode("latin-1"), body=body)
    kept = found.get("body", "")
    assert (base64.b64decode(kept) if found["isBase64Encoded"] else kept.encode()) == body
    assert found["headers"]["x-forwarded-proto"] == "http"
