"""Which pages may call, and what a browser may send that does not say whose page asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambdad.domain.http import Caller, Request, Response
from lambdad.domain.scope import Scope
from lambdad.edge import pages
from lambdad.edge.gate import Gate
from lambdad.edge.services import Services


def asked(
    path: str = "/",
    *query: tuple[str, str],
    method: str = "GET",
    host: str = "localhost:4566",
    site: str = "",
) -> Request:
    headers = {"host": host, **({pages.SITE: site} if site else {})}
    return Request(method, path, query, headers, b"", Caller(Scope()), "id", f"http://{host}")


def refusal(request: Request, service: str, *, signed: bool = True, of_host: str | None = None) -> str | None:
    return pages.refusal(request, service if signed else None, service, of_host)


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "own"),
    [
        (b"http://127.0.0.1:4566", b"127.0.0.1:4566", "http", True),
        (b"http://localhost:4566", b"LOCALHOST:4566", "http", True),
        (b"http://[::1]:4566", b"[::1]:4566", "http", True),
        (b"https://my.name", b"my.name", "https", True),
        (b"http://my.name", b"my.name", "https", False),
        (b"http://localhost:3000", b"localhost:4566", "http", False),
        (b"http://127.0.0.1:4566", b"localhost:4566", "http", False),
        (b"http://bucket.s3.localhost:4566", b"bucket.s3.localhost:4566", "http", False),
        (b"http://deep.wild.name", b"deep.wild.name", "http", False),
        (b"null", b"localhost:4566", "http", False),
    ],
)
def test_a_page_of_the_endpoint_is_one_under_a_name_that_is_the_endpoints_alone(
    origin: bytes, host: bytes, scheme: str, own: bool
) -> None:
    gate = Gate(["my.name", "*.wild.name"], [])
    assert gate.admits_host(host)
    assert gate.is_own_origin(origin, host, scheme) is own


def test_an_origin_may_be_let_in_with_every_port() -> None:
    gate = Gate([], ["http://localhost:*"])
    assert gate.admits_origin(b"http://localhost:3000")
    assert gate.admits_origin(b"http://localhost:5173")
    for other in (
        b"https://localhost:3000",
        b"http://localhost.evil:3000",
        b"http://127.0.0.1:3000",
        b"null",
    ):
        assert not gate.admits_origin(other)


def test_each_refused_origin_is_news_once_and_there_are_not_endlessly_many() -> None:
    gate = Gate([], [])
    assert [gate.is_news(b"http://a"), gate.is_news(b"http://a")] == [True, False]
    assert sum(gate.is_news(b"http://%d" % number) for number in range(1_000)) < 1_000


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    ("path", "service", "is_open"),
    [
        ("/console/", "lambda", True),
        ("/health", "lambda", True),
        ("/lambdad/v1/code/abc", "lambda", True),
        ("/bucket/picture.png", "s3", True),
        ("/2015-03-31/functions", "lambda", False),
        ("/lambdad/v1/status", "lambda", False),
        ("/", "iam", False),
    ],
)
def test_pages_of_others_may_link_only_to_what_is_made_for_it(
    site: str, path: str, service: str, is_open: bool
) -> None:
    assert (refusal(asked(path, site=site), service) is None) is is_open


@pytest.mark.parametrize("site", ["", "same-origin", "none"])
def test_whoever_is_no_browser_or_no_foreign_page_is_not_concerned(site: str) -> None:
    assert refusal(asked("/2015-03-31/functions", site=site), "lambda") is None


@pytest.mark.parametrize("site", ["none", "same-site", "cross-site"])
def test_a_link_cannot_be_an_operation_wherever_it_stands(site: str) -> None:
    for service in ("iam", "s3"):
        link = asked("/", ("Action", "CreateUser"), ("UserName", "x"), site=site)
        assert "POST" in (refusal(link, service) or "")


def test_a_foreign_form_cannot_be_sent_to_a_bucket() -> None:
    assert refusal(asked("/bucket", method="POST", site="cross-site"), "s3") is not None


def test_a_page_in_a_bucket_with_a_name_of_its_own_reaches_nothing_but_s3_there() -> None:
    page = asked("/2015-03-31/functions", host="b.s3.localhost:4566", site="same-origin")
    assert "s3 only" in (refusal(page, "lambda", of_host="s3") or "")
    assert refusal(page, "s3", of_host="s3") is None
    assert refusal(page, "s3", signed=False, of_host="s3") is None


async def _page(request: Request) -> Response:
    return Response(200, b"<script>", (("Content-Type", "text/html"),))


async def _picture(request: Request) -> Response:
    return Response(200, b"", (("content-type", "image/png"),))


async def test_what_a_bucket_holds_is_no_page_of_the_endpoint() -> None:
    services = Services({}, {"s3": _page, "iam": _page, "execute-api": _page}, _page)
    answer = dict((await services.serve(asked("/bucket/index.html"), "s3")).headers)
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "allow-same-origin" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    of_its_own = await services.serve(asked("/index.html", host="bucket.s3.localhost:4566"), None)
    assert of_its_own.headers == (await _page(asked())).headers
    for ours in ("iam", "execute-api"):
        assert (await services.serve(asked(), ours)).headers == (await _page(asked())).headers


async def test_a_picture_is_shown_as_it_is() -> None:
    answer = await Services({}, {"s3": _picture}, _page).serve(asked("/bucket/a.png"), "s3")
    assert [name for name, _ in answer.headers] == ["content-type", "X-Content-Type-Options"]


async def _says_who_may_read(request: Request) -> Response:
    return Response(200, b"", (("access-control-allow-origin", "*"), ("ETag", "1")))


async def test_an_admitted_page_is_told_by_the_edge_alone_that_it_may_read() -> None:
    services = Services({}, {"s3": _says_who_may_read}, _page)
    page = asked("/bucket/a", host="bucket.s3.localhost")
    with_origin = replace(page, headers={**page.headers, "origin": "https://app.example"})
    assert (await services.serve(with_origin, "s3")).headers == (("ETag", "1"),)
    assert (await services.serve(page, "s3")).headers[0] == ("access-control-allow-origin", "*")
