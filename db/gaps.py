"""Stretches of a feed's time in which entries may have been missed, and the walks that look for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.ext.asyncio import AsyncConnection

KEPT = timedelta(days=90)  # a filled gap is forgotten then; what may be lost is not
NEWEST = 2000  # entries looked at for the newest one known


@dataclass(frozen=True, slots=True)
class NewGap:
    """A gap as a poll found it: after `from_at`, before `to_at`."""

    from_at: datetime
    to_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class OpenGap:
    """The open gap of a feed and its walk, when it has one."""

    id: int
    opened_at: datetime
    backfill_id: int | None
    walk_state: str | None


async def newest_known(conn: AsyncConnection, feed_id: int) -> datetime | None:
    """When the newest entry of the feed was published, or seen where that is unknown or later; None without entries."""
    found: datetime | None = await conn.scalar(
        text("""
            SELECT max(least(coalesce(published_at, first_seen_at), first_seen_at)) FROM (
                SELECT published_at, first_seen_at FROM entries WHERE feed_id = :feed
                ORDER BY first_seen_at DESC LIMIT :most) AS latest
        """),
        {"feed": feed_id, "most": NEWEST},
    )
    return found


async def holds(conn: AsyncConnection, feed_id: int, url_keys: Iterable[bytes], before: datetime | None = None) -> bool:
    """Whether the feed announced one of these addresses, before a moment when one is given."""
    found: bool | None = await conn.scalar(
        text("""
            SELECT EXISTS (SELECT FROM entries WHERE feed_id = :feed AND url_key = ANY(:keys)
                AND (CAST(:before AS timestamptz) IS NULL OR first_seen_at < :before))
        """).bindparams(bindparam("keys", type_=ARRAY(BYTEA))),
        {"feed": feed_id, "keys": list(url_keys), "before": before},
    )
    return bool(found)


_OPEN = text("""
    INSERT INTO gaps (feed_id, from_at, to_at, why, opened_at) VALUES (:feed, :from_at, :to_at, :why, :at)
    ON CONFLICT (feed_id) WHERE closed_at IS NULL DO UPDATE SET to_at = excluded.to_at, why = excluded.why
    RETURNING id
""")

# A walk that goes on already is left alone; where one took no page, paging is unknown and another would fail as well.
_QUEUE = text("""
    WITH walk AS (
        INSERT INTO backfills (feed_id, max_pages, state, created_at, updated_at)
        SELECT g.feed_id, :pages, 'queued', :at, :at FROM gaps g LEFT JOIN backfills b ON b.id = g.backfill_id
        WHERE g.id = :gap AND (b.id IS NULL OR (b.pages > 0 AND b.state NOT IN ('queued', 'running')))
        RETURNING id
    )
    UPDATE gaps SET backfill_id = walk.id FROM walk WHERE gaps.id = :gap
""")


async def open_one(conn: AsyncConnection, feed_id: int, gap: NewGap, at: datetime, pages: int) -> None:
    """Open a gap, or widen the open one, and queue a walk of at most `pages` pages to look for what is missing."""
    values = {"feed": feed_id, "from_at": gap.from_at, "to_at": gap.to_at, "why": gap.why, "at": at}
    opened: int = (await conn.execute(_OPEN, values)).scalar_one()
    await conn.execute(_QUEUE, {"gap": opened, "pages": pages, "at": at})
    await conn.execute(
        text("UPDATE feeds SET gap_at = coalesce(gap_at, :at) WHERE id = :feed"), {"feed": feed_id, "at": at}
    )


async def overlap(conn: AsyncConnection, feed_id: int, at: datetime) -> None:
    """Polls overlap again: the gap is over, unless its walk has yet to find out whether anything is missing."""
    found = await current(conn, feed_id)
    if found is None or found.walk_state not in ("queued", "running"):
        await close(conn, feed_id, "unfilled", at)


async def current(conn: AsyncConnection, feed_id: int) -> OpenGap | None:
    """The feed's open gap."""
    row = (
        await conn.execute(
            text("""
                SELECT g.id, g.opened_at, g.backfill_id, b.state AS walk_state
                FROM gaps g LEFT JOIN backfills b ON b.id = g.backfill_id
                WHERE g.feed_id = :feed AND g.closed_at IS NULL
            """),
            {"feed": feed_id},
        )
    ).one_or_none()
    return OpenGap(*row) if row else None


async def close(conn: AsyncConnection, feed_id: int, outcome: str, at: datetime) -> None:
    """Close the feed's gap as filled or unfilled."""
    await conn.execute(
        text("UPDATE gaps SET closed_at = :at, outcome = :outcome WHERE feed_id = :feed AND closed_at IS NULL"),
        {"feed": feed_id, "outcome": outcome, "at": at},
    )
    await conn.execute(text("UPDATE feeds SET gap_at = NULL WHERE id = :feed"), {"feed": feed_id})


async def prune(conn: AsyncConnection, now: datetime) -> int:
    """Forget filled gaps of long ago; those that were not filled stay."""
    result = await conn.execute(
        text("DELETE FROM gaps WHERE outcome = 'filled' AND closed_at < :before"), {"before": now - KEPT}
    )
    return result.rowcount


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap as operators read it."""

    feed_id: int
    feed_url: str
    from_at: datetime
    to_at: datetime
    why: str
    opened_at: datetime
    walk: str | None


async def counts(conn: AsyncConnection) -> dict[str, int]:
    """How many gaps are open, were filled, were not."""
    rows = await conn.execute(text("SELECT coalesce(outcome, 'open'), count(*) FROM gaps GROUP BY 1"))
    return {"open": 0, "filled": 0, "unfilled": 0} | {str(name): int(number) for name, number in rows}


async def listing(conn: AsyncConnection, most: int) -> tuple[Gap, ...]:
    """The open gaps, the newest first."""
    rows = await conn.execute(
        text("""
            SELECT g.feed_id, f.url, g.from_at, g.to_at, g.why, g.opened_at,
                b.state || coalesce(': ' || b.reason, '') AS walk
            FROM gaps g JOIN feeds f ON f.id = g.feed_id LEFT JOIN backfills b ON b.id = g.backfill_id
            WHERE g.closed_at IS NULL ORDER BY g.opened_at DESC, g.id DESC LIMIT :most
        """),
        {"most": most},
    )
    return tuple(Gap(*row) for row in rows)
