"""How long a dispatch takes with very many hosts: leasing what is due and deferring the visits, as the service does it.

    python -m bench.dispatch [--hosts 100000] [--ticks 180] [--plan] [--json]

steady   every host is due every 15 minutes, spread evenly: about 560 of 100,000 a tick of 5 seconds
overdue  all are due at once, as after a long stop: every tick leases as many as it may (KLIPING_DISPATCH_HOSTS),
         until all have been visited

Between the ticks, untimed, the visits' own writes are done for all hosts at once: the feed's next poll, the lease given
back, the job gone. Time is made to pass. Measured is the wall time of `jobs.dispatch`, commit included; the embedded
Postgres has its defaults.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.growth import Leaps
from db import hosts, migrate
from db.embedded import EmbeddedPostgres
from db.engine import make_engine
from ingest import jobs, logs
from ingest.shell import Shell, open_shell
from kliping.settings import Settings

INTERVAL = 900.0
LIMIT = 0.050  # seconds at p95

_FILL = [
    text("INSERT INTO hosts (name) SELECT 'blog-' || n || '.example' FROM generate_series(1, :hosts) AS n"),
    text("""
        INSERT INTO feeds (url, url_key, host, interval, next_poll_at)
        SELECT 'https://blog-' || n || '.example/feed', sha256(n::text::bytea), 'blog-' || n || '.example', 900,
            CAST(:now AS timestamptz) + make_interval(secs => 900.0 * ((n * 7919) % :hosts) / :hosts)
        FROM generate_series(1, :hosts) AS n
    """),
    text("UPDATE hosts SET due_at = next_poll_at FROM feeds WHERE feeds.host = hosts.name"),
]

_VISITED = [
    text("UPDATE feeds SET next_poll_at = :next, last_polled_at = :now FROM hosts "
         "WHERE feeds.host = hosts.name AND lease_until IS NOT NULL"),
    text("""
        UPDATE hosts SET lease_until = NULL, lease_holder = NULL, last_start_at = :now, due_at = (
            SELECT min(next_poll_at) FROM feeds WHERE host = name AND state = 'active')
        WHERE lease_holder IS NOT NULL
    """),
    text("DELETE FROM queue.procrastinate_jobs"),
]  # fmt: skip


@dataclass(frozen=True)
class Timed:
    """Dispatches of one kind: hosts leased by one in the mean, and wall times in milliseconds."""

    name: str
    ticks: int
    hosts: float
    p50: float
    p95: float
    most: float

    @property
    def good(self) -> bool:
        return self.p95 < 1000 * LIMIT


def timed(name: str, leased: list[int], seconds: list[float]) -> Timed:
    """The figures of some ticks."""
    cuts = statistics.quantiles(seconds, n=20)
    return Timed(name, len(seconds), statistics.mean(leased), 1000 * cuts[9], 1000 * cuts[18], 1000 * max(seconds))


async def fill(conn: AsyncConnection, count: int, now: datetime) -> None:
    """So many hosts with a feed each, due one after the other within the interval."""
    for statement in _FILL:
        await conn.execute(statement, {"hosts": count, "now": now} if ":now" in statement.text else {"hosts": count})


async def tick(shell: Shell, app: jobs.App) -> tuple[int, float]:
    """One dispatch, and what the visits write."""
    start = time.perf_counter()
    leased = await jobs.dispatch(shell, app)
    taken = time.perf_counter() - start
    now = shell.clock.now()
    async with shell.engine.begin() as conn:
        for statement in _VISITED:
            values = {"now": now, "next": now + timedelta(seconds=INTERVAL)}
            await conn.execute(statement, {name: values[name] for name in values if f":{name}" in statement.text})
    return leased, taken


async def measure(dsn: str, settings: Settings, count: int, ticks: int) -> list[Timed]:
    """Steady ticks, then overdue ones. The database must be at this release and empty."""
    engine, clock = make_engine(dsn, settings, pool=8), Leaps()
    async with open_shell(settings, engine, clock) as shell:
        app = jobs.make_app(shell, dsn)
        async with app.open_async():
            async with engine.begin() as conn:
                await fill(conn, count, clock.now())
            await _vacuum(shell)
            results = []
            for name, late in (("steady", 0.0), ("overdue", 86_400.0)):
                clock.ahead += late
                done = []
                for _ in range(min(ticks, count // settings.dispatch_hosts) if late else ticks):
                    before = clock.now()
                    done.append(await tick(shell, app))
                    clock.to(before + timedelta(seconds=settings.tick))
                leased, seconds = zip(*done[5:], strict=True)  # the first ones prepare statements
                results.append(timed(name, list(leased), list(seconds)))
    await engine.dispose()
    return results


async def _vacuum(shell: Shell) -> None:
    """As autovacuum would do after so many rows."""
    async with shell.engine.connect() as conn:
        plain = await conn.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text("VACUUM ANALYZE"))


async def plan(dsn: str, settings: Settings) -> str:
    """How Postgres finds the hosts that are due."""
    engine = make_engine(dsn, settings, pool=2)
    values = {"now": Leaps().now() + timedelta(days=2), "until": Leaps().now(), "holder": "plan", "limit": 1000}
    async with engine.connect() as conn:
        rows = await conn.scalars(text(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {hosts.LEASE_DUE.text}"), values)
        told = "\n".join(rows)
        await conn.rollback()
    await engine.dispose()
    return told


def main() -> int:
    """Run and report; 1 when a dispatch is too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=100_000)
    parser.add_argument("--ticks", type=int, default=180, help="of each kind; 180 are 15 minutes")
    parser.add_argument("--plan", action="store_true", help="print the plan of the query, too")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    logs.setup("json", level=40)
    with tempfile.TemporaryDirectory(prefix="kliping-dispatch-") as folder:
        Path(folder).chmod(0o755)
        settings = Settings(data_dir=Path(folder) / "data", default_feeds=False, children=1, statement_timeout=120)
        postgres = EmbeddedPostgres(settings)
        dsn = postgres.start()
        try:
            migrate.upgrade(dsn)
            results = asyncio.run(measure(dsn, settings, asked.hosts, asked.ticks))
            told = asyncio.run(plan(dsn, settings)) if asked.plan else ""
        finally:
            postgres.stop()
    for one in results:
        line = (
            f"{one.name:<8} {one.ticks} ticks, {one.hosts:.0f} hosts each: p50 {one.p50:.1f} ms, p95 {one.p95:.1f} ms"
        )
        print(json.dumps(asdict(one)) if asked.json else f"{line}, most {one.most:.1f} ms")
    print(told, end="\n" if told else "")
    return 0 if all(one.good for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
