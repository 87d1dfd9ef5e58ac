"""The fake queue that other tests stand on keeps the contract of the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from event_contract import EventContract

from lambdad.ports.event_store import EventStore
from tests.fakes.events import FakeEvents

pytestmark = pytest.mark.asyncio


class TestFakeEvents(EventContract):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[EventStore]:
        yield FakeEvents()
