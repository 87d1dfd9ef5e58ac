"""An identity for each test, with boto3 clients of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.iam_bridge import IamBridge


@pytest.fixture
def bridge() -> Iterator[IamBridge]:
    with IamBridge() as made:
        yield made
