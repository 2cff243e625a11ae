"""`kliping poll`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import show
from cli.context import Session, with_database

if TYPE_CHECKING:
    from db.feeds import FeedInfo
    from kliping.model import PollRecord


def poll(
    feed: Annotated[str, typer.Argument(metavar="FEED", help="An id, or (a part of) its URL or title.")],
    now: Annotated[bool, typer.Option("--now", help="Do it here, and wait; else the running service does.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Poll a feed and fetch its pages, due or not. Exit code 1 when the feed did not answer well."""
    if not now:
        info = with_database(lambda session: _make_due(session, feed))
        show.as_json(info) if as_json else show.line(f"feed {info.id} is due now: {info.url}")
        return 0
    record, entries = with_database(lambda session: _poll(session, feed))
    if as_json:
        show.as_json({**show.plain(record), "entries": entries})
    else:
        _tell(record, entries)
    return 0 if record.outcome in ("ok", "not_modified", "unchanged") else 1


def _tell(record: PollRecord, entries: dict[str, int]) -> None:
    status = f" ({record.status})" if record.status else ""
    detail = f": {record.detail}" if record.detail else ""
    show.line(f"feed {record.feed_id}: {record.outcome}{status}{detail}")
    show.line(
        f"{record.new} new, {record.known} known, {record.bad} bad entries; all its entries: {show.counts(entries)}"
    )


async def _make_due(session: Session, asked: str) -> FeedInfo:
    from db import feeds
    from db.session import transaction
    from ingest.subscribe import find_feed

    async with transaction(session.engine) as conn:
        feed = await find_feed(conn, asked)
        return await feeds.make_due(conn, feed, session.clock.now())


async def _poll(session: Session, asked: str) -> tuple[PollRecord, dict[str, int]]:
    from db import reports
    from db.session import transaction
    from ingest.shell import open_shell, renewing
    from ingest.subscribe import find_feed
    from ingest.visit import poll_now

    async with transaction(session.engine) as conn:
        feed = await find_feed(conn, asked)
    async with open_shell(session.settings, session.engine, session.clock) as shell, renewing(shell):
        record = await poll_now(shell, feed.id)
    async with transaction(session.engine) as conn:
        return record, (await reports.feed_history(conn, feed.id, 0)).entries
