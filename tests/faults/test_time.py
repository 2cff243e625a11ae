"""Time that passes without us, and clocks that go wrong (R23 to R26)."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from ingest.shell import Shell
from scheduler import make_scheduler
from tests.clock import FakeClock
from tests.faults.scale import sized
from tests.shell import add_feed, rows, visit_due
from tests.world import World


async def polled_at(shell: Shell, since: datetime) -> list[datetime]:
    found = await rows(shell, "SELECT at FROM polls WHERE at >= :since ORDER BY at", since=since)
    return [at for (at,) in found]


async def test_r23_a_host_that_comes_back_is_not_stormed(world: World, shell: Shell, clock: FakeClock) -> None:
    feeds = sized(15, 500)
    blog = world.blogger("Ramai", posts=1)
    for number in range(feeds):
        await add_feed(shell, f"{blog.feed_url}?label={number}", full_text=True)
    blog.fail(status=503)
    down = clock.now()
    while clock.now() - down < timedelta(hours=6):
        await visit_due(shell)
        clock.advance(300)
    blog.heal()
    back = clock.now()
    while clock.now() - back < timedelta(hours=25):
        await visit_due(shell)
        clock.advance(600)
        if await rows(shell, "SELECT count(*) FROM feeds WHERE failures > 0") == [(0,)]:
            break
    assert await rows(shell, "SELECT count(*) FROM feeds WHERE failures > 0") == [(0,)]
    times = await polled_at(shell, back)
    per_minute = Counter(int((at - back).total_seconds()) // 60 for at in times)
    assert max(per_minute.values()) <= 60
    assert times[-1] - times[0] > timedelta(seconds=feeds)  # 500 feeds: over 8 minutes
    assert world.overlaps() == []


async def test_r24_after_a_long_sleep_each_feed_is_asked_once(world: World, shell: Shell, clock: FakeClock) -> None:
    feeds = sized(20, 1000)
    for number in range(feeds):
        await add_feed(shell, world.blogger(f"Tidur {number}", posts=1), full_text=True)
    for _ in range(1 + feeds // 100):
        await visit_due(shell)
    clock.advance(12 * 3600)
    awake = clock.now()
    for _ in range(1 + feeds // 100):
        await visit_due(shell)
    asked = await rows(shell, "SELECT feed_id, count(*) FROM polls WHERE at >= :awake GROUP BY 1", awake=awake)
    assert len(asked) == feeds
    assert {count for _, count in asked} == {1}
    assert await rows(shell, "SELECT max(failures) FROM feeds") == [(0,)]
    [(first, last)] = await rows(shell, "SELECT min(next_poll_at), max(next_poll_at) FROM feeds")
    assert last - first > timedelta(minutes=2)


async def test_r25_a_stalled_scheduler_catches_up_once(shell: Shell) -> None:
    runs: list[float] = []

    async def tick() -> None:
        runs.append(asyncio.get_running_loop().time())

    scheduler = make_scheduler(shell, None, dispatching=False)  # type: ignore[arg-type]
    scheduler.add_job(tick, "interval", seconds=0.1, next_run_time=datetime.now(UTC) - timedelta(minutes=5))
    scheduler.start()
    for job in scheduler.get_jobs():
        assert (job.coalesce, job.misfire_grace_time, job.max_instances) == (True, None, 1)
    await asyncio.sleep(0.05)
    scheduler.shutdown(wait=False)
    assert len(runs) == 1


@pytest.mark.parametrize("jump", [-3600, 86400], ids=["an hour back", "a day ahead"])
async def test_r26_a_clock_that_jumps_polls_nothing_twice_and_starves_nobody(
    world: World, shell: Shell, clock: FakeClock, jump: int
) -> None:
    blogs = [world.blogger(f"Jam {number}", posts=1) for number in range(5)]
    for blog in blogs:
        await add_feed(shell, blog, full_text=True, interval=1800)
    await visit_due(shell)
    clock.set(clock.now() + timedelta(seconds=jump))
    for _ in range(12):
        await visit_due(shell)
        clock.advance(600)
    counts = [len(world.asked(blog, blog.feed_path)) for blog in blogs]
    most = 2 + 2 * 3600 // 1800
    assert all(1 <= count <= most for count in counts), counts
    clock.advance(3600 + 1800 * 2)
    await visit_due(shell)
    assert all(len(world.asked(blog, blog.feed_path)) > count for blog, count in zip(blogs, counts, strict=True))
