"""What no client should send: each is answered precisely and the server stays up."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator

import pytest

from tests.running import Server

INVOKE = "/2015-03-31/functions/nothing/invocations"


@pytest.fixture(autouse=True)
def _still_up(shared_server: Server) -> Iterator[None]:
    yield
    assert talk(
        shared_server, b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    ).startswith(b"HTTP/1.1 200")


def talk(server: Server, data: bytes, *, close: bool = False) -> bytes:
    """Send bytes as they are; everything that comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        try:
            connection.sendall(data)
        except OSError:
            pass
        if close:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                return answer
            if not part:
                return answer
            answer += part


def request(
    method: str = "POST", path: str = INVOKE, headers: str = "Host: localhost\r\n", body: bytes = b""
) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def parts(answer: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in lines}
    return int(status.split()[1]), headers, json.loads(body) if body else {}


def test_what_is_not_http_is_told_so(shared_server: Server) -> None:
    status, _, body = parts(talk(shared_server, b"\x16\x03\x01\x02\x00 hello\r\n\r\n"))
    assert (status, body["message"]) == (400, "Bad request: not HTTP/1.1.")


def test_headers_over_64_kib_are_refused(shared_server: Server) -> None:
    answer = talk(shared_server, request(headers="Host: localhost\r\nX-Big: " + "a" * 70_000 + "\r\n"))
    assert parts(answer)[0] == 431


def test_headers_without_an_end_are_refused(shared_server: Server) -> None:
    answer = talk(shared_server, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 20_000)
    assert parts(answer)[0] == 431


def test_a_request_over_70_mb_is_refused_before_it_is_sent(shared_server: Server) -> None:
    head = b"POST /2015-03-31/functions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70167212\r\n\r\n"
    status, headers, body = parts(talk(shared_server, head))
    assert (status, headers["x-amzn-errortype"]) == (413, "RequestEntityTooLargeException")
    assert "70167211" in str(body["message"])


def test_a_half_sent_request_leaves_nothing_behind(shared_server: Server) -> None:
    answer = talk(
        shared_server, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc", close=True
    )
    assert answer == b""


def test_an_unknown_host_is_refused(shared_server: Server) -> None:
    status, _, body = parts(talk(shared_server, request(headers="Host: evil.example\r\n")))
    assert status == 403
    assert "evil.example" in json.dumps(body)


@pytest.mark.parametrize(
    "host", ["localhost:4566", "127.0.0.1", "[::1]:80", "a.localhost", "lambda.eu-west-1.amazonaws.com"]
)
def test_our_own_names_are_accepted(shared_server: Server, host: str) -> None:
    assert parts(talk(shared_server, request(headers=f"Host: {host}\r\n")))[0] == 404


def test_a_foreign_origin_is_refused(shared_server: Server) -> None:
    headers = "Host: localhost\r\nOrigin: https://evil.example\r\n"
    status, sent, _ = parts(talk(shared_server, request(headers=headers)))
    assert status == 403
    assert "access-control-allow-origin" not in sent


def test_a_request_without_a_host_is_refused(shared_server: Server) -> None:
    assert parts(talk(shared_server, b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"))[0] == 403


def test_an_unknown_operation_is_named(shared_server: Server) -> None:
    status, headers, _ = parts(talk(shared_server, request("GET", "/2015-03-31/nothing-of-the-kind")))
    assert (status, headers["x-amzn-errortype"]) == (404, "UnknownOperationException")


def test_a_wrong_method_is_an_unknown_operation(shared_server: Server) -> None:
    status, headers, _ = parts(talk(shared_server, request("PATCH", "/2015-03-31/functions")))
    assert (status, headers["x-amzn-errortype"]) == (404, "UnknownOperationException")


def test_a_service_that_is_not_there_answers_in_its_own_protocol(shared_server: Server) -> None:
    with pytest.raises(shared_server.client("kms").exceptions.ClientError, match="lambdad.toml"):
        shared_server.client("kms").list_keys()
    with pytest.raises(shared_server.client("rds").exceptions.ClientError, match="lambdad.toml"):
        shared_server.client("rds").describe_db_instances()
    with pytest.raises(shared_server.client("cloudfront").exceptions.ClientError, match="lambdad.toml"):
        shared_server.client("cloudfront").list_distributions()


def test_a_pipeline_is_answered_in_order(shared_server: Server) -> None:
    one = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    two = b"GET /lambdad/v1/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = talk(shared_server, one + one + two)
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [b"200", b"200", b"404"]


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(shared_server: Server) -> None:
    with socket.create_connection(("127.0.0.1", shared_server.port), timeout=10) as connection:
        connection.sendall(
            f"POST {INVOKE} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            "Content-Length: 2\r\nConnection: close\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"{}")
        assert b"404" in connection.recv(4096)


def test_a_chunked_body_is_taken(shared_server: Server) -> None:
    name = shared_server.function({"app.py": "def handler(event, context):\n    return event\n"})
    data = (
        f"POST /2015-03-31/functions/{name}/invocations HTTP/1.1\r\nHost: localhost\r\n"
        'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n'
    )
    status, _, body = parts(talk(shared_server, data.encode()))
    assert (status, body) == (200, {"a": 1})
