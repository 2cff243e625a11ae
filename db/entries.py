"""The ledger: every announced entry, and in exactly which state it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, BOOLEAN, BYTEA, TEXT, TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.payload import pack_entry, unpack_entry
from db.polls import FEED_COLUMNS, feed_of
from db.schema import EntryRow, FeedRow
from kliping.decisions import EntryState
from kliping.feeds import Feed
from kliping.model import Entry

TITLE_KEPT = 1000  # characters
GUID_KEPT = 4096  # characters of a raw GUID or URL; identity is the key
_KEYS = bindparam("keys", type_=ARRAY(BYTEA))


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry as it enters the ledger: pending with the time of its first try, or decided at once."""

    key: bytes
    entry: Entry
    site: str | None = None
    host: str | None = None
    url_key: bytes | None = None
    state: EntryState = EntryState.PENDING
    reason: str | None = None
    next_try_at: datetime | None = None
    initial: bool = False
    origin: str = "live"
    outlinks: int | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """An entry whose page is to be had now."""

    id: int
    key: bytes
    attempts: int
    reason: str | None
    initial: bool
    entry: Entry
    feed: Feed


@dataclass(frozen=True, slots=True)
class Settling:
    """The new state of one entry."""

    id: int
    at: datetime
    state: EntryState
    reason: str | None = None
    next_try_at: datetime | None = None
    article_id: int | None = None
    failed: bool = False  # counts as an attempt


@dataclass(frozen=True, slots=True)
class Announced:
    """What the ledger holds of an entry that was announced before."""

    guid: str | None
    url_key: bytes | None
    title: str | None


async def known(conn: AsyncConnection, feed_id: int, keys: Iterable[bytes]) -> dict[bytes, Announced]:
    """Which of these the feed has announced before, and as what."""
    rows = await conn.execute(
        text("SELECT key, guid, url_key, title FROM entries WHERE feed_id = :feed_id AND key = ANY(:keys)").bindparams(
            _KEYS
        ),
        {"feed_id": feed_id, "keys": list(keys)},
    )
    return {bytes(row.key): Announced(row.guid, row.url_key, row.title) for row in rows}


async def add(conn: AsyncConnection, feed_id: int, rows: Sequence[NewEntry], at: datetime) -> int:
    """Enter what is new; a key that is there already is left as it is. Returns how many were entered."""
    if not rows:
        return 0
    values = [_values(feed_id, row, at) for row in sorted(rows, key=lambda row: row.key)]
    statement = insert(EntryRow).on_conflict_do_nothing(index_elements=["feed_id", "key"]).returning(EntryRow.id)
    return len((await conn.execute(statement, values)).all())


def _values(feed_id: int, row: NewEntry, at: datetime) -> dict[str, Any]:
    entry = row.entry
    keep = row.state in (EntryState.PENDING, EntryState.QUARANTINED)
    return {
        "feed_id": feed_id,
        "key": row.key,
        "site": row.site,
        "host": row.host,
        "guid": entry.guid[:GUID_KEPT] if entry.guid else None,
        "url": entry.url[:GUID_KEPT] if entry.url else None,
        "url_key": row.url_key,
        "title": entry.title[:TITLE_KEPT] if entry.title else None,
        "published_at": entry.published_at,
        "state": row.state.value,
        "reason": row.reason,
        "next_try_at": row.next_try_at,
        "initial": row.initial,
        "origin": row.origin,
        "outlinks": row.outlinks,
        "first_seen_at": at,
        "decided_at": None if row.state == EntryState.PENDING else at,
        "payload": pack_entry(entry) if keep else None,
    }


async def pending(
    conn: AsyncConnection, host: str, now: datetime, limit: int, feed_id: int | None = None
) -> list[Pending]:
    """The entries of a host (of one feed) that may be tried now, those that have waited longest first."""
    statement = (
        select(EntryRow, *FEED_COLUMNS)
        .join(FeedRow, FeedRow.id == EntryRow.feed_id)
        .where(EntryRow.host == host, EntryRow.state == EntryState.PENDING.value, EntryRow.next_try_at <= now)
        .order_by(EntryRow.next_try_at, EntryRow.published_at.desc().nulls_last(), EntryRow.id)
        .limit(limit)
        .with_only_columns(
            EntryRow.id.label("entry_id"),
            EntryRow.key,
            EntryRow.attempts,
            EntryRow.reason,
            EntryRow.initial,
            EntryRow.payload,
            *FEED_COLUMNS,
        )
    )
    if feed_id is not None:
        statement = statement.where(EntryRow.feed_id == feed_id)
    return [_pending(row) for row in await conn.execute(statement)]


def _pending(row: Row[Any]) -> Pending:
    return Pending(
        id=row.entry_id,
        key=bytes(row.key),
        attempts=row.attempts,
        reason=row.reason,
        initial=row.initial,
        entry=unpack_entry(row.payload),
        feed=feed_of(row),
    )


async def postpone(conn: AsyncConnection, host: str, feed_id: int, now: datetime, until: datetime) -> int:
    """What a feed has due on a host waits until then. Returns how many entries that are."""
    result = await conn.execute(
        text("""
            UPDATE entries SET next_try_at = :until
            WHERE host = :host AND state = 'pending' AND next_try_at <= :now AND feed_id = :feed_id
        """),
        {"host": host, "feed_id": feed_id, "now": now, "until": until},
    )
    return result.rowcount


async def still_pending(conn: AsyncConnection, ids: Iterable[int]) -> set[int]:
    """Lock these entries, in order, and tell which are pending: a batch whose answer was lost is not applied twice."""
    rows = await conn.execute(
        text("SELECT id FROM entries WHERE id = ANY(:ids) AND state = 'pending' ORDER BY id FOR NO KEY UPDATE"),
        {"ids": sorted(ids)},
    )
    return {row.id for row in rows}


_SETTLE = text("""
    UPDATE entries e SET state = w.state, reason = w.reason, next_try_at = w.next_try_at, article_id = w.article_id,
        attempts = e.attempts + w.failed::int, decided_at = CASE WHEN w.state = 'pending' THEN NULL ELSE w.at END,
        payload = CASE WHEN w.state IN ('pending', 'quarantined') THEN e.payload END
    FROM unnest(:ids, :states, :reasons, :tries, :articles, :faileds, :ats)
        AS w(id, state, reason, next_try_at, article_id, failed, at)
    WHERE e.id = w.id
""").bindparams(
    bindparam("ids", type_=ARRAY(BIGINT)),
    bindparam("states", type_=ARRAY(TEXT)),
    bindparam("reasons", type_=ARRAY(TEXT)),
    bindparam("tries", type_=ARRAY(TIMESTAMP(timezone=True))),
    bindparam("articles", type_=ARRAY(BIGINT)),
    bindparam("faileds", type_=ARRAY(BOOLEAN)),
    bindparam("ats", type_=ARRAY(TIMESTAMP(timezone=True))),
)


async def settle(conn: AsyncConnection, rows: Sequence[Settling]) -> None:
    """Write the new states; the rows have been locked by `still_pending`."""
    if not rows:
        return
    values = {
        "ids": [row.id for row in rows],
        "states": [row.state.value for row in rows],
        "reasons": [row.reason for row in rows],
        "tries": [row.next_try_at for row in rows],
        "articles": [row.article_id for row in rows],
        "faileds": [row.failed for row in rows],
        "ats": [row.at for row in rows],
    }
    await conn.execute(_SETTLE, values)
