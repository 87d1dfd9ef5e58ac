"""What botocore signs is accepted, and nothing that differs from it, with botocore as the oracle."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lambdad.domain.errors import CredentialsRefused
from lambdad.identity.signatures.verifier import Verifier
from tests.forms import examples
from tests.unit.identity.signed_requests import HOST, NOW, SKEW_S, Wire, signed

MISMATCH = "InvalidSignatureException"
_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
_VALUE = st.text(" abcXYZ019-_.,;:/+=\"'", max_size=20)
_QUERY = st.lists(st.tuples(_TEXT.filter(bool), _TEXT), max_size=4)
_NAMES = st.sampled_from(["content-type", "x-amz-target", "x-amz-meta-a", "x-custom", "if-match"])


@st.composite
def requests(draw: st.DrawFn) -> Wire:
    service = draw(st.sampled_from(["lambda", "s3", "sqs", "logs", "execute-api"]))
    path = (
        "/" + quote(draw(_TEXT), safe="/-_.~")
        if service == "s3"
        else "/" + quote(draw(_TEXT), safe="/-_.~:()")
    )
    pairs = [f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in draw(_QUERY)]
    presigned = draw(st.booleans())
    assume(not presigned or all(not pair.lower().startswith("x-amz-") for pair in pairs))
    return signed(
        draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"])),
        path + ("?" + "&".join(pairs) if pairs else ""),
        service=service,
        headers=draw(st.dictionaries(_NAMES, _VALUE, max_size=3)),
        body=b"" if presigned else draw(st.binary(max_size=40)),
        token=draw(st.none() | st.text("abc/+=", min_size=1, max_size=30)),
        presigned_s=draw(st.integers(1, 604_800)) if presigned else None,
    )


def _is_presigned(wire: Wire) -> bool:
    return b"X-Amz-Signature=" in wire.url


def _in_credential(old: bytes, new: bytes, wire: Wire) -> Wire:
    if _is_presigned(wire):
        old, new = old.replace(b"/", b"%2F"), new.replace(b"/", b"%2F")
        return replace(wire, url=wire.url.replace(old, new))
    return wire.with_header(b"authorization", wire.header(b"authorization").replace(old, new))


def _signature_changed(wire: Wire) -> Wire:
    text = wire.url if _is_presigned(wire) else wire.header(b"authorization")
    digit = text.index(b"Signature=") + 10
    other = text[:digit] + (b"1" if text[digit : digit + 1] != b"1" else b"2") + text[digit + 1 :]
    return replace(wire, url=other) if _is_presigned(wire) else wire.with_header(b"authorization", other)


CHANGES = {
    "method": lambda wire: replace(wire, method=b"HEAD"),
    "path": lambda wire: replace(wire, url=wire.url.replace(b"/", b"/x", 1)),
    "one more pair": lambda wire: replace(wire, url=wire.url + (b"&z=" if b"?" in wire.url else b"?z=")),
    "host": lambda wire: wire.with_header(b"host", b"other.example"),
    "signature": _signature_changed,
    "region": lambda wire: _in_credential(b"/eu-west-1/", b"/eu-west-2/", wire),
    "service": lambda wire: _in_credential(b"/aws4_request", b"x/aws4_request", wire),
    "access key": lambda wire: _in_credential(b"AKIDEXAMPLE", b"AKIDEXAMPLF", wire),
    "terminator": lambda wire: _in_credential(b"/aws4_request", b"/aws4_reques", wire),
    "another header of AWS": lambda wire: wire.having(b"x-amz-new", b"1"),
    "a second host": lambda wire: wire.having(b"host", HOST.encode()),
}


@settings(deadline=None)
@given(requests())
def test_any_request_that_botocore_signs_is_verified(wire: Wire) -> None:
    wire.verify()
    wire.verify(NOW + 1, verifier=Verifier(SKEW_S))


@settings(deadline=None, max_examples=examples(200))
@given(requests(), st.sampled_from(sorted(CHANGES)))
def test_any_single_change_is_refused(wire: Wire, change: str) -> None:
    other = CHANGES[change](wire)
    assume(other != wire)
    with pytest.raises(CredentialsRefused):
        other.verify()


@settings(deadline=None)
@given(requests().filter(lambda wire: not _is_presigned(wire)), st.binary(max_size=40))
def test_another_body_is_refused(wire: Wire, body: bytes) -> None:
    assume(body != wire.body)
    with pytest.raises(CredentialsRefused):
        replace(wire, body=body).verify()


@settings(deadline=None)
@given(requests(), st.data())
def test_a_signed_header_that_changed_or_is_gone_is_refused(wire: Wire, data: st.DataObject) -> None:
    names = [name for name, _ in wire.headers if name not in {b"authorization", b"host"}]
    assume(names)
    name = data.draw(st.sampled_from(names))
    assume(not _is_presigned(wire) or name != b"content-length")
    for other in (wire.lacking(name), wire.with_header(name, wire.header(name) + b"x")):
        with pytest.raises(CredentialsRefused):
            other.verify()


def test_another_secret_is_refused_though_the_right_one_was_just_used() -> None:
    verifier, wire = Verifier(SKEW_S), signed()
    wire.verify(verifier=verifier)
    with pytest.raises(CredentialsRefused):
        wire.verify(secret="another", verifier=verifier)
    wire.verify(verifier=verifier)


def test_the_same_request_again_is_accepted_within_the_skew_and_refused_after_it() -> None:
    verifier, wire = Verifier(SKEW_S), signed()
    for later in (0, 1, SKEW_S):
        wire.verify(NOW + later, verifier=verifier)
    with pytest.raises(CredentialsRefused):
        wire.verify(NOW + SKEW_S + 1, verifier=verifier)


def test_a_date_outside_of_the_skew_is_told_with_both_times() -> None:
    with pytest.raises(CredentialsRefused) as refusal:
        signed(at_s=NOW - 301).verify()
    assert str(refusal.value) == (
        "Signature expired: 20261123T020819Z is now earlier than 20261123T020820Z (20261123T021320Z - 5 min.)"
    )
    with pytest.raises(CredentialsRefused) as refusal:
        signed(at_s=NOW + 301).verify()
    assert str(refusal.value) == (
        "Signature not yet current: 20261123T021821Z is still later than 20261123T021820Z "
        "(20261123T021320Z + 5 min.)"
    )
    for at_s in (NOW - 300, NOW + 300):
        signed(at_s=at_s).verify()


def test_the_skew_is_a_setting() -> None:
    wire = signed(at_s=NOW - 20)
    wire.verify(verifier=Verifier(20))
    with pytest.raises(CredentialsRefused, match=r"- 19 sec\.\)"):
        wire.verify(verifier=Verifier(19))


def test_a_presigned_request_holds_as_long_as_it_says() -> None:
    wire = signed("GET", "/b/k", service="s3", body=b"", presigned_s=900)
    wire.verify(NOW + 900)
    with pytest.raises(CredentialsRefused) as refusal:
        wire.verify(NOW + 901)
    assert refusal.value.code == "RequestExpired"
    with pytest.raises(CredentialsRefused) as refusal:
        wire.verify(NOW - SKEW_S - 1)
    assert "not yet current" in str(refusal.value)


def test_a_date_header_does_where_there_is_no_other() -> None:
    wire = signed(headers={"Date": "of today"})
    assert wire.header(b"date") == b"Mon, 23 Nov 2026 02:13:20 -0000"  # as botocore writes it
    assert b"x-amz-date" not in dict(wire.headers)
    wire.verify()
    with pytest.raises(CredentialsRefused):
        wire.with_header(b"date", b"Mon, 23 Nov 2026 02:13:21 -0000").verify()


def test_s3_may_leave_the_body_unsigned_and_lambda_may_not() -> None:
    wire = signed("PUT", "/b/k", service="s3", headers={"Content-MD5": "x"}, unsigned_payload=True)
    assert wire.header(b"x-amz-content-sha256") == b"UNSIGNED-PAYLOAD"
    wire.verify()
    replace(wire, body=b"another").verify()
    with pytest.raises(CredentialsRefused):
        signed(headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}).verify()


def test_s3_says_when_the_hash_of_the_body_is_another_and_when_it_is_not_there() -> None:
    wire = signed("PUT", "/b/k", service="s3", body=b"one")
    with pytest.raises(CredentialsRefused) as refusal:
        replace(wire, body=b"two").verify()
    assert refusal.value.code == "XAmzContentSHA256Mismatch"
    with pytest.raises(CredentialsRefused, match="Missing required header"):
        wire.lacking(b"x-amz-content-sha256").with_header(
            b"authorization", wire.header(b"authorization").replace(b"x-amz-content-sha256;", b"")
        ).verify()


def test_a_hash_that_was_sent_is_compared_with_that_of_the_body() -> None:
    digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    wire = signed(headers={"X-Amz-Content-SHA256": digest})
    wire.verify()
    with pytest.raises(CredentialsRefused) as refusal:
        replace(wire, body=b"[]").verify()
    assert refusal.value.code == MISMATCH


def test_both_ways_to_sign_at_once_are_refused() -> None:
    wire = signed("GET", "/b/k", service="s3", body=b"", presigned_s=900)
    with pytest.raises(CredentialsRefused, match="Only one auth mechanism allowed"):
        wire.having(b"authorization", signed().header(b"authorization")).verify()


def test_white_space_in_headers_is_that_of_the_signer_and_order_of_a_repeated_one_counts() -> None:
    wire = signed(headers={"X-Custom": "a  b"})
    wire.with_header(b"x-custom", b" a b ").verify()
    with pytest.raises(CredentialsRefused):
        wire.with_header(b"x-custom", b"ab").verify()
    repeated = signed(headers={"X-Custom": "one,two"}).lacking(b"x-custom")
    repeated.having(b"x-custom", b"one").having(b"x-custom", b"two").verify()
    with pytest.raises(CredentialsRefused):
        repeated.having(b"x-custom", b"two").having(b"x-custom", b"one").verify()


def test_one_verifier_keeps_requests_apart_however_many_it_has_seen() -> None:
    verifier = Verifier(SKEW_S)
    wires = [signed("GET", f"/{number}?{number}={number}", body=b"") for number in range(40)]
    for wire in (*wires, *wires):
        wire.verify(verifier=verifier)
    for one, other in pairwise(wires):
        with pytest.raises(CredentialsRefused):
            replace(one, url=other.url).verify(verifier=verifier)


def test_the_key_of_another_day_is_refused_though_it_was_just_used() -> None:
    verifier, wire = Verifier(SKEW_S), signed()
    wire.verify(verifier=verifier)
    with pytest.raises(CredentialsRefused, match="Date in Credential scope does not match"):
        wire.with_header(b"x-amz-date", b"20261124T021320Z").verify(verifier=verifier)
