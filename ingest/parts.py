"""Articles in several pages, fetched through the same door as their first.

    first page, incomplete -> the address of all pages at once -> one page that holds the first, and more
                           -> else its next page, and the next, at most MOST in all -> joined
                           -> else the first page as it is, flagged incomplete and why

The parsers say where an article goes on; nothing is guessed. Every page is asked for as politely as the first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from db.articles import RawPage
from kliping.feeds import Fetched, FetchOutcome
from kliping.model import Article
from parsers.feedtext import covers
from parsers.links import url_key
from parsers.parts import INCOMPLETE, join

log = structlog.get_logger()

MOST = 10  # pages of one article
UNKNOWN, REPEATS, TOO_MANY, PARTIAL = "address_unknown", "repeats", "too_many", "not_whole"


@dataclass(frozen=True, slots=True)
class Part:
    """A further page: its article, or the reason why there is none."""

    article: Article | None = None
    reason: str = ""
    fetched: Fetched | None = None
    page: RawPage | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """An article with all that could be had of it. `pages` are the raw pages, the article's own first."""

    article: Article
    pages: tuple[RawPage, ...]
    fetched: Fetched  # the last exchange, which may ask for patience


Read = Callable[[str], Awaitable[Part]]


async def complete(first: Article, fetched: Fetched, page: RawPage, read: Read) -> Whole:
    """The article of a page that was fetched, with the pages that follow it; `read` gets one more page."""
    alone = Whole(first, (page,), fetched)
    if INCOMPLETE not in first.flags:
        return alone
    whole = await read(first.whole_url) if first.whole_url else Part(reason=UNKNOWN)
    if whole.article and whole.page and _holds(whole.article, first):
        own = replace(whole.page, url=page.url, url_key=page.url_key)
        return Whole(_as_first(first, whole.article), (own,), whole.fetched or fetched)
    if whole.article:
        whole = replace(whole, reason=PARTIAL)
    if not first.next_url or _patience(whole.fetched):
        return _told(replace(alone, fetched=whole.fetched or fetched), whole.reason)
    return await _walk(alone, read)


async def _walk(begun: Whole, read: Read) -> Whole:
    """Page after page, until one is the last or cannot be had."""
    others: list[Article] = []
    pages, fetched, reason = list(begun.pages), begun.fetched, ""
    seen = {url_key(begun.fetched.final_url)}
    at = begun.article.next_url
    while at and not reason:
        if len(pages) >= MOST:
            reason = TOO_MANY
            break
        part = await read(at) if url_key(at) not in seen else Part(reason=REPEATS)
        seen.add(url_key(at))
        fetched = part.fetched or fetched
        if part.article is None or part.page is None:
            reason = part.reason
        elif any(covers(known.body or "", part.article.body or "") for known in (begun.article, *others)):
            reason = REPEATS
        else:
            others.append(part.article)
            pages.append(part.page)
            at = part.article.next_url
            reason = UNKNOWN if INCOMPLETE in part.article.flags and at is None else ""
    return _told(Whole(join(begun.article, others), tuple(pages), fetched), reason)


def _holds(whole: Article, first: Article) -> bool:
    """Whether a page that should be the whole article holds its first page, and more."""
    more = len(whole.body or "") > len(first.body or "")
    return INCOMPLETE not in whole.flags and more and covers(whole.body or "", first.body or "")


def _as_first(first: Article, whole: Article) -> Article:
    """The whole text under the first page's title, author, dates and addresses."""
    return replace(join(whole, ()), **{name: getattr(first, name) for name in _OF_FIRST})


_OF_FIRST = (
    *("url", "title", "author", "published_at", "published_precision", "published_from", "published_raw"),
    *("modified_at", "image", "canonical_url", "site_name"),
)


def _patience(fetched: Fetched | None) -> bool:
    """Whether the host asked to be left alone."""
    return fetched is not None and (fetched.outcome is FetchOutcome.RATE_LIMITED or fetched.retry_after is not None)


def _told(whole: Whole, reason: str) -> Whole:
    """Flag what is missing, and why, for the reader of the row and of the log."""
    if not reason:
        return whole
    log.warning("incomplete", url=whole.article.url, pages=len(whole.pages), reason=reason)
    flags = dict.fromkeys((*whole.article.flags, INCOMPLETE, f"part_{reason.partition(':')[0]}"))
    return replace(whole, article=replace(whole.article, flags=tuple(flags)))
