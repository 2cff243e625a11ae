"""Every decision of the shell, as pure functions of values. `now` is always an argument.

(Article, Identity, Known) -> Decision        decide
(Pending, what failed, now) -> Decision       after_failure
(Feed, Entry, now) -> where its page is from  plan
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from db.entries import TITLE_KEPT, Announced
from kliping.decisions import Decision, Duplicate, Insert, Known, Quarantine, Reject, Retry
from kliping.feeds import Feed, FetchOutcome
from kliping.model import Article, Entry, PageOutcome
from parsers.feedtext import plain_length, reads_on, same_words
from parsers.links import url_key

DAY = timedelta(hours=24)
RETRIES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), DAY)
GONE = frozenset({FetchOutcome.NOT_FOUND, FetchOutcome.GONE, PageOutcome.SOFT_404})
NOT_HTML = "not_html"  # a picture, a document, data
HOPELESS = frozenset(
    {
        FetchOutcome.ROBOTS,
        FetchOutcome.OTHER_SITE,
        FetchOutcome.BAD_URL,
        FetchOutcome.BLOCKED_ADDRESS,
        PageOutcome.INDEX,
        NOT_HTML,
    }
)

FULL_TEXT_LEAST = 800  # characters of text in a content that may stand for the page
FULL_TEXT_PAGES = 3  # pages that must say what the feed said
FULL_TEXT_RECHECK = timedelta(days=7)


class Plan(StrEnum):
    """Where an entry's page comes from."""

    FETCH = "fetch"
    FEED = "feed"
    NOTHING = "nothing"


# --- identity ---------------------------------------------------------------------------------------------------------


def renewed_key(key: bytes, entry: Entry, known: Announced) -> bytes | None:
    """The key of an article that came under a GUID already used for another; None when it is the same article.

    Another article has another link and another title; an edited one keeps at least one. Blogger never reuses ids.
    """
    if entry.guid is None or entry.url is None or entry.guid.startswith("tag:blogger.com"):
        return None
    link = url_key(entry.url)
    if known.url_key in (None, link) or not entry.title or entry.title[:TITLE_KEPT] == known.title:
        return None
    return hashlib.sha256(b"reused:" + key + link).digest()


# --- articles ---------------------------------------------------------------------------------------------------------


def decide(known: Known) -> Decision:
    """What to do with an article whose outcome is article: within a site one live row, across sites a link."""
    if known.same_site:
        of, why = known.same_site[0]
        return Duplicate(of, why)
    return Insert(same_body_as=known.other_sites[0] if known.other_sites else None)


def after_failure(reason: str, previous: str | None, attempts: int, now: datetime, floor: datetime | None) -> Decision:
    """What follows when a page could not be had or is not an article.

    `attempts` counts the failures so far, this one included; `previous` is the reason of the one before. A page that is
    gone twice is rejected, others after the last of RETRIES. `floor` is the host's Retry-After.
    """
    if reason in HOPELESS:
        return Reject(reason)
    if reason in GONE and previous in GONE:
        return Reject(reason)
    if attempts > len(RETRIES):
        return Reject(reason)
    return Retry(max(now + RETRIES[attempts - 1], floor or now), reason)


def after_crash(reason: str) -> Decision:
    """A page on which our own parser or database failed waits for an operator."""
    return Quarantine(reason)


def page_reason(article: Article) -> str:
    """The ledger's word for a page that is not an article."""
    return article.outcome.value


# --- full text --------------------------------------------------------------------------------------------------------


def may_stand_for_page(entry: Entry) -> bool:
    """Whether the feed's content could be the whole article: long, unlike its summary, not cut by a read-more tail."""
    if not entry.content or plain_length(entry.content) < FULL_TEXT_LEAST or reads_on(entry.content):
        return False
    return not (entry.summary and same_words(entry.summary, entry.content))


def plan(feed: Feed, entry: Entry) -> Plan:
    """The operator's word first, then the verdict of the check; an entry without a link can only come from the feed."""
    if entry.url is None:
        return Plan.FEED if entry.content or entry.summary else Plan.NOTHING
    if feed.full_text is not None:
        return Plan.FEED if feed.full_text and entry.content else Plan.FETCH
    return Plan.FEED if feed.full_text_verdict and may_stand_for_page(entry) else Plan.FETCH


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of a feed's full-text check: pages in a row that agreed, the verdict, when it was reached."""

    agreed: int
    verdict: bool | None
    checked_at: datetime | None


def check_full_text(state: Verdict, agrees: bool, now: datetime) -> Verdict:
    """One more page was compared with the feed's content."""
    if state.verdict is not None:
        return state
    if not agrees:
        return Verdict(0, False, now)
    agreed = state.agreed + 1
    return Verdict(agreed, True, now) if agreed >= FULL_TEXT_PAGES else Verdict(agreed, None, None)


def recheck_due(feed: Feed, now: datetime) -> bool:
    """A verdict is good for a week."""
    return feed.full_text_checked_at is not None and now - feed.full_text_checked_at >= FULL_TEXT_RECHECK


# --- polling (when: see due.py) ---------------------------------------------------------------------------------------


def conditional(feed: Feed, now: datetime) -> bool:
    """Whether the validators are sent: not when a day has passed since the last full answer."""
    return feed.last_full_at is not None and now - feed.last_full_at < DAY


def gone_for_good(feed: Feed, outcome: str, now: datetime) -> bool:
    """410 twice, a day or more apart, retires a feed."""
    return outcome == FetchOutcome.GONE and feed.gone_at is not None and now - feed.gone_at >= DAY


def first_try(position: int, pages_per_poll: int, interval: timedelta, now: datetime) -> datetime:
    """When the page of the entry at `position` (newest first) may be fetched: so many a poll, the rest later."""
    return now + (position // pages_per_poll) * interval
