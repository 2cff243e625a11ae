"""A feed tried out: asked, read, its first entries extracted and cleaned as the service would. Nothing is stored.

An entry whose own content may stand for its page is extracted from that; any other has its page fetched, after
robots.txt was asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from ingest.decide import may_stand_for_page
from ingest.fetch import Fetcher, Kind, Request
from ingest.pipeline import charset, feed_page
from ingest.robots import allows, fetch_robots
from ingest.sandbox import Sandbox
from kliping.clock import Clock
from kliping.errors import PageError, SandboxError
from kliping.feeds import Feed, Fetched, FetchOutcome
from kliping.model import Article, Entry, Origin, Page
from kliping.settings import Settings


@dataclass(frozen=True, slots=True)
class Tried:
    """One entry and what it came to: an article, or the reason in `fault`; `origin` is None when nothing was tried."""

    entry: Entry
    origin: Origin | None = None
    fetched: Fetched | None = None
    article: Article | None = None
    fault: str | None = None


class Trial:
    """Tries entries of one feed through the door and the parsing children."""

    def __init__(self, settings: Settings, clock: Clock, fetcher: Fetcher, sandbox: Sandbox, feed: Feed) -> None:
        self._settings, self._clock = settings, clock
        self._fetcher, self._sandbox = fetcher, sandbox
        self._feed = feed

    async def entries(self, announced: Sequence[Entry]) -> AsyncIterator[Tried]:
        """Each entry in turn, as soon as it is done."""
        for entry in announced:
            yield await self._entry(entry)

    async def _entry(self, entry: Entry) -> Tried:
        if entry.error:
            return Tried(entry, fault=entry.error)
        if self._feed.full_text or may_stand_for_page(entry) or (not entry.url and (entry.content or entry.summary)):
            return await self._extract(entry, feed_page(entry, self._feed, self._clock.now()))
        if not entry.url:
            return Tried(entry, fault="no link and no text")
        return await self._from_web(entry, entry.url)

    async def _from_web(self, entry: Entry, url: str) -> Tried:
        robots = await fetch_robots(self._fetcher, url)
        if not allows(robots, url, self._feed.user_agent or self._settings.user_agent("")):
            return Tried(entry, Origin.WEB, fault=FetchOutcome.ROBOTS.value)
        fetched = await self._fetcher.fetch(Request(url, Kind.PAGE, self._feed.user_agent))
        if fetched.outcome is not FetchOutcome.OK:
            return Tried(entry, Origin.WEB, fetched, fault=fetched.outcome.value)
        page = Page(fetched.final_url, fetched.body, fetched.at, Origin.WEB, entry, charset(fetched), self._feed.zone)
        return await self._extract(entry, page, fetched)

    async def _extract(self, entry: Entry, page: Page, fetched: Fetched | None = None) -> Tried:
        try:
            return Tried(entry, page.origin, fetched, await self._sandbox.article(page))
        except (SandboxError, PageError) as error:
            return Tried(entry, page.origin, fetched, fault=str(error))
