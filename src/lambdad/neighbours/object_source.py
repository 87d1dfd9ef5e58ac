"""Code out of S3: implements `ports.object_source` on the endpoint of `[services.s3]`."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from lambdad.domain.errors import InvalidParameter, NotOffered
from lambdad.domain.scope import Scope
from lambdad.domain.sigv4 import hash_of, query_string, s3_object_path
from lambdad.neighbours.http_client import Answer, HttpClient, Unreachable
from lambdad.neighbours.sigv4_sign import Signer
from lambdad.ports.clock import Clock
from lambdad.settings import AwsKeys, ServiceEndpoint

_ERROR_DOCUMENT_BYTES = 64 * 1024
_NAMELESS_SECRET = "unchecked"  # noqa: S105 - stands where an endpoint checks no signatures
_HTTP_OK = 200


class NoObjectSource:
    """Stands where no S3 is configured."""

    async def fetch(self, scope: Scope, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        """Refuse, saying what to configure.

        Raises:
            NotOffered: always.
        """
        del scope, bucket, key, version, max_bytes
        raise NotOffered(
            "S3 is not configured: add [services.s3] endpoint to lambdad.toml, or run lambdad neighbours "
            "install"
        )


class S3ObjectSource:
    """Reads objects by path-style GET.

    Without configured credentials the request carries the scope's account as access key, as clients of
    local AWS endpoints do.
    """

    def __init__(self, endpoint: ServiceEndpoint, clock: Clock) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._client = HttpClient(endpoint.endpoint, verify=endpoint.verify)

    async def fetch(self, scope: Scope, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        """The bytes of one object; `version` None means the latest.

        Raises:
            InvalidParameter: S3 refused or did not answer, or the object is over `max_bytes`.

        Source: recorded answer test_lambda_code_location_s3_errors.
        """
        path = s3_object_path(bucket, key)
        query = [("versionId", version)] if version is not None else []
        keys = self._endpoint.credentials or AwsKeys(scope.account, _NAMELESS_SECRET)
        signer = Signer(keys, self._endpoint.region or scope.region, "s3")
        host = {"host": self._client.authority}
        headers = signer.sign("GET", path, query, host, hash_of(b""), self._clock.now())
        target = f"{path}?{query_string(query)}" if query else path
        try:
            sent = [*headers.items(), *self._endpoint.headers]
            answer = await self._client.send("GET", target, sent)
            return await _object(answer, max_bytes)
        except Unreachable as error:
            text = f"The endpoint of S3, {self._endpoint.endpoint}, did not answer: {error}"
            raise _refusal("ServiceUnavailable", text) from error

    async def close(self) -> None:
        """Close kept connections."""
        await self._client.close()


class FoundObjectSource:
    """Asks where S3 is for every object: it may have been installed since.

    Args:
        find: where S3 is; None when it is nowhere.
        clock: dates the signatures.
    """

    def __init__(self, find: Callable[[], ServiceEndpoint | None], clock: Clock) -> None:
        self._find = find
        self._clock = clock
        self._known: tuple[ServiceEndpoint, S3ObjectSource] | None = None

    async def fetch(self, scope: Scope, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        """As the source that is there, `S3ObjectSource` or `NoObjectSource`."""
        endpoint = self._find()
        if endpoint is None:
            return await NoObjectSource().fetch(scope, bucket, key, version, max_bytes)
        if self._known is None or self._known[0] != endpoint:
            self._known = (endpoint, S3ObjectSource(endpoint, self._clock))
        return await self._known[1].fetch(scope, bucket, key, version, max_bytes)

    async def close(self) -> None:
        """Close kept connections."""
        if self._known is not None:
            await self._known[1].close()


async def _object(answer: Answer, max_bytes: int) -> bytes:
    if answer.status != _HTTP_OK:
        document = await answer.read(_ERROR_DOCUMENT_BYTES) or b""
        code = _element(document, "Code") or f"HTTP {answer.status}"
        raise _refusal(code, _element(document, "Message") or "S3 gave no reason")
    body = await answer.read(max_bytes)
    if body is None:
        raise InvalidParameter(f"Unzipped size must be smaller than {max_bytes} bytes")
    return body


def _refusal(code: str, message: str) -> InvalidParameter:
    return InvalidParameter(
        f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
    )


def _element(document: bytes, name: str) -> str | None:
    found = re.search(rf"<{name}>(.*?)</{name}>", document.decode("utf-8", "replace"), re.DOTALL)
    return unescape(found.group(1)).strip() if found else None
