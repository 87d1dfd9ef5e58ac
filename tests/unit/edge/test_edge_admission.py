"""Which requests are let in by their signature, in each mode."""

from __future__ import annotations

import pytest

from lambdad.domain.errors import CredentialsRefused
from lambdad.edge.admission import MAX_INLINE_HASH_BYTES, Admission
from lambdad.edge.identity import Identities, Identity
from lambdad.edge.raw_request import RawRequest
from tests.fakes.identities import FakeIdentities
from tests.fakes.moments import FakeClock
from tests.unit.identity.signed_requests import ACCESS_KEY, NOW, SECRET, SKEW_S, Wire, signed

CLOCK = FakeClock(NOW)


def raw_of(wire: Wire) -> RawRequest:
    raw = RawRequest(0.0)
    raw.method, raw.url, raw.headers, raw.body = wire.method, wire.url, list(wire.headers), wire.body
    return raw


def identity_of(wire: Wire, *, is_known: bool) -> Identity:
    directory = FakeIdentities()
    if is_known:
        directory.add(
            ACCESS_KEY, SECRET, token=dict(wire.headers).get(b"x-amz-security-token", b"").decode() or None
        )
    headers = dict(wire.headers)
    return Identities("us-east-1", directory, CLOCK).of(
        headers.get(b"authorization"), wire.url, None, None, headers.get(b"x-amz-security-token")
    )


def admit(wire: Wire, *, is_known: bool, enforces: bool, origin: bytes | None = None) -> None:
    raw = raw_of(wire)
    raw.origin = origin
    Admission(SKEW_S, CLOCK, enforces=enforces).admit(raw, identity_of(wire, is_known=is_known))


UNSIGNED = Wire(b"GET", b"/2015-03-31/functions/", ((b"host", b"localhost"),))


@pytest.mark.parametrize("enforces", [True, False])
def test_a_key_of_ours_must_have_signed_in_every_mode(enforces: bool) -> None:
    for wire in (signed(), signed(token="a token"), signed("GET", body=b"", presigned_s=60)):
        admit(wire, is_known=True, enforces=enforces)
        with pytest.raises(CredentialsRefused) as refusal:
            admit(Wire(b"PATCH", *_rest(wire)), is_known=True, enforces=enforces)
        assert refusal.value.code == "InvalidSignatureException"


def _rest(wire: Wire) -> tuple[bytes, tuple[tuple[bytes, bytes], ...], bytes]:
    return wire.url, wire.headers, wire.body


def test_a_key_of_nobodys_is_let_in_when_nobody_must_be_known() -> None:
    for wire in (signed(), UNSIGNED, UNSIGNED.having(b"authorization", b"Bearer x")):
        admit(wire, is_known=False, enforces=False)


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (signed(), "UnrecognizedClientException"),
        (signed("GET", body=b"", presigned_s=60), "UnrecognizedClientException"),
        (UNSIGNED, "MissingAuthenticationTokenException"),
        (UNSIGNED.having(b"authorization", b"Bearer x"), "IncompleteSignatureException"),
        (UNSIGNED.having(b"authorization", b""), "IncompleteSignatureException"),
        (Wire(b"GET", b"/?X-Amz-Signature=0", UNSIGNED.headers), "IncompleteSignatureException"),
        (Wire(b"GET", b"/health/", UNSIGNED.headers), "MissingAuthenticationTokenException"),
        (Wire(b"GET", b"/lambdad/v1/status", UNSIGNED.headers), "MissingAuthenticationTokenException"),
        (Wire(b"POST", b"/lambdad/v1/drain", UNSIGNED.headers), "MissingAuthenticationTokenException"),
        (Wire(b"OPTIONS", b"/", UNSIGNED.headers), "MissingAuthenticationTokenException"),
    ],
)
def test_who_is_not_known_is_refused_when_callers_must_be(wire: Wire, code: str) -> None:
    with pytest.raises(CredentialsRefused) as refusal:
        admit(wire, is_known=False, enforces=True)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "url",
    [b"/health", b"/lambdad/v1/health", b"/lambdad/v1/health?x=1", b"/lambdad/v1/code/abc.zip?signature=1"],
)
def test_what_anybody_may_ask_needs_no_signature(url: bytes) -> None:
    admit(Wire(b"GET", url, UNSIGNED.headers), is_known=False, enforces=True)


@pytest.mark.parametrize("url", [b"/metrics", b"/ready", b"/lambdad/v1/metrics", b"/metrics?x=1"])
def test_what_prometheus_asks_is_let_in_unless_it_is_signed_for_a_bucket_of_that_name(url: bytes) -> None:
    unsigned = Wire(b"GET", url, UNSIGNED.headers)
    admit(unsigned, is_known=False, enforces=True)
    admit(unsigned.having(b"authorization", b"Bearer x"), is_known=False, enforces=True)
    for_s3 = b"AWS4-HMAC-SHA256 Credential=AKIA/20261127/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    with pytest.raises(CredentialsRefused):
        admit(unsigned.having(b"authorization", for_s3), is_known=False, enforces=True)


def test_what_a_browser_asks_before_an_admitted_pages_request_needs_no_signature() -> None:
    admit(
        Wire(b"OPTIONS", b"/", UNSIGNED.headers), is_known=False, enforces=True, origin=b"https://app.example"
    )


def test_long_bodies_of_known_callers_are_hashed_in_a_thread_and_no_others() -> None:
    long, short = signed(body=b"x" * (MAX_INLINE_HASH_BYTES + 1)), signed(body=b"x" * MAX_INLINE_HASH_BYTES)
    seen = [
        Admission.is_slow(raw_of(wire), identity_of(wire, is_known=is_known))
        for wire, is_known in ((long, True), (short, True), (long, False))
    ]
    assert seen == [True, False, False]
