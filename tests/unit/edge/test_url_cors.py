"""CORS of function URLs: who is told what."""

from __future__ import annotations

import pytest

from lambdad.domain.function_url import Cors
from lambdad.edge.url_cors import added, is_preflight, preflight

PAGE = "https://app.example"
ASKS = [
    (b"origin", PAGE.encode()),
    (b"access-control-request-method", b"PUT"),
    (b"access-control-request-headers", b"x-a,x-b"),
]


def test_a_preflight_request_is_one_that_asks_for_a_method() -> None:
    assert is_preflight(b"OPTIONS", ASKS)
    assert not is_preflight(b"OPTIONS", ASKS[:1])
    assert not is_preflight(b"PUT", ASKS)


def test_a_preflight_request_is_told_what_is_configured() -> None:
    cors = Cors(
        allow_credentials=True,
        allow_headers=("x-a", "x-b"),
        allow_methods=("GET", "PUT"),
        allow_origins=("https://other.example", PAGE),
        expose_headers=("x-c",),
        max_age_s=300,
    )
    assert preflight(cors, PAGE, ASKS) == (
        ("Access-Control-Allow-Origin", PAGE),
        ("Vary", "Origin"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Allow-Methods", "GET,PUT"),
        ("Access-Control-Allow-Headers", "x-a,x-b"),
        ("Access-Control-Max-Age", "300"),
    )
    assert added(cors, PAGE) == (
        ("Access-Control-Allow-Origin", PAGE),
        ("Vary", "Origin"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", "x-c"),
    )


def test_everybody_is_told_so() -> None:
    cors = Cors(allow_origins=("*",), allow_methods=("*",), max_age_s=0)
    assert preflight(cors, PAGE, ASKS) == (
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", "*"),
        ("Access-Control-Max-Age", "0"),
    )
    assert added(cors, PAGE) == (("Access-Control-Allow-Origin", "*"),)


def test_with_credentials_a_star_is_written_out() -> None:
    cors = Cors(allow_credentials=True, allow_origins=("*",), allow_methods=("*",), allow_headers=("*",))
    assert preflight(cors, PAGE, ASKS) == (
        ("Access-Control-Allow-Origin", PAGE),
        ("Vary", "Origin"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Allow-Methods", "PUT"),
        ("Access-Control-Allow-Headers", "x-a,x-b"),
    )


@pytest.mark.parametrize(
    "origin", [None, "https://evil.example", "null", PAGE + ".evil.example", PAGE.upper()]
)
def test_another_origin_is_told_nothing(origin: str | None) -> None:
    cors = Cors(allow_origins=(PAGE,), allow_methods=("*",))
    assert preflight(cors, origin, ASKS) == ()
    assert added(cors, origin) == ()


def test_without_origins_nobody_may_call() -> None:
    assert added(Cors(allow_methods=("*",)), PAGE) == ()
    assert added(None, PAGE) == ()
