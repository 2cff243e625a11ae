"""`kliping feed`: the feeds that are polled."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import show
from cli.app import group
from cli.context import Session, with_database
from kliping.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from db.feeds import FeedInfo, NewFeed
    from ingest.opml import Imported
    from ingest.subscribe import Found

app = group()
Feed = Annotated[str, typer.Argument(metavar="FEED", help="An id, or (a part of) a URL or title that only one has.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Zone = Annotated[str | None, typer.Option(help="Time zone of its dates without offset, e.g. Asia/Makassar.")]
Interval = Annotated[str | None, typer.Option(help="Time between polls: seconds, or 15m, 2h, 1d.")]
Agent = Annotated[str | None, typer.Option("--user-agent", help="User-Agent for this feed; empty takes it back.")]


@app.callback()
def feed() -> None:
    """Add, list, change, test, import and export feeds."""


@app.command("add")
def add(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="The address of a feed, or of a site that links to its feed.")
    ],
    title: Annotated[str | None, typer.Option(help="Your name for it.")] = None,
    zone: Zone = None,
    interval: Interval = None,
    full_text: Annotated[
        bool | None, typer.Option("--full-text/--no-full-text", help="Its entries hold the whole text; default: check.")
    ] = None,
    agent: Agent = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Fetch it first; else store it as given.")] = True,
    as_json: Json = False,
) -> None:
    """Add a feed, or the feed that a site's page links to."""
    wish = _wish(url, title, zone, interval, full_text, agent)
    stored, new, found = with_database(lambda session: _add(session, wish, check))
    if as_json:
        show.as_json({**show.plain(stored), "new": new})
        return
    if found is not None:
        _tell_found(found)
    show.line(f"feed {stored.id} {'added' if new else 'is there already'}: {stored.url}")


def _wish(
    url: str, title: str | None, zone: str | None, interval: str | None, full_text: bool | None, user_agent: str | None
) -> NewFeed:
    from db.feeds import NewFeed
    from ingest import wishes
    from ingest.feedurl import feed_url
    from parsers.text import clean_line, cut

    place = feed_url(url)
    return NewFeed(
        url=place.url,
        key=place.key,
        host=place.host,
        title=cut(clean_line(title), 1000) if title else None,
        zone=wishes.known_zone(zone) if zone else "Asia/Jakarta",
        interval=wishes.interval_seconds(interval) if interval else None,
        full_text=full_text,
        user_agent=wishes.agent(user_agent) if user_agent else None,
    )


async def _add(session: Session, wish: NewFeed, check: bool) -> tuple[FeedInfo, bool, Found | None]:
    from db import feeds
    from db.session import transaction
    from ingest.subscribe import described

    found = await _find(session, wish) if check else None
    async with transaction(session.engine) as conn:
        feed = described(found, wish) if found else wish
        ((feed_id, new),) = await feeds.add(conn, [feed], session.clock.now())
        return await feeds.get(conn, feed_id), new, found


async def _find(session: Session, wish: NewFeed) -> Found:
    from ingest.fetch import Fetcher
    from ingest.sandbox import Sandbox
    from ingest.subscribe import Scout

    settings = session.settings
    async with Sandbox(settings) as sandbox, Fetcher(settings, session.clock) as fetcher:
        scout = Scout(fetcher, sandbox, wish.zone, settings.entries_per_poll, wish.user_agent)
        return await scout.find(wish.url)


def _tell_found(found: Found) -> None:
    parsed = found.look.parsed
    assert parsed is not None
    if len(found.tried) > 1:
        show.line(f"the page links to {found.look.fetched.url}")
    show.line(f"{parsed.version} feed: {parsed.title or '(no title)'}, {parsed.announced} entries")


@app.command("list")
def list_feeds(
    state: Annotated[str | None, typer.Option(help="Only active, paused or gone ones.")] = None, as_json: Json = False
) -> None:
    """List the feeds."""
    from kliping.feeds import FeedState

    if state is not None and state not in set(FeedState):
        raise InputError(f"wanted active, paused or gone: {state}")
    listed = with_database(lambda session: _list(session, state))
    if as_json:
        show.as_json(listed)
        return
    rows = [
        (f.id, f.title, f.url, f.state, f.last_outcome, f.last_polled_at, f.next_poll_at or f.state_reason)
        for f in listed
    ]
    show.table(("id", "title", "URL", "state", "last", "polled", "next poll, or why none"), rows)


async def _list(session: Session, state: str | None) -> list[FeedInfo]:
    from db import feeds
    from db.session import transaction

    async with transaction(session.engine) as conn:
        return await feeds.listing(conn, state)


@app.command("show")
def show_feed(feed: Feed, as_json: Json = False) -> None:
    """Show one feed: its settings, its entries by state, its last polls."""
    info, history = with_database(lambda session: _history(session, feed))
    if as_json:
        show.as_json({**show.plain(info), **show.plain(history)})
        return
    show.facts((name.replace("_", " "), getattr(info, name)) for name in info.__dataclass_fields__)
    show.facts([("entries", show.counts(history.entries)), ("articles", history.articles)])
    columns = ("at", "outcome", "status", "new", "known", "bad", "bytes", "seconds", "detail")
    rows = [[round(p[name], 3) if name == "seconds" else p[name] for name in columns] for p in history.polls]
    show.table(columns, rows, title="last polls")
    moved = [(m.at, m.from_url, m.to_url, m.refused or m.why) for m in history.moves]
    if moved:
        show.table(("at", "from", "to", "why, or why not"), moved, title="moves")


async def _history(session: Session, asked: str) -> tuple[FeedInfo, Any]:
    from db import reports
    from db.session import transaction
    from ingest.subscribe import find_feed

    async with transaction(session.engine) as conn:
        info = await find_feed(conn, asked)
        return info, await reports.feed_history(conn, info.id)


@app.command("set")
def set_feed(
    feed: Feed,
    zone: Zone = None,
    interval: Annotated[str | None, typer.Option(help="Time between polls: 900, 15m, 2h, 1d; auto for ours.")] = None,
    full_text: Annotated[str | None, typer.Option(help="yes, no, or auto for the check's verdict.")] = None,
    agent: Agent = None,
    title: Annotated[str | None, typer.Option(help="Your name for it.")] = None,
    sites: Annotated[str | None, typer.Option(help="Other domains its pages may be on: a.id,b.com.")] = None,
) -> None:
    """Change the settings of a feed."""
    changes = _changes(zone, interval, full_text, agent, title, sites)
    if not changes:
        raise InputError("nothing to set; see `kliping feed set --help`")
    info = _acted(feed, lambda conn, info, now: _feeds().change(conn, info.id, now, **changes))
    values = {name: getattr(info, name) for name in changes}
    set_to = ", ".join(f"{name.replace('_', ' ')} {_said(value)}" for name, value in values.items())
    show.line(f"feed {info.id}: {set_to}")


def _said(value: Any) -> str:
    return "default" if value is None else show.cell(value)


def _changes(
    zone: str | None,
    interval: str | None,
    full_text: str | None,
    agent: str | None,
    title: str | None,
    sites: str | None,
) -> dict[str, Any]:
    """Only what was given; a word of default takes a setting back."""
    from ingest import wishes
    from parsers.text import clean_line, cut

    found: dict[str, Any] = {}
    if zone is not None:
        found["zone"] = wishes.known_zone(zone)
    if interval is not None:
        found["interval"] = None if interval.strip().lower() == "auto" else wishes.interval_seconds(interval)
    if full_text is not None:
        found["full_text"] = wishes.yes_no_auto(full_text)
    if agent is not None:
        found["user_agent"] = wishes.agent(agent)
    if title is not None:
        found["title"] = cut(clean_line(title), 1000) or None
    if sites is not None:
        found["sites"] = wishes.sites(sites)
    return found


def _feeds() -> Any:
    from db import feeds

    return feeds


def _acted(asked: str, act: Callable[[AsyncConnection, FeedInfo, Any], Awaitable[FeedInfo]]) -> FeedInfo:
    """Find the feed that was meant and change it, in one transaction."""

    async def work(session: Session) -> FeedInfo:
        from db.session import transaction
        from ingest.subscribe import find_feed

        async with transaction(session.engine) as conn:
            return await act(conn, await find_feed(conn, asked), session.clock.now())

    return with_database(work)


@app.command("pause")
def pause(
    feed: Feed, reason: Annotated[str, typer.Option(help="Why; `feed list --json` tells it.")] = "paused by operator"
) -> None:
    """Stop polling a feed."""
    info = _acted(feed, lambda conn, info, now: _feeds().pause(conn, info.id, reason))
    show.line(f"feed {info.id} is paused: {info.url}")


@app.command("resume")
def resume(feed: Feed) -> None:
    """Poll a feed again, also one that was given up as gone."""
    info = _acted(feed, lambda conn, info, now: _feeds().resume(conn, info.id, now))
    show.line(f"feed {info.id} is active and due now: {info.url}")


@app.command("import")
def import_opml(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An OPML file; - reads standard input.")],
    as_json: Json = False,
) -> int:
    """Import feeds from OPML. Exit code 1 when an outline could not be used."""
    from ingest import opml

    outlines = opml.read(_read(file))
    results = with_database(lambda session: _import(session, outlines))
    if as_json:
        show.as_json(results)
    else:
        _tell_imported(results)
    return 1 if any(result.outcome == "bad" for result in results) else 0


async def _import(session: Session, outlines: Any) -> list[Imported]:
    from ingest import opml

    return await opml.import_feeds(session.engine, session.clock, outlines)


def _tell_imported(results: list[Imported]) -> None:
    for result in results:
        what = f"feed {result.feed_id}" if result.feed_id else result.reason
        show.line(f"line {result.line}: {result.outcome}: {result.url or '(no address)'} ({what})")
    outcomes = [result.outcome for result in results]
    show.line(", ".join(f"{outcomes.count(word)} {word}" for word in ("added", "known", "bad")))


def _read(file: str) -> bytes:
    """A bounded read: what is larger is refused by the reader."""
    from ingest.opml import MAX_BYTES

    try:
        if file == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(file).open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from error


@app.command("export")
def export_opml(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="Where to; - is standard output.")] = "-",
) -> None:
    """Export all feeds with their settings as OPML."""
    from ingest import opml

    document = opml.write(with_database(lambda session: _list(session, None)))
    if file == "-":
        sys.stdout.write(document)
        return
    try:
        Path(file).write_text(document, "utf-8")
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from error


@app.command("remove")
def remove(
    feed: Feed,
    purge: Annotated[bool, typer.Option("--purge", help="Delete its articles and raw pages too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a feed; its articles stay unless --purge. What it announced and was not decided is rejected."""
    from cli.removal import remove_feed

    info = with_database(lambda session: remove_feed(session, feed, purge, yes))
    show.line(f"feed {info.id} removed: {info.url}")


@app.command("test")
def trial(
    url: Annotated[str, typer.Argument(metavar="URL", help="A feed, a site, or a stored feed's id.")],
    entries: Annotated[int, typer.Option(min=0, max=20, help="How many entries to show with their text.")] = 3,
    zone: Zone = None,
    agent: Agent = None,
    as_json: Json = False,
) -> int:
    """Fetch, read, extract and show a feed; nothing is stored. Exit code 1 when it is no feed."""
    from cli.trial import run_trial

    return run_trial(url, entries, zone, agent, as_json)
