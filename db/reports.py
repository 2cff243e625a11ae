"""What operators read: status, the story of a URL, one article, one feed, and gauges. Nothing here changes a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db import alerts, gaps, moves
from db.alerts import Alert
from db.gaps import Gap
from db.moves import Moved, Twins
from kliping.errors import NotFound
from kliping.feeds import AlertKind

SHOWN = 50  # open alerts and gaps in the status
DAY_ZONE = ZoneInfo("Asia/Jakarta")  # where "today" begins


@dataclass(frozen=True, slots=True)
class Gauges:
    """What /metrics shows of the database."""

    due_hosts: int
    queue_depth: int
    ledger: dict[str, int]
    alerts: dict[str, int]
    gaps: dict[str, int]


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the whole. `polls_24h` counts the outcomes that the ring of 50 polls a feed still holds.

    `alerts` and `gaps` are the newest open ones, their counts are of all.
    """

    at: datetime
    server: str
    feeds: dict[str, int]
    feeds_due: int
    feeds_failing: int
    hosts_due: int
    hosts_leased: int
    last_outcomes: dict[str, int]
    polls_24h: dict[str, int]
    queue: dict[str, int]
    ledger: dict[str, int]
    articles_today: int
    articles: int
    last_article_at: datetime | None
    alert_counts: dict[str, int]
    alerts: tuple[Alert, ...]
    gap_counts: dict[str, int]
    gaps: tuple[Gap, ...]
    twins: tuple[Twins, ...]


async def _counts(conn: AsyncConnection, statement: str, **values: Any) -> dict[str, int]:
    rows = await conn.execute(text(statement), values)
    return {str(name): int(number) for name, number in rows}


async def _queue(conn: AsyncConnection) -> dict[str, int]:
    """Jobs that wait or run, by status; empty while the queue's schema is not there."""
    if (await conn.execute(text("SELECT to_regclass('queue.procrastinate_jobs')"))).scalar_one() is None:
        return {}
    return await _counts(
        conn,
        "SELECT status::text, count(*) FROM queue.procrastinate_jobs WHERE status IN ('todo', 'doing')"
        " GROUP BY 1 ORDER BY 1",
    )


async def ledger(conn: AsyncConnection) -> dict[str, int]:
    """Entries by state, every state named."""
    states = dict.fromkeys(("pending", "stored", "duplicate", "rejected", "quarantined"), 0)
    return states | await _counts(conn, "SELECT state, count(*) FROM entries GROUP BY state")


async def probe(conn: AsyncConnection) -> None:
    """Whether the database answers; the driver's error when it does not."""
    await conn.execute(text("SELECT 1"))


async def gauges(conn: AsyncConnection, now: datetime) -> Gauges:
    """The numbers behind /metrics."""
    due = (await conn.execute(text("SELECT count(*) FROM hosts WHERE due_at <= :now"), {"now": now})).scalar_one()
    depth = sum((await _queue(conn)).values())
    return Gauges(due, depth, await ledger(conn), await _alert_counts(conn), await gaps.counts(conn))


async def _alert_counts(conn: AsyncConnection) -> dict[str, int]:
    """Open alerts by kind, every kind named: a gauge that vanished would keep its last value."""
    return {kind.value: 0 for kind in AlertKind} | await alerts.counts(conn)


_TOTALS = text("""
    SELECT
        current_setting('server_version') AS server,
        (SELECT count(*) FROM feeds WHERE state = 'active' AND next_poll_at <= :now) AS feeds_due,
        (SELECT count(*) FROM feeds WHERE state = 'active' AND failures > 0) AS feeds_failing,
        (SELECT count(*) FROM hosts WHERE due_at <= :now) AS hosts_due,
        (SELECT count(*) FROM hosts WHERE lease_until > :now) AS hosts_leased,
        (SELECT count(*) FROM articles WHERE created_at >= :midnight) AS articles_today,
        (SELECT count(*) FROM articles) AS articles,
        (SELECT max(created_at) FROM articles) AS last_article_at
""")


async def status(conn: AsyncConnection, now: datetime) -> Status:
    """How things stand at `now`."""
    midnight = now.astimezone(DAY_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    totals = (await conn.execute(_TOTALS, {"now": now, "midnight": midnight})).one()._asdict()
    return Status(
        at=now,
        feeds=await _counts(conn, "SELECT state, count(*) FROM feeds GROUP BY state ORDER BY state"),
        last_outcomes=await _counts(
            conn,
            "SELECT last_outcome, count(*) FROM feeds WHERE last_outcome IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1",
        ),
        polls_24h=await _counts(
            conn,
            "SELECT outcome, count(*) FROM polls WHERE at > :since GROUP BY 1 ORDER BY 2 DESC, 1",
            since=now - timedelta(hours=24),
        ),
        queue=await _queue(conn),
        ledger=await ledger(conn),
        alert_counts=await alerts.counts(conn),
        alerts=await alerts.listing(conn, SHOWN),
        gap_counts=await gaps.counts(conn),
        gaps=await gaps.listing(conn, SHOWN),
        twins=tuple(await moves.twins(conn)),
        **totals,
    )


# --- one URL ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """An entry of the ledger as `why` tells it."""

    id: int
    feed_id: int | None
    feed_url: str | None
    url: str | None
    title: str | None
    state: str
    reason: str | None
    attempts: int
    origin: str
    initial: bool
    first_seen_at: datetime
    decided_at: datetime | None
    next_try_at: datetime | None
    article_id: int | None


@dataclass(frozen=True, slots=True)
class SeenPage:
    """Raw bytes kept for a URL."""

    fetched_at: datetime
    origin: str
    url: str | None
    final_url: str | None
    status: int | None
    size: int
    entry_id: int | None


@dataclass(frozen=True, slots=True)
class SeenArticle:
    """A live article in short."""

    id: int
    site: str
    url: str | None
    title: str | None
    published_at: datetime | None
    created_at: datetime
    same_body_as: int | None


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the database knows of a URL; all empty when it is unknown."""

    url: str
    entries: tuple[SeenEntry, ...] = ()
    pages: tuple[SeenPage, ...] = ()
    articles: tuple[SeenArticle, ...] = ()

    @property
    def known(self) -> bool:
        """Whether anything was found."""
        return bool(self.entries or self.pages or self.articles)


# Found by the announced URL, by the page that was fetched for it, and by the article it ended in. Unions, because an OR
# over subqueries reads whole tables; articles are looked up with their site, as their index is.
_WHY_ENTRIES = text("""
    WITH found AS (
        SELECT id FROM entries WHERE url_key = :key
        UNION SELECT entry_id FROM pages WHERE url_key = :key
        UNION SELECT e.id FROM entries e JOIN articles a ON a.id = e.article_id
            WHERE a.site = :site AND a.url_key = :key
    )
    SELECT e.id, e.feed_id, f.url AS feed_url, e.url, e.title, e.state, e.reason, e.attempts, e.origin, e.initial,
        e.first_seen_at, e.decided_at, e.next_try_at, e.article_id
    FROM found JOIN entries e ON e.id = found.id LEFT JOIN feeds f ON f.id = e.feed_id
    ORDER BY e.first_seen_at, e.id LIMIT 50
""")

_WHY_ARTICLES = text("""
    WITH found AS (
        SELECT id FROM articles WHERE site = :site AND url_key = :key
        UNION SELECT article_id FROM entries WHERE url_key = :key
        UNION SELECT e.article_id FROM pages p JOIN entries e ON e.id = p.entry_id WHERE p.url_key = :key
    )
    SELECT a.id, a.site, a.url, a.title, a.published_at, a.created_at, a.same_body_as
    FROM found JOIN articles a ON a.id = found.id ORDER BY a.id LIMIT 50
""")

_WHY_PAGES = text("""
    SELECT fetched_at, origin, url, final_url, status, size, entry_id FROM pages WHERE url_key = :key
    UNION SELECT p.fetched_at, p.origin, p.url, p.final_url, p.status, p.size, p.entry_id
        FROM pages p JOIN entries e ON e.id = p.entry_id WHERE e.url_key = :key
    ORDER BY fetched_at LIMIT 50
""")


async def why(conn: AsyncConnection, url: str, key: bytes, site: str) -> Story:
    """What became of a URL; `key` and `site` are its identity (parsers.links.url_key and site_of)."""
    values = {"key": key, "site": site}
    entries = tuple(SeenEntry(*row) for row in await conn.execute(_WHY_ENTRIES, values))
    articles = tuple(SeenArticle(*row) for row in await conn.execute(_WHY_ARTICLES, values))
    pages = tuple(SeenPage(*row) for row in await conn.execute(_WHY_PAGES, {"key": key}))
    return Story(url, entries, pages, articles)


# --- one article ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An article row with its removals and where else it was announced."""

    fields: dict[str, Any]
    removed: tuple[dict[str, Any], ...]
    announced_by: tuple[SeenEntry, ...] = field(default=())


_ARTICLE = text("""
    SELECT a.id, a.site, a.feed_id, f.url AS feed_url, a.url, a.canonical_url, a.title, a.author, a.published_at,
        a.published_precision, a.published_from, a.published_raw, a.modified_at, a.language, a.body, a.body_from,
        a.captions, a.sources, a.credits, a.tags, a.flags, a.image, a.site_name, a.same_body_as, a.initial, a.rule,
        a.extractor, a.created_at, a.updated_at
    FROM articles a LEFT JOIN feeds f ON f.id = a.feed_id WHERE a.id = :id
""")

_REMOVED = text("SELECT step, rule, text, kept_as FROM removals WHERE article_id = :id ORDER BY seq")

_ANNOUNCED = text("""
    SELECT e.id, e.feed_id, f.url AS feed_url, e.url, e.title, e.state, e.reason, e.attempts, e.origin, e.initial,
        e.first_seen_at, e.decided_at, e.next_try_at, e.article_id
    FROM entries e LEFT JOIN feeds f ON f.id = e.feed_id
    WHERE e.article_id = :id ORDER BY e.first_seen_at, e.id LIMIT 50
""")


async def article(conn: AsyncConnection, article_id: int) -> StoredArticle:
    """One stored article; raises NotFound."""
    row = (await conn.execute(_ARTICLE, {"id": article_id})).one_or_none()
    if row is None:
        raise NotFound(f"no article {article_id}")
    removed = tuple(_plain(line) for line in await conn.execute(_REMOVED, {"id": article_id}))
    announced = tuple(SeenEntry(*line) for line in await conn.execute(_ANNOUNCED, {"id": article_id}))
    return StoredArticle(_plain(row), removed, announced)


def _plain(row: Row[Any]) -> dict[str, Any]:
    return dict(row._mapping)


# --- one feed ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FeedHistory:
    """How a feed has been doing: its entries by state, its articles, its last polls (newest first)."""

    entries: dict[str, int]
    articles: int
    polls: tuple[dict[str, Any], ...]
    moves: tuple[Moved, ...]


async def feed_history(conn: AsyncConnection, feed_id: int, polls: int = 10) -> FeedHistory:
    """The history behind `feed show`."""
    by_state = await _counts(
        conn, "SELECT state, count(*) FROM entries WHERE feed_id = :id GROUP BY state ORDER BY state", id=feed_id
    )
    stored = await conn.execute(text("SELECT count(*) FROM articles WHERE feed_id = :id"), {"id": feed_id})
    rows = await conn.execute(
        text("""
            SELECT at, outcome, status, seconds, bytes, new, known, bad, detail FROM polls
            WHERE feed_id = :id ORDER BY at DESC LIMIT :limit
        """),
        {"id": feed_id, "limit": polls},
    )
    moved = await moves.of_feed(conn, feed_id)
    return FeedHistory(by_state, stored.scalar_one(), tuple(_plain(row) for row in rows), tuple(moved))
