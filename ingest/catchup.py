"""Look for what a gap may have swallowed: walk the feed's history back to an entry known before the gap.

    visit, last of all -> the queued walk, page by page -> an entry known before? -> gap filled

A walk takes a bounded number of pages. Where it stops at the end of a visit, the feed's next visit goes on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from db import backfills, gaps
from db.backfills import Backfill
from db.gaps import OpenGap
from ingest import walk
from kliping.errors import InputError
from kliping.feeds import Feed, ParsedFeed
from parsers.links import url_key

if TYPE_CHECKING:
    from ingest.visit import Visit

log = structlog.get_logger()

RETRIED = timedelta(days=1)  # a page of history that cannot be had is asked for again in later visits, for so long


async def catch_up(visit: Visit, feed: Feed) -> None:
    """Go on with the walk of the feed's gap for as long as the visit lasts; close the gap when it is filled."""
    async with visit.shell.engine.connect() as conn:
        gap = await gaps.current(conn, feed.id)
        if gap is None or gap.backfill_id is None:
            return
        at = await backfills.get(conn, gap.backfill_id)
    if at.state == "done":  # an operator has walked it to its end
        await _end(visit, feed, at, ("done", at.reason))
    while at.state in ("queued", "running") and not visit.over():
        at, ended = await _step(visit, feed, gap, at)
        if ended is not None and _for_good(visit, gap, ended):
            await _end(visit, feed, at, ended)
        if ended is not None:
            return


async def _step(visit: Visit, feed: Feed, gap: OpenGap, at: Backfill) -> tuple[Backfill, walk.Ended | None]:
    async def met(parsed: ParsedFeed) -> bool:
        keys = [url_key(entry.url) for entry in parsed.entries if entry.url]
        async with visit.shell.engine.connect() as conn:
            return await gaps.holds(conn, feed.id, keys, before=gap.opened_at)

    try:
        return await walk.step(visit, feed, at, met)
    except InputError as error:
        return at, ("stopped", str(error))


def _for_good(visit: Visit, gap: OpenGap, ended: walk.Ended) -> bool:
    return ended[0] != "failed" or visit.shell.clock.now() - gap.opened_at >= RETRIED


async def _end(visit: Visit, feed: Feed, at: Backfill, ended: walk.Ended) -> None:
    state, reason = ended
    now = visit.shell.clock.now()
    async with visit.shell.engine.begin() as conn:
        await backfills.end(conn, at.id, state, reason, now)
        if state == "done":
            await gaps.close(conn, feed.id, "filled", now)
    log.info("catch_up", feed=feed.id, state=state, reason=reason, pages=at.pages, new=at.new)
