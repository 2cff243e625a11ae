"""A dispatch with many hosts: bounded, found by index, handed out in chunks; the bench at a small size."""

from __future__ import annotations

from datetime import UTC, datetime

from bench import dispatch
from ingest import jobs
from kliping.feeds import Lease
from kliping.settings import Settings

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_leases_go_through_a_job_as_they_are() -> None:
    leases = [Lease("kabar.example", 7, NOW), Lease("127.0.0.1:8080", 10**15, NOW), Lease("xn--kbar-0qa.id", 0, NOW)]
    assert jobs.read(jobs.written(leases), NOW) == leases


async def test_a_dispatch_takes_what_is_due_up_to_its_bound(dsn: str, settings: Settings) -> None:
    small = settings.model_copy(update={"dispatch_hosts": 150, "children": 1})
    steady, overdue = await dispatch.measure(dsn, small, count=3000, ticks=20)
    assert abs(steady.hosts - 3000 * small.tick / dispatch.INTERVAL) < 4
    assert overdue.hosts == 150
    assert overdue.p50 < 50  # milliseconds; a hundred thousand hosts are measured by the bench
    told = await dispatch.plan(dsn, small)
    assert "ix_hosts_due_at" in told
    assert "Tid Scan on hosts" in told
    assert "Seq Scan on hosts" not in told
