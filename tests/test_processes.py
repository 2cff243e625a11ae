"""The service as real processes: shared work, kills, stops. Spacing and leases are shortened here, nothing else."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from db.embedded import processes_in
from tests.postgres import PG15, Cluster
from tests.processes import add, ask, one_at_a_time, running, until
from tests.world import World


@pytest.fixture
def oldest_dsn(cluster: Cluster) -> Iterator[str]:
    """A migrated database on Postgres 15 where there is one, else on ours."""
    if not PG15.exists():
        name = cluster.create()
        yield cluster.database_dsn(name)
        return
    with Cluster(PG15) as old:
        yield old.database_dsn(old.create())


def test_run_and_worker_share_200_feeds(oldest_dsn: str, tmp_path: Path) -> None:
    with World().in_thread() as world:
        blogs = [world.portal(f"Warta {number}", posts=2) for number in range(200)]
        with (
            running(tmp_path / "worker.log", "worker", KLIPING_DATABASE_URL=oldest_dsn) as worker,
            running(tmp_path / "run.log", "run", KLIPING_DATABASE_URL=oldest_dsn) as run,
        ):
            until(lambda: bool(worker.events("started") and run.events("started")), 30, "both started")
            add(oldest_dsn, blogs)
            done = "SELECT count(*) FROM articles"
            until(lambda: ask(oldest_dsn, done) == [(400,)], 90, "400 articles")
            assert run.stop() == 0
            assert worker.stop() == 0
            shares = [Counter(e["state"] for e in process.events("entry")) for process in (run, worker)]
        states = ask(oldest_dsn, "SELECT state, count(*) FROM entries GROUP BY 1")
        overlaps = one_at_a_time(world)
    assert states == [("stored", 400)]
    assert shares[0]["stored"] + shares[1]["stored"] == 400
    assert min(shares[0]["stored"], shares[1]["stored"]) > 0, shares
    assert overlaps == []
    assert ask(oldest_dsn, "SELECT count(*) FROM hosts WHERE lease_holder IS NOT NULL") == [(0,)]


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that the database user can reach, as pytest's own folders cannot be."""
    with tempfile.TemporaryDirectory(prefix="kliping-") as made:
        Path(made).chmod(0o755)
        yield Path(made) / "data"


def test_kill_9_loses_nothing_leaves_no_postgres_and_the_next_start_waits_for_no_lease(
    tmp_path: Path, data: Path
) -> None:
    place = {"KLIPING_DATA_DIR": str(data), "KLIPING_HOST_LEASE": "90", "KLIPING_HOST_SPACING": "0.2"}
    with World().in_thread() as world:
        blogs = [world.portal(f"Kilat {number}", posts=6) for number in range(8)]
        with running(tmp_path / "one.log", "run", **place) as first:
            until(lambda: bool(first.events("started")), 60, "started")
            add(dsn_of(data), blogs)
            until(lambda: bool(first.events("entry")), 30, "work under way")
            first.stop(signal.SIGKILL)
        until(lambda: not _alive(data), 15, "postgres gone")
        with running(tmp_path / "two.log", "run", **place) as second:
            until(lambda: bool(second.events("started")), 60, "started again")
            assert second.events("leases_freed"), "the killed process held leases"
            dsn = dsn_of(data)
            until(lambda: ask(dsn, "SELECT count(*) FROM articles") == [(48,)], 30, "48 articles, well within a lease")
            assert ask(dsn, "SELECT DISTINCT state FROM entries") == [("stored",)]
            began = time.monotonic()
            assert second.stop() == 0
            assert time.monotonic() - began < 30
        assert not _alive(data)


def dsn_of(data: Path) -> str:
    """The embedded server's address, as it is recorded for those that attach."""
    return (data / "dsn").read_text("utf-8").strip()


def _alive(data: Path) -> list[int]:
    return [pid for pid in processes_in(data / "pgdata") if psutil.pid_exists(pid)]


def test_a_killed_embedded_postgres_is_started_again_and_work_goes_on(tmp_path: Path, data: Path) -> None:
    with World().in_thread() as world:
        blog = world.portal("Bangkit", posts=2)
        with running(tmp_path / "run.log", "run", KLIPING_DATA_DIR=str(data)) as service:
            until(lambda: bool(service.events("started")), 60, "started")
            add(dsn_of(data), [blog])
            until(lambda: len(service.events("entry")) == 2, 30, "two articles")
            postmaster = int((data / "pgdata" / "postmaster.pid").read_text("utf-8").split()[0])
            os.kill(postmaster, signal.SIGKILL)
            until(lambda: bool(service.events("postgres_revived")), 30, "Postgres again")
            add(dsn_of(data), [world.portal("Baru", posts=3)])
            until(lambda: ask(dsn_of(data), "SELECT count(*) FROM articles") == [(5,)], 60, "five articles")
            assert service.stop() == 0
