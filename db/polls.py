"""What a poll reads and writes: the feed's row, and its ring of outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.ext.asyncio import AsyncConnection

from db import moves
from db.moves import Move, Sighting
from db.schema import POLLS_KEPT, FeedRow
from kliping.feeds import Feed, FeedState, PollRecord

_NAMES = (
    "url",
    "host",
    "state",
    "title",
    "site_url",
    "zone",
    "interval",
    "full_text",
    "user_agent",
    "etag",
    "last_modified",
    "body_sha256",
    "next_poll_at",
    "first_polled_at",
    "last_polled_at",
    "last_full_at",
    "failures",
    "gap_at",
    "gone_at",
    "key_url",
    "answered_url",
    "move_to",
    "move_since",
    "move_seen",
    "sites",
    "full_text_agreed",
    "full_text_verdict",
    "full_text_checked_at",
    "backoff",
    "rhythm",
    "rhythm_at",
    "announced",
    "hint_seconds",
    "skip_hours",
    "skip_days",
)
FEED_COLUMNS = (FeedRow.id.label("feed_id"), *(getattr(FeedRow, name).label(f"feed_{name}") for name in _NAMES))


def feed_of(row: Row[Any]) -> Feed:
    """The feed of a row that was selected with FEED_COLUMNS."""
    values = {name: getattr(row, f"feed_{name}") for name in _NAMES}
    values["state"] = FeedState(values["state"])
    values["sites"] = tuple(values["sites"])
    values["rhythm"] = tuple(values["rhythm"]) if values["rhythm"] else None
    return Feed(id=row.feed_id, **values)


async def due(conn: AsyncConnection, host: str, now: datetime) -> list[Feed]:
    """The active feeds of a host that are due, the longest due first."""
    statement = (
        select(*FEED_COLUMNS)
        .where(FeedRow.host == host, FeedRow.state == FeedState.ACTIVE.value, FeedRow.next_poll_at <= now)
        .order_by(FeedRow.next_poll_at, FeedRow.id)
    )
    return [feed_of(row) for row in await conn.execute(statement)]


async def feed(conn: AsyncConnection, feed_id: int) -> Feed | None:
    """One feed."""
    row = (await conn.execute(select(*FEED_COLUMNS).where(FeedRow.id == feed_id))).one_or_none()
    return feed_of(row) if row else None


@dataclass(frozen=True, slots=True)
class FeedUpdate:
    """What a poll changes of its feed. `facts` are of the document (title, site_url, version, language).

    `why` tells people why the next poll is then. `heard` is what a document said of time.
    """

    next_poll_at: datetime
    failures: int
    backoff: float = 0.0
    why: str = ""
    heard: Feed | None = None
    state: FeedState = FeedState.ACTIVE
    state_reason: str | None = None
    gone_at: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: bytes | None = None
    last_full_at: datetime | None = None
    answered_url: str | None = None
    sighting: Sighting | None = None
    move: Move | None = None
    reset_full_text: bool = False
    facts: tuple[tuple[str, str | None], ...] = ()


_FIRST_TIME = text("""
    SELECT id FROM feeds WHERE id = :id AND last_polled_at IS DISTINCT FROM :at AND state = 'active' FOR NO KEY UPDATE
""")

_SAVE = text("""
    UPDATE feeds SET next_poll_at = :next_poll_at, next_poll_why = :why,
        failures = :failures, state = :state, state_reason = :state_reason,
        gone_at = :gone_at, etag = :etag, last_modified = :last_modified, body_sha256 = :body_sha256,
        last_full_at = :last_full_at, answered_url = :answered_url, move_to = :move_to, move_since = :move_since,
        move_seen = :move_seen, last_polled_at = :at, first_polled_at = coalesce(first_polled_at, :first),
        last_outcome = :outcome, last_detail = :detail, poll_count = poll_count + 1,
        last_new_at = CASE WHEN :new > 0 THEN :at ELSE last_new_at END,
        silent_at = CASE WHEN :new > 0 THEN NULL ELSE silent_at END,
        backoff = :backoff, failing_since = CASE WHEN :failures > 0 THEN coalesce(failing_since, :at) END,
        full_text_agreed = CASE WHEN :reset THEN 0 ELSE full_text_agreed END,
        full_text_verdict = CASE WHEN :reset THEN NULL ELSE full_text_verdict END,
        full_text_checked_at = CASE WHEN :reset THEN NULL ELSE full_text_checked_at END
    WHERE id = :id
    RETURNING poll_count
""")

_HEARD = text("""
    UPDATE feeds SET rhythm = CAST(:rhythm AS real[]), rhythm_at = :rhythm_at, announced = :announced,
        hint_seconds = :hint_seconds, skip_hours = :skip_hours, skip_days = :skip_days
    WHERE id = :id
""")

_FACTS = text("""
    UPDATE feeds SET title = coalesce(title, :title), site_url = coalesce(:site_url, site_url),
        version = coalesce(:version, version), language = coalesce(:language, language)
    WHERE id = :id
""")

# The row that leaves the ring is added to its day first.
_ROLL = text("""
    INSERT INTO poll_days AS d (feed_id, day, outcome, polls, new, bad, bytes, seconds)
    SELECT feed_id, (at AT TIME ZONE 'UTC')::date, outcome, 1, new, bad, bytes, seconds
    FROM polls WHERE feed_id = :feed_id AND slot = :slot
    ON CONFLICT (feed_id, day, outcome) DO UPDATE SET polls = d.polls + 1, new = d.new + excluded.new,
        bad = d.bad + excluded.bad, bytes = d.bytes + excluded.bytes, seconds = d.seconds + excluded.seconds
""")

_RING = text("""
    INSERT INTO polls (feed_id, slot, at, outcome, status, seconds, bytes, new, known, bad, detail)
    VALUES (:feed_id, :slot, :at, :outcome, :status, :seconds, :bytes, :new, :known, :bad, :detail)
    ON CONFLICT (feed_id, slot) DO UPDATE SET at = excluded.at, outcome = excluded.outcome, status = excluded.status,
        seconds = excluded.seconds, bytes = excluded.bytes, new = excluded.new, known = excluded.known,
        bad = excluded.bad, detail = excluded.detail
""")


async def first_time(conn: AsyncConnection, feed_id: int, at: datetime) -> bool:
    """Lock the feed; False when the poll of `at` is written already, or the feed is no longer active."""
    return (await conn.execute(_FIRST_TIME, {"id": feed_id, "at": at})).first() is not None


async def save(conn: AsyncConnection, update: FeedUpdate, record: PollRecord, full: bool) -> None:
    """Write the outcome of a poll; `full` says that entries were read, which makes it the feed's first poll or later.

    The validators are part of the same transaction as the entries that they vouch for.
    """
    values = {
        "id": record.feed_id,
        "at": record.at,
        "first": record.at if full else None,
        "next_poll_at": update.next_poll_at,
        "why": update.why,
        "failures": update.failures,
        "backoff": update.backoff,
        "state": update.state.value,
        "state_reason": update.state_reason,
        "gone_at": update.gone_at,
        "etag": update.etag,
        "last_modified": update.last_modified,
        "body_sha256": update.body_sha256,
        "last_full_at": update.last_full_at,
        "answered_url": update.answered_url,
        "move_to": update.sighting.to if update.sighting else None,
        "move_since": update.sighting.since if update.sighting else None,
        "move_seen": update.sighting.seen if update.sighting else 0,
        "outcome": record.outcome,
        "detail": record.detail,
        "new": record.new,
        "reset": update.reset_full_text,
    }
    count = await conn.scalar(_SAVE, values)
    if update.heard:
        await conn.execute(_HEARD, _heard(update.heard))
    if update.facts:
        await conn.execute(_FACTS, {"id": record.feed_id, **dict(update.facts)})
    if update.move:
        await moves.apply(conn, record.feed_id, update.move, record.at)
    await _ring(conn, record, (count - 1) % POLLS_KEPT, rolling=count > POLLS_KEPT)


def _heard(feed: Feed) -> dict[str, Any]:
    return {
        "id": feed.id,
        "rhythm": list(feed.rhythm or ()),
        "rhythm_at": feed.rhythm_at,
        "announced": feed.announced,
        "hint_seconds": feed.hint_seconds,
        "skip_hours": feed.skip_hours,
        "skip_days": feed.skip_days,
    }


async def _ring(conn: AsyncConnection, record: PollRecord, slot: int, rolling: bool) -> None:
    if rolling:
        await conn.execute(_ROLL, {"feed_id": record.feed_id, "slot": slot})
    values = {
        "feed_id": record.feed_id,
        "slot": slot,
        "at": record.at,
        "outcome": record.outcome,
        "status": record.status,
        "seconds": record.seconds,
        "bytes": record.bytes,
        "new": record.new,
        "known": record.known,
        "bad": record.bad,
        "detail": record.detail,
    }
    await conn.execute(_RING, values)


async def save_full_text(
    conn: AsyncConnection, feed_id: int, agreed: int, verdict: bool | None, checked_at: datetime | None
) -> None:
    """Keep the state of the full-text check."""
    await conn.execute(
        text("""
            UPDATE feeds SET full_text_agreed = :agreed, full_text_verdict = :verdict,
                full_text_checked_at = :checked_at WHERE id = :id
        """),
        {"id": feed_id, "agreed": agreed, "verdict": verdict, "checked_at": checked_at},
    )


_SAMPLE = (
    select(*FEED_COLUMNS)
    .where(FeedRow.state == FeedState.ACTIVE.value, FeedRow.interval.is_(None), FeedRow.rhythm.is_not(None))
    .order_by(FeedRow.url_key)
)


async def sample(conn: AsyncConnection, limit: int) -> list[Feed]:
    """Feeds that are polled by their rhythm, the same ones every time: a hash of their URL chooses them."""
    return [feed_of(row) for row in await conn.execute(_SAMPLE.limit(limit))]


_PARDON = text("""
    WITH pardoned AS (
        UPDATE feeds SET failures = 0, backoff = 0, failing_since = NULL, next_poll_at = least(next_poll_at, :at)
        WHERE id = ANY(:ids) AND failures = 1 AND state = 'active'
        RETURNING host
    )
    SELECT DISTINCT host FROM pardoned ORDER BY host
""").bindparams(bindparam("ids", type_=ARRAY(BIGINT)))


async def pardon(conn: AsyncConnection, feed_ids: Sequence[int], at: datetime) -> list[str]:
    """Take back a first failure that was a fault of ours; due at `at` at the latest. Returns the feeds' hosts."""
    return list(await conn.scalars(_PARDON, {"ids": list(feed_ids), "at": at}))
