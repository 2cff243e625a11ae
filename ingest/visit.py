"""The unit of work: visit a host under its lease, within its politeness budget.

    poll its due feeds -> entries into the ledger; fetch its pending pages; catch up on gaps; give the lease back

One request is in flight at a time. A visit ends when nothing is due, after `visit_length`, when the host asks for
patience, when the lease is lost, or when the service stops; what is left is due again.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from db import entries, hosts, polls
from db.faults import classify, one_line
from ingest import pipeline
from ingest.ask import Permit
from ingest.catchup import catch_up
from ingest.ledger import Settled
from ingest.pipeline import FullText
from ingest.poll import poll
from ingest.robots import PRODUCT, RobotsRecord, allows, fetch_robots, stale
from ingest.shell import Shell
from kliping.errors import DatabaseError, InputError, LeaseHeld, LeaseLost, NotFound
from kliping.model import Feed, FeedState, Fetched, FetchOutcome, Lease, PollRecord
from parsers.links import host_of

log = structlog.get_logger()

AT_A_TIME = 50  # pending entries read from the ledger at once
PATIENCE = timedelta(seconds=30)  # after a 429 that does not say how long


class Visit:
    """One visit and what it has learnt on the way."""

    def __init__(self, shell: Shell, lease: Lease) -> None:
        self.shell = shell
        self.lease = lease
        self.not_before: datetime | None = None
        self.checks: dict[int, FullText] = {}
        self._robots: dict[str, RobotsRecord] = {}
        self._ends = shell.clock.monotonic() + shell.settings.visit_length

    def over(self) -> bool:
        """Whether the visit must not start anything more."""
        return (
            self.shell.stopping.is_set()
            or self.shell.paused()
            or self.not_before is not None
            or self.shell.clock.monotonic() >= self._ends
            or not self.shell.holds(self.lease)
        )

    def extend(self) -> None:
        """Begin the visit's time anew; a walk through history does so page by page, under one lease."""
        self._ends = self.shell.clock.monotonic() + self.shell.settings.visit_length

    async def run(self) -> None:
        """Do all that is due."""
        await self.prepare()
        for feed in await self._due_feeds():
            if self.over():
                return
            await self.poll(feed)
        await self.pages()
        await self.catch_up()

    async def prepare(self) -> None:
        """Politeness outlives a visit: the last start and Retry-After are in the host's row."""
        async with self.shell.engine.connect() as conn:
            record = await hosts.record(conn, self.lease.host)
        if record is None:
            return
        now = self.shell.clock.now()
        if record.not_before and record.not_before > now:
            self.not_before = record.not_before
        if record.last_start_at:
            spacing = timedelta(seconds=self.shell.settings.host_spacing)
            self.shell.fetcher.hold(self.lease.host, record.last_start_at + spacing)

    async def _due_feeds(self) -> list[Feed]:
        async with self.shell.engine.connect() as conn:
            return await polls.due(conn, self.lease.host, self.shell.clock.now())

    async def poll(self, feed: Feed) -> PollRecord:
        """Poll one feed, and heed what the host says."""
        record = await poll(self.shell, self.lease, feed)
        async with self.shell.engine.connect() as conn:
            if (after := await polls.feed(conn, feed.id)) is not None:
                self.checks[feed.id] = FullText(after)
        if record.outcome == FetchOutcome.RATE_LIMITED.value:
            self.not_before = self.shell.clock.now() + PATIENCE
        return record

    async def catch_up(self) -> None:
        """Look for what may have been missed of the feeds that this visit had to do with."""
        for check in list(self.checks.values()):
            if check.feed.gap_at is not None and not self.over():
                await catch_up(self, check.feed)

    async def pages(self, feed_id: int | None = None) -> int:
        """Try the host's pending entries, the ones of `feed_id` only when it is given. Returns how many were tried."""
        tried = 0
        while not self.over():
            async with self.shell.engine.connect() as conn:
                due = await entries.pending(conn, self.lease.host, self.shell.clock.now(), AT_A_TIME, feed_id)
            if not due:
                break
            tried += await self._try_all(due)
        return tried

    async def _try_all(self, due: list[entries.Pending]) -> int:
        """Try entries one after the other; their writes are awaited together, before more is read."""
        writes: list[asyncio.Future[Settled]] = []
        for item in due:
            if self.over():
                break
            check = self.checks.setdefault(item.feed.id, FullText(item.feed))
            robots = await self.robots(item.entry.url) if pipeline.needs_page(check.feed, item.entry) else None
            agent = check.feed.user_agent or PRODUCT
            done = await pipeline.attempt(self.shell, self.lease, item, check, robots, self._permit(agent))
            writes.append(done.settled)
            self._heed(done.fetched)
        for settled in await asyncio.gather(*writes):
            if settled.decision is None and not self.shell.holds(self.lease):
                raise LeaseLost(f"the lease of {self.lease.host} was given to somebody else")
        return len(writes)

    async def robots(self, url: str | None) -> RobotsRecord:
        """The rules of a URL's host, which is asked for them at most once a day."""
        host = host_of(url or "")
        if host not in self._robots:
            async with self.shell.engine.connect() as conn:
                record = await hosts.record(conn, host)
            if record and record.robots_at:
                self._robots[host] = RobotsRecord(record.robots, record.robots_at, record.robots_outcome or "")
        known = self._robots.get(host)
        if known is None or stale(known, self.shell.clock.now()):
            known = self._robots[host] = await fetch_robots(self.shell.fetcher, url or "", known)
            async with self.shell.engine.begin() as conn:
                await hosts.save_robots(conn, host, known.text, known.at, known.outcome)
        return known

    def _permit(self, agent: str) -> Permit:
        """Whether a page may be followed to another host: that host's robots.txt is asked first."""

        async def permit(url: str) -> bool:
            return allows(await self.robots(url), url, agent)

        return permit

    def _heed(self, fetched: Fetched | None) -> None:
        """429, or any answer with Retry-After, ends the visit: the host is asked for nothing until then."""
        if fetched is None:
            return
        if fetched.retry_after is not None:
            self.not_before = fetched.retry_after
        elif fetched.outcome is FetchOutcome.RATE_LIMITED:
            self.not_before = self.shell.clock.now() + PATIENCE


async def visit(shell: Shell, lease: Lease) -> None:
    """Visit one host; whatever goes wrong costs this visit only: a lease that is not given back runs out."""
    now = Visit(shell, lease)
    try:
        await now.run()
        await shell.release(lease, now.not_before)
    except LeaseLost as error:
        log.warning("visit_ended", host=lease.host, reason=str(error))
    except Exception as error:
        if classify(error) is None and not isinstance(error, DatabaseError):
            log.exception("visit_failed", host=lease.host)
        elif not shell.heed(error):
            log.error("visit_failed", host=lease.host, reason=one_line(error))
    finally:
        shell.forget(lease)


async def visit_all(shell: Shell, leases: list[Lease]) -> int:
    """Visit the hosts of a chunk, all at once; returns how many were still ours to visit."""
    claimed = await shell.claim(leases)
    await asyncio.gather(*(visit(shell, lease) for lease in claimed))
    return len(claimed)


async def poll_now(shell: Shell, feed_id: int) -> PollRecord:
    """Poll one feed and fetch its pages, due or not. Raises NotFound, or LeaseHeld naming the holder."""
    async with shell.engine.connect() as conn:
        feed = await polls.feed(conn, feed_id)
    if feed is None:
        raise NotFound(f"no feed {feed_id}")
    if feed.state is not FeedState.ACTIVE:
        raise InputError(f"feed {feed_id} is {feed.state}; `kliping feed resume {feed_id}` makes it active")
    lease = await lease_of(shell, feed.host)
    now = Visit(shell, lease)
    try:
        await now.prepare()
        if now.not_before is not None:
            raise InputError(f"{feed.host} asks to be left alone until {now.not_before.isoformat(timespec='seconds')}")
        record = await now.poll(feed)
        await now.pages(feed.id)
        await now.catch_up()
    finally:
        await shell.release(lease, now.not_before)
    return record


async def lease_of(shell: Shell, host: str) -> Lease:
    """Lease one host, or raise LeaseHeld with the holder's name and the lease's end."""
    lease = await shell.take(host)
    if lease is not None:
        return lease
    async with shell.engine.connect() as conn:
        held = await hosts.holder_of(conn, host)
    if held is None:
        raise NotFound(f"no host {host}")
    raise LeaseHeld(f"{host} is being visited by {held[0]} until {held[1].isoformat(timespec='seconds')}")
