"""The work behind `kliping feed remove`: in steps, so that a large feed holds no lock for long."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from cli import show
from kliping.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from cli.context import Session
    from db.feeds import FeedInfo

    Step = Callable[[AsyncConnection, int], Awaitable[int]]


async def remove_feed(session: Session, asked: str, purge: bool, yes: bool) -> FeedInfo:
    """Pause the feed, let go of (or delete) what it announced, then delete it. Interrupted, it can be run again."""
    from db import feeds
    from db.session import transaction
    from ingest.subscribe import find_feed

    async with transaction(session.engine) as conn:
        feed = await find_feed(conn, asked)
    _confirm(feed, purge, yes)
    async with transaction(session.engine) as conn:
        await feeds.pause(conn, feed.id, "being removed")
    if purge:
        async with transaction(session.engine) as conn:
            await feeds.hand_over(conn, feed.id)
        await _until_none(session, feed.id, feeds.purge_articles, "articles")
        await _until_none(session, feed.id, feeds.purge_entries, "entries")
    await _until_none(session, feed.id, feeds.release_articles, "articles")
    await _until_none(session, feed.id, lambda conn, id_: feeds.let_go(conn, id_, session.clock.now()), "entries")
    async with transaction(session.engine) as conn:
        await feeds.delete(conn, feed.id)
    return feed


def _confirm(feed: FeedInfo, purge: bool, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError(f"feed {feed.id} ({feed.url}) is only removed with --yes when nobody can be asked")
    what = "with all its articles and raw pages" if purge else "its articles stay"
    if not typer.confirm(f"Remove feed {feed.id}, {show.cell(feed.url)} ({what})?"):
        raise InputError("not removed")


async def _until_none(session: Session, feed_id: int, step: Step, what: str) -> None:
    from db.session import transaction

    with show.progress() as bar:
        task = bar.add_task(what, total=None)
        while True:
            async with transaction(session.engine) as conn:
                done = await step(conn, feed_id)
            if not done:
                return
            bar.advance(task, done)
