"""THE one path. Nobody else saves an article.

    Pending entry -> plan: fetch its page, or make one of the feed's own content
      Page -> parsing child -> Article, with the pages it goes on at -> Identity
        -> (in the transaction: Known -> Decision) -> article, removals, raw page, ledger entry commit together

Every try ends as a Settlement: an article to be decided on, or the decision that follows from what failed.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from db.articles import RawPage
from db.entries import Pending
from ingest import decide, network
from ingest.ask import Permit
from ingest.batch import PoisonError
from ingest.decide import Plan, Verdict
from ingest.fetch import Kind, Request
from ingest.ledger import Found, Settled, Settlement
from ingest.manners import may_have
from ingest.parts import Part, Read, complete
from ingest.poll import death
from ingest.robots import FRESH_FAILURE, PRODUCT, RobotsRecord, allows
from ingest.shell import Shell
from kliping.decisions import Decision, Duplicate, EntryState, Identity, Insert, Quarantine, Reject, Retry
from kliping.errors import PageError, SandboxError
from kliping.feeds import Feed, Fetched, FetchOutcome, Lease
from kliping.model import Article, Entry, Origin, Page, PageOutcome
from parsers.feedtext import covers
from parsers.fingerprint import body_key
from parsers.links import is_front_page, site_of, url_key
from parsers.sniff import is_html
from parsers.text import cut

log = structlog.get_logger()

OURS_AGAIN = timedelta(minutes=30)  # when we are cut off, or our own provider stands in the way
ROBOTS_UNREACHABLE = "robots_unreachable"
PAGE_UNREACHABLE = "page_unreachable"  # flag: the page could not be had, the feed's own full text was kept


@dataclass
class FullText:
    """The state of one feed's full-text check during a visit, ahead of what is committed."""

    feed: Feed

    def verdict(self) -> Verdict:
        return Verdict(self.feed.full_text_agreed, self.feed.full_text_verdict, self.feed.full_text_checked_at)

    def learn(self, verdict: Verdict) -> None:
        self.feed = replace(
            self.feed,
            full_text_agreed=verdict.agreed,
            full_text_verdict=verdict.verdict,
            full_text_checked_at=verdict.checked_at,
        )


@dataclass(frozen=True, slots=True)
class Try:
    """One try at one entry: what was asked, what came back."""

    settled: asyncio.Future[Settled]
    fetched: Fetched | None = None


async def attempt(
    shell: Shell,
    lease: Lease,
    item: Pending,
    check: FullText,
    robots: RobotsRecord | None,
    permit: Permit | None = None,
) -> Try:
    """Try an entry once and submit its settlement; the future ends with the transaction.

    `robots` are the rules of the entry's host, `permit` tells whether a redirect may be followed to another one.
    """
    feed, entry = check.feed, item.entry
    match decide.plan(feed, entry):
        case Plan.FEED:
            settlement, fetched = await _from_feed(shell, lease, item, feed), None
        case Plan.FETCH:
            settlement, fetched = await _from_web(shell, lease, item, check, robots, permit)
        case _:
            settlement, fetched = _instead(lease, item, shell.clock.now(), Reject("no_link_no_text")), None
    return Try(await _submit(shell, settlement, item), fetched)


def needs_page(feed: Feed, entry: Entry) -> bool:
    """Whether the entry's page will be fetched."""
    return decide.plan(feed, entry) is Plan.FETCH


# --- from the feed ----------------------------------------------------------------------------------------------------


async def _from_feed(shell: Shell, lease: Lease, item: Pending, feed: Feed, flag: str | None = None) -> Settlement:
    page = feed_page(item.entry, feed, shell.clock.now())
    kept = RawPage(page.fetched_at, Origin.FEED, page.html, page.url, url_key(page.url) if page.url else None)
    article = await _extract(shell, page)
    if isinstance(article, str):
        return _instead(lease, item, page.fetched_at, decide.after_crash(article), kept)
    if article.outcome is not PageOutcome.ARTICLE:
        return _instead(lease, item, page.fetched_at, Reject(decide.page_reason(article)), kept)
    if flag:
        article = replace(article, flags=(*article.flags, flag))
    own = item.entry.url if item.entry.url and site_of(item.entry.url) == site_of(feed.url) else None
    identity = identify(item, article, own, site_of(feed.url), feed)
    found = Found(identity, article, Origin.FEED, item.initial)
    return Settlement(lease, item.id, feed.id, page.fetched_at, found, page=kept)


def feed_page(entry: Entry, feed: Feed, at: datetime) -> Page:
    """The page that a feed's own content makes."""
    html = (entry.content or entry.summary or "").encode("utf-8", "ignore")
    return Page(entry.url, html, at, Origin.FEED, entry, "utf-8", feed.zone)


# --- from the web -----------------------------------------------------------------------------------------------------


async def _from_web(
    shell: Shell, lease: Lease, item: Pending, check: FullText, robots: RobotsRecord | None, permit: Permit | None
) -> tuple[Settlement, Fetched | None]:
    url, feed = item.entry.url or "", check.feed
    if not may_have(feed, url):
        return await _failed(shell, lease, item, feed, FetchOutcome.OTHER_SITE.value, None), None
    if robots is not None and not allows(robots, url, feed.user_agent or PRODUCT):
        if robots.text is None:  # not forbidden, but unknown: look again when the rules are asked for again
            again = max(robots.at + FRESH_FAILURE, shell.clock.now())
            later = Retry(again, ROBOTS_UNREACHABLE, counts=False)
            return _instead(lease, item, shell.clock.now(), later), None
        return await _failed(shell, lease, item, feed, FetchOutcome.ROBOTS.value, None), None
    fetched = await shell.fetcher.fetch(Request(url, Kind.PAGE, feed.user_agent), permit)
    shell.metrics.fetched(Kind.PAGE.value, fetched.outcome.value)
    if await network.lost(shell, feed, fetched):  # says nothing about the page
        again = shell.clock.now() + OURS_AGAIN
        return _instead(lease, item, fetched.at, Retry(again, fetched.outcome.value, counts=False)), fetched
    if fetched.outcome is not FetchOutcome.OK:
        return await _failed(shell, lease, item, feed, fetched.outcome.value, fetched.retry_after), fetched
    if not is_html(fetched.header("content-type"), fetched.body):
        return await _failed(shell, lease, item, feed, decide.NOT_HTML, None), fetched
    kept = _raw(fetched)
    article = await _extract(shell, web_page(fetched, item.entry, feed))
    if isinstance(article, str):
        return _instead(lease, item, fetched.at, decide.after_crash(article), kept), fetched
    if article.outcome is not PageOutcome.ARTICLE:
        return await _failed(shell, lease, item, feed, decide.page_reason(article), None, kept), fetched
    whole = await complete(with_announced(article, item.entry), fetched, kept, _reader(shell, feed, permit))
    article = whole.article
    verdict = await _compare(shell, item.entry, article, check)
    identity = identify(item, article, fetched.final_url, site_of(fetched.final_url), feed)
    found = Found(identity, article, Origin.WEB, item.initial)
    own, *parts = whole.pages
    settlement = Settlement(lease, item.id, feed.id, fetched.at, found, page=own, parts=tuple(parts), full_text=verdict)
    return settlement, whole.fetched


def _reader(shell: Shell, feed: Feed, permit: Permit | None) -> Read:
    """Gets further pages of an article, each as its first: robots.txt asked, one request at a time."""

    async def read(url: str) -> Part:
        if permit is not None and (refusal := await permit(url)):
            return Part(reason=refusal.value)
        fetched = await shell.fetcher.fetch(Request(url, Kind.PAGE, feed.user_agent), permit)
        shell.metrics.fetched(Kind.PAGE.value, fetched.outcome.value)
        if fetched.outcome is not FetchOutcome.OK:
            return Part(reason=fetched.outcome.value, fetched=fetched)
        if not is_html(fetched.header("content-type"), fetched.body):
            return Part(reason=decide.NOT_HTML, fetched=fetched)
        page = Page(fetched.final_url, fetched.body, fetched.at, Origin.WEB, None, charset(fetched), feed.zone)
        article = await _extract(shell, page)
        if isinstance(article, str) or article.outcome is not PageOutcome.ARTICLE:
            reason = article if isinstance(article, str) else decide.page_reason(article)
            return Part(reason=reason, fetched=fetched)
        return Part(article, "", fetched, _raw(fetched))

    return read


def web_page(fetched: Fetched, entry: Entry, feed: Feed) -> Page:
    """The page as it is to be read. What a feed says of another site's page (title, author, dates) is no witness."""
    if site_of(feed.url) != site_of(fetched.final_url):
        entry = replace(entry, title=None, author=None, published_at=None, published_raw=None, updated_at=None)
    return Page(fetched.final_url, fetched.body, fetched.at, Origin.WEB, entry, charset(fetched), feed.zone)


def with_announced(article: Article, entry: Entry) -> Article:
    """What the page itself does not say, as the feed said it."""
    if article.title is None and entry.title:
        article = replace(article, title=cut(entry.title, 1000))
    if article.author is None and entry.author:
        article = replace(article, author=cut(entry.author, 300))
    if article.published_at is None and entry.published_at:
        raw, at = entry.published_raw, entry.published_at
        article = replace(
            article, published_at=at, published_raw=raw, published_from="feed", published_precision="second"
        )
    return article


def charset(fetched: Fetched) -> str | None:
    """The charset of the Content-Type header, raw."""
    kind = fetched.header("content-type") or ""
    _, found, rest = kind.lower().partition("charset=")
    return rest.split(";")[0].strip(" \"'") or None if found else None


def _raw(fetched: Fetched) -> RawPage:
    return RawPage(
        fetched.at,
        Origin.WEB,
        fetched.body,
        fetched.url,
        url_key(fetched.url),
        fetched.final_url,
        fetched.status,
        fetched.headers,
    )


async def _compare(shell: Shell, entry: Entry, article: Article, check: FullText) -> Verdict | None:
    """One step of the full-text check: does the feed's content, cleaned, hold what the page says?"""
    state = check.verdict()
    if check.feed.full_text is not None or state.verdict is not None:
        return None
    agrees = False
    if decide.may_stand_for_page(entry):
        own = await _extract(shell, feed_page(entry, check.feed, shell.clock.now()))
        agrees = isinstance(own, Article) and covers(own.body or "", article.body or "")
    verdict = decide.check_full_text(state, agrees, shell.clock.now())
    check.learn(verdict)
    return verdict


async def _failed(
    shell: Shell,
    lease: Lease,
    item: Pending,
    feed: Feed,
    reason: str,
    floor: datetime | None,
    kept: RawPage | None = None,
) -> Settlement:
    """What follows a failed page; a rejection is spared when the feed itself carries the whole article."""
    now = shell.clock.now()
    decision = decide.after_failure(reason, item.reason, item.attempts + 1, now, floor)
    if isinstance(decision, Reject) and decide.may_stand_for_page(item.entry):
        return await _from_feed(shell, lease, item, feed, PAGE_UNREACHABLE)
    return _instead(lease, item, now, decision, kept)


# --- common -----------------------------------------------------------------------------------------------------------


async def _extract(shell: Shell, page: Page) -> Article | str:
    """The article, or the reason why our parser failed on the page."""
    try:
        return await shell.sandbox.article(page)
    except SandboxError as error:
        shell.metrics.sandbox_died(death(error))
        return f"parser_{death(error)}"
    except PageError as error:
        return f"unreadable: {error}"


def identify(item: Pending, article: Article, url: str | None, site: str, feed: Feed) -> Identity:
    """Who the article is within its site.

    The feed's own id counts only on the feed's site: a feed that announces another site's pages must not take ids
    there. A canonical URL counts only when it stays on the site.
    """
    own = own_url(article.canonical_url, url, site)
    where = url_key(own) if own else None
    trusted = site_of(feed.url) == site or where is None
    key = item.key if trusted else hashlib.sha256(b"url:" + (where or b"")).digest()
    return Identity(site, key, where, body_key(article.body or ""))


def own_url(canonical: str | None, url: str | None, site: str) -> str | None:
    """The declared canonical URL when it is on the same site and not the front page; else the page's own."""
    try:
        if canonical and site_of(canonical) == site and not is_front_page(canonical):
            return canonical
    except ValueError:
        return url
    return url


def _instead(lease: Lease, item: Pending, at: datetime, decision: Decision, page: RawPage | None = None) -> Settlement:
    return Settlement(lease, item.id, item.feed.id, at, instead=decision, page=page)


async def _submit(shell: Shell, settlement: Settlement, item: Pending) -> asyncio.Future[Settled]:
    """Hand over to the writer; a write that Postgres can never take becomes a quarantined entry."""

    async def finish() -> Settled:
        try:
            settled = await future
        except PoisonError as error:
            log.warning("poison", entry=item.id, url=item.entry.url, detail=str(error))
            bare = Settlement(
                settlement.lease,
                settlement.entry_id,
                settlement.feed_id,
                settlement.at,
                instead=Quarantine(f"database: {error}"),
            )
            settled = await (await shell.settlements.submit(bare))
        tell(shell, item, settled)
        return settled

    future = await shell.settlements.submit(settlement)
    return asyncio.ensure_future(finish())


STATES = {
    Insert: EntryState.STORED,
    Duplicate: EntryState.DUPLICATE,
    Retry: EntryState.PENDING,
    Reject: EntryState.REJECTED,
    Quarantine: EntryState.QUARANTINED,
}


def tell(shell: Shell, item: Pending, settled: Settled) -> None:
    """One line and one count per outcome."""
    decision = settled.decision
    if decision is None:
        log.warning("settled_elsewhere", entry=item.id, url=item.entry.url)
        return
    state = STATES[type(decision)]
    shell.metrics.decided(state.value)
    if state is EntryState.STORED:
        shell.metrics.stored()
    log.info(
        "entry",
        feed=item.feed.id,
        url=item.entry.url,
        state=state.value,
        reason=getattr(decision, "reason", getattr(decision, "why", None)),
        article=settled.article_id,
        next_try_at=decision.at.isoformat(timespec="seconds") if isinstance(decision, Retry) else None,
    )
