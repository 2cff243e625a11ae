"""Alerts, one open row per feed and kind, and the facts that they are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.ext.asyncio import AsyncConnection

KEPT = timedelta(days=90)  # a closed alert is forgotten then
LOOKED_AT = 400  # entries of a feed that tell its rhythm, beside the days of its polls


@dataclass(frozen=True, slots=True)
class Facts:
    """What is judged of an active feed without asking for more. `open` are its open alerts: kind -> since."""

    feed_id: int
    zone: str
    failing_since: datetime | None
    last_polled_at: datetime | None
    last_outcome: str | None
    last_detail: str | None
    last_new_at: datetime | None
    silent_at: datetime | None
    open: dict[str, datetime]


async def facts(conn: AsyncConnection, after: int, limit: int) -> list[Facts]:
    """Active feeds that were polled, by id, beginning behind `after`."""
    rows = await conn.execute(
        text("""
            SELECT f.id AS feed_id, f.zone, f.failing_since, f.last_polled_at, f.last_outcome, f.last_detail,
                f.last_new_at, f.silent_at,
                (SELECT jsonb_object_agg(a.kind, extract(epoch FROM a.since)) FROM alerts a
                 WHERE a.feed_id = f.id AND a.closed_at IS NULL) AS open
            FROM feeds f WHERE f.id > :after AND f.state = 'active' AND f.last_polled_at IS NOT NULL
            ORDER BY f.id LIMIT :limit
        """),
        {"after": after, "limit": limit},
    )
    return [Facts(**{**row._mapping, "open": _moments(row.open, row.last_polled_at)}) for row in rows]


def _moments(found: dict[str, float] | None, like: datetime) -> dict[str, datetime]:
    return {kind: datetime.fromtimestamp(seconds, like.tzinfo) for kind, seconds in (found or {}).items()}


# --- rhythm -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class News:
    """The days on which a feed had something new, in its zone; entries on such a day; when the last came."""

    days: tuple[date, ...]
    per_day: float
    last_at: datetime | None


# Entries of the first poll were old then: only their own dates say when they were news.
_LATEST = text("""
    SELECT CAST(at AT TIME ZONE :zone AS date) AS day, count(*) AS number, max(at) AS last_at
    FROM (
        SELECT CASE WHEN initial THEN least(published_at, first_seen_at)
            ELSE least(coalesce(published_at, first_seen_at), first_seen_at) END AS at
        FROM entries WHERE feed_id = :feed AND origin = 'live' ORDER BY first_seen_at DESC LIMIT :most
    ) AS latest WHERE at IS NOT NULL GROUP BY 1 ORDER BY 1
""")

_POLL_DAYS = text("""
    SELECT day FROM poll_days WHERE feed_id = :feed AND new > 0 AND day > :since
    UNION SELECT CAST(at AT TIME ZONE :zone AS date) FROM polls WHERE feed_id = :feed AND new > 0
""")


async def news(conn: AsyncConnection, feed_id: int, zone: str, now: datetime) -> News:
    """When a feed had news, by its latest entries and by the days of its polls."""
    values: dict[str, Any] = {"feed": feed_id, "zone": zone}
    latest = (await conn.execute(_LATEST, {**values, "most": LOOKED_AT})).all()
    since = now.date() - timedelta(days=730)
    polled = [row.day for row in await conn.execute(_POLL_DAYS, {**values, "since": since})]
    days = {row.day for row in latest} | {day for day in polled if latest and day > latest[0].day}
    per_day = sum(row.number for row in latest) / len(latest) if latest else 0.0
    return News(tuple(sorted(days)), per_day, max((row.last_at for row in latest), default=None))


async def expect(conn: AsyncConnection, feed_id: int, silent_at: datetime) -> None:
    """Until `silent_at` the feed's silence is nothing unusual; forgotten when it brings something new."""
    await conn.execute(text("UPDATE feeds SET silent_at = :at WHERE id = :feed"), {"feed": feed_id, "at": silent_at})


# --- entries ----------------------------------------------------------------------------------------------------------


async def latest(
    conn: AsyncConnection, feed_id: int, limit: int, before: datetime | None = None
) -> list[tuple[datetime, str | None, str | None, int | None, str | None]]:
    """The newest live entries: seen at, title, site, links off the site, language of the article."""
    rows = await conn.execute(
        text("""
            SELECT e.first_seen_at, e.title, e.site, e.outlinks, a.language
            FROM entries e LEFT JOIN articles a ON a.id = e.article_id
            WHERE e.feed_id = :feed AND e.origin = 'live'
                AND (CAST(:before AS timestamptz) IS NULL OR e.first_seen_at < :before)
            ORDER BY e.first_seen_at DESC, e.published_at DESC NULLS LAST, e.id LIMIT :limit
        """),
        {"feed": feed_id, "before": before, "limit": limit},
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


# --- alerts -----------------------------------------------------------------------------------------------------------


async def raise_one(
    conn: AsyncConnection, feed_id: int, kind: str, since: datetime, detail: str, now: datetime
) -> bool:
    """Open an alert, or bring the detail of the open one up to date. Returns whether it is a new one."""
    opened: bool | None = await conn.scalar(
        text("""
            INSERT INTO alerts AS a (feed_id, kind, since, detail, opened_at)
            VALUES (:feed, :kind, :since, :detail, :now)
            ON CONFLICT (feed_id, kind) WHERE closed_at IS NULL DO UPDATE SET detail = excluded.detail
                WHERE a.detail <> excluded.detail
            RETURNING xmax = 0
        """),
        {"feed": feed_id, "kind": kind, "since": since, "detail": detail, "now": now},
    )
    return bool(opened)


async def close(conn: AsyncConnection, feed_id: int, kinds: Sequence[str], now: datetime) -> None:
    """Close open alerts of these kinds."""
    await conn.execute(
        text("""
            UPDATE alerts SET closed_at = :now WHERE feed_id = :feed AND kind = ANY(:kinds) AND closed_at IS NULL
        """).bindparams(bindparam("kinds", type_=ARRAY(TEXT))),
        {"feed": feed_id, "kinds": list(kinds), "now": now},
    )


async def tidy(conn: AsyncConnection, now: datetime) -> None:
    """Close the alerts of feeds that are not polled any more; forget what was closed long ago."""
    await conn.execute(
        text("""
            UPDATE alerts SET closed_at = :now FROM feeds
            WHERE feeds.id = alerts.feed_id AND feeds.state <> 'active' AND closed_at IS NULL
        """),
        {"now": now},
    )
    await conn.execute(text("DELETE FROM alerts WHERE closed_at < :before"), {"before": now - KEPT})


@dataclass(frozen=True, slots=True)
class Alert:
    """An open alert as operators read it."""

    feed_id: int
    feed_url: str
    kind: str
    since: datetime
    detail: str
    opened_at: datetime


async def counts(conn: AsyncConnection) -> dict[str, int]:
    """Open alerts by kind."""
    rows = await conn.execute(
        text("SELECT kind, count(*) FROM alerts WHERE closed_at IS NULL GROUP BY kind ORDER BY kind")
    )
    return {str(kind): int(number) for kind, number in rows}


async def listing(conn: AsyncConnection, most: int) -> tuple[Alert, ...]:
    """The open alerts, the newest first."""
    rows = await conn.execute(
        text("""
            SELECT a.feed_id, f.url, a.kind, a.since, a.detail, a.opened_at
            FROM alerts a JOIN feeds f ON f.id = a.feed_id
            WHERE a.closed_at IS NULL ORDER BY a.opened_at DESC, a.id DESC LIMIT :most
        """),
        {"most": most},
    )
    return tuple(Alert(*row) for row in rows)
