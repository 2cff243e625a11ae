"""The machine's clock keeps what `Clock` promises."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from kliping.clock import Clock, SystemClock


def test_now_is_aware_and_in_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)


async def test_monotonic_counts_seconds_and_sleep_waits() -> None:
    clock: Clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(0.02)
    assert 0.02 <= clock.monotonic() - before < 5


async def test_a_sleep_of_nothing_lets_others_run() -> None:
    clock, order = SystemClock(), []

    async def other() -> None:
        order.append("other")

    task = asyncio.create_task(other())
    await clock.sleep(-1)
    order.append("sleeper")
    await task
    assert order == ["other", "sleeper"]
