from __future__ import annotations

import pytest

from lambdad.domain.errors import InvalidParameter, NotOffered
from lambdad.domain.scope import Scope
from lambdad.neighbours.object_source import FoundObjectSource
from lambdad.settings import AwsKeys, ServiceEndpoint

SCOPE = Scope("123456789012", "eu-west-1")
pytestmark = pytest.mark.asyncio


def error_document(code: str, message: str) -> bytes:
    document = f'<?xml version="1.0"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return b"HTTP/1.1 404 Not Found\r\ncontent-length: %d\r\n\r\n%s" % (len(document), document.encode())


async def test_an_object_is_fetched_by_its_path(endpoint, clock) -> None:
    endpoint.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nzip"
    source = FoundObjectSource(lambda: ServiceEndpoint(endpoint.url), clock)
    assert await source.fetch(SCOPE, "bucket", "a key/ü+%2F.zip", "v/1", 100) == b"zip"
    [got] = endpoint.received
    assert got.method == "GET"
    assert got.target == "/bucket/a%20key/%C3%BC%2B%252F.zip?versionId=v%2F1"
    assert "Credential=123456789012/20260102/eu-west-1/s3/" in got.headers["authorization"]
    await source.close()


async def test_configured_credentials_and_region_sign_for_the_object(endpoint, clock) -> None:
    configured = ServiceEndpoint(endpoint.url, AwsKeys("AKID", "secret", "token"), "us-west-2")
    source = FoundObjectSource(lambda: configured, clock)
    await source.fetch(SCOPE, "bucket", "key", None, 100)
    [got] = endpoint.received
    assert got.target == "/bucket/key"
    assert "Credential=AKID/20260102/us-west-2/s3/" in got.headers["authorization"]
    assert got.headers["x-amz-security-token"] == "token"
    await source.close()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("NoSuchBucket", "The specified bucket does not exist"),
        ("NoSuchKey", "The specified key does not exist."),
    ],
)
async def test_what_s3_refuses_is_said_in_awss_words(endpoint, clock, code: str, message: str) -> None:
    endpoint.answer = error_document(code, message)
    source = FoundObjectSource(lambda: ServiceEndpoint(endpoint.url), clock)
    with pytest.raises(InvalidParameter) as refusal:
        await source.fetch(SCOPE, "bucket", "key", None, 100)
    assert (
        str(refusal.value)
        == f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
    )
    await source.close()


async def test_an_error_without_a_document_names_its_status(endpoint, clock) -> None:
    endpoint.answer = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\n\r\noops"
    source = FoundObjectSource(lambda: ServiceEndpoint(endpoint.url), clock)
    with pytest.raises(InvalidParameter, match="S3 Error Code: HTTP 502"):
        await source.fetch(SCOPE, "bucket", "key", None, 100)
    await source.close()


async def test_entities_in_an_error_are_read(endpoint, clock) -> None:
    endpoint.answer = error_document("AccessDenied", "Access &lt;Denied&gt;")
    source = FoundObjectSource(lambda: ServiceEndpoint(endpoint.url), clock)
    with pytest.raises(InvalidParameter, match="Access <Denied>"):
        await source.fetch(SCOPE, "bucket", "key", None, 100)
    await source.close()


async def test_an_object_of_the_largest_size_is_taken_and_one_byte_more_is_not(endpoint, clock) -> None:
    endpoint.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12345"
    source = FoundObjectSource(lambda: ServiceEndpoint(endpoint.url), clock)
    assert await source.fetch(SCOPE, "bucket", "key", None, 5) == b"12345"
    with pytest.raises(InvalidParameter, match="must be smaller than 4 bytes"):
        await source.fetch(SCOPE, "bucket", "key", None, 4)
    await source.close()


async def test_an_endpoint_that_is_not_there_is_named(clock) -> None:
    source = FoundObjectSource(lambda: ServiceEndpoint("http://127.0.0.1:1"), clock)
    with pytest.raises(InvalidParameter, match=r"http://127\.0\.0\.1:1, did not answer"):
        await source.fetch(SCOPE, "bucket", "key", None, 100)


async def test_without_s3_the_error_says_what_to_configure(clock) -> None:
    source = FoundObjectSource(lambda: None, clock)
    with pytest.raises(NotOffered, match=r"add \[services.s3\] endpoint to lambdad.toml"):
        await source.fetch(SCOPE, "bucket", "key", None, 100)
