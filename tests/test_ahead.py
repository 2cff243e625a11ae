"""A clock far ahead must not stall a feed for ever."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from db import ahead
from ingest.shell import Shell
from kliping.settings import Settings
from tests.clock import FakeClock
from tests.shell import add_feed, rows, run, shell_on, visit_due
from tests.world import World

DAY = timedelta(days=1)
LEASE = timedelta(seconds=90)


async def _correct(shell: Shell) -> int:
    return await ahead.correct(shell.engine, shell.clock.now(), LEASE)


async def test_what_a_clock_ten_years_ahead_wrote_stalls_nobody(
    engine: AsyncEngine, settings: Settings, clock: FakeClock
) -> None:
    start = clock.now()
    async with World() as world, shell_on(engine, settings, clock) as shell:
        blog, other = world.wordpress("Maju", posts=2), world.wordpress("Tetap", posts=1)
        await add_feed(shell, blog)
        await add_feed(shell, other, interval=7 * 86400)
        await visit_due(shell)
        before = await rows(shell, "SELECT next_poll_at, due_at FROM feeds JOIN hosts ON name = host ORDER BY id")
        assert await _correct(shell) == 0
        clock.set(start + 3650 * DAY)
        await visit_due(shell)
        clock.set(start + timedelta(hours=2))
        assert await _correct(shell) > 0
        after = await rows(shell, "SELECT next_poll_at, due_at FROM feeds JOIN hosts ON name = host ORDER BY id")
        for (poll, due), limit in zip(after, (1.1 * DAY, 7.7 * DAY), strict=True):
            assert poll - clock.now() <= limit
            assert due == poll
        assert before[1][0] < after[1][0] + 7 * DAY
        assert await _correct(shell) == 0
        clock.set(max(poll for poll, _ in after) + timedelta(seconds=1))
        assert sorted(await visit_due(shell)) == sorted([blog.host, other.host])
        outcomes = await rows(shell, "SELECT DISTINCT outcome FROM polls WHERE at = (SELECT max(at) FROM polls)")
        assert outcomes == [("unchanged",)]  # asked without validators, since the last full answer is from no time


async def test_leases_and_pauses_from_a_time_to_come_end(
    engine: AsyncEngine, settings: Settings, clock: FakeClock
) -> None:
    async with World() as world, shell_on(engine, settings, clock) as shell:
        blog = world.wordpress("Pinjam", posts=1)
        await add_feed(shell, blog)
        far = clock.now() + 3000 * DAY
        await run(
            shell, "UPDATE hosts SET lease_until = :far, due_at = :far, lease_holder = 'x', not_before = :far", far=far
        )
        assert await _correct(shell) == 2
        [(due, pause)] = await rows(shell, "SELECT due_at, not_before FROM hosts")
        assert due <= clock.now() + LEASE + ahead.SLACK
        assert pause <= clock.now() + ahead.LONGEST


async def test_pages_that_would_be_tried_in_ten_years_are_tried_tomorrow(
    engine: AsyncEngine, settings: Settings, clock: FakeClock
) -> None:
    async with World() as world, shell_on(engine, settings, clock) as shell:
        blog = world.portal("Halaman", posts=2)
        for post in blog.posts:
            blog.fail(post.path, status=500)
        await add_feed(shell, blog)
        await visit_due(shell)
        await run(shell, "UPDATE entries SET next_try_at = :far", far=clock.now() + 3000 * DAY)
        await _correct(shell)
        [(latest,)] = await rows(shell, "SELECT max(next_try_at) FROM entries WHERE state = 'pending'")
        assert latest <= clock.now() + ahead.LONGEST
