"""One step of a walk through a feed's history, through the same path as live polls.

    page of the feed -> rows of the ledger + cursor, one transaction -> its articles

Who walks decides when to stop: an operator's command (`ingest.backfill`), or a visit that looks for what a gap may have
swallowed (`ingest.gaps`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from db import backfills, hosts
from db.backfills import Backfill
from db.entries import NewEntry
from ingest import ledger
from ingest.fetch import Kind, Request
from ingest.poll import new_rows, read
from kliping.errors import InputError, LeaseLost
from kliping.feeds import Feed, FetchOutcome, ParsedFeed
from parsers.paging import Platform, first_page, next_page, platform_of

if TYPE_CHECKING:
    from ingest.shell import Shell
    from ingest.visit import Visit

log = structlog.get_logger()

Ended = tuple[str, str | None]  # the state a walk ends in, and why
Met = Callable[[ParsedFeed], Awaitable[bool]]  # whether a page holds what the walk was looking for


async def _nothing(_: ParsedFeed) -> bool:
    return False


async def step(visit: Visit, feed: Feed, walk: Backfill, met: Met = _nothing) -> tuple[Backfill, Ended | None]:
    """Take one page into the ledger and work on its entries; the second value says how the walk ended, if it did.

    Raises InputError for a feed whose paging we do not know.
    """
    shell = visit.shell
    if walk.pages >= walk.max_pages:
        return walk, ("stopped", f"{walk.max_pages} pages taken")
    platform = platform_of(feed.url)
    url = walk.cursor or first_page(feed.url, platform or Platform.WORDPRESS, walk.since, walk.until)
    fetched = await shell.fetcher.fetch(Request(url, Kind.FEED, feed.user_agent))
    shell.metrics.fetched(Kind.FEED.value, fetched.outcome.value)
    await visit.heed(fetched)
    if fetched.outcome is FetchOutcome.NOT_FOUND and walk.pages:
        return walk, ("done", None)  # WordPress says so behind its last page
    reading = await read(shell, replace(feed, body_sha256=None), fetched)  # page 1 may be what was polled last
    if reading.parsed is None:
        return walk, ("failed", ": ".join(filter(None, (reading.outcome, reading.detail))))
    platform = platform_of(feed.url, reading.parsed)
    if platform is None:
        raise InputError(f"{feed.url} is neither Blogger nor WordPress: its history cannot be walked yet")
    following = next_page(url, platform, reading.parsed)
    walk = await _take(visit, feed, walk, reading.parsed, url, following)
    await visit.pages(feed.id)
    if following is None or _past(reading.parsed, walk.since) or await met(reading.parsed):
        return walk, ("done", None)
    return walk, None


def _past(parsed: ParsedFeed, since: datetime | None) -> bool:
    """Whether the page holds nothing as young as `since` any more."""
    dates = [entry.published_at for entry in parsed.entries if entry.published_at]
    return since is not None and bool(dates) and max(dates) < since


async def _take(
    visit: Visit, feed: Feed, walk: Backfill, parsed: ParsedFeed, url: str, following: str | None
) -> Backfill:
    """Enter a page's entries and move the cursor in one transaction, under the fence."""
    shell = visit.shell
    rows = [row for row in await new_rows(shell, feed, parsed, origin="backfill") if _within(row, walk)]
    now = shell.clock.now()
    async with shell.engine.begin() as conn:
        await hosts.ensure(conn, ledger.strangers(visit.lease, rows))
    async with shell.engine.begin() as conn:
        new = await ledger.enter(conn, visit.lease, feed.id, rows, now)
        if new is None:
            raise LeaseLost(f"the lease of {feed.host} was given to somebody else")
        await backfills.advance(conn, walk.id, following, new, len(parsed.entries) - new, now)
    log.info("backfill", feed=feed.id, url=url, new=new, known=len(parsed.entries) - new)
    return await _reread(shell, walk)


def _within(row: NewEntry, walk: Backfill) -> bool:
    """Whether an entry lies in the span; one without a date does."""
    at = row.entry.published_at
    return at is None or ((walk.since is None or at >= walk.since) and (walk.until is None or at <= walk.until))


async def _reread(shell: Shell, walk: Backfill) -> Backfill:
    async with shell.engine.connect() as conn:
        return await backfills.get(conn, walk.id)
