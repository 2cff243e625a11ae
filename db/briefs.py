"""What the visits of a chunk must know of their hosts, read for all of them at once.

A poll that finds nothing new costs a statement or two of its own otherwise, many times what the answer costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.ext.asyncio import AsyncConnection

from db.polls import FEED_COLUMNS, feed_of
from db.schema import FeedRow
from kliping.model import Feed, FeedState


@dataclass(frozen=True, slots=True)
class Brief:
    """A host at the beginning of a visit: its due feeds, the longest due first, and whether pages may be tried."""

    host: str
    not_before: datetime | None = None
    last_start_at: datetime | None = None
    feeds: tuple[Feed, ...] = ()
    has_pages: bool = True


_HOSTS = text("""
    SELECT name, not_before, last_start_at, EXISTS (
        SELECT FROM entries e WHERE e.host = h.name AND e.state = 'pending' AND e.next_try_at <= :now) AS has_pages
    FROM hosts h WHERE name = ANY(:names)
""").bindparams(bindparam("names", type_=ARRAY(TEXT)))


async def briefs(conn: AsyncConnection, names: Sequence[str], now: datetime) -> dict[str, Brief]:
    """A brief for each host that there is."""
    due: dict[str, list[Feed]] = {name: [] for name in names}
    statement = (
        select(*FEED_COLUMNS)
        .where(FeedRow.host.in_(names), FeedRow.state == FeedState.ACTIVE.value, FeedRow.next_poll_at <= now)
        .order_by(FeedRow.next_poll_at, FeedRow.id)
    )
    for row in await conn.execute(statement):
        feed = feed_of(row)
        due[feed.host].append(feed)
    rows = await conn.execute(_HOSTS, {"names": list(names), "now": now})
    return {
        row.name: Brief(row.name, row.not_before, row.last_start_at, tuple(due[row.name]), row.has_pages)
        for row in rows
    }
