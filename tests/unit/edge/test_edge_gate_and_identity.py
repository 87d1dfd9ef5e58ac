"""Who may come in, and whose request it is."""

from __future__ import annotations

import pytest

from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.http import Response
from lambdad.domain.scope import Scope
from lambdad.edge.gate import Gate
from lambdad.edge.identity import Identities
from lambdad.edge.services import service_of_host
from lambdad.edge.wire import head, pairs
from tests.fakes.identities import FakeIdentities
from tests.fakes.moments import FakeClock

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


def identities(directory: FakeIdentities | None = None) -> Identities:
    return Identities("us-east-1", directory or FakeIdentities(), FakeClock())


def test_a_twelve_digit_key_names_the_account_and_the_signature_the_region() -> None:
    found = identities().of(SIGNED % b"123456789012", b"/", None, None)
    assert (found.caller.scope, found.service) == (Scope("123456789012", "eu-west-1"), "lambda")


@pytest.mark.parametrize("key", [b"test", b"AKIAIOSFODNN7EXAMPLE", b"12345678901", b"1234567890123"])
def test_any_other_key_is_the_default_account(key: bytes) -> None:
    assert identities().of(SIGNED % key, b"/", None, None).caller.scope.account == "000000000000"


def test_a_key_of_ours_is_its_owner_wherever_the_request_comes_from() -> None:
    directory = FakeIdentities()
    who = directory.add("AKIAOURS", "secret", account="111122223333")
    inside = Scope("999988887777", "us-east-1")
    for scope, environment in ((None, None), (inside, "e-1")):
        found = identities(directory).of(SIGNED % b"AKIAOURS", b"/", scope, environment)
        assert found.caller.scope == Scope("111122223333", "eu-west-1")
        assert found.caller.who == who
        assert found.key is not None


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


def test_a_key_means_nothing_once_it_is_revoked_and_something_once_it_is_made() -> None:
    directory = FakeIdentities()
    known = identities(directory)
    assert known.of(SIGNED % b"AKIAOURS", b"/", None, None).key is None
    directory.add("AKIAOURS", "secret", account="111122223333")
    assert known.of(SIGNED % b"AKIAOURS", b"/", None, None).caller.scope.account == "111122223333"
    directory.remove("AKIAOURS")
    found = known.of(SIGNED % b"AKIAOURS", b"/", None, None)
    assert (found.caller.scope.account, found.caller.who, found.key) == ("000000000000", None, None)


def test_the_session_token_is_part_of_the_credential() -> None:
    directory = FakeIdentities()
    directory.add("ASIAOURS", "secret", token="right")
    known = identities(directory)
    assert known.of(SIGNED % b"ASIAOURS", b"/", None, None, b"right").key is not None
    for token in (b"wrong", None):
        with pytest.raises(CredentialsRefused) as refusal:
            known.of(SIGNED % b"ASIAOURS", b"/", None, None, token)
        assert refusal.value.code == "UnrecognizedClientException"


def test_a_session_that_is_over_is_refused_though_its_key_was_just_used() -> None:
    directory, clock = FakeIdentities(), FakeClock()
    directory.add("ASIAOURS", "secret", token="t", expires_s=clock.now() + 60)
    known = Identities("us-east-1", directory, clock)
    assert known.of(SIGNED % b"ASIAOURS", b"/", None, None, b"t").key is not None
    clock.now_s += 61
    with pytest.raises(CredentialsRefused) as refusal:
        known.of(SIGNED % b"ASIAOURS", b"/", None, None, b"t")
    assert refusal.value.code == "ExpiredTokenException"


def test_the_routes_of_a_caller_outlive_a_change_that_does_not_concern_it() -> None:
    directory = FakeIdentities()
    directory.add("AKIAOURS", "secret")
    known = identities(directory)
    first = known.of(SIGNED % b"AKIAOURS", b"/", None, None)
    directory.add("AKIAOTHER", "secret")
    assert known.of(SIGNED % b"AKIAOURS", b"/", None, None) is first


@pytest.mark.parametrize(
    ("header", "url"),
    [
        (
            b"AWS4-ECDSA-P256-SHA256 Credential=k/20261123/s3/aws4_request, SignedHeaders=host, Signature=0",
            b"/",
        ),
        (None, b"/?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=k%2F20261123%2Fs3%2Faws4_request"),
    ],
)
def test_signature_version_4a_is_refused_by_name(header: bytes | None, url: bytes) -> None:
    with pytest.raises(CredentialsRefused, match="Signature Version 4A"):
        identities().of(header, url, None, None)


def test_callers_without_end_are_not_kept_without_end() -> None:
    known = identities()
    first = known.of(SIGNED % b"0", b"/", Scope(), "e-1")
    for number in range(1, 20):
        known.of(SIGNED % b"%d" % number, b"/", Scope(), "e-1")
    assert known.of(SIGNED % b"0", b"/", Scope(), "e-1") is not first
    long = SIGNED % (b"k" * 5000)
    assert known.of(long, b"/", None, None) is not known.of(long, b"/", None, None)


def test_a_name_longer_than_names_can_be_is_nobody() -> None:
    assert not Gate([], []).admits_host(b"a" * 400 + b".localhost")
