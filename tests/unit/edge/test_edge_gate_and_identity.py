"""Who may come in, and whose request it is."""

from __future__ import annotations

import pytest

from lambdad.domain.http import Response
from lambdad.domain.scope import Scope
from lambdad.edge.gate import Gate
from lambdad.edge.identity import Identities
from lambdad.edge.services import service_of_host
from lambdad.edge.wire import head, pairs

SIGNED = (
    b"AWS4-HMAC-SHA256 Credential=%s/20261123/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=00"
)


@pytest.mark.parametrize(
    ("host", "admitted"),
    [
        (b"localhost", True),
        (b"LOCALHOST:4566", True),
        (b"127.0.0.1:1", True),
        (b"127.9.9.9", True),
        (b"[::1]:4566", True),
        (b"x.lambda-url.us-east-1.localhost:4566", True),
        (b"lambda.us-east-1.amazonaws.com", True),
        (b"my.name", True),
        (b"deep.wild.name", True),
        (b"wild.name", False),
        (b"evil.example", False),
        (b"localhost.evil.example", False),
        (b"127.0.0.1.evil.example", False),
        (b"10.0.0.1", False),
        (b"0.0.0.0", False),
        (b"", False),
        (b"\xff", False),
        (None, False),
    ],
)
def test_only_our_own_and_configured_names_are_admitted(host: bytes | None, admitted: bool) -> None:
    assert Gate(["my.name", "*.wild.name"], []).admits_host(host) is admitted


def test_only_configured_origins_are_admitted() -> None:
    gate = Gate([], ["https://app.example/"])
    assert gate.admits_origin(b"https://app.example")
    assert not gate.admits_origin(b"https://app.example.evil")
    assert not gate.admits_origin(b"null")


def identities() -> Identities:
    return Identities("us-east-1", {"ASIAOURS": Scope("111122223333", "us-east-1")}.get)


def test_a_twelve_digit_key_names_the_account_and_the_signature_the_region() -> None:
    found = identities().of(SIGNED % b"123456789012", b"/", None, None)
    assert (found.caller.scope, found.service) == (Scope("123456789012", "eu-west-1"), "lambda")


@pytest.mark.parametrize("key", [b"test", b"AKIAIOSFODNN7EXAMPLE", b"12345678901", b"1234567890123"])
def test_any_other_key_is_the_default_account(key: bytes) -> None:
    assert identities().of(SIGNED % key, b"/", None, None).caller.scope.account == "000000000000"


def test_a_key_given_to_an_environment_stands_for_its_account() -> None:
    assert identities().of(SIGNED % b"ASIAOURS", b"/", None, None).caller.scope.account == "111122223333"


def test_a_request_from_inside_a_sandbox_is_its_functions_account_whatever_it_claims() -> None:
    inside = Scope("999988887777", "us-east-1")
    found = identities().of(SIGNED % b"123456789012", b"/", inside, "e-1")
    assert found.caller.scope == Scope("999988887777", "eu-west-1")
    assert found.caller.environment_id == "e-1"


def test_a_presigned_request_carries_its_credential_in_the_query() -> None:
    url = b"/x?X-Amz-Credential=123456789012%2F20261123%2Fap-south-1%2Fs3%2Faws4_request&X-Amz-Signature=0"
    found = identities().of(None, url, None, None)
    assert (found.caller.scope, found.service) == (Scope("123456789012", "ap-south-1"), "s3")


def test_an_unsigned_request_is_the_default_account_in_the_default_region() -> None:
    found = identities().of(None, b"/", None, None)
    assert (found.caller.scope, found.service, found.caller.access_key) == (Scope(), None, None)


@pytest.mark.parametrize(
    "header", [b"", b"Basic abc", b"AWS4-HMAC-SHA256 Credential=", b"Credential=a/aws4_request"]
)
def test_a_header_that_is_no_signature_is_as_good_as_none(header: bytes) -> None:
    assert identities().of(header, b"/", None, None).service is None


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("lambda.eu-west-1.amazonaws.com", "lambda"),
        ("sts.amazonaws.com:443", "sts"),
        ("bucket.s3.us-east-1.amazonaws.com", "s3"),
        ("localhost", None),
    ],
)
def test_an_aws_host_name_names_the_service(host: str, service: str | None) -> None:
    assert service_of_host(host) == service


def test_a_header_value_cannot_end_its_line() -> None:
    sent = head(Response(200, b"", (("X-A", "a\r\nX-B: b"),)), "id", b"Date: d\r\n", (), keep_alive=True)
    assert b"\r\nX-B" not in sent


def test_a_query_is_decoded_pair_by_pair() -> None:
    assert pairs("a=1&b&c=%2F+x&a=2&&") == (("a", "1"), ("b", ""), ("c", "/ x"), ("a", "2"))


def test_a_region_that_would_break_a_header_is_the_default_one() -> None:
    url = b"/x?X-Amz-Credential=test%2F20261123%2Fa%0d%0aX-Evil:%20b%2Flambda%2Faws4_request"
    assert identities().of(None, url, None, None).caller.scope.region == "us-east-1"


def test_a_service_that_is_no_word_is_as_good_as_no_signature() -> None:
    header = b"AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/no word/aws4_request"
    assert identities().of(header, b"/", None, None).service is None


def test_the_same_credential_is_the_same_caller_until_its_environment_is_gone() -> None:
    known = identities()
    first = known.of(SIGNED % b"k", b"/", Scope(), "e-1")
    assert known.of(SIGNED % b"k", b"/", Scope(), "e-1") is first
    assert known.of(SIGNED % b"k", b"/", Scope(), "e-2") is not first
    known.forget_environment("e-1")
    assert known.of(SIGNED % b"k", b"/", Scope(), "e-1") is not first


def test_the_key_of_an_environment_means_nothing_once_it_is_revoked() -> None:
    keys = {"ASIAOURS": Scope("111122223333", "us-east-1")}
    known = Identities("us-east-1", keys.get)
    assert known.of(SIGNED % b"ASIAOURS", b"/", None, None).caller.scope.account == "111122223333"
    keys.clear()
    assert known.of(SIGNED % b"ASIAOURS", b"/", None, None).caller.scope.account == "000000000000"


def test_callers_without_end_are_not_kept_without_end() -> None:
    known = identities()
    first = known.of(SIGNED % b"0", b"/", Scope(), "e-1")
    for number in range(1, 20):
        known.of(SIGNED % b"%d" % number, b"/", Scope(), "e-1")
    assert known.of(SIGNED % b"0", b"/", Scope(), "e-1") is not first
    long = SIGNED % (b"k" * 1000)
    assert known.of(long, b"/", None, None) is not known.of(long, b"/", None, None)


def test_a_name_longer_than_names_can_be_is_nobody() -> None:
    assert not Gate([], []).admits_host(b"a" * 400 + b".localhost")
