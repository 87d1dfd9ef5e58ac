"""The fake catalogue that other tests stand on keeps the contract of the real one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from catalogue_contract import CatalogueContract

from lambdad.ports.catalogue_store import CatalogueStore
from tests.fakes.catalogue import FakeCatalogue

pytestmark = pytest.mark.asyncio


class TestFakeCatalogue(CatalogueContract):
    @contextmanager
    def opened(self) -> Iterator[CatalogueStore]:
        yield FakeCatalogue()
