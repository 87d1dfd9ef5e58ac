"""Secrets at rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.identity.sealing import NotSealed, Sealer

KEY = bytes(range(32))


@given(st.binary(max_size=300), st.text(max_size=20))
def test_what_is_sealed_opens_with_the_same_key_for_the_same_place(secret: bytes, context: str):
    assert Sealer(KEY).open(Sealer(KEY).seal(secret, context), context) == secret


def test_what_is_sealed_does_not_show_and_is_never_the_same_twice():
    sealer = Sealer(KEY)
    first, second = (sealer.seal(b"A" * 40, "key") for _ in range(2))
    assert first != second
    assert "A" * 5 not in first + second


@pytest.mark.parametrize(
    ("key", "context"), [(bytes(32), "AKIAONE"), (KEY, "AKIATWO"), (KEY, ""), (KEY[:31] + b"\0", "AKIAONE")]
)
def test_another_key_or_another_place_does_not_open_it(key: bytes, context: str):
    sealed = Sealer(KEY).seal(b"secret", "AKIAONE")
    with pytest.raises(NotSealed):
        Sealer(key).open(sealed, context)


SEALED = Sealer(KEY).seal(b"a secret of some length", "here")


@given(st.integers(0, len(SEALED) * 8 - 1))
def test_any_bit_flipped_does_not_open(bit: int):
    flipped = bytearray(SEALED.encode())
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotSealed):
        Sealer(KEY).open(flipped.decode("latin-1"), "here")


@given(st.text(max_size=100))
def test_no_text_opens(text: str):
    for sealed in (text, f"s1.{text}"):
        with pytest.raises(NotSealed):
            Sealer(KEY).open(sealed, "here")


def test_a_short_key_is_refused():
    with pytest.raises(ValueError):
        Sealer(b"short")
