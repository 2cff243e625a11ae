"""Feeds as operators handle them: add, find, list, change, pause, resume, remove. Polling has its own module."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db import hosts
from db.schema import FeedRow
from kliping.errors import InputError, NotFound
from kliping.feeds import FeedState

REMOVED = "feed_removed"
BATCH = 1000
BY_HAND = "an operator made it due"
_TABLE = FeedRow.__table__


@dataclass(frozen=True, slots=True)
class NewFeed:
    """A feed to be added; `key` is the sha256 of its normalised URL, `interval` in seconds."""

    url: str
    key: bytes
    host: str
    title: str | None = None
    site_url: str | None = None
    version: str | None = None
    language: str | None = None
    zone: str = "Asia/Jakarta"
    interval: int | None = None
    full_text: bool | None = None
    user_agent: str | None = None
    state: FeedState = FeedState.ACTIVE
    reason: str | None = None
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedInfo:
    """A feed as an operator sees it. `full_text` is the operator's word, `full_text_verdict` what the check found."""

    id: int
    url: str
    host: str
    state: str
    state_reason: str | None
    title: str | None
    site_url: str | None
    version: str | None
    language: str | None
    zone: str
    interval: int | None
    full_text: bool | None
    full_text_verdict: bool | None
    user_agent: str | None
    sites: list[str]
    next_poll_at: datetime | None
    first_polled_at: datetime | None
    last_polled_at: datetime | None
    last_outcome: str | None
    last_detail: str | None
    failures: int
    poll_count: int
    created_at: datetime


_INFO = [_TABLE.c[name] for name in FeedInfo.__dataclass_fields__]


def _infos() -> Select[Any]:
    return select(*_INFO).order_by(_TABLE.c.id)


async def add(conn: AsyncConnection, feeds: Iterable[NewFeed], now: datetime) -> list[tuple[int, bool]]:
    """Store feeds that are not known yet, active ones due at once. Returns (id, whether it is new) in their order."""
    wanted = list(feeds)
    await hosts.ensure(conn, (feed.host for feed in wanted))
    return [await _add(conn, feed, now) for feed in wanted]


async def _add(conn: AsyncConnection, feed: NewFeed, now: datetime) -> tuple[int, bool]:
    active = feed.state is FeedState.ACTIVE
    values = {name: getattr(feed, name) for name in NewFeed.__dataclass_fields__ if name not in ("key", "reason")}
    values |= {
        "url_key": feed.key,
        "state": feed.state.value,
        "state_reason": feed.reason,
        "sites": list(feed.sites),
        "next_poll_at": now if active else None,
        "created_at": now,
    }
    statement = insert(FeedRow).values(values).on_conflict_do_nothing(index_elements=["url_key"])
    new: int | None = await conn.scalar(statement.returning(FeedRow.id))
    if new is None:
        known: int = (await conn.execute(select(FeedRow.id).where(FeedRow.url_key == feed.key))).scalar_one()
        return known, False
    if active:
        await hosts.wake(conn, feed.host, now)
    return new, True


async def count(conn: AsyncConnection) -> int:
    """How many feeds there are, whatever their state."""
    return (await conn.execute(select(func.count()).select_from(FeedRow))).scalar_one()


async def listing(conn: AsyncConnection, state: str | None = None) -> list[FeedInfo]:
    """Every feed, or those of one state, by id."""
    statement = _infos() if state is None else _infos().where(_TABLE.c.state == state)
    return [FeedInfo(*row) for row in await conn.execute(statement)]


async def find(conn: AsyncConnection, asked: str, key: bytes | None) -> FeedInfo:
    """The feed an operator means: an id, its URL (by `key`), or a part of a URL or title that only one feed has.

    Raises NotFound, or InputError naming the candidates when there are several.
    """
    if asked.isascii() and asked.isdigit():
        found = await _where(conn, _TABLE.c.id == int(asked)) if len(asked) < 19 else []
    else:
        found = await _where(conn, _TABLE.c.url_key == key) if key else []
        found = found or await _where(
            conn,
            or_(
                func.strpos(func.lower(_TABLE.c.url), asked.lower()) > 0,
                func.strpos(func.lower(func.coalesce(_TABLE.c.title, "")), asked.lower()) > 0,
            ),
        )
    if not found:
        raise NotFound(f"no feed {asked}")
    if len(found) > 1:
        some = ", ".join(f"{feed.id} ({feed.url})" for feed in found[:3])
        raise InputError(f"{asked} could be several feeds: {some}{', ...' if len(found) > 3 else ''}")
    return found[0]


async def _where(conn: AsyncConnection, condition: Any) -> list[FeedInfo]:
    return [FeedInfo(*row) for row in await conn.execute(_infos().where(condition).limit(4))]


async def change(conn: AsyncConnection, feed_id: int, now: datetime, **columns: Any) -> FeedInfo:
    """Set columns of a feed. A new interval makes an active feed due at most that long from now. Raises NotFound."""
    if columns:
        await conn.execute(update(FeedRow).where(FeedRow.id == feed_id).values(**columns))
    feed = await get(conn, feed_id)
    soon = now + timedelta(seconds=columns.get("interval") or 0)
    if columns.get("interval") is None or feed.next_poll_at is None or feed.next_poll_at <= soon:
        return feed
    await conn.execute(update(FeedRow).where(FeedRow.id == feed_id).values(next_poll_at=soon))
    await hosts.wake(conn, feed.host, soon)
    return await get(conn, feed_id)


async def get(conn: AsyncConnection, feed_id: int) -> FeedInfo:
    """One feed by id; raises NotFound."""
    row = (await conn.execute(_infos().where(_TABLE.c.id == feed_id))).one_or_none()
    if row is None:
        raise NotFound(f"no feed {feed_id}")
    return FeedInfo(*row)


async def pause(conn: AsyncConnection, feed_id: int, reason: str) -> FeedInfo:
    """Stop polling a feed; entries it announced before are still worked on."""
    values = {"state": FeedState.PAUSED.value, "state_reason": reason, "next_poll_at": None}
    await conn.execute(update(FeedRow).where(FeedRow.id == feed_id).values(values))
    return await get(conn, feed_id)


async def resume(conn: AsyncConnection, feed_id: int, now: datetime) -> FeedInfo:
    """Poll a feed again, at once, with its failures forgotten."""
    values = {
        "state": FeedState.ACTIVE.value,
        "state_reason": None,
        "next_poll_at": now,
        "next_poll_why": BY_HAND,
        "failures": 0,
        "gone_at": None,
    }
    await conn.execute(update(FeedRow).where(FeedRow.id == feed_id).values(values))
    feed = await get(conn, feed_id)
    await hosts.wake(conn, feed.host, now)
    return feed


async def make_due(conn: AsyncConnection, feed: FeedInfo, now: datetime) -> FeedInfo:
    """Let the running service poll an active feed at once. Raises InputError for one that is paused or gone."""
    if feed.state != FeedState.ACTIVE:
        raise InputError(f"feed {feed.id} is {feed.state}; `kliping feed resume {feed.id}` makes it active")
    await conn.execute(update(FeedRow).where(FeedRow.id == feed.id).values(next_poll_at=now, next_poll_why=BY_HAND))
    await hosts.wake(conn, feed.host, now)
    return await get(conn, feed.id)


_LET_GO = text("""
    WITH batch AS (SELECT id FROM entries WHERE feed_id = :id ORDER BY id LIMIT :batch FOR UPDATE)
    UPDATE entries SET feed_id = NULL, payload = NULL, next_try_at = NULL,
        decided_at = CASE WHEN state IN ('pending', 'quarantined') THEN :now ELSE decided_at END,
        reason = CASE WHEN state IN ('pending', 'quarantined') THEN :reason ELSE reason END,
        state = CASE WHEN state IN ('pending', 'quarantined') THEN 'rejected' ELSE state END
    FROM batch WHERE entries.id = batch.id
""")


async def let_go(conn: AsyncConnection, feed_id: int, now: datetime) -> int:
    """Take some entries off a feed that is being removed; what was undecided is rejected. 0 when none are left."""
    values = {"id": feed_id, "batch": BATCH, "now": now, "reason": REMOVED}
    return (await conn.execute(_LET_GO, values)).rowcount


_RELEASE_ARTICLES = text("""
    UPDATE articles SET feed_id = NULL
    WHERE id IN (SELECT id FROM articles WHERE feed_id = :id ORDER BY id LIMIT :batch FOR UPDATE)
""")


async def release_articles(conn: AsyncConnection, feed_id: int) -> int:
    """Take some articles off a feed that is being removed; they stay and name no feed. 0 when none are left."""
    return (await conn.execute(_RELEASE_ARTICLES, {"id": feed_id, "batch": BATCH})).rowcount


# An article that another feed announced too stays, under that feed.
_HAND_OVER = text("""
    UPDATE articles SET feed_id = heirs.feed_id
    FROM (
        SELECT a.id, min(e.feed_id) AS feed_id FROM articles a JOIN entries e ON e.article_id = a.id
        WHERE a.feed_id = :id AND e.feed_id <> :id AND e.state IN ('stored', 'duplicate') GROUP BY a.id
    ) AS heirs
    WHERE articles.id = heirs.id
""")

_PURGE_ARTICLES = text("""
    DELETE FROM articles WHERE id IN (SELECT id FROM articles WHERE feed_id = :id ORDER BY id LIMIT :batch)
""")

_PURGE_ENTRIES = text("""
    WITH gone AS (
        DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE feed_id = :id ORDER BY id LIMIT :batch)
        RETURNING id
    ), pages_gone AS (DELETE FROM pages USING gone WHERE pages.entry_id = gone.id)
    SELECT count(*) FROM gone
""")


async def hand_over(conn: AsyncConnection, feed_id: int) -> int:
    """Before a purge: give the articles that other feeds announced too to one of them."""
    return (await conn.execute(_HAND_OVER, {"id": feed_id})).rowcount


async def purge_articles(conn: AsyncConnection, feed_id: int) -> int:
    """Delete some of a feed's articles with their removals; 0 when none are left."""
    return (await conn.execute(_PURGE_ARTICLES, {"id": feed_id, "batch": BATCH})).rowcount


async def purge_entries(conn: AsyncConnection, feed_id: int) -> int:
    """Delete some of a feed's ledger entries and the raw pages fetched for them; 0 when none are left."""
    deleted: int = (await conn.execute(_PURGE_ENTRIES, {"id": feed_id, "batch": BATCH})).scalar_one()
    return deleted


async def delete(conn: AsyncConnection, feed_id: int) -> None:
    """Delete a feed's row with its history of polls; what still refers to it names no feed. Raises NotFound."""
    gone = await conn.execute(text("DELETE FROM feeds WHERE id = :id"), {"id": feed_id})
    if not gone.rowcount:
        raise NotFound(f"no feed {feed_id}")
