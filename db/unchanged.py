"""Polls that found nothing new (304), many in one statement: nine of ten are, and they pay for the rest.

Says for a whole batch what `polls.save` says for one poll; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, DOUBLE_PRECISION, INTEGER, SMALLINT, TEXT, TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from db.polls import FeedUpdate
from db.schema import POLLS_KEPT
from kliping.feeds import FeedState, FetchOutcome, PollRecord

_MOMENT = TIMESTAMP(timezone=True)
_COLUMNS: dict[str, TypeEngine[Any]] = {
    "ids": BIGINT(),
    "ats": _MOMENT,
    "nexts": _MOMENT,
    "whys": TEXT(),
    "etags": TEXT(),
    "dates": TEXT(),
    "statuses": SMALLINT(),
    "lengths": DOUBLE_PRECISION(),
    "sizes": INTEGER(),
}

_SAVE = text(f"""
    WITH given AS (
        SELECT * FROM unnest({", ".join(f":{name}" for name in _COLUMNS)})
            AS g(id, at, next_at, why, etag, date, status, length, size)
    ), saved AS (
        UPDATE feeds f SET next_poll_at = g.next_at, next_poll_why = g.why, failures = 0, backoff = 0,
            failing_since = NULL, state_reason = NULL, gone_at = NULL, etag = g.etag, last_modified = g.date,
            move_to = NULL, move_since = NULL, move_seen = 0, last_polled_at = g.at,
            last_outcome = '{FetchOutcome.NOT_MODIFIED.value}',
            last_detail = NULL, poll_count = f.poll_count + 1
        FROM given g
        WHERE f.id = g.id AND f.state = '{FeedState.ACTIVE.value}' AND f.last_polled_at IS DISTINCT FROM g.at
        RETURNING f.id, f.poll_count, (f.poll_count - 1) % {POLLS_KEPT} AS slot, g.at, g.status, g.length, g.size
    ), rolled AS (
        INSERT INTO poll_days AS d (feed_id, day, outcome, polls, new, bad, bytes, seconds)
        SELECT p.feed_id, (p.at AT TIME ZONE 'UTC')::date, p.outcome, 1, p.new, p.bad, p.bytes, p.seconds
        FROM saved s JOIN polls p ON p.feed_id = s.id AND p.slot = s.slot WHERE s.poll_count > {POLLS_KEPT}
        ON CONFLICT (feed_id, day, outcome) DO UPDATE SET polls = d.polls + 1, new = d.new + excluded.new,
            bad = d.bad + excluded.bad, bytes = d.bytes + excluded.bytes, seconds = d.seconds + excluded.seconds
    )
    INSERT INTO polls (feed_id, slot, at, outcome, status, seconds, bytes, new, known, bad)
    SELECT id, slot, at, '{FetchOutcome.NOT_MODIFIED.value}', status, length, size, 0, 0, 0 FROM saved
    ON CONFLICT (feed_id, slot) DO UPDATE SET at = excluded.at, outcome = excluded.outcome, status = excluded.status,
        seconds = excluded.seconds, bytes = excluded.bytes, new = 0, known = 0, bad = 0, detail = NULL
""").bindparams(*(bindparam(name, type_=ARRAY(kind)) for name, kind in _COLUMNS.items()))  # noqa: S608  (our own names)


def fits(update: FeedUpdate, record: PollRecord) -> bool:
    """Whether a poll is one of these: unchanged, and nothing about the feed but its times and validators is."""
    special = update.move or update.sighting or update.heard or update.facts or update.reset_full_text
    calm = update.state is FeedState.ACTIVE and update.gone_at is None and update.failures == 0
    return record.outcome == FetchOutcome.NOT_MODIFIED.value and calm and not special and record.detail is None


async def save(conn: AsyncConnection, items: Sequence[tuple[FeedUpdate, PollRecord]]) -> None:
    """Write polls that fit, each of another feed. One that is written already, or of a feed at rest, is left out."""
    values = {
        "ids": [record.feed_id for _, record in items],
        "ats": [record.at for _, record in items],
        "nexts": [update.next_poll_at for update, _ in items],
        "whys": [update.why for update, _ in items],
        "etags": [update.etag for update, _ in items],
        "dates": [update.last_modified for update, _ in items],
        "statuses": [record.status for _, record in items],
        "lengths": [record.seconds for _, record in items],
        "sizes": [record.bytes for _, record in items],
    }
    await conn.execute(_SAVE, values)
