"""Fixtures of the parity tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bridge import Bridge
from recordings import Recording


@pytest.fixture
def aws() -> Iterator[Bridge]:
    """A fresh lambdad control plane behind a real boto3 client."""
    with Bridge() as bridge:
        yield bridge


@pytest.fixture
def recorded(request: pytest.FixtureRequest) -> Iterator[Recording]:
    """The recorded answers that the test's `parity` decorator names; all of them must be compared."""
    recording = Recording(*request.param)
    yield recording
    assert recording.unchecked() == [], "every recorded answer is compared"
