"""Changes of a feed's URL: each is a row, also the one that another feed stands in the way of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Sighting:
    """A permanent redirect that is being watched: where to, since when, and how often it led to the same feed."""

    to: str
    since: datetime
    seen: int


@dataclass(frozen=True, slots=True)
class Move:
    """A feed's new URL with its key and host; `why` is https or permanent."""

    from_url: str
    to_url: str
    key: bytes
    host: str
    why: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A move as it is told; `refused` names the feed that has the URL already."""

    at: datetime
    from_url: str
    to_url: str
    why: str
    refused: str | None


# What was asked and how is the new URL's now: what keys are made from stays, so that no entry comes twice.
_MOVE = text("""
    UPDATE feeds SET key_url = coalesce(key_url, url), url = :to_url, url_key = :key, host = :host,
        answered_url = nullif(answered_url, :to_url), move_to = NULL, move_since = NULL, move_seen = 0
    WHERE id = :id
""")

_NOTE = text("""
    INSERT INTO moves (feed_id, at, from_url, to_url, why, refused)
    VALUES (:id, :at, :from_url, :to_url, :why, :refused)
""")


async def apply(conn: AsyncConnection, feed_id: int, move: Move, at: datetime) -> None:
    """Give a feed its new URL, unless another feed has it; either way write it down. The new host has a row already."""
    values = {"id": feed_id, "to_url": move.to_url, "key": move.key, "host": move.host}
    owner = await conn.scalar(
        text("SELECT id FROM feeds WHERE url_key = :key AND id <> :id"), {"key": move.key, "id": feed_id}
    )
    if owner is None:
        await conn.execute(_MOVE, values)
    refused = f"feed {owner} has this URL" if owner is not None else None
    note = {"id": feed_id, "at": at, "from_url": move.from_url, "to_url": move.to_url}
    await conn.execute(_NOTE, note | {"why": move.why, "refused": refused})


async def of_feed(conn: AsyncConnection, feed_id: int, limit: int = 10) -> list[Moved]:
    """The moves of a feed, the latest first."""
    rows = await conn.execute(
        text("""
            SELECT at, from_url, to_url, why, refused FROM moves WHERE feed_id = :id ORDER BY at DESC, id DESC LIMIT :n
        """),
        {"id": feed_id, "n": limit},
    )
    return [Moved(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Twins:
    """Active feeds that are one and the same: they answer from one `url`, or with one `body`."""

    by: str
    feeds: tuple[int, ...]


_TWINS = text("""
    SELECT 'url' AS by, array_agg(id ORDER BY id) AS feeds FROM feeds
    WHERE state = 'active' GROUP BY coalesce(answered_url, url) HAVING count(*) > 1
    UNION ALL
    SELECT 'body', array_agg(id ORDER BY id) FROM feeds
    WHERE state = 'active' AND body_sha256 IS NOT NULL GROUP BY body_sha256 HAVING count(*) > 1
    ORDER BY 2, 1 DESC LIMIT :n
""")


async def twins(conn: AsyncConnection, limit: int = 100) -> list[Twins]:
    """Feeds that an operator would want only once."""
    return [Twins(row.by, tuple(row.feeds)) for row in await conn.execute(_TWINS, {"n": limit})]
