"""S3 at an endpoint, but what buckets tell functions is kept here: the server behind it knows no functions.

Edge → gate → here → `neighbours.forward`. What a configuration says besides functions goes on to the server,
which may refuse it; only then are the functions kept.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Final, Protocol
from urllib.parse import unquote

from lambdad.awsapi import directory, faults
from lambdad.domain.bucket_events import BUCKET_RULES, BucketRules, place_of
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.http import Request, Response
from lambdad.domain.scope import Scope
from lambdad.neighbours import aws_chunked
from lambdad.neighbours.bucket_events.documents import NOTHING, Refused, read, written
from lambdad.ports.resource_store import ResourceStore
from lambdad.ports.service import Service

_SUBRESOURCE: Final = "notification"
_SKIP: Final = "x-amz-skip-destination-validation"
_KEPT_HEADERS: Final = frozenset({"host", "user-agent", "x-amz-expected-bucket-owner"})
_NOT_OFFERED: Final = frozenset({405, 501})
"""How servers say that they have no such configurations."""
_IGNORED: Final = frozenset({"x-id"})


class Destination(Protocol):
    """Functions, as S3 sees them."""

    async def lets_in(self, bucket: str, owner: Scope, function: str) -> bool:
        """Whether a function is there and its policy lets S3 invoke it for a bucket of this owner."""
        ...


class NotifyingBuckets:
    """Implements `ports.service.Service` around S3.

    Args:
        server: S3 at its endpoint, which signs what it is given.
        rules: keep what functions are told.
        destination: the functions.
    """

    def __init__(self, server: Service, rules: ResourceStore, destination: Destination) -> None:
        self._server = server
        self._rules = rules
        self._destination = destination

    async def __call__(self, request: Request) -> Response:
        """Answer what is about notifications; all else is the server's to answer."""
        bucket, key = _named(request)
        if not bucket or key:
            return await self._server(request)
        about = [
            name
            for name, _ in request.query
            if not name.lower().startswith("x-amz-") and name not in _IGNORED
        ]
        try:
            if about == [_SUBRESOURCE] and request.method == "PUT":
                return await self._put(request, bucket)
            if about == [_SUBRESOURCE] and request.method == "GET":
                return await self._get(request, bucket)
        except Refused as error:
            return _fault(request, error.code, str(error), 400)
        answer = await self._server(request)
        if request.method == "DELETE" and not about and answer.status in {200, 204, 404}:
            await self._rules.change(BUCKET_RULES, place_of(bucket), lambda _: None)
        return answer

    async def _put(self, request: Request, bucket: str) -> Response:
        given = read(_body(request))
        owner = request.caller.scope
        if request.headers.get(_SKIP, "").lower() != "true":
            for rule in given.functions:
                if not await self._destination.lets_in(bucket, owner, rule.function):
                    raise Refused(
                        "InvalidArgument", "Unable to validate the following destination configurations"
                    )
        answer = await self._server(_with_body(request, given.others or NOTHING))
        if answer.status in _NOT_OFFERED and given.others is None:
            answer = await self._is_there(request) or Response(200)
        if answer.status >= 300:
            return answer
        rules = BucketRules(owner.account, owner.region, given.functions) if given.functions else None
        await self._rules.change(BUCKET_RULES, place_of(bucket), lambda _: rules)
        return Response(200)

    async def _get(self, request: Request, bucket: str) -> Response:
        answer = await self._server(request)
        others = None
        if answer.status in _NOT_OFFERED:
            missing = await self._is_there(request)
            if missing is not None:
                return missing
        elif answer.status == 200 and isinstance(answer.body, bytes):
            others = answer.body or None
        else:
            return answer
        rules = await self._rules.read(BUCKET_RULES, place_of(bucket))
        document = written(() if rules is None else rules.functions, others)
        return Response(200, document, (("Content-Type", "application/xml"),))

    async def _is_there(self, request: Request) -> Response | None:
        """None when the bucket is there; else what to answer."""
        head = replace(_with_body(request, b""), method="HEAD", query=())
        status = (await self._server(head)).status
        if status < 300:
            return None
        if status == 404:
            return _fault(request, "NoSuchBucket", "The specified bucket does not exist", 404)
        if status == 403:
            return _fault(request, "AccessDenied", "Access Denied", 403)
        return _fault(request, "ServiceUnavailable", f"The endpoint of s3 answered {status}", 503)


def _named(request: Request) -> tuple[str, str]:
    """Bucket and key; a bucket may stand in the host's name."""
    host, found, _ = request.headers.get("host", "").partition(".s3.")
    path = f"/{host}{request.path}" if found else request.path
    bucket, _, key = path[1:].partition("/")
    return unquote(bucket), key


def _body(request: Request) -> bytes:
    if not aws_chunked.is_streaming(request.headers.get("x-amz-content-sha256", "")):
        return request.body
    try:
        return aws_chunked.unpack(request.body)[0]
    except InvalidParameter as error:
        raise Refused("IncompleteBody", str(error)) from error


def _with_body(request: Request, body: bytes) -> Request:
    """The same request about the same bucket with another body, without what was said of the first one."""
    headers = {name: value for name, value in request.headers.items() if name in _KEPT_HEADERS}
    if body:
        digest = hashlib.md5(body, usedforsecurity=False).digest()  # what S3 asks for
        headers |= {"content-type": "application/xml", "content-md5": base64.b64encode(digest).decode()}
    return replace(request, headers=headers, body=body)


def _fault(request: Request, code: str, message: str, status: int) -> Response:
    wire = directory.wire_of("s3")
    return faults.render_for_protocol("rest-xml", code, message, status, request.request_id, wire=wire)
