"""From what an operator gave, a feed's URL or a site's, to a feed that is stored; and the trial that stores nothing.

look: URL -> fetched -> a feed?  yes: that is it
                        no: the page's own links to feeds, in order, until one parses as a feed
store: what was found, with the operator's settings
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncConnection

from db import feeds
from db.feeds import FeedInfo, NewFeed
from ingest.feedurl import FeedUrl, feed_url
from kliping.errors import FeedError, InputError, SandboxError
from kliping.feeds import Fetched, FetchOutcome, ParsedFeed
from parsers.text import clean_line, cut

if TYPE_CHECKING:
    from ingest.fetch import Fetcher
    from ingest.sandbox import Sandbox

CANDIDATES = 8  # links of one page that are tried
PERMANENT = frozenset({301, 308})


@dataclass(frozen=True, slots=True)
class Look:
    """One exchange and what its answer is: a feed, or the reason why it is none."""

    fetched: Fetched
    parsed: ParsedFeed | None = None
    fault: str | None = None

    @property
    def where(self) -> str:
        """The address to keep: redirects are followed for good only where the server says they are for good."""
        hops = self.fetched.hops
        passed = [*(hop.url for hop in hops), self.fetched.final_url]
        temporary = next((number for number, hop in enumerate(hops) if hop.status not in PERMANENT), len(hops))
        return passed[temporary]


@dataclass(frozen=True, slots=True)
class Found:
    """The feed that was found, and every address that was looked at on the way."""

    look: Look
    tried: tuple[Look, ...]


class Scout:
    """Looks at addresses through the one door to the network and the parsing children."""

    def __init__(self, fetcher: Fetcher, sandbox: Sandbox, zone: str, limit: int, agent: str | None = None) -> None:
        self._fetcher, self._sandbox = fetcher, sandbox
        self._zone, self._limit, self._agent = zone, limit, agent

    async def look(self, url: str) -> Look:
        """Fetch an address and try to read it as a feed; every failure is a value."""
        from ingest.fetch import Kind, Request

        fetched = await self._fetcher.fetch(Request(url, Kind.FEED, self._agent))
        if fetched.outcome is not FetchOutcome.OK:
            status = f" ({fetched.status})" if fetched.status else ""
            detail = f": {fetched.detail}" if fetched.detail else ""
            return Look(fetched, fault=f"{fetched.outcome.value}{status}{detail}")
        content_type = fetched.header("content-type")
        try:
            parsed = await self._sandbox.feed(fetched.body, fetched.final_url, content_type, self._zone, self._limit)
        except (FeedError, SandboxError) as error:
            return Look(fetched, fault=str(error))
        return Look(fetched, parsed)

    async def search(self, url: str) -> list[Look]:
        """Every address that was looked at, the last one being the feed if there is one.

        The page's own order of links is kept: sites put their posts before their comments.
        """
        tried = [await self.look(url)]
        if tried[0].parsed is not None:
            return tried
        for candidate in await self._candidates(tried[0]):
            tried.append(await self.look(candidate))
            if tried[-1].parsed is not None:
                break
        return tried

    async def find(self, url: str) -> Found:
        """The feed at `url`, or the first one its page links to. Raises InputError saying what was there."""
        tried = await self.search(url)
        if tried[-1].parsed is None:
            raise InputError(_nothing(tried))
        return Found(tried[-1], tuple(tried))

    async def _candidates(self, look: Look) -> list[str]:
        if look.fetched.outcome is not FetchOutcome.OK:
            return []
        try:
            links = await self._sandbox.discover(look.fetched.body, look.fetched.final_url)
        except SandboxError:
            return []  # the fault of the first look is what gets reported
        seen = {look.fetched.url, look.fetched.final_url}
        urls = dict.fromkeys(link.url for link in links if link.url not in seen)
        return list(urls)[:CANDIDATES]


def _nothing(tried: list[Look]) -> str:
    first, others = tried[0], tried[1:]
    said = f"no feed at {cut(first.fetched.url, 300)}: {first.fault}"
    if first.fetched.outcome is not FetchOutcome.OK:
        return said + "; `--no-check` stores the address as it is"
    if not others:
        return said + "; the page links to no feed"
    return said + "; tried " + ", ".join(f"{cut(look.fetched.url, 200)} ({look.fault})" for look in others)


def described(found: Found, wish: NewFeed) -> NewFeed:
    """The operator's settings with the address and the facts of the feed that was found."""
    parsed = found.look.parsed
    assert parsed is not None
    place = feed_url(found.look.where)
    return replace(
        placed(wish, place),
        title=wish.title or (cut(clean_line(parsed.title), 1000) if parsed.title else None),
        site_url=parsed.site_url,
        version=parsed.version,
        language=parsed.language,
    )


def placed(wish: NewFeed, place: FeedUrl) -> NewFeed:
    """The same wish at another address."""
    return replace(wish, url=place.url, key=place.key, host=place.host)


async def find_feed(conn: AsyncConnection, asked: str) -> FeedInfo:
    """The feed an operator means by an id, a URL, or a part of its URL or title. Raises NotFound or InputError."""
    text = clean_line(asked)
    if not text:
        raise InputError("which feed? give an id or (a part of) its URL")
    try:
        key = feed_url(text).key
    except InputError:
        key = None
    return await feeds.find(conn, text, key)
