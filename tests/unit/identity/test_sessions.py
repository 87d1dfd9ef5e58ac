"""Session credentials: who made them, whom they stand for, and when they end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.identity import Who
from lambdad.identity.sessions import SessionCredentials, Sessions

NOW = 1_800_000_000.0
WHO = Who(
    account="123456789012",
    arn="arn:aws:sts::123456789012:assumed-role/deploy/ci",
    unique_id="AROAEXAMPLE:ci",
    role_arn="arn:aws:iam::123456789012:role/team/deploy",
    issued_s=NOW,
    expires_s=NOW + 900,
    session_policies=('{"Version": "2012-10-17", "Statement": []}',),
    session_tags=(("team", "ä"),),
    source_identity="alice",
)
SECRET = b"s" * 32


def code(sessions: Sessions, access_key: str, token: str | None, now: float = NOW) -> str:
    with pytest.raises(CredentialsRefused) as refused:
        sessions.key(access_key, token, now)
    return refused.value.code


def who(sessions: Sessions, issued: SessionCredentials, now: float = NOW) -> Who:
    key = sessions.key(issued.access_key, issued.token, now)
    assert key is not None
    return key.who


def test_a_session_stands_for_whom_it_was_made_for_also_after_a_restart():
    issued = Sessions(SECRET).issue(WHO)
    key = Sessions(SECRET).key(issued.access_key, issued.token, NOW)
    assert key is not None
    assert key.who == WHO
    assert key.secret == issued.secret_key


def test_two_sessions_of_one_principal_have_nothing_in_common():
    sessions = Sessions(SECRET)
    first, second = sessions.issue(WHO), sessions.issue(WHO)
    assert first.access_key != second.access_key
    assert first.secret_key != second.secret_key
    assert code(sessions, first.access_key, second.token) == "UnrecognizedClientException"


def test_the_forms_are_those_of_aws():
    issued = Sessions(SECRET).issue(WHO)
    assert issued.access_key.startswith("ASIA")
    assert (len(issued.access_key), len(issued.secret_key)) == (20, 40)


def test_a_session_ends_at_its_time():
    sessions = Sessions(SECRET)
    issued = sessions.issue(WHO)
    assert who(sessions, issued, NOW + 899.9) == WHO
    assert code(sessions, issued.access_key, issued.token, NOW + 900) == "ExpiredTokenException"


def test_an_access_key_is_known_as_ours_by_itself():
    sessions = Sessions(SECRET)
    issued = sessions.issue(WHO)
    assert sessions.owns(issued.access_key)
    assert not Sessions(b"x" * 32).owns(issued.access_key)
    assert not sessions.owns("ASIAIOSFODNN7EXAMPLE")
    assert not sessions.owns("test")
    assert not sessions.owns("ASIA" + "é" * 16)
    assert sessions.key("ASIAIOSFODNN7EXAMPLE", issued.token, NOW) is None


def test_our_access_key_without_its_token_is_refused():
    sessions = Sessions(SECRET)
    issued = sessions.issue(WHO)
    assert code(sessions, issued.access_key, None) == "UnrecognizedClientException"


def test_a_bound_session_ends_when_it_is_told_and_with_the_server():
    sessions = Sessions(SECRET)
    issued = sessions.issue(WHO, bound=True)
    assert who(sessions, issued) == WHO
    assert code(Sessions(SECRET), issued.access_key, issued.token) == "UnrecognizedClientException"
    sessions.end(issued.access_key)
    assert code(sessions, issued.access_key, issued.token) == "UnrecognizedClientException"


def test_a_session_without_an_end_is_not_made():
    with pytest.raises(ValueError):
        Sessions(SECRET).issue(Who("123456789012", "arn:aws:iam::123456789012:root", "123456789012"))


def test_secrets_are_not_shown():
    issued = Sessions(SECRET).issue(WHO)
    assert issued.secret_key not in repr(issued)
    assert issued.token not in repr(issued)


ISSUED: SessionCredentials = Sessions(SECRET).issue(WHO)


@given(st.integers(0, len(ISSUED.token) * 8 - 1))
def test_a_token_with_any_bit_flipped_is_refused(bit: int):
    flipped = bytearray(ISSUED.token.encode())
    flipped[bit // 8] ^= 1 << bit % 8
    token = flipped.decode("latin-1")
    assert code(Sessions(SECRET), ISSUED.access_key, token) == "UnrecognizedClientException"


@given(st.integers(0, 20 * 8 - 1))
def test_an_access_key_with_any_bit_flipped_is_not_ours(bit: int):
    flipped = bytearray(ISSUED.access_key.encode())
    flipped[bit // 8] ^= 1 << bit % 8
    sessions = Sessions(SECRET)
    assert who(sessions, ISSUED) == WHO
    assert sessions.key(flipped.decode("latin-1"), ISSUED.token, NOW) is None


@given(st.text(max_size=400))
def test_no_text_is_a_token(text: str):
    assert code(Sessions(SECRET), ISSUED.access_key, text) == "UnrecognizedClientException"


@given(st.integers(1, len(ISSUED.token)))
def test_a_token_cut_off_or_with_something_behind_it_is_refused(length: int):
    sessions = Sessions(SECRET)
    assert code(sessions, ISSUED.access_key, ISSUED.token[:-length]) == "UnrecognizedClientException"
    assert code(sessions, ISSUED.access_key, ISSUED.token + "=" * length) == "UnrecognizedClientException"
