"""An event is checked before anything is spent on it, and never changed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.errors import InvalidRequestContent, RequestTooLarge
from lambdad.domain.limits import MAX_SYNC_REQUEST_BYTES
from lambdad.frontend.payload import checked

PREFIX = "Could not parse request body into json: Could not parse payload into json: "
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_every_json_value_passes_untouched(value: object, ascii_only: bool) -> None:
    payload = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        payload.decode()
    except UnicodeDecodeError:
        return
    assert checked(payload) is payload


@given(st.binary(max_size=60))
def test_any_other_bytes_are_refused_in_aws_words(payload: bytes) -> None:
    try:
        json.loads(payload.decode())
    except ValueError:
        if not payload:
            return
        with pytest.raises(InvalidRequestContent) as refused:
            checked(payload)
        assert str(refused.value).startswith(PREFIX)
        assert " at [Source: (byte[])" in str(refused.value)


def test_an_empty_payload_is_an_empty_object() -> None:
    assert checked(b"") == b"{}"


def test_six_megabytes_pass_and_one_byte_more_does_not() -> None:
    most = b'"' + b"x" * (MAX_SYNC_REQUEST_BYTES - 2) + b'"'
    assert checked(most) is most
    with pytest.raises(RequestTooLarge, match="smaller than 6291456 bytes for the InvokeFunction operation"):
        checked(most + b" ")


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (b"test data", "Unrecognized token 'test': was expecting (JSON String, Number, Array, Object"),
        (b"{", "Unexpected end-of-input"),
        (b"{]", "Unexpected character (']' (code 93))"),
        (b'"\xff"', "Invalid UTF-8 start byte 0xff"),
    ],
)
def test_the_common_mistakes_are_worded_as_aws_does(payload: bytes, problem: str) -> None:
    with pytest.raises(InvalidRequestContent) as refused:
        checked(payload)
    assert str(refused.value).startswith(PREFIX + problem)
