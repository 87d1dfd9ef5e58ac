from __future__ import annotations

import json
import re

import pytest

from lambdad.domain.http import Response
from lambdad.neighbours.forward import ExternalService
from lambdad.neighbours.http_client import Patience
from lambdad.settings import AwsKeys, ServiceEndpoint

KEYS = AwsKeys("AKIDOURS", "secret-ours", "token-ours")
IMPATIENT = Patience(connect=0.3, answer=0.3, next_piece=0.3)
pytestmark = pytest.mark.asyncio


async def body_of(response: Response) -> bytes:
    if isinstance(response.body, bytes):
        return response.body
    return b"".join([piece async for piece in response.body])


async def test_a_callers_request_goes_on_as_it_was_signed(endpoint, clock, request_of) -> None:
    service = ExternalService("sqs", ServiceEndpoint(endpoint.url), clock)
    headers = {"authorization": "AWS4-HMAC-SHA256 theirs", "x-amz-target": "AmazonSQS.SendMessage"}
    response = await service(request_of(headers=headers, body=b'{"a": 1}'))
    assert (response.status, response.body) == (200, b"ok")
    [got] = endpoint.received
    assert (got.method, got.target, got.body) == ("POST", "/", b'{"a": 1}')
    assert got.headers == {"host": "127.0.0.1:4566", **headers, "content-length": "8"}
    await service.close()


async def test_configured_credentials_replace_the_callers(endpoint, clock, request_of) -> None:
    service = ExternalService("dynamodb", ServiceEndpoint(endpoint.url, KEYS, "eu-north-1"), clock)
    headers = {
        "authorization": "theirs",
        "x-amz-security-token": "theirs",
        "x-amz-date": "theirs",
        "x-amz-target": "DynamoDB_20120810.GetItem",
        "user-agent": "Boto3",
    }
    await service(request_of(headers=headers, body=b"{}"))
    [got] = endpoint.received
    assert "theirs" not in got.headers.values()
    assert got.headers["host"] == endpoint.authority
    assert got.headers["user-agent"] == "Boto3"
    assert got.headers["x-amz-security-token"] == "token-ours"
    scope = "AKIDOURS/20260102/eu-north-1/dynamodb/aws4_request"
    names = "host;x-amz-date;x-amz-security-token;x-amz-target"
    assert re.fullmatch(
        rf"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature=[0-9a-f]{{64}}",
        got.headers["authorization"],
    )
    await service.close()


async def test_the_callers_region_is_signed_for_when_none_is_configured(endpoint, clock, request_of) -> None:
    service = ExternalService("sqs", ServiceEndpoint(endpoint.url, KEYS), clock)
    await service(request_of())
    assert "/eu-west-1/sqs/" in endpoint.received[0].headers["authorization"]
    await service.close()


async def test_a_presigned_query_is_signed_anew(endpoint, clock, request_of) -> None:
    service = ExternalService("s3", ServiceEndpoint(endpoint.url, KEYS), clock)
    query = (("X-Amz-Signature", "theirs"), ("X-Amz-Credential", "theirs"), ("versionId", "a b"))
    await service(request_of("GET", "/bucket/key", query))
    assert endpoint.received[0].target == "/bucket/key?versionId=a%20b"
    assert "AKIDOURS" in endpoint.received[0].headers["authorization"]
    await service.close()


async def test_a_bucket_in_the_host_name_moves_into_the_path(endpoint, clock, request_of) -> None:
    service = ExternalService("s3", ServiceEndpoint(endpoint.url, KEYS), clock)
    host = {"host": "my.bucket.s3.eu-west-1.amazonaws.com"}
    await service(request_of("GET", "/a%20key", headers=host))
    assert endpoint.received[0].target == "/my.bucket/a%20key"
    await service.close()


async def test_a_body_in_signed_chunks_is_sent_plain_when_signed_anew(endpoint, clock, request_of) -> None:
    service = ExternalService("s3", ServiceEndpoint(endpoint.url, KEYS), clock)
    headers = {
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "content-encoding": "aws-chunked,gzip",
        "x-amz-decoded-content-length": "5",
        "x-amz-trailer": "x-amz-checksum-crc32",
    }
    body = b"5;chunk-signature=aa\r\nhello\r\n0;chunk-signature=bb\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    await service(request_of("PUT", "/b/k", headers=headers, body=body))
    [got] = endpoint.received
    assert got.body == b"hello"
    assert got.headers["content-length"] == "5"
    assert got.headers["content-encoding"] == "gzip"
    assert got.headers["x-amz-checksum-crc32"] == "NhCmhg=="
    assert "x-amz-trailer" not in got.headers
    assert "x-amz-decoded-content-length" not in got.headers
    await service.close()


async def test_a_broken_chunked_body_is_the_callers_fault(endpoint, clock, request_of) -> None:
    service = ExternalService("s3", ServiceEndpoint(endpoint.url, KEYS), clock)
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
    response = await service(request_of("PUT", "/b/k", headers=headers, body=b"5\r\nhel"))
    assert response.status == 400
    assert b"<Code>InvalidRequest</Code>" in response.body
    assert endpoint.received == []


async def test_headers_of_the_connection_stay_on_it_both_ways(endpoint, clock, request_of) -> None:
    endpoint.answer = (
        b"HTTP/1.1 418 Teapot\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nDate: then\r\n"
        b'Transfer-Encoding: chunked\r\nETag: "x"\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n'
        b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    service = ExternalService("sqs", ServiceEndpoint(endpoint.url), clock)
    hop = {"connection": "close", "te": "trailers", "expect": "100-continue", "upgrade": "h2c"}
    response = await service(request_of(headers={**hop, "x-kept": "1"}))
    assert set(endpoint.received[0].headers) == {"host", "x-kept", "content-length"}
    assert response == Response(418, b"abcde", (("etag", '"x"'), ("set-cookie", "a"), ("set-cookie", "b")))
    await service.close()


async def test_a_long_answer_is_passed_on_in_pieces(endpoint, clock, request_of) -> None:
    size = 9 * 1024 * 1024
    endpoint.answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + bytes(size)
    service = ExternalService("s3", ServiceEndpoint(endpoint.url), clock)
    response = await service(request_of("GET", "/b/k"))
    assert not isinstance(response.body, bytes)
    assert response.headers == ()
    assert await body_of(response) == bytes(size)
    await service.close()


async def test_a_long_answer_without_a_length_is_passed_on_whole(endpoint, clock, request_of) -> None:
    chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    endpoint.answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + 9 * chunk + b"0\r\n\r\n"
    service = ExternalService("s3", ServiceEndpoint(endpoint.url), clock)
    response = await service(request_of("GET", "/b/k"))
    assert await body_of(response) == bytes(9 * 0x100000)
    await service.close()


async def test_the_answer_to_head_keeps_its_length_and_has_no_body(endpoint, clock, request_of) -> None:
    endpoint.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n"
    service = ExternalService("s3", ServiceEndpoint(endpoint.url), clock)
    for _ in range(2):
        response = await service(request_of("HEAD", "/b/k"))
        assert response == Response(200, b"", (("content-length", "99999999"),))
    assert endpoint.connections == 1
    await service.close()


async def test_one_connection_serves_many_requests(endpoint, clock, request_of) -> None:
    service = ExternalService("sqs", ServiceEndpoint(endpoint.url), clock)
    for _ in range(5):
        assert (await service(request_of())).status == 200
    assert (endpoint.connections, len(endpoint.received)) == (1, 5)
    await service.close()


async def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(endpoint, clock, request_of) -> None:
    endpoint.close_after_each = True
    service = ExternalService("sqs", ServiceEndpoint(endpoint.url), clock)
    for _ in range(3):
        assert (await service(request_of())).status == 200
    assert endpoint.connections == 3
    await service.close()


async def test_interim_answers_are_passed_over(endpoint, clock, request_of) -> None:
    endpoint.answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n"
    service = ExternalService("sqs", ServiceEndpoint(endpoint.url), clock)
    assert (await service(request_of())).status == 201
    await service.close()


async def test_a_body_without_length_ends_with_the_connection(endpoint, clock, request_of) -> None:
    endpoint.answer = b"HTTP/1.1 200 OK\r\n\r\nuntil the end"
    endpoint.close_after_each = True
    service = ExternalService("sqs", ServiceEndpoint(endpoint.url), clock)
    assert (await service(request_of())).body == b"until the end"
    await service.close()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "the connection ended before the answer did"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf", "the connection ended before the answer did"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not an HTTP answer"),
    ],
)
async def test_half_an_answer_is_unavailability(endpoint, clock, request_of, answer, reason) -> None:
    endpoint.answer = answer
    endpoint.close_after_each = True
    service = ExternalService("sqs", ServiceEndpoint(endpoint.url), clock)
    response = await service(request_of(headers={"x-amz-target": "AmazonSQS.SendMessage"}))
    assert response.status == 503
    assert reason in json.loads(response.body)["message"]


async def test_an_endpoint_that_is_not_there_is_named(clock, request_of) -> None:
    service = ExternalService("sqs", ServiceEndpoint("http://127.0.0.1:1"), clock, IMPATIENT)
    response = await service(request_of(headers={"x-amz-target": "AmazonSQS.SendMessage"}))
    assert response.status == 503
    body = json.loads(response.body)
    assert body["__type"] == "ServiceUnavailable"
    assert "http://127.0.0.1:1" in body["message"]


async def test_an_endpoint_that_is_silent_is_given_up(endpoint, clock, request_of) -> None:
    endpoint.answer = b""
    service = ExternalService("s3", ServiceEndpoint(endpoint.url), clock, IMPATIENT)
    response = await service(request_of("GET", "/b/k"))
    assert response.status == 503
    assert b"<Code>ServiceUnavailable</Code>" in response.body
    assert b"no answer within 0.3 s" in response.body
    assert len(endpoint.received) == 1  # a request that may have been acted on is not repeated
