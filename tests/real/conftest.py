"""Tests against real servers: collected by `make test-real` alone, since no file here is named like a test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "functional"))
pytest.register_assert_rewrite(
    "test_sources_sqs",
    "tests.real.stream_suite",
    "tests.real.kafka_suite",
    "tests.contract.kafka_contract",
    "tests.real.table_suite",
    "tests.real.writing_suite",
)
