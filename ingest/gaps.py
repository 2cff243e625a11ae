"""Entries that may have been missed: a poll shares nothing with what was known.

poll -> nothing known in it -> gap opened, walk queued (see `ingest.catchup`), interval halved; one transaction
poll that overlaps again -> closed: unfilled, unless the walk has found out or is still at it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from db import gaps
from db.entries import NewEntry
from db.gaps import NewGap
from kliping.feeds import Feed, ParsedFeed

if TYPE_CHECKING:
    from ingest.shell import Shell

log = structlog.get_logger()

PAGES = 30  # of history that one walk may take: 300 posts of WordPress, 4,500 of Blogger


@dataclass(frozen=True, slots=True)
class Finding:
    """What a poll says about gaps: a new one, or (None) that polls overlap."""

    gap: NewGap | None


async def look(
    shell: Shell, feed: Feed, parsed: ParsedFeed | None, rows: Sequence[NewEntry], known: int, at: datetime
) -> Finding | None:
    """Compare a poll, `rows` of it new and `known` not, with the ledger. None when it says nothing about gaps.

    An entry under another GUID at a known address is known: some publishers change all their GUIDs at once.
    """
    readable = [row for row in rows if row.entry.error is None]
    if parsed is None or feed.first_polled_at is None or not parsed.entries:
        return None
    if known:
        return Finding(None) if feed.gap_at else None
    if not readable:
        return None
    async with shell.engine.connect() as conn:
        newest = await gaps.newest_known(conn, feed.id)
        same = await gaps.holds(conn, feed.id, [row.url_key for row in readable if row.url_key])
    if newest is None:
        return None
    if same:
        return Finding(None) if feed.gap_at else None
    return Finding(measure(feed, newest, readable, at))


def measure(feed: Feed, newest: datetime, rows: Sequence[NewEntry], at: datetime) -> NewGap:
    """From the newest entry known to the oldest of the poll.

    Where the poll's dates are older than what is known, or missing, they tell nothing: then since the last full answer.
    """
    dates = [row.entry.published_at for row in rows if row.entry.published_at]
    oldest = min([*dates, at])
    why = f"none of its {len(rows)} entries was known"
    if oldest > newest:
        return NewGap(newest, oldest, why)
    return NewGap(min(feed.last_full_at or newest, at), at, why)


def marked(feed: Feed, finding: Finding | None, at: datetime) -> Feed:
    """The feed as it will be once the finding is written: with an open gap or without."""
    if finding is None:
        return feed
    return replace(feed, gap_at=(feed.gap_at or at) if finding.gap else None)


async def save(conn: AsyncConnection, feed_id: int, finding: Finding, at: datetime) -> None:
    """Write what a poll found, in the poll's own transaction."""
    if finding.gap is None:
        await gaps.overlap(conn, feed_id, at)
    else:
        log.warning("gap", feed=feed_id, why=finding.gap.why, after=finding.gap.from_at.isoformat(timespec="seconds"))
        await gaps.open_one(conn, feed_id, finding.gap, at, PAGES)
