"""`kliping backfill`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import show
from cli.context import Session, with_database

if TYPE_CHECKING:
    from db.backfills import Backfill

DAY = "A day such as 2024-03-01 in the feed's time zone, or an ISO 8601 time."


def backfill(
    feed: Annotated[str, typer.Argument(metavar="FEED", help="An id, or (a part of) its URL or title.")],
    since: Annotated[str | None, typer.Option(help=f"Back to this. {DAY}")] = None,
    until: Annotated[str | None, typer.Option(help=f"Beginning at this. {DAY}")] = None,
    max_pages: Annotated[int, typer.Option(min=1, max=100_000, help="Pages of the feed at most.")] = 150,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Walk back through a feed's history, politely; the same command goes on where it was stopped."""
    walk = with_database(lambda session: _walk(session, feed, since, until, max_pages))
    if as_json:
        show.as_json(walk)
    else:
        reason = f" ({walk.reason})" if walk.reason else ""
        show.line(f"{walk.state}{reason}: {walk.pages} pages, {walk.new} new and {walk.known} known entries")
    return 1 if walk.state == "failed" else 0


async def _walk(session: Session, asked: str, since: str | None, until: str | None, max_pages: int) -> Backfill:
    from db.session import transaction
    from ingest.backfill import backfill as walk_back
    from ingest.shell import open_shell, renewing
    from ingest.subscribe import find_feed
    from ingest.wishes import moment, span

    async with transaction(session.engine) as conn:
        feed = await find_feed(conn, asked)
    first = moment(since, feed.zone) if since else None
    last = moment(until, feed.zone, end=True) if until else None
    span(first, last)
    async with open_shell(session.settings, session.engine, session.clock) as shell, renewing(shell):
        with show.progress() as bar:
            task = bar.add_task("pages", total=max_pages)

            def report(walk: Backfill) -> None:
                bar.update(task, completed=walk.pages, total=walk.max_pages, description=f"{walk.new} new entries")

            return await walk_back(shell, feed.id, since=first, until=last, max_pages=max_pages, report=report)
