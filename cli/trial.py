"""The work behind `kliping feed test`: everything is shown, nothing is stored."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from cli import show
from cli.context import quiet, with_database
from kliping.clock import SystemClock
from kliping.feeds import Feed, Fetched

if TYPE_CHECKING:
    from cli.context import Session
    from ingest.subscribe import Look
    from ingest.trial import Tried
    from kliping.settings import Settings

BODY_SHOWN = 4000  # characters of a body on the screen; --json has it all


def run_trial(asked: str, entries: int, zone: str | None, agent: str | None, as_json: bool) -> int:
    """Try a URL, or a stored feed with its settings, and show what came of it. Returns the exit code."""
    settings = quiet()
    feed = _feed(asked, zone, agent, settings)
    looks, tried = asyncio.run(_try(settings, feed, entries))
    if as_json:
        show.as_json({"tried": [_look(look) for look in looks], "entries": [_tried(entry) for entry in tried]})
    else:
        _show(looks, tried)
    return 0 if looks[-1].parsed is not None else 1


def _feed(asked: str, zone: str | None, agent: str | None, settings: Settings) -> Feed:
    """The feed to be tried; only a stored one, asked for by its number, needs the database."""
    from ingest import wishes
    from ingest.feedurl import feed_url

    stored = with_database(lambda session: _stored(session, asked), settings) if asked.isdigit() else None
    place = feed_url(stored.url if stored else asked)
    return Feed(
        id=stored.id if stored else 0,
        url=place.url,
        host=place.host,
        zone=wishes.known_zone(zone) if zone else stored.zone if stored else "Asia/Jakarta",
        full_text=stored.full_text if stored else None,
        user_agent=wishes.agent(agent) if agent else stored.user_agent if stored else None,
    )


async def _stored(session: Session, asked: str) -> Any:
    from db.session import transaction
    from ingest.subscribe import find_feed

    async with transaction(session.engine) as conn:
        return await find_feed(conn, asked)


async def _try(settings: Settings, feed: Feed, entries: int) -> tuple[list[Look], list[Tried]]:
    from ingest.fetch import Fetcher
    from ingest.sandbox import Sandbox
    from ingest.subscribe import Scout
    from ingest.trial import Trial

    clock = SystemClock()
    async with Sandbox(settings) as sandbox, Fetcher(settings, clock) as fetcher:
        scout = Scout(fetcher, sandbox, feed.zone, settings.entries_per_poll, feed.user_agent)
        looks = await scout.search(feed.url)
        parsed = looks[-1].parsed
        if parsed is None:
            return looks, []
        trial = Trial(settings, clock, fetcher, sandbox, feed)
        chosen = parsed.entries[:entries]
        with show.progress() as bar:
            task = bar.add_task("entries", total=len(chosen))
            tried = []
            async for one in trial.entries(chosen):
                tried.append(one)
                bar.advance(task)
        return looks, tried


def _exchange(fetched: Fetched) -> dict[str, Any]:
    """The exchange without its body."""
    kept = {name: getattr(fetched, name) for name in ("url", "final_url", "outcome", "status", "detail", "at")}
    seconds = round(fetched.seconds, 3)
    kept |= {"seconds": seconds, "wire_bytes": fetched.wire_bytes, "bytes": len(fetched.body)}
    return kept | {"headers": dict(fetched.headers), "hops": fetched.hops, "retry_after": fetched.retry_after}


def _look(look: Look) -> dict[str, Any]:
    parsed = look.parsed
    names = [name for name in parsed.__dataclass_fields__ if name != "entries"] if parsed else []
    facts = {name: getattr(parsed, name) for name in names} or None
    return {"exchange": _exchange(look.fetched), "fault": look.fault, "feed": facts}


def _tried(tried: Tried) -> dict[str, Any]:
    entry = {name: getattr(tried.entry, name) for name in tried.entry.__dataclass_fields__}
    fetched = _exchange(tried.fetched) if tried.fetched else None
    return {
        "entry": entry,
        "origin": tried.origin,
        "exchange": fetched,
        "article": tried.article,
        "fault": tried.fault,
    }


def _show(looks: list[Look], tried: list[Tried]) -> None:
    for look in looks:
        _show_exchange(look.fetched)
        if look.fault:
            show.line(f"no feed: {look.fault}")
    for facts in [_look(look)["feed"] for look in looks if look.parsed]:
        show.facts((name.replace("_", " "), value) for name, value in facts.items() if value)
    for number, one in enumerate(tried, 1):
        _show_tried(number, one)


def _show_exchange(fetched: Fetched) -> None:
    for hop in fetched.hops:
        show.line(f"{hop.status}: {hop.url} -> {hop.location}")
    told = (f"{name}: {fetched.header(name) or '-'}" for name in ("content-type", "etag", "last-modified"))
    show.line(f"GET {fetched.final_url}")
    show.line(
        f"  {fetched.outcome} {fetched.status or ''} {fetched.detail or ''}"
        f" ({len(fetched.body)} bytes, {fetched.wire_bytes} on the wire, {fetched.seconds:.2f} s)"
    )
    show.line("  " + "; ".join(told))


def _show_tried(number: int, one: Tried) -> None:
    print()
    show.line(f"--- entry {number}: {one.entry.title or '(no title)'}")
    show.facts([("GUID", one.entry.guid), ("URL", one.entry.url), ("published", one.entry.published_at)])
    if one.fetched is not None:
        _show_exchange(one.fetched)
    article = one.article
    if article is None:
        show.line(f"no article: {one.fault}")
        return
    show.facts(
        [
            ("outcome", f"{article.outcome} from {one.origin}, rule {article.rule or '-'}"),
            ("title", article.title),
            ("author", article.author),
            ("published", f"{show.moment(article.published_at)} ({article.published_from or 'not found'})"),
            ("sources", "; ".join(f"{source.label or '-'}: {source.url or '-'}" for source in article.sources)),
            ("removed", len(article.removed)),
        ]
    )
    print()
    show.text(article.body, BODY_SHOWN)
    show.table(
        ("step", "rule", "kept as", "removed text"), [(r.step, r.rule, r.kept_as, r.text) for r in article.removed]
    )
