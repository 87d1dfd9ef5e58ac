"""Time that a test moves: a clock, and a sleep that ends when the test says so."""

from __future__ import annotations

import asyncio


class FakeClock:
    """Implements `ports.clock.Clock`."""

    def __init__(self, now_s: float = 1_795_400_000.125) -> None:
        self.now_s = now_s

    def now(self) -> float:
        return self.now_s

    def monotonic(self) -> float:
        return self.now_s


class HeldSleep:
    """`asyncio.sleep` for background work: everybody waits until `release`."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self._waiting: list[asyncio.Event] = []

    async def __call__(self, delay_s: float) -> None:
        self.delays.append(delay_s)
        event = asyncio.Event()
        self._waiting.append(event)
        await event.wait()

    async def release(self) -> None:
        """Let go everybody who sleeps, or is about to, now."""
        await asyncio.sleep(0)
        for event in self._waiting:
            event.set()
        self._waiting.clear()
