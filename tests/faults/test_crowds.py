"""Several processes on one database, slow hosts, long queues, pages that break the parser (R27 to R31)."""

from __future__ import annotations

import signal
import statistics
import time
from collections import Counter
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from kliping.settings import Settings
from tests.clock import FakeClock
from tests.faults.invariants import broken, stored
from tests.faults.scale import sized
from tests.processes import add, ask, one_at_a_time, running, until
from tests.shell import add_feed, rows, shell_on, visit_due
from tests.world import World

LEASE = 2.0  # seconds


def test_r27_two_schedulers_poll_no_feed_twice_at_once(dsn: str, tmp_path: Path) -> None:
    feeds = sized(20, 500)
    place = {"KLIPING_DATABASE_URL": dsn}
    with World().in_thread() as world:
        blogs = [world.portal(f"Berdua {number}", posts=2) for number in range(feeds)]
        add(dsn, blogs)
        with (
            running(tmp_path / "one.log", "run", **place) as one,
            running(tmp_path / "two.log", "run", **place) as two,
        ):
            until(lambda: stored(dsn) == 2 * feeds, 30 + feeds / 5, "all articles")
            assert one.stop() == 0
            assert two.stop() == 0
        assert one_at_a_time(world) == []
        polled = Counter(request.host for request in world.requests if request.path == blogs[0].feed_path)
    assert len(polled) == feeds
    assert all(count == 1 for count in polled.values()), polled
    assert broken(dsn) == {}


def test_r28_a_holder_that_was_stopped_writes_nothing_after_its_lease(dsn: str, tmp_path: Path) -> None:
    place = {"KLIPING_DATABASE_URL": dsn, "KLIPING_HOST_LEASE": str(LEASE)}
    with World().in_thread() as world:
        blogs = [world.portal(f"Beku {number}", posts=6) for number in range(4)]
        for blog in blogs:
            blog.fail(delay=0.3)
        with running(tmp_path / "frozen.log", "run", **place) as frozen:
            until(lambda: bool(frozen.events("started")), 30, "started")
            add(dsn, blogs)
            until(lambda: len(world.requests) >= 6, 30, "work in flight")
            frozen.child.send_signal(signal.SIGSTOP)
            with running(tmp_path / "second.log", "run", **place) as second:
                until(lambda: bool(second.events("started")), 30, "the second started")
                ready = time.monotonic()
                until(lambda: bool(second.events("entry")), LEASE + 10, "the second took over")
                assert time.monotonic() - ready <= LEASE + 5
                until(lambda: stored(dsn) == 24, 60, "all articles")
                frozen.child.send_signal(signal.SIGCONT)
                time.sleep(LEASE)
                assert frozen.stop() == 0
                assert second.stop() == 0
        assert frozen.events("lease_lost") or frozen.events("settled_elsewhere") or frozen.events("visit_ended")
    assert broken(dsn) == {}
    assert ask(dsn, "SELECT max(attempts) FROM entries") == [(0,)]


async def test_r29_a_page_on_which_the_parser_never_ends_is_held_and_costs_nobody_else(engine: AsyncEngine) -> None:
    settings = Settings(allow_networks=("127.0.0.0/8",), html_cpu=0.3)  # type: ignore[arg-type]
    clock = FakeClock()
    async with World() as world, shell_on(engine, settings, clock) as shell:
        blog = world.portal("Macet", posts=3)
        bad = blog.posts[1]
        blog.fail(bad.path, body=b"<html><body>" + b"<p>kata " * 900_000)
        await add_feed(shell, blog)
        for _ in range(3):
            await visit_due(shell)
            clock.advance(6 * 3600)
        assert sorted(await rows(shell, "SELECT state, count(*) FROM entries GROUP BY 1")) == [
            ("quarantined", 1),
            ("stored", 2),
        ]
        [(reason,)] = await rows(shell, "SELECT reason FROM entries WHERE state = 'quarantined'")
        assert reason.startswith("parser_")
        assert len(world.asked(blog, bad.path)) == 1


def test_r30_a_long_queue_is_bounded_and_served_oldest_first(dsn: str, tmp_path: Path) -> None:
    feeds = sized(150, 5000)
    with World().in_thread() as world:
        blogs = [world.blogger(f"Antre {number}", posts=1) for number in range(feeds)]
        for blog in blogs:
            blog.fail(delay=0.2)
        add(dsn, blogs)
        longest = 0
        with running(tmp_path / "run.log", "run", KLIPING_DATABASE_URL=dsn, KLIPING_DISPATCH_HOSTS="40") as process:
            deadline = time.monotonic() + 60 + feeds / 10
            while stored(dsn) < feeds:
                [(jobs,)] = ask(dsn, "SELECT count(*) FROM queue.procrastinate_jobs WHERE status = 'todo'")
                longest = max(longest, jobs)
                assert time.monotonic() < deadline, stored(dsn)
                time.sleep(0.2)
            assert process.stop() == 0
        waits = sorted(request.started for request in world.requests)
    assert longest <= 200
    assert len(waits) >= feeds
    assert broken(dsn) == {}


def test_r31_a_slow_host_holds_up_nobody_else(dsn: str, tmp_path: Path) -> None:
    fast, slow, delay = sized((40, 3, 2.0), (200, 50, 20.0))
    with World().in_thread() as world:
        quick = [world.blogger(f"Cepat {number}", posts=1) for number in range(fast)]
        with running(tmp_path / "run.log", "run", KLIPING_DATABASE_URL=dsn) as process:
            until(lambda: bool(process.events("started")), 30, "started")
            add(dsn, quick)
            until(lambda: stored(dsn) == fast, 60, "the fast ones alone")
            alone = _spread(world)
            crowd = [world.blogger(f"Lelet {n}", posts=1, address="127.9.9.9") for n in range(slow)]
            for blog in crowd:
                blog.fail(delay=delay)
            again = [world.blogger(f"Cepat lagi {number}", posts=1) for number in range(fast)]
            world.requests.clear()
            add(dsn, [*crowd, *again])
            until(lambda: stored(dsn) >= 2 * fast, 60, "the fast ones beside slow ones")
            hosts = {blog.host for blog in again}
            beside = _spread(world, hosts)
            assert beside <= max(1.1 * alone, alone + 0.5), (alone, beside)
            assert process.stop() == 0


def _spread(world: World, hosts: set[str] | None = None) -> float:
    """Seconds from the first request to the 95th percentile of the hosts' first."""
    first: dict[str, float] = {}
    for request in world.requests:
        if hosts is None or request.host in hosts:
            first.setdefault(request.host, request.started)
    begins = sorted(first.values())
    return statistics.quantiles(begins, n=20)[-1] - begins[0]
