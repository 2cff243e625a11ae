"""What the visits of a chunk must know of their hosts, read for all of them at once.

A poll that finds nothing new would cost several statements of its own otherwise, many times what the answer costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.ext.asyncio import AsyncConnection

from db import hosts
from db.hosts import HostRecord
from db.polls import FEED_COLUMNS, feed_of
from db.schema import FeedRow
from kliping.feeds import Feed, FeedState


@dataclass(frozen=True, slots=True)
class Brief:
    """A host at the beginning of a visit: its row and its pool's, its due feeds, and whether pages may be tried."""

    record: HostRecord | None
    pool: HostRecord | None
    feeds: tuple[Feed, ...]
    has_pages: bool


_WITH_PAGES = text("""
    SELECT name FROM unnest(:names) AS name WHERE EXISTS (
        SELECT FROM entries WHERE host = name AND state = 'pending' AND next_try_at <= :now)
""").bindparams(bindparam("names", type_=ARRAY(TEXT)))


async def briefs(
    conn: AsyncConnection, names: Sequence[str], pools: dict[str, str | None], now: datetime
) -> dict[str, Brief]:
    """A brief for each host. `pools` tells the row of the pool that a host belongs to."""
    records = await hosts.records(conn, [*names, *sorted({pool for pool in pools.values() if pool})])
    feeds = await _due(conn, names, now)
    with_pages = set(await conn.scalars(_WITH_PAGES, {"names": list(names), "now": now}))
    return {
        name: Brief(records.get(name), records.get(pools.get(name) or ""), tuple(feeds[name]), name in with_pages)
        for name in names
    }


async def _due(conn: AsyncConnection, names: Iterable[str], now: datetime) -> dict[str, list[Feed]]:
    """The active feeds of each host that are due, the longest due first."""
    due: dict[str, list[Feed]] = {name: [] for name in names}
    statement = (
        select(*FEED_COLUMNS)
        .where(FeedRow.host == text("ANY(:names)"), FeedRow.state == FeedState.ACTIVE.value)
        .where(FeedRow.next_poll_at <= now)
        .order_by(FeedRow.next_poll_at, FeedRow.id)
    )
    for row in await conn.execute(statement, {"names": list(due)}):
        feed = feed_of(row)
        due[feed.host].append(feed)
    return due
