"""How hosts are treated, whoever asks: what the database remembers of them, their robots.txt, whose pages they may be.

One `Manners` per visit. Before a host is asked for the first time its row is read: the last start and a pause it asked
for hold across visits and processes, its crawl-delay stretches the spacing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from db import hosts
from db.hosts import HostRecord
from ingest import pools
from ingest.ask import Permit
from ingest.robots import PRODUCT, RobotsRecord, allows, crawl_delay, fetch_robots, stale
from ingest.shell import Shell
from kliping.feeds import Feed, Fetched, FetchOutcome
from parsers.links import host_of, site_of

# Services that hand out the feeds of others: there the site that the feed says it is of counts as its own.
HANDERS = frozenset(("feedburner.com", "feedblitz.com", "feedpress.me", "feedpress.it", "follow.it", "blogger.com"))


def may_have(feed: Feed, url: str) -> bool:
    """Whether a page may be fetched for a feed: on the feed's registrable domain, or one the operator allows.

    Where the feed was last answered from counts as its own. Else one feed could send us to ten thousand pages of a
    stranger.
    """
    own = {*feed.sites, site_of(feed.url)}
    if feed.answered_url:
        own.add(site_of(feed.answered_url))
    if own & HANDERS and feed.site_url:
        own |= _site(feed.site_url)
    return bool(_site(url) & own)


def _site(url: str) -> set[str]:
    try:
        return {site_of(url)}
    except ValueError:
        return set()


class Manners:
    """What a visit knows of the hosts it has to do with."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._robots: dict[str, RobotsRecord] = {}
        self._met: set[str] = set()

    def meet(self, host: str, record: HostRecord | None, pool: HostRecord | None = None) -> datetime | None:
        """Take over what the rows of a host and of its pool say. Until when both ask to be left alone, if they do."""
        self._met.add(host)
        fetcher, now = self._shell.fetcher, self._shell.clock.now()
        if record and record.robots_at:
            self._take_rules(host, RobotsRecord(record.robots, record.robots_at, record.robots_outcome or ""))
        if record and record.last_start_at:
            fetcher.hold(host, record.last_start_at + timedelta(seconds=fetcher.spacing(host)))
        pauses = [row.not_before for row in (record, pool) if row and row.not_before and row.not_before > now]
        for until in pauses:
            fetcher.hold(host, until)
        return max(pauses, default=None)

    async def robots(self, url: str | None) -> RobotsRecord:
        """The rules of a URL's host, which is asked for them at most once a day."""
        host = host_of(url or "")
        await self._meet_stranger(host)
        known = self._robots.get(host)
        if known is None or stale(known, self._shell.clock.now()):
            known = await fetch_robots(self._shell.fetcher, url or "", known)
            self._take_rules(host, known)
            async with self._shell.engine.begin() as conn:
                await hosts.save_robots(conn, host, known.text, known.at, known.outcome)
        return known

    def follow(self) -> Permit:
        """For feeds: any host, after a look at what we remember of it."""

        async def permit(url: str) -> None:
            await self._meet_stranger(host_of(url))

        return permit

    def pages(self, feed: Feed) -> Permit:
        """For a feed's pages: only where they may be, and where robots.txt allows it."""

        async def permit(url: str) -> FetchOutcome | None:
            if not may_have(feed, url):
                return FetchOutcome.OTHER_SITE
            allowed = allows(await self.robots(url), url, feed.user_agent or PRODUCT)
            return None if allowed else FetchOutcome.ROBOTS

        return permit

    async def keep(self, fetched: Fetched) -> None:
        """A pause that a pool asked for is for all its hosts, whoever visits them."""
        if fetched.pool and fetched.retry_after:
            async with self._shell.engine.begin() as conn:
                await hosts.hold(conn, pools.row_of(fetched.pool), fetched.retry_after)

    async def _meet_stranger(self, host: str) -> None:
        if host in self._met:
            return
        async with self._shell.engine.connect() as conn:
            rows = await hosts.with_pool(conn, host, pools.row_for(host))
        self.meet(host, *rows)

    def _take_rules(self, host: str, rules: RobotsRecord) -> None:
        self._robots[host] = rules
        if delay := crawl_delay(rules):
            self._shell.fetcher.slow(host, delay)
