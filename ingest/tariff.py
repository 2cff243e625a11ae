"""What a poll is worth now, so that all feeds together are polled as often as KLIPING_POLLS_PER_DAY says.

feeds (a sample) -> their rates and bounds -> the price, good for ten minutes
"""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from db import polls
from ingest.due import quoted
from ingest.rhythm import price_for
from kliping.clock import Clock
from kliping.settings import Settings

SAMPLE = 1000  # feeds
GOOD_FOR = 600.0  # seconds


class Tariff:
    """The price of a poll, in entry-seconds of waiting; every process of the service comes to the same."""

    def __init__(self, settings: Settings, engine: AsyncEngine, clock: Clock) -> None:
        self._settings = settings
        self._engine = engine
        self._clock = clock
        self._lock = asyncio.Lock()
        self._price: float | None = None
        self._until = 0.0

    async def price(self) -> float:
        """The price, reckoned anew when it is old; those who ask meanwhile get the old one."""
        if self._price is not None and (self._clock.monotonic() < self._until or self._lock.locked()):
            return self._price
        async with self._lock:
            if self._price is None or self._clock.monotonic() >= self._until:
                self._price = await self._reckon()
                self._until = self._clock.monotonic() + GOOD_FOR
            return self._price

    async def _reckon(self) -> float:
        async with self._engine.connect() as conn:
            feeds = await polls.sample(conn, SAMPLE)
        now = self._clock.now()
        quotes = [quote for feed in feeds if (quote := quoted(feed, now, self._settings))]
        return await asyncio.to_thread(price_for, self._settings.polls_per_day, quotes)
