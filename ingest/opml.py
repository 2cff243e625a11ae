"""OPML in and out: bytes -> outlines -> feeds in the database, and back.

Reading is tolerant (listparser reads OPML as other programs really write it) and bounded: bytes, outlines and depth
have limits, and a document that declares entities is refused before it is parsed. What listparser has no place for,
the settings of a feed, travels as attributes of our own: kliping:state, reason, zone, interval, fullText, userAgent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any
from xml.sax.saxutils import quoteattr

from listparser.opml import OpmlMixin
from sqlalchemy.ext.asyncio import AsyncEngine

from db import feeds
from db.feeds import FeedInfo, NewFeed
from db.session import transaction
from ingest.feedurl import feed_url
from ingest.wishes import interval_seconds, known_zone, yes_no_auto
from kliping.clock import Clock
from kliping.errors import InputError
from kliping.feeds import FeedState
from parsers.text import clean_line, cut

MAX_BYTES = 4 * 1024 * 1024
MAX_OUTLINES = 20_000
MAX_DEPTH = 32
MAX_TITLE = 1000
NAMESPACE = "https://kliping.invalid/opml"
SEED = "feeds.opml"

_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*\bencoding=["']([A-Za-z0-9._-]{1,40})["']""")
_ALLOWED = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252", "utf-16"})


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed of a document, or the reason in `error` why it cannot be used. `line` counts from 1."""

    line: int
    url: str
    title: str | None = None
    categories: tuple[str, ...] = ()
    feed: NewFeed | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one outline: added, known or bad (with `reason`)."""

    line: int
    url: str
    outcome: str
    feed_id: int | None = None
    reason: str | None = None


class _Reader(OpmlMixin):
    """listparser's OPML, with our attributes and line numbers, and with limits."""

    def __init__(self) -> None:
        super().__init__()
        self.harvest = {"feeds": [], "lists": [], "opportunities": [], "meta": {}, "version": "", "bozo": False}
        self.found: list[tuple[int, dict[str, str], tuple[str, ...]]] = []

    def start_opml_outline(self, attrs: dict[str, str]) -> None:
        if len(self.found) >= MAX_OUTLINES or len(self.hierarchy) >= MAX_DEPTH:
            raise InputError(f"more than {MAX_OUTLINES} feeds or {MAX_DEPTH} levels in one OPML file")
        groups = tuple(name for name in self.hierarchy if name)
        if "xmlurl" in attrs or attrs.get("type", "").strip().lower() in ("rss", "atom"):
            self.found.append((self.getpos()[0], attrs, groups))
        super().start_opml_outline(attrs)

    def end_opml_outline(self) -> None:
        if self.hierarchy:  # a stray end tag is no reason to stop
            super().end_opml_outline()


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise InputError(f"an OPML file has at most {MAX_BYTES // 1024 // 1024} MiB")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    declared = _ENCODING.match(data[:200])
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    if name not in _ALLOWED:
        raise InputError(f"an OPML file in {name} cannot be read; save it as UTF-8")
    return data.decode("utf-8-sig" if name.startswith("utf-16") or name in ("utf-8", "utf8") else name, "replace")


def read(data: bytes) -> tuple[Outline, ...]:
    """The feeds of an OPML document in order. Raises InputError for what is no OPML, too large, or has entities."""
    text = _decode(data)
    if re.search(r"<!(?:DOCTYPE[^>\[]*\[|ENTITY)", text, re.IGNORECASE):
        raise InputError("an OPML file that declares entities is refused")
    reader = _Reader()
    try:
        reader.feed(text)
    except (AssertionError, KeyError, IndexError, ValueError, RecursionError) as error:
        raise InputError(f"not an OPML file: {type(error).__name__} near line {reader.getpos()[0]}") from error
    if not str(reader.harvest["version"]).startswith("opml"):
        raise InputError("not an OPML file: no <opml> element")
    return tuple(_outline(line, attrs, groups) for line, attrs, groups in reader.found)


def _outline(line: int, attrs: dict[str, str], groups: tuple[str, ...]) -> Outline:
    given = clean_line(attrs.get("xmlurl", ""))
    title = cut(clean_line(attrs.get("title", "") or attrs.get("text", "")), MAX_TITLE) or None
    own = tuple(clean_line(part).strip("/") for part in attrs.get("category", "").split(",") if part.strip(" /"))
    categories = own or groups
    if not given:
        return Outline(line, "", title, categories, error="no xmlUrl")
    try:
        return Outline(line, given, title, categories, feed=_feed(given, title, attrs))
    except InputError as error:
        return Outline(line, given, title, categories, error=str(error))


def _feed(given: str, title: str | None, attrs: dict[str, str]) -> NewFeed:
    place = feed_url(given)
    wish = {name: clean_line(attrs.get(f"kliping:{name}", "")) for name in _OURS}
    paused = wish["state"].lower() == "paused"
    return NewFeed(
        url=place.url,
        key=place.key,
        host=place.host,
        title=title,
        site_url=clean_line(attrs.get("htmlurl", "")) or None,
        zone=known_zone(wish["zone"]) if wish["zone"] else "Asia/Jakarta",
        interval=interval_seconds(wish["interval"]) if wish["interval"] else None,
        full_text=yes_no_auto(wish["fulltext"]) if wish["fulltext"] else None,
        user_agent=cut(wish["useragent"], 300) or None,
        state=FeedState.PAUSED if paused else FeedState.ACTIVE,
        reason=(cut(wish["reason"], 300) or "paused in the imported list") if paused else None,
    )


_OURS = ("state", "reason", "zone", "interval", "fulltext", "useragent")


async def import_feeds(engine: AsyncEngine, clock: Clock, outlines: Sequence[Outline]) -> list[Imported]:
    """Store what is new, in one transaction; one bad outline costs one outline."""
    wanted = [outline.feed for outline in outlines if outline.feed is not None]
    async with transaction(engine) as conn:
        stored = iter(await feeds.add(conn, wanted, clock.now()))
    results = []
    for outline in outlines:
        if outline.feed is None:
            results.append(Imported(outline.line, outline.url, "bad", reason=outline.error))
        else:
            feed_id, new = next(stored)
            results.append(Imported(outline.line, outline.feed.url, "added" if new else "known", feed_id))
    return results


def default_feeds() -> bytes:
    """The curated list that comes with kliping. Nobody has checked that its feeds are alive."""
    return resources.files("ingest").joinpath(SEED).read_bytes()


async def seed(engine: AsyncEngine, clock: Clock) -> int:
    """Import the default list into a database that has no feed at all. Returns how many were added."""
    async with transaction(engine) as conn:
        if await feeds.count(conn):
            return 0
    imported = await import_feeds(engine, clock, read(default_feeds()))
    return sum(result.outcome == "added" for result in imported)


# --- out --------------------------------------------------------------------------------------------------------------


def write(listed: Iterable[FeedInfo], title: str = "kliping") -> str:
    """An OPML 2.0 document of feeds with their settings; reading it back gives the same feeds."""
    lines = [f"    <outline {_attributes(feed)}/>" for feed in listed]
    head = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:kliping="{NAMESPACE}">',
        f"  <head><title>{_escape(title)}</title></head>",
        "  <body>",
    ]
    return "\n".join([*head, *lines, "  </body>", "</opml>", ""])


def _attributes(feed: FeedInfo) -> str:
    name = feed.title or feed.url
    pairs: list[tuple[str, Any]] = [
        ("type", "rss"),
        ("text", name),
        ("title", name),
        ("xmlUrl", feed.url),
        ("htmlUrl", feed.site_url),
        ("kliping:state", feed.state if feed.state != FeedState.ACTIVE else None),
        ("kliping:reason", feed.state_reason),
        ("kliping:zone", feed.zone if feed.zone != "Asia/Jakarta" else None),
        ("kliping:interval", feed.interval),
        ("kliping:fullText", {True: "yes", False: "no", None: None}[feed.full_text]),
        ("kliping:userAgent", feed.user_agent),
    ]
    return " ".join(f"{key}={quoteattr(clean_line(str(value)))}" for key, value in pairs if value is not None)


def _escape(value: str) -> str:
    return clean_line(value).replace("&", "&amp;").replace("<", "&lt;")
