"""Kills and stops of whole processes (R01, R02, R32, R33, R34)."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from tests.faults.invariants import broken, stored
from tests.faults.killed import POINTS
from tests.faults.scale import FULL, dice, sized
from tests.processes import Process, add, one_at_a_time, running, until
from tests.world import World

LEASE = "3"  # seconds: a lease of a killed process is freed by the next start, one of a stopped process runs out
QUICK_POINTS = ("fetched", "article_inserted")


def finish(dsn: str, log: Path, articles: int) -> Process:
    """One clean run to the end; it must stop in order."""
    with running(log, "run", KLIPING_DATABASE_URL=dsn, KLIPING_HOST_LEASE=LEASE) as process:
        until(lambda: bool(process.events("started")), 30, "started")
        until(lambda: stored(dsn) == articles, 60, f"{articles} articles, there are {stored(dsn)}")
        assert process.stop() == 0
    return process


def test_r01_a_crash_loop_loses_nothing_and_doubles_nothing(dsn: str, tmp_path: Path) -> None:
    chance = dice("r01")
    kills, feeds, posts = sized((2, 4, 10), (200, 20, 50))
    with World().in_thread() as world:
        blogs = [world.portal(f"Runtuh {number}", posts=posts) for number in range(feeds)]
        for blog in blogs:
            blog.per_feed = posts
        add(dsn, blogs)
        for number in range(kills):
            with running(tmp_path / f"{number}.log", "run", KLIPING_DATABASE_URL=dsn) as process:
                until(lambda process=process: bool(process.events("started")), 30, "started")
                time.sleep(chance.uniform(0, 0.4))
                process.stop(signal.SIGKILL)
        finish(dsn, tmp_path / "last.log", feeds * posts)
        assert one_at_a_time(world) == []
    assert broken(dsn) == {}


@pytest.mark.parametrize("point", POINTS if FULL else QUICK_POINTS)
def test_r02_killed_at_a_named_point(dsn: str, tmp_path: Path, point: str) -> None:
    with World().in_thread() as world:
        add(dsn, [world.portal(f"Titik {number}", posts=3) for number in range(3)])
        command = [sys.executable, "-m", "tests.faults.killed", point]
        with running(tmp_path / "killed.log", "run", command=command, KLIPING_DATABASE_URL=dsn) as process:
            assert process.child.wait(30) == -signal.SIGKILL, process.log.read_text()
        finish(dsn, tmp_path / "last.log", 9)
    assert broken(dsn) == {}


def test_r32_sigterm_at_any_moment_ends_in_order(dsn: str, tmp_path: Path) -> None:
    chance = dice("r32")
    with World().in_thread() as world:
        blogs = [world.portal(f"Henti {number}", posts=10) for number in range(6)]
        add(dsn, blogs)
        for number in range(sized(1, 50)):
            with running(tmp_path / f"{number}.log", "run", KLIPING_DATABASE_URL=dsn) as process:
                until(lambda process=process: bool(process.events("started")), 30, "started")
                time.sleep(chance.uniform(0, 0.8))
                began = time.monotonic()
                assert process.stop() == 0
                assert time.monotonic() - began <= 30
            assert broken(dsn).get("lease left") is None
        finish(dsn, tmp_path / "last.log", 60)
    assert broken(dsn) == {}


def test_r33_a_second_signal_ends_at_once_and_the_data_is_whole(dsn: str, tmp_path: Path) -> None:
    with World().in_thread() as world:
        blogs = [world.portal(f"Dua kali {number}", posts=4) for number in range(3)]
        for blog in blogs:
            blog.fail(delay=2.0)
        add(dsn, blogs)
        with running(tmp_path / "run.log", "run", KLIPING_DATABASE_URL=dsn) as process:
            until(lambda: bool(world.requests), 30, "a request in flight")
            process.child.send_signal(signal.SIGTERM)
            until(lambda: bool(process.events("stopping")), 10, "stopping")
            began = time.monotonic()
            assert process.stop(signal.SIGTERM) != 0
            assert time.monotonic() - began <= 2
        for blog in blogs:
            blog.heal()
        finish(dsn, tmp_path / "last.log", 12)
    assert broken(dsn) == {}


def test_r34_work_that_arrives_while_stopping_is_refused_without_a_traceback(dsn: str, tmp_path: Path) -> None:
    with World().in_thread() as world:
        slow = world.portal("Lambat", posts=2)
        slow.fail(delay=1.0)
        add(dsn, [slow])
        with running(tmp_path / "run.log", "run", KLIPING_DATABASE_URL=dsn) as process:
            until(lambda: bool(world.requests), 30, "a request in flight")
            process.child.send_signal(signal.SIGTERM)
            until(lambda: bool(process.events("stopping")), 10, "stopping")
            late = [world.portal(f"Terlambat {number}", posts=1) for number in range(5)]
            add(dsn, late)
            assert process.child.wait(30) == 0
        assert "Traceback" not in process.log.read_text()
        assert [blog for blog in late if world.asked(blog)] == []
        slow.heal()
        finish(dsn, tmp_path / "last.log", 7)
    assert broken(dsn) == {}
