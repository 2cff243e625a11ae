"""Entries that we failed on and that wait for an operator: list, show, try again, give up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db import hosts
from db.payload import unpack_entry
from kliping.errors import InputError, NotFound
from kliping.model import Entry

DROPPED = "dropped_by_operator"


@dataclass(frozen=True, slots=True)
class Held:
    """A quarantined entry in short."""

    id: int
    feed_id: int | None
    feed_url: str | None
    url: str | None
    title: str | None
    reason: str | None
    attempts: int
    first_seen_at: datetime
    decided_at: datetime | None


_COLUMNS = """
    SELECT e.id, e.feed_id, f.url AS feed_url, e.url, e.title, e.reason, e.attempts, e.first_seen_at, e.decided_at
    FROM entries e LEFT JOIN feeds f ON f.id = e.feed_id
"""
_LIST = text(
    _COLUMNS
    + """
    WHERE e.state = 'quarantined' AND (CAST(:feed AS bigint) IS NULL OR e.feed_id = :feed)
    ORDER BY e.id DESC LIMIT :limit
"""
)
_ONE = text(_COLUMNS + " WHERE e.id = :id AND e.state = 'quarantined'")

# An entry that came whole from its feed has no host of its own: its feed's host is where it is worked on again.
_RETRY = text("""
    UPDATE entries SET state = 'pending', next_try_at = :now, attempts = 0, decided_at = NULL,
        host = coalesce(entries.host, feeds.host)
    FROM feeds
    WHERE entries.id = :id AND entries.state = 'quarantined' AND feeds.id = entries.feed_id
        AND entries.payload IS NOT NULL
    RETURNING entries.host
""")

_DROP = text("""
    UPDATE entries SET state = 'rejected', reason = :reason, decided_at = :now, payload = NULL
    WHERE id = :id AND state = 'quarantined'
""")


async def listing(conn: AsyncConnection, feed_id: int | None = None, limit: int = 100) -> list[Held]:
    """The newest quarantined entries, of one feed or of all."""
    return [Held(*row) for row in await conn.execute(_LIST, {"feed": feed_id, "limit": limit})]


async def ids(conn: AsyncConnection, feed_id: int | None = None) -> list[int]:
    """Every quarantined entry, oldest first."""
    rows = await conn.execute(
        text("""
            SELECT id FROM entries WHERE state = 'quarantined' AND (CAST(:feed AS bigint) IS NULL OR feed_id = :feed)
            ORDER BY id
        """),
        {"feed": feed_id},
    )
    return [row.id for row in rows]


async def show(conn: AsyncConnection, entry_id: int) -> tuple[Held, Entry | None]:
    """One quarantined entry with what its feed said; raises NotFound."""
    held = await _held(conn, entry_id)
    payload = await conn.scalar(text("SELECT payload FROM entries WHERE id = :id"), {"id": entry_id})
    return held, unpack_entry(payload) if payload else None


async def _held(conn: AsyncConnection, entry_id: int) -> Held:
    row = (await conn.execute(_ONE, {"id": entry_id})).one_or_none()
    if row is None:
        raise NotFound(f"no quarantined entry {entry_id}")
    return Held(*row)


async def retry(conn: AsyncConnection, entry_id: int, now: datetime) -> None:
    """Make an entry pending and its host due now. Raises NotFound, or InputError when its feed is no longer there."""
    await _held(conn, entry_id)
    host = await conn.scalar(_RETRY, {"id": entry_id, "now": now})
    if host is None:
        raise InputError(f"entry {entry_id} cannot be tried again: its feed is gone; drop it")
    await hosts.ensure(conn, [host])
    await hosts.wake(conn, host, now)


async def drop(conn: AsyncConnection, entry_id: int, now: datetime) -> None:
    """Reject an entry for good. Raises NotFound."""
    dropped = await conn.execute(_DROP, {"id": entry_id, "now": now, "reason": DROPPED})
    if not dropped.rowcount:
        raise NotFound(f"no quarantined entry {entry_id}")
