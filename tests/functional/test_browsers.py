"""What a web page in a browser can do: the console's everything that clients can, others nothing.

Requests are sent as browsers send them; that a page may read an answer shows in its headers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse

import pytest
from stream_calls import BOOTSTRAP

from tests.running import Server

HELLO = {"app.py": "def handler(event, context):\n    print('heard', event)\n    return 'hello'\n"}
STREAMS = BOOTSTRAP + (
    "request_id, event, _ = take()\n"
    "stream = Stream(request_id)\n"
    "stream.write(b'first')\n"
    "wait_for_tag(event['arn'], 'go-on')\n"
    "stream.write(b'second')\n"
    "stream.end()\n"
    "take()\n"
)
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=test/20261127/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
)
INVOKE = "/2015-03-31/functions/{}/invocations"


@contextmanager
def fetch(
    server: Server,
    method: str,
    path: str,
    body: str = "",
    *,
    page: str | None = None,
    site: str = "same-origin",
    service: str = "lambda",
    **headers: str,
) -> Iterator[HTTPResponse]:
    """Send what `fetch` of a page would; `page` is its origin, None for the endpoint's own."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if method != "GET":
        named["Origin"] = page or server.url
    named |= {"Sec-Fetch-Site": site, "Authorization": SIGNED.format(service)}
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        connection.request(method, path, body, named)
        yield connection.getresponse()


def read_until(answer: HTTPResponse, text: bytes) -> None:
    heard = b""
    while text not in heard:
        piece = answer.read1()
        assert piece, heard
        heard += piece


def test_a_page_of_the_endpoint_calls_as_any_client_does(shared_server: Server) -> None:
    name = shared_server.function(HELLO)
    with fetch(shared_server, "POST", INVOKE.format(name), "{}", X_Amz_Log_Type="Tail") as answer:
        assert (answer.status, answer.read()) == (200, b'"hello"')
        assert answer.headers["X-Amzn-RequestId"]
        assert answer.headers["X-Amz-Log-Result"]
        assert "Access-Control-Allow-Origin" not in answer.headers
    with fetch(shared_server, "GET", f"/2015-03-31/functions/{name}") as answer:
        assert json.load(answer)["Configuration"]["FunctionName"] == name
    with fetch(shared_server, "GET", "/lambdad/v1/status") as answer:
        assert answer.status == 200


def test_a_page_of_the_endpoint_reads_streams_as_they_are_written(shared_server: Server) -> None:
    name = shared_server.function({"bootstrap": STREAMS}, Runtime="provided.al2023", Handler="x")
    arn = shared_server.client().get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    path = f"/2021-11-15/functions/{name}/response-streaming-invocations"
    with fetch(shared_server, "POST", path, json.dumps({"arn": arn})) as answer:
        assert b"first" in answer.read1()
        shared_server.client().tag_resource(Resource=arn, Tags={"go-on": "yes"})
        assert b"second" in answer.read()


def test_a_page_of_the_endpoint_tails_logs(shared_server: Server) -> None:
    name = shared_server.function(HELLO)
    shared_server.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
    group = f"arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/{name}"
    with fetch(
        shared_server,
        "POST",
        "/",
        json.dumps({"logGroupIdentifiers": [group]}),
        service="logs",
        X_Amz_Target="Logs_20140328.StartLiveTail",
        Content_Type="application/x-amz-json-1.1",
    ) as answer:
        assert answer.headers["Content-Type"] == "application/vnd.amazon.eventstream"
        read_until(answer, b"sessionStart")
        shared_server.client().invoke(FunctionName=name, Payload=b'"a line"')
        read_until(answer, b"heard a line")


@pytest.mark.parametrize("page", ["http://localhost:3000", "https://evil.example", "null"])
def test_a_page_of_another_origin_does_nothing_even_without_a_preflight(
    shared_server: Server, page: str
) -> None:
    name = shared_server.function(HELLO)
    simple = {"Content_Type": "text/plain"}
    with fetch(shared_server, "POST", INVOKE.format(name), page=page, site="cross-site", **simple) as answer:
        assert answer.status == 403
        assert f"Pages of {page} may not call: add it to cors_origins." in answer.read().decode()
    form = "Action=CreateUser&Version=2010-05-08&UserName=by-form"
    with fetch(shared_server, "POST", "/", form, page=page, service="iam", **simple) as answer:
        assert answer.status == 403
    assert shared_server.messages(name) == []
    assert f"Pages of {page} may not call" in shared_server.log


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_link_changes_nothing(shared_server: Server, site: str) -> None:
    link = f"/?Action=CreateUser&Version=2010-05-08&UserName=by-link-{site}"
    with fetch(shared_server, "GET", link, site=site, service="iam") as answer:
        assert answer.status == 403
    users = [user["UserName"] for user in shared_server.client("iam").list_users()["Users"]]
    assert f"by-link-{site}" not in users


def test_a_page_of_another_origin_may_link_to_health_alone(shared_server: Server) -> None:
    with fetch(shared_server, "GET", "/health", site="cross-site") as answer:
        assert answer.status == 200
    for path in ("/2015-03-31/functions", "/lambdad/v1/status", "/lambdad/v1/metrics"):
        with fetch(shared_server, "GET", path, site="cross-site") as answer:
            assert answer.status == 403
