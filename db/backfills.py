"""Walks through a feed's history: where each is, so that it can be resumed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Backfill:
    """One walk. `cursor` is the URL of the next page; None before the first."""

    id: int
    feed_id: int
    since: datetime | None
    until: datetime | None
    max_pages: int
    state: str
    reason: str | None
    cursor: str | None
    pages: int
    new: int
    known: int


_COLUMNS = "id, feed_id, since, until, max_pages, state, reason, cursor, pages, new, known"


def _backfill(row: Row[Any]) -> Backfill:
    return Backfill(**row._mapping)


async def begin(
    conn: AsyncConnection, feed_id: int, since: datetime | None, until: datetime | None, max_pages: int, now: datetime
) -> Backfill:
    """Resume the unfinished walk over the same span, or start one; a resumed walk may take `max_pages` more."""
    values = {"feed": feed_id, "since": since, "until": until, "most": max_pages, "now": now}
    resumed = await conn.execute(
        text(f"""
            UPDATE backfills SET state = 'running', reason = NULL, max_pages = pages + :most, updated_at = :now
            WHERE id = (
                SELECT id FROM backfills WHERE feed_id = :feed AND state <> 'done' AND cursor IS NOT NULL
                    AND since IS NOT DISTINCT FROM :since AND until IS NOT DISTINCT FROM :until
                ORDER BY id DESC LIMIT 1)
            RETURNING {_COLUMNS}
        """),  # noqa: S608  (a constant)
        values,
    )
    if (row := resumed.one_or_none()) is not None:
        return _backfill(row)
    started = await conn.execute(
        text(f"""
            INSERT INTO backfills (feed_id, since, until, max_pages, created_at, updated_at)
            VALUES (:feed, :since, :until, :most, :now, :now) RETURNING {_COLUMNS}
        """),  # noqa: S608  (a constant)
        values,
    )
    return _backfill(started.one())


async def get(conn: AsyncConnection, walk: int) -> Backfill:
    """One walk."""
    return _backfill(
        (await conn.execute(text(f"SELECT {_COLUMNS} FROM backfills WHERE id = :id"), {"id": walk})).one()  # noqa: S608
    )


async def advance(conn: AsyncConnection, walk: int, cursor: str | None, new: int, known: int, now: datetime) -> None:
    """One page more is in the ledger; the walk goes on at `cursor`."""
    await conn.execute(
        text("""
            UPDATE backfills SET cursor = :cursor, pages = pages + 1, new = new + :new, known = known + :known,
                updated_at = :now WHERE id = :id
        """),
        {"id": walk, "cursor": cursor, "new": new, "known": known, "now": now},
    )


async def end(conn: AsyncConnection, walk: int, state: str, reason: str | None, now: datetime) -> Backfill:
    """The walk is done, stopped or failed."""
    row = await conn.execute(
        text(f"""
            UPDATE backfills SET state = :state, reason = :reason, updated_at = :now WHERE id = :id
            RETURNING {_COLUMNS}
        """),  # noqa: S608  (a constant)
        {"id": walk, "state": state, "reason": reason, "now": now},
    )
    return _backfill(row.one())
