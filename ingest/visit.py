"""The unit of work: visit a host under its lease, within its politeness budget.

    poll its due feeds -> entries into the ledger; fetch its pending pages; catch up on gaps; give the lease back

One request is in flight at a time. A visit ends when nothing is due, after `visit_length`, when the host asks for
patience, when the lease is lost, or when the service stops; what is left is due again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from db import entries, hosts, polls
from db.briefs import Brief, briefs
from db.faults import classify, one_line
from ingest import pipeline, pools
from ingest.catchup import catch_up
from ingest.ledger import Settled
from ingest.manners import Manners, may_have
from ingest.pipeline import FullText
from ingest.poll import UNCHANGED, Polled, poll
from ingest.shell import Shell
from kliping.errors import DatabaseError, InputError, LeaseHeld, LeaseLost, NotFound
from kliping.feeds import Feed, FeedState, Fetched, FetchOutcome, Lease
from parsers.links import host_of

log = structlog.get_logger()

AT_A_TIME = 50  # pending entries read from the ledger at once
SAME = frozenset({FetchOutcome.NOT_MODIFIED.value, UNCHANGED})  # nothing of the feed that a visit needs has changed


class Visit:
    """One visit and what it has learnt on the way."""

    def __init__(self, shell: Shell, lease: Lease) -> None:
        self.shell = shell
        self.lease = lease
        self.not_before: datetime | None = None
        self.checks: dict[int, FullText] = {}
        self.manners = Manners(shell)
        self.fetched: Counter[int] = Counter()  # pages by feed, since its last poll as far as this visit knows
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
        """Begin the visit anew; a walk through history does so page by page, under one lease."""
        self.fetched.clear()
        self._ends = self.shell.clock.monotonic() + self.shell.settings.visit_length

    async def run(self, brief: Brief | None = None) -> None:
        """Do all that is due. `brief` was read for a whole chunk: most visits find a feed unchanged, and end."""
        if brief is None:
            brief = (await briefs_for(self.shell, [self.lease.host]))[self.lease.host]
        self.not_before = self.manners.meet(self.lease.host, brief.record, brief.pool)
        found = 0
        for feed in brief.feeds:
            if self.over():
                return
            found += (await self.poll(feed)).record.new
        if found or brief.has_pages:
            await self.pages()
        await self.catch_up()

    async def prepare(self) -> None:
        """Politeness outlives a visit: the last start and a pause asked for are in the host's row."""
        async with self.shell.engine.connect() as conn:
            rows = await hosts.with_pool(conn, self.lease.host, pools.row_for(self.lease.host))
        self.not_before = self.manners.meet(self.lease.host, *rows)

    async def poll(self, feed: Feed) -> Polled:
        """Poll one feed, and heed what the host says."""
        done = await poll(self.shell, self.lease, feed, self.manners.follow())
        if done.record.outcome in SAME:
            self.checks[feed.id] = FullText(feed)
        else:
            async with self.shell.engine.connect() as conn:
                if (after := await polls.feed(conn, feed.id)) is not None:
                    self.checks[feed.id] = FullText(after)
        await self.heed(done.fetched)
        return done

    async def catch_up(self) -> None:
        """Look for what may have been missed of the feeds that this visit had to do with."""
        for check in list(self.checks.values()):
            if check.feed.gap_at is not None and not self.over():
                await catch_up(self, check.feed)

    async def pages(self, feed_id: int | None = None) -> int:
        """Try the host's pending entries, the ones of `feed_id` only when it is given. Returns how many were tried.

        A feed has so many pages fetched a poll; what is beyond that waits.
        """
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
        waiting: dict[int, Feed] = {}
        for item in due:
            if self.over():
                break
            check = self.checks.setdefault(item.feed.id, FullText(item.feed))
            if self.fetched[item.feed.id] >= self.shell.settings.pages_per_poll:
                waiting[item.feed.id] = check.feed
            else:
                writes.append(await self._try(item, check))
        for settled in await asyncio.gather(*writes):
            if settled.decision is None and not self.shell.holds(self.lease):
                raise LeaseLost(f"the lease of {self.lease.host} was given to somebody else")
        for feed in waiting.values():
            await self._postpone(feed)
        return len(writes)

    async def _try(self, item: entries.Pending, check: FullText) -> asyncio.Future[Settled]:
        wanted = pipeline.needs_page(check.feed, item.entry) and may_have(check.feed, item.entry.url or "")
        robots = await self.manners.robots(item.entry.url) if wanted else None
        permit = self.manners.pages(check.feed)
        done = await pipeline.attempt(self.shell, self.lease, item, check, robots, permit)
        self.fetched[item.feed.id] += done.fetched is not None
        await self.heed(done.fetched)
        return done.settled

    async def _postpone(self, feed: Feed) -> None:
        """The feed has had its pages: the rest is due with its next poll."""
        now = self.shell.clock.now()
        until = feed.next_poll_at or now
        if until <= now:
            until = now + timedelta(seconds=self.shell.settings.poll_least)
        async with self.shell.engine.begin() as conn:
            if await hosts.fence(conn, [self.lease]):
                await entries.postpone(conn, self.lease.host, feed.id, now, until)

    async def heed(self, fetched: Fetched | None) -> None:
        """A pause that our host or its pool asks for ends the visit; another host's is remembered where it belongs."""
        if fetched is None or fetched.retry_after is None:
            return
        await self.manners.keep(fetched)
        own = pools.by_name(self.lease.host)
        if host_of(fetched.final_url) == self.lease.host or (own and own == fetched.pool):
            self.not_before = max(fetched.retry_after, self.not_before or fetched.retry_after)


async def briefs_for(shell: Shell, names: Sequence[str]) -> dict[str, Brief]:
    """What visits to these hosts must know."""
    async with shell.engine.connect() as conn:
        return await briefs(conn, names, {name: pools.row_for(name) for name in names}, shell.clock.now())


async def visit(shell: Shell, lease: Lease, brief: Brief | None = None) -> None:
    """Visit one host; whatever goes wrong costs this visit only: a lease that is not given back runs out."""
    now = Visit(shell, lease)
    try:
        await now.run(brief)
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
    known = await briefs_for(shell, [lease.host for lease in claimed])
    await asyncio.gather(*(visit(shell, lease, known[lease.host]) for lease in claimed))
    return len(claimed)


async def poll_now(shell: Shell, feed_id: int) -> Polled:
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
        done = await now.poll(feed)
        await now.pages(feed.id)
        await now.catch_up()
    finally:
        await shell.release(lease, now.not_before)
    return done


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
