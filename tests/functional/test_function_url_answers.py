"""What a function behind a URL gets and what its answer becomes, with a real HTTP client."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from url_calls import RETURNS, Url, open_url

from tests.running import Server


@pytest.fixture(scope="module")
def name(shared_server: Server) -> str:
    return shared_server.function({"app.py": RETURNS}, Timeout=3)


@pytest.fixture(scope="module")
def url(shared_server: Server, name: str) -> Url:
    return open_url(shared_server, name)


# --- the event -------------------------------------------------------------------------------------


def test_the_event_has_what_was_sent(shared_server: Server, url: Url) -> None:
    headers = {
        "Content-Type": "application/json",
        "ExTrA-HeadErs": "With WeiRd CapS",
        "Cookie": "a=1; b=2",
        "User-Agent": "test/echo",
    }
    heard = url.call("POST", "/event?multi=foo&multi=%2Fbar&q=", b'{"foo": "bar"}', headers=headers)
    event = heard.json()
    assert event["body"] == '{"foo": "bar"}'
    assert event["isBase64Encoded"] is False
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["queryStringParameters"] == {"multi": "foo,/bar", "q": ""}
    assert event["headers"]["extra-headers"] == "With WeiRd CapS"
    assert event["headers"]["host"] == url.host
    assert event["headers"]["x-forwarded-port"] == str(shared_server.port)
    context = event["requestContext"]
    assert context["http"] == {
        "method": "POST",
        "path": "/event",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "test/echo",
    }
    assert context["domainName"] == url.host.partition(":")[0]
    assert context["requestId"] == heard.header("x-amzn-RequestId")
    assert "queryStringParameters" not in url.call(path="/event").json()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_reaches_the_function(url: Url, method: str) -> None:
    assert url.call(method, "/event").json()["requestContext"]["http"]["method"] == method


def test_a_method_that_urls_do_not_have_does_not(url: Url) -> None:
    assert url.call("PROPFIND", "/event").status == 405


def test_a_body_may_be_as_large_as_an_event_and_no_larger(url: Url) -> None:
    assert url.call("POST", "/event", b"x" * 4_000_000).json()["isBase64Encoded"] is True
    for size in (4_800_000, 7_000_000):  # the first is too large once it is base64
        heard = url.call("POST", "/event", b"x" * size)
        assert heard.status == 413
        assert (
            heard.json()["message"]
            == "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
        )


# --- the answer ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ({"hello": "world"}, b'{"hello":"world"}'),
        (["hello", 3, True], b'["hello",3,true]'),
        ("hello", b"hello"),
        (3.1, b"3.1"),
        (None, b"null"),
    ],
)
def test_what_has_no_status_code_is_inferred(url: Url, value: Any, body: bytes) -> None:
    heard = url.returns(value)
    assert (heard.status, heard.body) == (200, body)
    assert heard.header("Content-Type") == "application/json"
    assert heard.header("Content-Length") == str(len(body))


def test_a_formatted_answer_is_sent_as_it_says(url: Url) -> None:
    heard = url.returns(
        {
            "statusCode": 201,
            "headers": {"Content-Type": "image/x", "My-Custom-Header": "Custom Value", "x-n": 5},
            "cookies": ["a=1; Path=/", "b=2"],
            "body": base64.b64encode(bytes(range(256))).decode(),
            "isBase64Encoded": True,
        }
    )
    assert (heard.status, heard.body) == (201, bytes(range(256)))
    assert heard.header("content-type") == "image/x"
    assert heard.header("my-custom-header") == "Custom Value"
    assert heard.all("Set-Cookie") == ["a=1; Path=/", "b=2"]


def test_head_is_answered_without_a_body(url: Url) -> None:
    with url.connected() as over:
        heard = url.returns({"statusCode": 200, "body": "four"}, "HEAD", over=over)
        assert (heard.status, heard.header("Content-Length"), heard.body) == (200, "4", b"")
        assert url.returns({"statusCode": 204, "body": "four"}, over=over).status == 204
        assert url.returns("next", over=over).body == b"next"


@pytest.mark.parametrize(
    "value",
    [
        {"statusCode": "none"},
        {"statusCode": 101},
        {"statusCode": 200, "headers": {"x": "a\r\nSet-Cookie: b=c\r\n\r\n<script>"}},
        {"statusCode": 200, "headers": {"x\r\ny": "a"}},
        {"statusCode": 200, "headers": {"x": ["a"]}},
        {"statusCode": 200, "cookies": ["a=b\nX-Injected: 1"]},
        {"statusCode": 200, "cookies": ["x" * 70_000]},
        {"statusCode": 200, "body": "!", "isBase64Encoded": True},
    ],
)
def test_what_cannot_be_answered_is_a_bad_gateway(shared_server: Server, url: Url, value: Any) -> None:
    with url.connected() as over:
        heard = url.returns(value, over=over)
        assert (heard.status, heard.body) == (502, b"Internal Server Error")
        assert heard.all("Set-Cookie") == heard.all("X-Injected") == []
        assert f"request_id={heard.header('x-amzn-RequestId')}" in shared_server.log
        assert url.returns("next", over=over).body == b"next"


@pytest.mark.parametrize("path", ["/raise", "/exit", "/sleep"])
def test_a_function_that_fails_is_a_bad_gateway_and_keeps_its_secret(
    shared_server: Server, name: str, url: Url, path: str
) -> None:
    heard = url.call("POST", path)
    assert (heard.status, heard.body) == (502, b"Internal Server Error")
    request_id = heard.header("x-amzn-RequestId")
    assert request_id is not None
    ended = f"END RequestId: {request_id}"
    assert any(ended in message for message in shared_server.messages(name, until=ended))
    assert re.match(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};", heard.header("X-Amzn-Trace-Id") or "")


# --- CORS ------------------------------------------------------------------------------------------

PAGE = "https://app.example"


@pytest.fixture(scope="module")
def cors_url(shared_server: Server) -> Url:
    return open_url(
        shared_server,
        shared_server.function({"app.py": RETURNS}),
        Cors={"AllowOrigins": [PAGE], "AllowMethods": ["PUT"], "AllowHeaders": ["x-a"], "MaxAge": 60},
    )


def test_a_preflight_request_does_not_reach_the_function(cors_url: Url) -> None:
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "PUT"}
    heard = cors_url.call("OPTIONS", "/raise", headers=asks)
    assert (heard.status, heard.body) == (200, b"")
    assert heard.header("Access-Control-Allow-Origin") == PAGE
    assert heard.header("Access-Control-Allow-Methods") == "PUT"
    assert heard.header("Access-Control-Allow-Headers") == "x-a"
    assert heard.header("Access-Control-Max-Age") == "60"
    other = cors_url.call("OPTIONS", "/", headers=asks | {"Origin": "https://evil.example"})
    assert (other.status, other.header("Access-Control-Allow-Origin")) == (200, None)
    assert cors_url.call("OPTIONS", "/event", headers={"Origin": PAGE}).json()["headers"]["origin"] == PAGE


def test_other_answers_have_the_headers_beside_the_functions_own(cors_url: Url) -> None:
    value = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}
    assert cors_url.returns(value, headers={"Origin": PAGE}).all("Access-Control-Allow-Origin") == ["*", PAGE]
    failed = cors_url.call("POST", "/raise", headers={"Origin": PAGE})
    assert (failed.status, failed.header("Access-Control-Allow-Origin")) == (502, PAGE)
    assert cors_url.returns("x").all("Access-Control-Allow-Origin") == []


def test_without_cors_it_is_the_functions_business(url: Url) -> None:
    headers = {"Access-Control-Allow-Origin": "null"}
    heard = url.call(
        "OPTIONS",
        "/",
        {"statusCode": 204, "headers": headers},
        headers={"Origin": PAGE, "Access-Control-Request-Method": "PUT"},
    )
    assert (heard.status, heard.header("Access-Control-Allow-Origin")) == (204, "null")
