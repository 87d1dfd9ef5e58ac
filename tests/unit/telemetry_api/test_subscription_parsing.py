"""What extensions may ask of the Telemetry and Logs APIs, and what is wrong with the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.worker.telemetry_api.subscription import (
    Buffering,
    HttpDestination,
    InvalidSubscription,
    Subscription,
    TcpDestination,
    parse,
)

URI = "http://sandbox.localdomain:8080"


def body(**changes: Any) -> bytes:
    asked: dict[str, Any] = {
        "schemaVersion": "2025-01-29",
        "types": ["platform"],
        "destination": {"protocol": "HTTP", "URI": URI},
    }
    asked.update(changes)
    return json.dumps({name: value for name, value in asked.items() if value is not ...}).encode()


def http(uri: str, **more: str) -> bytes:
    return body(destination={"protocol": "HTTP", "URI": uri, **more})


def problems(text: bytes, api: str = "telemetry") -> str:
    with pytest.raises(InvalidSubscription) as refused:
        parse(api, text)
    return str(refused.value)


def test_a_subscription_without_buffering_gets_aws_defaults() -> None:
    assert parse("telemetry", body()) == Subscription(
        "telemetry",
        "2025-01-29",
        ("platform",),
        HttpDestination(8080, "sandbox.localdomain:8080", "/", "POST"),
        Buffering(10_000, 262_144, 1_000),
    )


@pytest.mark.parametrize("version", ["2022-07-01", "2022-12-13", "2025-01-29"])
def test_every_telemetry_schema_is_taken(version: str) -> None:
    assert parse("telemetry", body(schemaVersion=version)).schema == version


@pytest.mark.parametrize(("given", "taken"), [(..., "2020-08-15"), ("2021-03-18", "2021-03-18")])
def test_the_logs_api_has_schemas_of_its_own(given: Any, taken: str) -> None:
    assert parse("logs", body(schemaVersion=given)).schema == taken


@pytest.mark.parametrize(
    ("uri", "destination"),
    [
        ("http://sandbox:1234/", HttpDestination(1234, "sandbox:1234", "/", "POST")),
        (
            "http://sandbox.localdomain:8080/logs?a=1",
            HttpDestination(8080, "sandbox.localdomain:8080", "/logs?a=1", "POST"),
        ),
    ],
)
def test_a_destination_is_a_port_of_the_sandbox(uri: str, destination: HttpDestination) -> None:
    assert parse("telemetry", http(uri)).destination == destination


def test_a_tcp_destination_is_a_port() -> None:
    assert parse(
        "telemetry", body(destination={"protocol": "TCP", "port": 53})
    ).destination == TcpDestination(53)


def test_only_the_logs_api_delivers_by_put() -> None:
    destination = parse(
        "logs", body(schemaVersion=..., destination={"protocol": "HTTP", "URI": URI, "method": "PUT"})
    )
    assert isinstance(destination.destination, HttpDestination)
    assert destination.destination.method == "PUT"
    assert problems(http(URI, method="PUT")) == "method should be POST"


def test_everything_that_is_wrong_is_told_at_once() -> None:
    text = body(types=[], destination={"protocol": "HTTP", "URI": "http://sandbox.localdomain"})
    assert problems(text) == "URI port is not provided; types should not be empty"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff{}", "not valid JSON"),
        (body(types="platform"), "types should be among"),
        (body(types=["platform", "everything"]), "types should be among"),
        (body(types=[{}]), "types should be among"),
        (body(types=...), "types should not be empty"),
        (body(schemaVersion=...), "schemaVersion is not provided"),
        (body(schemaVersion="2021-03-18"), "schemaVersion should be one of"),
        (body(schemaVersion=[]), "schemaVersion should be one of"),
        (body(destination=...), "destination is not provided"),
        (body(destination={"protocol": "UDP"}), "protocol should be one of HTTP, TCP"),
        (body(destination={"protocol": "TCP"}), "port is not provided"),
        (body(destination={"protocol": "TCP", "port": "80"}), "port should be"),
        (body(destination={"protocol": "TCP", "port": True}), "port should be"),
        (body(destination={"protocol": "TCP", "port": 65_536}), "port should be"),
        (body(destination={"protocol": "TCP", "port": 9001}), "port 9001 is reserved"),
        (body(destination={"protocol": "HTTP"}), "URI is not provided"),
        (http("https://sandbox.localdomain:1"), "URI scheme should be http"),
        (http("http://169.254.169.254:80"), "URI host should be sandbox.localdomain"),
        (http("http://127.0.0.1:80"), "URI host should be sandbox.localdomain"),
        (http("http://sandbox.localdomain@evil:80"), "URI host should be sandbox.localdomain"),
        (http("http://x@sandbox.localdomain:80"), "URI host should be sandbox.localdomain"),
        (http("http://sandbox.localdomain:9001"), "port 9001 is reserved"),
        (http("http://sandbox.localdomain:99999"), "URI is not valid"),
        (http("http://sandbox.localdomain:0"), "URI port is not provided"),
        (http("http://[sandbox:80"), "URI is not valid"),
        (http("http://sandbox.localdomain:80/a b"), "URI is not valid"),
        (http("http://sandbox.localdomain:80/\x7f"), "URI is not valid"),
        (body(buffering=[]), "buffering should be an object"),
        (body(buffering={"maxItems": 999}), "maxItems should be between 1000 and 10000"),
        (body(buffering={"maxBytes": 2_000_000}), "maxBytes should be between 262144 and 1048576"),
        (body(buffering={"timeoutMs": 24}), "timeoutMs should be between 25 and 30000"),
        (body(buffering={"timeoutMs": 25.5}), "timeoutMs should be between 25 and 30000"),
        (body(buffering={"timeoutMs": True}), "timeoutMs should be between 25 and 30000"),
    ],
)
def test_a_bad_subscription_is_refused(text: bytes, problem: str) -> None:
    assert problem in problems(text)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from([URI, "HTTP", "TCP", "platform"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["protocol", "URI", "port", "method", "maxItems", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(["telemetry", "logs"]),
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("schemaVersion", "types", "destination", "buffering"), JSON)
    ),
)
def test_whatever_is_asked_for_is_a_subscription_or_a_refusal_with_reasons(
    api: str, asked: dict[str, Any]
) -> None:
    reasons: list[str] = []
    try:
        found = parse(api, json.dumps(asked).encode())
    except InvalidSubscription as refused:
        reasons = refused.problems
    else:
        assert found.types and found.schema
        return
    assert reasons


@given(st.text())
def test_no_uri_brings_a_line_of_its_own_into_a_request(path: str) -> None:
    try:
        found = parse("telemetry", http(f"{URI}/{path}")).destination
    except InvalidSubscription:
        return
    assert isinstance(found, HttpDestination)
    assert " " not in found.target and found.target.isprintable() and found.target.isascii()
    assert found.host == "sandbox.localdomain:8080"
