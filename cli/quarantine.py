"""`kliping quarantine`: the entries that we failed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import show
from cli.app import group
from cli.context import Session, with_database
from kliping.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from db.quarantine import Held
    from kliping.model import Entry

app = group()
Ids = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Entries; see `quarantine list`.")]
Every = Annotated[bool, typer.Option("--all", help="Every quarantined entry.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FeedOption = Annotated[str | None, typer.Option("--feed", help="Only of this feed: an id or (a part of) its URL.")]


@app.callback()
def quarantine() -> None:
    """Entries that we failed on and that wait for you."""


@app.command("list")
def list_held(
    feed: FeedOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 100,
    as_json: Json = False,
) -> None:
    """List quarantined entries, the newest first."""
    held = with_database(lambda session: _held(session, feed, limit))
    if as_json:
        show.as_json(held)
        return
    rows = [(e.id, e.feed_url, e.url, e.title, e.reason, e.decided_at) for e in held]
    show.table(("entry", "feed", "URL", "title", "reason", "since"), rows)


@app.command("show")
def show_held(entry_id: Annotated[int, typer.Argument(metavar="ID")], as_json: Json = False) -> None:
    """Show one entry with what its feed said."""
    held, entry = with_database(lambda session: _one(session, entry_id))
    if as_json:
        show.as_json({**show.plain(held), "entry": entry})
        return
    show.facts(show.plain(held).items())
    show.facts((name, value) for name, value in (show.plain(entry) or {}).items() if value)


@app.command("retry")
def retry(ids: Ids = None, every: Every = False, feed: FeedOption = None) -> None:
    """Try entries again, at once."""
    from db import quarantine as held

    done = with_database(lambda session: _each(session, ids, every, feed, held.retry))
    show.line(f"{done} entries will be tried again")


@app.command("drop")
def drop(ids: Ids = None, every: Every = False, feed: FeedOption = None) -> None:
    """Give entries up; the ledger keeps them as rejected."""
    from db import quarantine as held

    done = with_database(lambda session: _each(session, ids, every, feed, held.drop))
    show.line(f"{done} entries dropped")


async def _held(session: Session, feed: str | None, limit: int) -> list[Held]:
    from db import quarantine as held
    from db.session import transaction

    async with transaction(session.engine) as conn:
        return await held.listing(conn, await _feed_id(conn, feed), limit)


async def _one(session: Session, entry_id: int) -> tuple[Held, Entry | None]:
    from db import quarantine as held
    from db.session import transaction

    async with transaction(session.engine) as conn:
        return await held.show(conn, entry_id)


async def _feed_id(conn: AsyncConnection, asked: str | None) -> int | None:
    from ingest.subscribe import find_feed

    return None if asked is None else (await find_feed(conn, asked)).id


async def _each(
    session: Session,
    ids: list[int] | None,
    every: bool,
    feed: str | None,
    act: Callable[[AsyncConnection, int, datetime], Awaitable[None]],
) -> int:
    """Do it to each, in a transaction of its own, so that a long list never holds locks."""
    from db import quarantine as held
    from db.session import transaction

    if bool(ids) == bool(every or feed):
        raise InputError("name entries, or use --all or --feed")
    async with transaction(session.engine) as conn:
        chosen = list(dict.fromkeys(ids or await held.ids(conn, await _feed_id(conn, feed))))
    with show.progress() as bar:
        for entry_id in bar.track(chosen, description="entries"):
            async with transaction(session.engine) as conn:
                await act(conn, entry_id, session.clock.now())
    return len(chosen)
