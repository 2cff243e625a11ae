"""Due times through the whole path: rhythm, restarts, floors of hosts, failures, and outages of our own."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.fetch import Fetcher
from ingest.gate import Address
from ingest.line import connect_socket
from ingest.outage import HOSTS
from ingest.shell import Shell
from kliping.settings import Settings
from tests.clock import FakeClock
from tests.shell import add_feed, rows, run, shell_on, visit_due
from tests.world import Blog, World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Plug:
    """The cable to the network, which can be pulled."""

    out: bool = False

    async def connect(self, address: Address, port: int, seconds: float) -> socket.socket:
        if self.out:
            raise OSError("network is unreachable")
        return await connect_socket(address, port, seconds)


@asynccontextmanager
async def plugged(engine: AsyncEngine, settings: Settings, clock: FakeClock) -> AsyncIterator[tuple[Shell, Plug]]:
    plug = Plug()
    async with shell_on(engine, settings, clock) as shell, Fetcher(settings, clock, connect=plug.connect) as fetcher:
        shell.fetcher = fetcher
        yield shell, plug


def polls(world: World, blog: Blog) -> int:
    return sum(request.host == blog.host and request.path == blog.feed_path for request in world.requests)


async def test_the_rhythm_is_in_the_row_and_a_restart_changes_no_due_time(
    world: World, engine: AsyncEngine, settings: Settings, clock: FakeClock
) -> None:
    blog = world.blogger("Irama", posts=8)
    async with shell_on(engine, settings, clock) as shell:
        await add_feed(shell, blog)
        await visit_due(shell)
        before = await rows(shell, "SELECT next_poll_at, rhythm, rhythm_at, announced FROM feeds")
    async with shell_on(engine, settings, clock) as shell:
        assert await visit_due(shell) == []
        assert await rows(shell, "SELECT next_poll_at, rhythm, rhythm_at, announced FROM feeds") == before
    [(_, rhythm, at, announced)] = before
    assert (len(rhythm), announced) == (38, 8)
    assert at <= clock.now()


async def test_retry_after_of_one_feed_is_a_floor_for_the_whole_host(
    world: World, engine: AsyncEngine, settings: Settings, clock: FakeClock
) -> None:
    blog = world.portal("Sabar", posts=3)
    async with shell_on(engine, settings, clock) as shell:
        await add_feed(shell, blog)
        await add_feed(shell, f"http://{blog.host}/lain.xml")
        blog.fail("/lain.xml", status=503, retry_after=3 * 3600)
        blog.fail(blog.feed_path, status=503, retry_after=3 * 3600)
        asked = clock.now()
        await visit_due(shell)
        before = len(world.requests)
        [(due, pause)] = await rows(shell, "SELECT due_at, not_before FROM hosts WHERE name = :host", host=blog.host)
        assert 3 * HOUR <= pause - asked <= 3 * HOUR + MINUTE
        assert due >= pause
        for _ in range(17):
            clock.advance(600)
            await visit_due(shell)
        assert len(world.requests) == before
        blog.heal()
        clock.advance(1200)
        await visit_due(shell)
        assert len(world.requests) > before


@pytest.mark.parametrize(("given", "hours"), [("315360000", 24), ("Sat, 01 Jan 2056 00:00:00 GMT", 24), ("7200", 2)])
async def test_an_absurd_retry_after_is_capped_at_a_day(
    world: World, engine: AsyncEngine, settings: Settings, clock: FakeClock, given: str, hours: int
) -> None:
    blog = world.portal("Nanti", posts=1)
    async with shell_on(engine, settings, clock) as shell:
        await add_feed(shell, blog)
        blog.fail(blog.feed_path, status=429, retry_after=given)
        await visit_due(shell)
        [(poll, due)] = await rows(shell, "SELECT next_poll_at, due_at FROM feeds JOIN hosts ON name = host")
        for moment in (poll, due):
            assert hours * HOUR - MINUTE <= moment - clock.now() <= min(1.1 * hours * HOUR, DAY)


async def test_a_feed_that_fails_for_a_year_is_still_asked_daily(
    world: World, engine: AsyncEngine, settings: Settings, clock: FakeClock
) -> None:
    blog = world.portal("Lama", posts=1)
    blog.fail(blog.feed_path, status=404)
    async with shell_on(engine, settings, clock) as shell:
        await add_feed(shell, blog)
        await visit_due(shell)
        await run(shell, "UPDATE feeds SET failures = 5000, backoff = 5000")
        for _ in range(3):
            clock.advance(86_400)
            await visit_due(shell)
        assert polls(world, blog) == 4
        blog.heal()
        clock.advance(86_400)
        await visit_due(shell)
        assert await rows(shell, "SELECT failures, backoff, last_outcome FROM feeds") == [(0, 0, "ok")]
        [(due,)] = await rows(shell, "SELECT next_poll_at FROM feeds")
        assert due - clock.now() < HOUR


async def test_our_own_outage_penalises_nobody_and_all_come_back_once(
    world: World, engine: AsyncEngine, settings: Settings, clock: FakeClock
) -> None:
    blogs = [world.portal(f"Warta {n}", posts=1) for n in range(2 * HOSTS)]
    async with plugged(engine, settings, clock) as (shell, plug):
        for blog in blogs:
            await add_feed(shell, blog)
        await visit_due(shell)
        plug.out = True
        for _ in range(8):
            clock.advance(4000)
            await visit_due(shell)
            assert shell.outage.lasting
        failed = await rows(shell, "SELECT failures, backoff, failing_since FROM feeds")
        assert set(failed) == {(0, 0.0, None)}
        [(outcomes,)] = await rows(shell, "SELECT count(*) FROM feeds WHERE last_outcome = 'connect'")
        assert outcomes == len(blogs)
        plug.out = False
        before = Counter({blog.host: polls(world, blog) for blog in blogs})
        for _ in range(7):
            clock.advance(600)
            await visit_due(shell)
        assert not shell.outage.lasting
        gained = [polls(world, blog) - before[blog.host] for blog in blogs]
        assert 1 <= min(gained) <= max(gained) <= 3, gained
        assert set(await rows(shell, "SELECT last_outcome FROM feeds")) <= {("unchanged",), ("ok",), ("not_modified",)}


async def test_pages_lose_no_try_to_an_outage_of_ours(
    world: World, engine: AsyncEngine, settings: Settings, clock: FakeClock
) -> None:
    blogs = [world.portal(f"Halaman {n}", posts=1) for n in range(HOSTS + 1)]
    async with plugged(engine, settings, clock) as (shell, plug):
        for blog in blogs:
            for post in blog.posts:
                blog.fail(post.path, status=500)
            await add_feed(shell, blog)
        await visit_due(shell)
        plug.out = True
        for _ in range(4):
            clock.advance(5 * 3600)
            await visit_due(shell)
        [(most,)] = await rows(shell, "SELECT max(attempts) FROM entries WHERE state = 'pending'")
        assert most <= 2
        assert await rows(shell, "SELECT count(*) FROM entries WHERE state = 'rejected'") == [(0,)]


async def test_one_host_that_is_down_is_no_outage_of_ours(
    world: World, engine: AsyncEngine, settings: Settings, clock: FakeClock
) -> None:
    good = [world.portal(f"Baik {n}", posts=1) for n in range(3)]
    async with World() as other:
        gone = other.portal("Padam", posts=1)
        async with shell_on(engine, settings, clock) as shell:
            for blog in (*good, gone):
                await add_feed(shell, blog)
            await visit_due(shell)
    async with shell_on(engine, settings, clock) as shell:
        clock.advance(3000)
        await visit_due(shell)
        [(failures, backoff)] = await rows(shell, "SELECT failures, backoff FROM feeds WHERE host = :h", h=gone.host)
        assert (failures, backoff) == (1, 0.5)
        assert not shell.outage.lasting


async def test_everything_overdue_is_asked_once_and_then_spread(
    world: World, engine: AsyncEngine, settings: Settings, clock: FakeClock
) -> None:
    blogs = [world.portal(f"Tidur {n}", posts=1) for n in range(12)]
    async with shell_on(engine, settings, clock) as shell:
        for blog in blogs:
            await add_feed(shell, blog)
        await visit_due(shell)
        clock.advance(12 * 3600)
        before = Counter({blog.host: polls(world, blog) for blog in blogs})
        await visit_due(shell)
        assert await visit_due(shell) == []
        assert all(polls(world, blog) - before[blog.host] == 1 for blog in blogs)
        due = [at for (at,) in await rows(shell, "SELECT next_poll_at FROM feeds")]
        assert max(due) - min(due) > MINUTE
