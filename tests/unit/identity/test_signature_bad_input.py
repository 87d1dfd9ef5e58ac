"""Signatures and headers made to confuse: refused in AWS's words, never accepted, never another error."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdad.domain.errors import CredentialsRefused
from lambdad.identity.signatures.dates import seconds_of, stamp_of_date
from tests.forms import examples
from tests.unit.identity.signed_requests import HOST, SECRET, Wire, signed

GOOD = signed(token="a-token")
AUTHORIZATION = GOOD.header(b"authorization")


def refusal_of(wire: Wire) -> CredentialsRefused:
    with pytest.raises(CredentialsRefused) as refusal:
        wire.verify()
    assert SECRET not in str(refusal.value)
    assert "a-token" not in str(refusal.value)
    return refusal.value


@pytest.mark.parametrize(
    ("header", "code", "said"),
    [
        (b"", "IncompleteSignatureException", "requires 'Credential' parameter. Authorization header requires 'Signature'"),
        (b"Bearer a-token", "IncompleteSignatureException", "requires 'SignedHeaders' parameter."),
        (b"AWS4-HMAC-SHA256", "IncompleteSignatureException", "requires 'Credential' parameter."),
        (b"AWS4-HMAC-SHA256 a-token", "IncompleteSignatureException", "Invalid key=value pair (missing equal-sign)"),
        (b"AWS4-HMAC-SHA256 Credential=a", "IncompleteSignatureException", "requires 'Signature' parameter."),
        (b"AWS4-ECDSA-P256-SHA256 Credential=a", "IncompleteSignatureException", "(Signature Version 4A)"),
        (AUTHORIZATION + b", Signature=00", "IncompleteSignatureException", "'Signature' more than once"),
        (AUTHORIZATION.replace(b"/lambda/", b"/"), "IncompleteSignatureException", "exactly 5 slash-delimited"),
        (AUTHORIZATION.replace(b"/20261123/", b"/20261122/"), "InvalidSignatureException", "Date in Credential scope"),
        (AUTHORIZATION.replace(b"aws4_request", b"aws3_request"), "InvalidSignatureException", "valid terminator"),
        (AUTHORIZATION.replace(b"host;", b""), "HeadersNotSigned", "'Host' or ':authority' must be"),
        (AUTHORIZATION.replace(b";x-amz-date", b""), "HeadersNotSigned", "'x-amz-date' must be a 'SignedHeader'"),
        (AUTHORIZATION.replace(b"host;", b"Host;"), "HeadersNotSigned", "'Host' or ':authority' must be"),
        (AUTHORIZATION.replace(b"host;", b"host;host;"), "InvalidSignatureException", "does not match"),
        (AUTHORIZATION.replace(b"host;", b"host;absent;"), "InvalidSignatureException", "does not match"),
        (AUTHORIZATION.replace(b"host;", b"host;;"), "InvalidSignatureException", "does not match"),
        (AUTHORIZATION[:-1], "InvalidSignatureException", "does not match"),
        (AUTHORIZATION[:-64] + b"0" * 64, "InvalidSignatureException", "does not match"),
        (AUTHORIZATION[:-64] + AUTHORIZATION[-64:].upper(), "InvalidSignatureException", "does not match"),
        (AUTHORIZATION[:-64] + b"\xff" * 64, "InvalidSignatureException", "does not match"),
    ],
)  # fmt: skip
def test_each_wrong_thing_is_said(header: bytes, code: str, said: str) -> None:
    refusal = refusal_of(GOOD.with_header(b"authorization", header))
    assert refusal.code == code
    assert said in str(refusal)


def test_the_parts_may_come_in_any_order_and_with_any_space() -> None:
    algorithm, *parts = AUTHORIZATION.replace(b",", b"").split(b" ")
    for header in (
        b"%b %b,%b,%b" % (algorithm, *parts),
        b"%b %b , %b,  %b" % (algorithm, *reversed(parts)),
        b"%b   %b, %b, %b" % (algorithm, parts[1], parts[0], parts[2]),
    ):
        GOOD.with_header(b"authorization", header).verify()


def test_no_signature_at_all_is_said() -> None:
    assert refusal_of(GOOD.lacking(b"authorization")).code == "MissingAuthenticationTokenException"


def test_a_header_that_names_another_key_than_the_one_that_was_looked_up_is_refused() -> None:
    other = GOOD.with_header(b"authorization", AUTHORIZATION.replace(b"AKIDEXAMPLE", b"AKIDOTHER"))
    assert refusal_of(other).code == "InvalidSignatureException"


@pytest.mark.parametrize("name", [b"x-amz-security-token", b"x-amz-date", b"host", b"authorization"])
def test_a_header_that_decides_cannot_be_smuggled_in_twice(name: bytes) -> None:
    value = GOOD.header(name)
    for other in (value, b"other"):
        refusal_of(GOOD.having(name, other))
        refusal_of(replace(GOOD, headers=((name, other), *GOOD.headers)))


def test_a_header_of_awss_that_is_not_signed_is_refused_whatever_it_is_called() -> None:
    for name in (b"x-amz-invocation-type", b"x-amz-", b"x-amz-\xff"):
        assert refusal_of(GOOD.having(name, b"Event")).code == "HeadersNotSigned"
    GOOD.having(b"x-amzn-trace-id", b"Root=1").verify()
    GOOD.having(b"user-agent", b"\xff\xfe").verify()


@pytest.mark.parametrize(
    "date",
    [
        b"", b"20261123", b"20261123T011320", b"20261123T011320z", b"20261323T011320Z", b"20261131T011320Z",
        b"20261123T251320Z", b"20261123T016020Z", b"20261123T011360Z", b"99999999T999999Z", b"00000000T000000Z",
        b"2026-11-23T01:13:20Z", b"\xb2\xb0261123T011320Z", b"Mon, 23 Nov 2026 01:13:20 GMT", b"1" * 60_000,
        b"20261123T011320Z,20261123T011320Z", b"-0261123T011320Z",
    ],
)  # fmt: skip
def test_a_date_that_is_none_is_refused(date: bytes) -> None:
    day = date[:8]
    header = AUTHORIZATION.replace(b"/20261123/", b"/%b/" % day) if b"," not in day else AUTHORIZATION
    wire = replace(
        GOOD,
        headers=tuple(
            (name, {b"x-amz-date": date, b"authorization": header}.get(name, value))
            for name, value in GOOD.headers
        ),
    )
    assert refusal_of(wire).code in {"IncompleteSignatureException", "InvalidSignatureException"}


@pytest.mark.parametrize(
    ("value", "stamp"),
    [
        (b"Mon, 23 Nov 2026 01:13:20 GMT", b"20261123T011320Z"),
        (b"20261123T011320Z", b"20261123T011320Z"),
        (b"Mon, 23 Nov 2026 01:13:20 +0200", None),
        (b"Mon, 99 Nov 2026 01:13:20 GMT", None),
        (b"Mon, 23 Nov 99999999999999999999 01:13:20 GMT", None),
        (b"\xff", None),
        (b"", None),
        (b"1" * 100_000, None),
    ],
)
def test_a_date_header_is_read_when_it_is_one(value: bytes, stamp: bytes | None) -> None:
    assert stamp_of_date(value) == stamp


def test_a_leap_day_is_a_day_in_leap_years_only() -> None:
    assert seconds_of(b"20280229T000000Z") == 1_835_395_200
    assert seconds_of(b"20270229T000000Z") is None


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda url: url.replace(b"X-Amz-Expires=900", b"X-Amz-Expires=0"), "AuthorizationQueryParametersError", "between 1 and 604800"),
        (lambda url: url.replace(b"X-Amz-Expires=900", b"X-Amz-Expires=604801"), "AuthorizationQueryParametersError", "between"),
        (lambda url: url.replace(b"X-Amz-Expires=900", b"X-Amz-Expires=" + b"9" * 5000), "AuthorizationQueryParametersError", "between"),
        (lambda url: url.replace(b"X-Amz-Expires=900", b"X-Amz-Expires=9e2"), "AuthorizationQueryParametersError", "between"),
        (lambda url: url.replace(b"X-Amz-Expires=900", b"X-Amz-Expires=%EF%BC%99"), "AuthorizationQueryParametersError", "between"),
        (lambda url: url.replace(b"X-Amz-Expires=900&", b""), "IncompleteSignatureException", "must include 'X-Amz-Expires'"),
        (lambda url: url + b"&X-Amz-Expires=900", "IncompleteSignatureException", "twice"),
        (lambda url: url + b"&X-Amz-Signature=00", "IncompleteSignatureException", "twice"),
        (lambda url: url.replace(b"AWS4-HMAC-SHA256", b"AWS4-ECDSA-P256-SHA256"), "IncompleteSignatureException", "4A"),
        (lambda url: url.replace(b"AWS4-HMAC-SHA256", b"AWS4-HMAC-MD5"), "IncompleteSignatureException", "Unsupported"),
        (lambda url: url.replace(b"X-Amz-SignedHeaders=host", b"X-Amz-SignedHeaders=a"), "HeadersNotSigned", "'Host'"),
        (lambda url: url + b"&X-Amz-Content-Sha256=00", "XAmzContentSHA256Mismatch", "does not match"),
        (lambda url: url + b"&%58-Amz-Signature=00", "InvalidSignatureException", "does not match"),
    ],
)  # fmt: skip
def test_each_wrong_thing_of_a_presigned_request_is_said(change, code: str, said: str) -> None:
    wire = signed("GET", "/b/k?a=1", service="s3", body=b"", presigned_s=900)
    refusal = refusal_of(replace(wire, url=change(wire.url)))
    assert refusal.code == code
    assert said in str(refusal)


def test_huge_headers_queries_and_lists_are_refused_like_small_ones() -> None:
    refusal_of(GOOD.with_header(b"authorization", AUTHORIZATION[:-64] + b"0" * 60_000))
    names = b";".join(b"h%d" % number for number in range(10_000))
    refusal_of(GOOD.with_header(b"authorization", AUTHORIZATION.replace(b"host;", b"host;" + names + b";")))
    refusal_of(GOOD.with_header(b"authorization", b"AWS4-HMAC-SHA256 " + b"=," * 30_000))
    refusal_of(GOOD.with_header(b"authorization", b"AWS4-HMAC-SHA256 Credential=" + b" " * 60_000))
    refusal_of(GOOD.with_header(b"authorization", AUTHORIZATION.replace(b"/eu-west-1/", b"/" * 60_000)))
    refusal_of(replace(GOOD, url=b"/" + b"../" * 20_000))
    refusal_of(replace(GOOD, url=b"/?" + b"&" * 60_000))
    refusal_of(replace(GOOD, url=b"/?" + b"%" * 60_000))
    refusal_of(replace(GOOD, url=b"/?" + b"a&" * 30_000))


@pytest.mark.parametrize(
    "url",
    [
        b"/2015-03-31/functions/g/invocations",
        b"/2015-03-31/functions/f/invocations?",
        b"/2015-03-31/functions/f/invocations?&",
        b"/2015-03-31/functions/%66/invocations",
        b"http://" + HOST.encode() + b"/2015-03-31/functions/f/invocations",
    ],
)
def test_what_is_called_is_what_was_signed(url: bytes) -> None:
    is_the_same = url.endswith((b"/f/invocations", b"?", b"&"))
    if is_the_same:
        replace(GOOD, url=url).verify()
    else:
        refusal_of(replace(GOOD, url=url))


@settings(deadline=None, max_examples=examples(300))
@given(
    st.binary(max_size=200) | st.text(",= AWS4-HMACSHA256Credentialignturde/;", max_size=150).map(str.encode),
    st.binary(max_size=30),
    st.binary(max_size=60),
)
def test_any_header_date_and_target_is_refused_and_nothing_else(
    header: bytes, date: bytes, target: bytes
) -> None:
    for authorization in (header, AUTHORIZATION[:40] + header, AUTHORIZATION + header + b","):
        refusal_of(
            Wire(
                b"GET",
                b"/" + target,
                ((b"authorization", authorization), (b"x-amz-date", date), (b"host", b"h")),
            )
        )
    refusal_of(Wire(b"GET", b"/?X-Amz-Signature=" + target, ((b"host", b"h"),)))


@settings(deadline=None, max_examples=examples(300))
@given(
    st.sampled_from(["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"]),
    st.binary(max_size=120),
)
def test_any_body_that_is_said_to_be_signed_in_chunks_is_refused_unless_it_is(kind: str, body: bytes) -> None:
    refusal_of(streaming(kind, body))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n", None),
        (b"0\r\n\r\n", None),
        (b"3\r\nabc\r\n", "IncompleteBody"),
        (b"3\r\nabcd\r\n0\r\n\r\n", "IncompleteBody"),
        (b"ffffffffff\r\nabc", "IncompleteBody"),
        (b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n", "InvalidChunkSizeError"),
    ],
)
def test_an_unsigned_body_in_chunks_must_be_whole_at_least(body: bytes, code: str | None) -> None:
    wire = streaming("STREAMING-UNSIGNED-PAYLOAD-TRAILER", body)
    if code is None:
        wire.verify()
    else:
        assert refusal_of(wire).code == code


def test_a_length_that_is_not_that_of_the_chunks_is_refused() -> None:
    body = b"3\r\nabc\r\n0\r\n\r\n"
    streaming("STREAMING-UNSIGNED-PAYLOAD-TRAILER", body, length="3").verify()
    assert (
        refusal_of(streaming("STREAMING-UNSIGNED-PAYLOAD-TRAILER", body, length="4")).code == "IncompleteBody"
    )


@pytest.mark.parametrize(
    "kind", ["STREAMING-", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD"]
)
def test_other_ways_to_stream_are_refused(kind: str) -> None:
    refusal_of(streaming(kind, b"0\r\n\r\n"))


def test_only_s3_has_bodies_in_chunks() -> None:
    headers = {"X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
    refusal_of(signed(headers=headers, body=b"0\r\n\r\n"))


def streaming(kind: str, body: bytes, length: str | None = None) -> Wire:
    """A request to S3 whose own signature holds."""
    headers = {"X-Amz-Content-SHA256": kind}
    if length is not None:
        headers["X-Amz-Decoded-Content-Length"] = length
    return replace(signed("PUT", "/b/k", headers=headers, service="s3-object-lambda"), body=body)
