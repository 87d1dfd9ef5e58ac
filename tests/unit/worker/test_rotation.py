"""How long an environment may live."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.limits import ENVIRONMENT_AGE_JITTER
from lambdad.worker.rotation import expires_at


@given(
    born=st.floats(0, 1e9),
    age=st.floats(1, 1e6),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_nobody_lives_longer_than_the_maximum_nor_much_shorter(
    born: float, age: float, chance: float
) -> None:
    lived = expires_at(born, age, chance) - born
    assert lived <= age + 1e-6 * max(1.0, born)
    assert lived >= age * (1 - ENVIRONMENT_AGE_JITTER) - 1e-6 * max(1.0, born)


def test_those_that_were_started_together_do_not_end_together() -> None:
    assert len({expires_at(0, 100, chance / 10) for chance in range(10)}) == 10
