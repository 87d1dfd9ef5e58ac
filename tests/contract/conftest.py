"""The suites that several adapters share tell what they compared, as tests do."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    *(f"tests.contract.{found.stem}" for found in sorted(Path(__file__).parent.glob("*_contract.py")))
)
