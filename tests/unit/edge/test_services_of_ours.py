"""Which short paths are ours, and which are buckets."""

from __future__ import annotations

import pytest

from lambdad.domain.http import Caller, Request, Response
from lambdad.domain.scope import Scope
from lambdad.edge.services import Services


async def _own(_: Request) -> Response:
    return Response(200, b"own")


async def _s3(_: Request) -> Response:
    return Response(200, b"s3")


SERVICES = Services({}, {"s3": _s3}, _own)


async def answered(path: str, signed_for: str | None) -> object:
    request = Request("GET", path, (), {}, b"", Caller(Scope()), "id", "http://localhost")
    return (await SERVICES.serve(request, signed_for)).body


@pytest.mark.parametrize("path", ["/metrics", "/ready", "/health", "/lambdad/v1/metrics"])
async def test_short_paths_are_ours(path: str) -> None:
    assert await answered(path, None) == b"own"
    assert await answered(path, "lambda") == b"own"


@pytest.mark.parametrize("path", ["/metrics", "/ready"])
async def test_a_bucket_may_have_the_name_of_a_short_path(path: str) -> None:
    assert await answered(path, "s3") == b"s3"
