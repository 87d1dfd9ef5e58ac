"""Function URLs whose functions stream, and those that are throttled."""

from __future__ import annotations

import http.client
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from calling import started
from stream_calls import BOOTSTRAP, release, until
from url_calls import Url, open_url

from tests.running import Server

STREAMS = (
    BOOTSTRAP
    + r"""
KIND = "Content-Type: application/vnd.awslambda.http-integration-response\r\n"
while True:
    request_id, event, headers = take()
    path = event["rawPath"]
    if path == "/whole":
        ask("POST", request_id + "/response", b'{"statusCode": 404, "body": "whole"}')
        continue
    stream = Stream(request_id, more="Content-Type: text/x-test\r\n" if path.startswith("/plain") else KIND)
    if path.startswith("/plain"):
        stream.write(b"first ")
        if path != "/plain":
            wait_for_tag(headers["lambda-runtime-invoked-function-arn"], "go")
        if path == "/plain/exit":
            os._exit(1)
        stream.write(b"last")
    elif path == "/broken":
        stream.write(b"no head at all")
    else:
        stream.write(b'{"statusCode": 418, "headers": {"x-a": "b"}, "cookies": ["c=d", "e=f"]}')
        stream.write(bytes(8))
        stream.write(b"body ")
        if path == "/waits":
            wait_for_tag(headers["lambda-runtime-invoked-function-arn"], "go")
        stream.write(b"end")
    stream.end()
"""
)
NODE = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
    stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'X-A': 'b' }, cookies: ['c=d'] });
    stream.write('cre');
    stream.write('ated');
    stream.end();
});
"""


def make(server: Server) -> str:
    return server.function({"bootstrap": STREAMS}, Runtime="provided.al2023")


@pytest.fixture(scope="module")
def url(shared_server: Server) -> Url:
    return open_url(shared_server, make(shared_server), InvokeMode="RESPONSE_STREAM")


@pytest.mark.parametrize(("path", "first"), [("/plain/waits", b"first "), ("/waits", b"body ")])
def test_the_first_chunk_is_with_the_client_while_the_function_runs(
    shared_server: Server, path: str, first: bytes
) -> None:
    waiting = make(shared_server)
    url = open_url(shared_server, waiting, InvokeMode="RESPONSE_STREAM")
    with url.connected() as connection:
        answer = url.send(connection, path=path)
        assert answer.read(len(first)) == first
        release(shared_server, waiting)
        assert answer.read() in (b"last", b"end")


def test_the_head_of_a_stream_is_the_answers(url: Url) -> None:
    heard = url.call()
    assert (heard.status, heard.body) == (418, b"body end")
    assert heard.header("x-a") == "b"
    assert heard.header("Content-Type") == "application/json"
    assert heard.header("Transfer-Encoding") == "chunked"
    assert heard.all("Set-Cookie") == ["c=d", "e=f"]
    assert url.call("HEAD").status == 418
    assert url.call(path="/plain").body == b"first last"


def test_a_stream_without_a_head_has_its_content_type(url: Url) -> None:
    heard = url.call(path="/plain")
    assert (heard.status, heard.header("Content-Type")) == (200, "text/x-test")


def test_a_function_that_does_not_stream_is_passed_on_as_it_is(url: Url) -> None:
    heard = url.call(path="/whole")
    assert (heard.status, heard.body) == (200, b'{"statusCode": 404, "body": "whole"}')


def test_a_head_that_is_none_is_a_bad_gateway(url: Url) -> None:
    heard = url.call(path="/broken")
    assert (heard.status, heard.body) == (502, b"Internal Server Error")


def test_a_stream_that_breaks_off_is_not_taken_for_whole(shared_server: Server) -> None:
    breaking = make(shared_server)
    url = open_url(shared_server, breaking, InvokeMode="RESPONSE_STREAM")
    with url.connected() as connection:
        answer = url.send(connection, path="/plain/exit")
        assert answer.read(6) == b"first "
        release(shared_server, breaking)
        with pytest.raises(http.client.IncompleteRead):
            answer.read()


def test_a_client_that_goes_away_does_not_end_the_function(shared_server: Server) -> None:
    waiting = make(shared_server)
    url = open_url(shared_server, waiting, InvokeMode="RESPONSE_STREAM")
    with url.connected() as connection:
        answer = url.send(connection, path="/plain/waits")
        assert answer.read(6) == b"first "
        answer.close()
    release(shared_server, waiting)
    assert url.call(path="/plain").body == b"first last"
    logged = shared_server.messages(waiting, until="END RequestId")
    assert any("END RequestId" in message for message in logged)


def test_a_url_that_does_not_stream_collects(shared_server: Server) -> None:
    url = open_url(shared_server, make(shared_server), InvokeMode="BUFFERED")
    heard = url.call()
    assert (heard.status, heard.body) == (418, b"body end")
    assert heard.header("Content-Length") == "8"
    assert heard.all("Set-Cookie") == ["c=d", "e=f"]
    plain = url.call(path="/plain")
    assert (plain.status, plain.body, plain.header("Content-Type")) == (200, b"first last", "text/x-test")
    assert url.call(path="/whole").status == 404


@pytest.mark.parametrize("mode", ["BUFFERED", "RESPONSE_STREAM"])
def test_node_puts_the_head_in_front(shared_server: Server, mode: str) -> None:
    made = shared_server.function({"app.js": NODE}, Runtime="nodejs20.x")
    heard = open_url(shared_server, made, InvokeMode=mode).call()
    assert (heard.status, heard.body) == (201, b"created")
    assert (heard.header("X-A"), heard.all("Set-Cookie")) == ("b", ["c=d"])


def test_a_throttle_is_429_in_the_words_of_the_api(tmp_path: Path) -> None:
    with started(tmp_path / "data", "--max-environments", "1") as server, ThreadPoolExecutor(1) as pool:
        waiting, other = make(server), make(server)
        urls = [open_url(server, name) for name in (waiting, other)]
        first = pool.submit(urls[0].call, path="/plain/waits")
        until(lambda: b'"state":"busy"' in status(server), "nothing runs")
        heard = urls[1].call()
        release(server, waiting)
        assert first.result().body == b"first last"
    assert heard.status == 429
    assert heard.header("x-amzn-ErrorType") == "TooManyRequestsException"
    assert json.loads(heard.body)["message"] == "Rate Exceeded."


def status(server: Server) -> bytes:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/status", timeout=20) as answer:
        found: bytes = answer.read()
    return found
