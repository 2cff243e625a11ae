"""Look over all feeds now and then, and raise or close alerts: facts -> `ingest.health` -> rows.

Costs nothing on the way of a poll. What is cheap is judged for every feed, the rhythm of a feed only when it has been
silent for a day, its entries only when it brought some since the last review.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from db import alerts, gaps
from db.alerts import Facts
from ingest import health
from ingest.health import CHANGES, Judgement, Seen
from ingest.poll import GOOD
from ingest.shell import Shell
from kliping.feeds import AlertKind

log = structlog.get_logger()

EVERY = 600.0  # seconds
BATCH = 500  # feeds in one transaction
SILENT_LEAST = timedelta(hours=24)
UNKNOWN = timedelta(days=7)  # until a feed without a rhythm is looked at again
LATELY = timedelta(hours=2)  # entries as old as that may have become articles since the last review


async def review(shell: Shell) -> int:
    """Judge every active feed; returns how many were judged."""
    judged, after = 0, 0
    while True:
        now = shell.clock.now()
        async with shell.engine.begin() as conn:
            batch = await alerts.facts(conn, after, BATCH)
            for fact in batch:
                await _judge(conn, fact, now)
            if not batch:
                await alerts.tidy(conn, now)
                await gaps.prune(conn, now)
                return judged
        judged, after = judged + len(batch), batch[-1].feed_id


async def _judge(conn: AsyncConnection, fact: Facts, now: datetime) -> None:
    failing = health.failing(fact.failing_since, fact.last_polled_at, fact.last_outcome or "", fact.last_detail)
    await _write(conn, fact, (AlertKind.FAILING,), filter(None, [failing]), now)
    if fact.last_outcome in GOOD and _quiet(fact):
        await _write(conn, fact, (AlertKind.SILENT,), filter(None, [await _silent(conn, fact)]), now)
    changed = [AlertKind(kind) for kind in fact.open if kind in CHANGES]
    if changed or (fact.last_new_at is not None and now - fact.last_new_at <= LATELY):
        await _write(conn, fact, CHANGES, await _changes(conn, fact), now)


def _quiet(fact: Facts) -> bool:
    """Whether a feed's silence is to be judged: not while it is known to be usual, nor again while nothing changes."""
    if fact.last_polled_at is None or fact.last_new_at is None:
        return False
    told = AlertKind.SILENT in fact.open
    if fact.silent_at is None:
        return told or fact.last_polled_at - fact.last_new_at > SILENT_LEAST
    return fact.last_polled_at > fact.silent_at and not told


async def _silent(conn: AsyncConnection, fact: Facts) -> Judgement | None:
    """Judge a feed's silence by its rhythm, and keep until when it is usual: reading the rhythm costs two queries."""
    polled_at = fact.last_polled_at
    assert polled_at is not None
    news = await alerts.news(conn, fact.feed_id, fact.zone, polled_at)
    limit = health.patience(news.days, news.per_day)
    if news.last_at is None or limit is None:
        await alerts.expect(conn, fact.feed_id, polled_at + UNKNOWN)
        return None
    await alerts.expect(conn, fact.feed_id, news.last_at + limit)
    return health.silent(news.last_at, polled_at, news.days, news.per_day)


async def _changes(conn: AsyncConnection, fact: Facts) -> list[Judgement]:
    """Compare the newest entries with those before them; while an alert is open, with those before it began."""
    found = [Seen(*row) for row in await alerts.latest(conn, fact.feed_id, health.RECENT + health.EARLIER)]
    recent, earlier = found[: health.RECENT], found[health.RECENT :]
    began = min((since for kind, since in fact.open.items() if kind in CHANGES), default=None)
    if began is not None:
        earlier = [Seen(*row) for row in await alerts.latest(conn, fact.feed_id, health.EARLIER, before=began)]
    return health.changes(recent, earlier)


async def _write(
    conn: AsyncConnection, fact: Facts, kinds: Iterable[AlertKind], found: Iterable[Judgement], now: datetime
) -> None:
    """Raise what was found of these kinds, close what is open of the others."""
    wrong = {judgement.kind: judgement for judgement in found}
    for kind, judgement in wrong.items():
        if await alerts.raise_one(conn, fact.feed_id, kind.value, judgement.since, judgement.detail, now):
            log.warning("alert", feed=fact.feed_id, kind=kind.value, detail=judgement.detail)
    over = [kind.value for kind in kinds if kind not in wrong and kind.value in fact.open]
    if over:
        await alerts.close(conn, fact.feed_id, over, now)
        log.info("alert_over", feed=fact.feed_id, kinds=over)
