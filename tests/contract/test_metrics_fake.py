"""The fake keeps the contract too."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from metric_contract import MAX_SERIES, MetricContract

from lambdad.ports.metric_store import MetricStore
from tests.fakes.metrics import FakeMetrics

pytestmark = pytest.mark.asyncio


class TestFake(MetricContract):
    @contextmanager
    def opened(self) -> Iterator[MetricStore]:
        yield FakeMetrics(MAX_SERIES)
