"""What polls leave behind: a feed that answers 304, polled a thousand times by the whole service, then a VACUUM.

    python -m bench.growth [--polls 1000] [--json]

Every poll is a dispatch, a job of the queue, a visit and its rows. Time is made to pass: the feed is due again at once,
so a thousand polls of half an hour are three weeks. The database is measured as a whole, catalogs and the schema of the
queue included; memory is this process's (the parsing children are not in it).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db import feeds, migrate
from db.embedded import EmbeddedPostgres
from db.engine import make_engine
from ingest import jobs, logs
from ingest.feedurl import feed_url
from ingest.review import review
from ingest.shell import Shell, open_shell
from kliping.settings import Settings

LIMIT = 1_000_000  # bytes
WARM = 100  # polls before the first look: caches, pools and the ring of polls fill once
PATIENCE = 30.0  # seconds for one poll

FEED = b"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Kabar Tetap</title>
<link>http://127.0.0.1/</link><description>Tidak berubah</description></channel></rss>"""


@dataclass(frozen=True, slots=True)
class Grown:
    """Bytes of the database and of the process, at the first look and at the end; the tables that grew most."""

    polls: int
    unchanged: int
    database_before: int
    database_after: int
    memory_before: int
    memory_after: int
    tables: dict[str, int]

    @property
    def database(self) -> int:
        return self.database_after - self.database_before

    @property
    def memory(self) -> int:
        return self.memory_after - self.memory_before


class Leaps:
    """The machine's clock, moved ahead at will."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def to(self, moment: datetime) -> None:
        self.ahead += max(0.0, (moment - self.now()).total_seconds())


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"if-none-match" in head:
        writer.write(b'HTTP/1.1 304 Not Modified\r\nETag: "tetap"\r\nConnection: close\r\n\r\n')
    else:
        fields = f'Content-Type: application/rss+xml\r\nContent-Length: {len(FEED)}\r\nETag: "tetap"\r\n'
        writer.write(f"HTTP/1.1 200 OK\r\n{fields}Connection: close\r\n\r\n".encode() + FEED)
    await writer.drain()
    writer.close()


async def measure(dsn: str, settings: Settings, polls: int, warm: int) -> Grown:
    """Poll `warm` times, look, poll `polls` times, look again. The database must be at this release, without feeds."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/feed"
    engine = make_engine(dsn, settings, pool=8)
    clock = Leaps()
    async with server, open_shell(settings, engine, clock) as shell:
        app = jobs.make_app(shell, dsn)
        async with app.open_async():
            work = asyncio.create_task(jobs.work(shell, app))
            try:
                return await _measure(shell, app, clock, url, polls, warm)
            finally:
                shell.stopping.set()
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
                await engine.dispose()


async def _measure(shell: Shell, app: jobs.App, clock: Leaps, url: str, polls: int, warm: int) -> Grown:
    place = feed_url(url)
    async with shell.engine.begin() as conn:
        await feeds.add(conn, [feeds.NewFeed(place.url, place.key, place.host)], clock.now())
    await _poll(shell, app, clock, warm)
    before, memory, tables = await _size(shell.engine), _memory(), await _tables(shell.engine)
    await _poll(shell, app, clock, polls)
    after = await _size(shell.engine)
    grown = {name: size - tables.get(name, 0) for name, size in (await _tables(shell.engine)).items()}
    most = dict(sorted(((n, s) for n, s in grown.items() if s), key=lambda pair: -pair[1])[:8])
    async with shell.engine.connect() as conn:
        unchanged = await conn.scalar(
            text("""SELECT (SELECT count(*) FROM polls WHERE outcome = 'not_modified')
                + (SELECT coalesce(sum(polls), 0) FROM poll_days WHERE outcome = 'not_modified')""")
        )
    return Grown(polls, int(unchanged or 0), before, after, memory, _memory(), most)


async def _poll(shell: Shell, app: jobs.App, clock: Leaps, polls: int) -> None:
    """So many polls, each when it is due; what a scheduler does beside is done as often as it would, at least daily."""
    for number in range(polls):
        due, _ = await _state(shell.engine)
        clock.to(due + timedelta(seconds=1))
        await jobs.dispatch(shell, app)
        async with asyncio.timeout(PATIENCE):
            while (await _state(shell.engine))[1]:
                await asyncio.sleep(0.002)
        if number % 48 == 0:
            await jobs.sweep(shell)
            await review(shell)


async def _state(engine: AsyncEngine) -> tuple[datetime, bool]:
    """When the host is due, and whether it is being visited or waits to be."""
    async with engine.connect() as conn:
        row = (await conn.execute(text("SELECT due_at, lease_until IS NOT NULL FROM hosts"))).one()
    return row[0], row[1]


async def _size(engine: AsyncEngine) -> int:
    async with engine.connect() as conn:
        vacuum = await conn.execution_options(isolation_level="AUTOCOMMIT")
        await vacuum.execute(text("VACUUM"))
        return int(await vacuum.scalar(text("SELECT pg_database_size(current_database())")) or 0)


async def _tables(engine: AsyncEngine) -> dict[str, int]:
    async with engine.connect() as conn:
        rows = await conn.execute(
            text(
                """SELECT oid::regclass::text, pg_total_relation_size(oid) FROM pg_class WHERE relkind IN ('r', 'm')"""
            )
        )
        return {str(row[0]): int(row[1]) for row in rows}


def _memory() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--polls", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    logs.setup("json", level=40)
    with tempfile.TemporaryDirectory(prefix="kliping-growth-") as folder:
        Path(folder).chmod(0o755)
        settings = Settings(
            data_dir=Path(folder) / "data", allow_networks=(ip_network("127.0.0.0/8"),), default_feeds=False, children=1
        )
        postgres = EmbeddedPostgres(settings)
        dsn = postgres.start()
        try:
            migrate.upgrade(dsn)
            grown = asyncio.run(measure(dsn, settings, asked.polls, WARM))
        finally:
            postgres.stop()
    if asked.json:
        print(json.dumps({**asdict(grown), "database": grown.database, "memory": grown.memory}))
    else:
        print(f"{grown.polls} polls, {grown.unchanged} of all answered 304")
        print(
            f"database after VACUUM: {grown.database_before:,} -> {grown.database_after:,} bytes ({grown.database:+,})"
        )
        print(f"memory of the process: {grown.memory_before:,} -> {grown.memory_after:,} bytes ({grown.memory:+,})")
        for name, size in grown.tables.items():
            print(f"  {name}: {size:+,}")
    return 0 if grown.database < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
