"""The story of a feed's last poll, as its rows tell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class PolledEntry:
    """An entry that a poll brought, and what has become of it since; `reason` says why it is bad, or waits."""

    state: str
    reason: str | None
    title: str | None
    url: str | None
    guid: str | None
    next_try_at: datetime | None


@dataclass(frozen=True, slots=True)
class LastPoll:
    """One line of a feed's history, with the entries it brought (bad ones first, so many) and the gap it opened."""

    at: datetime
    outcome: str
    status: int | None
    seconds: float
    bytes: int
    new: int
    known: int
    bad: int
    detail: str | None
    gap: str | None
    entries: tuple[PolledEntry, ...]


@dataclass(frozen=True, slots=True)
class Next:
    """When a feed is polled again and why then; `host_*` is what its host adds to that."""

    feed_id: int
    url: str
    title: str | None
    state: str
    state_reason: str | None
    next_poll_at: datetime | None
    why: str | None
    failures: int
    etag: str | None
    last_modified: str | None
    last_full_at: datetime | None
    gap_at: datetime | None
    host: str
    host_due_at: datetime | None
    host_not_before: datetime | None
    host_visited_by: str | None


async def last_poll(conn: AsyncConnection, feed_id: int, most: int) -> LastPoll | None:
    """The last poll of a feed; None before the first."""
    row = (
        await conn.execute(
            text("""
                SELECT at, p.outcome, status, seconds, bytes, new, known, bad, detail,
                    g.why || ': ' || coalesce(g.outcome, 'open') AS gap
                FROM polls p LEFT JOIN gaps g ON g.feed_id = p.feed_id AND g.opened_at = p.at
                WHERE p.feed_id = :feed ORDER BY at DESC LIMIT 1
            """),
            {"feed": feed_id},
        )
    ).one_or_none()
    if row is None:
        return None
    found = await conn.execute(
        text("""
            SELECT state, reason, title, url, guid, next_try_at FROM entries
            WHERE feed_id = :feed AND first_seen_at = :at AND origin = 'live'
            ORDER BY state IN ('rejected', 'quarantined') DESC, published_at DESC NULLS LAST, id LIMIT :most
        """),
        {"feed": feed_id, "at": row.at, "most": most},
    )
    return LastPoll(**row._mapping, entries=tuple(PolledEntry(*entry) for entry in found))


async def next_poll(conn: AsyncConnection, feed_id: int) -> Next:
    """When the feed is polled again."""
    row = await conn.execute(
        text("""
            SELECT f.id AS feed_id, f.url, f.title, f.state, f.state_reason, f.next_poll_at, f.next_poll_why AS why,
                f.failures, f.etag, f.last_modified, f.last_full_at, f.gap_at, f.host, h.due_at AS host_due_at,
                h.not_before AS host_not_before, h.lease_holder AS host_visited_by
            FROM feeds f JOIN hosts h ON h.name = f.host WHERE f.id = :feed
        """),
        {"feed": feed_id},
    )
    return Next(**row.one()._mapping)
