"""robots.txt: fetched through the one door, kept for a day, obeyed (RFC 9309).

answered with rules             obey them
4xx, empty, redirected in vain  nothing is forbidden
5xx or not reached at all       the rules known before hold; without any, everything is forbidden for an hour, and
                                when it fails again after that, nothing is: the pages will tell how the host is
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from protego import Protego

from ingest import gate
from ingest.fetch import Fetcher, Kind, Request
from kliping.feeds import Fetched, FetchOutcome

PRODUCT = "kliping"
FRESH = timedelta(hours=24)  # RFC 9309, 2.4
FRESH_FAILURE = timedelta(hours=1)
LONGEST_DELAY = 60.0  # seconds

_PRODUCT = re.compile(r"[a-z_-]+", re.I)

# RFC 9309, 2.3.1.3: unavailable, so everything may be fetched. 429 is not among them: it asks for less, not for more.
_NO_RULES = frozenset(
    {
        *(FetchOutcome.EMPTY, FetchOutcome.NOT_FOUND, FetchOutcome.GONE, FetchOutcome.REFUSED),
        *(FetchOutcome.CLIENT_ERROR, FetchOutcome.UNEXPECTED_STATUS),
        *(FetchOutcome.REDIRECT_LOOP, FetchOutcome.BAD_REDIRECT),
    }
)


@dataclass(frozen=True, slots=True)
class RobotsRecord:
    """A host's rules. `text` is empty when there are none and None when they are unknown; `outcome` is the fetch's."""

    text: str | None
    at: datetime
    outcome: str


async def fetch_robots(fetcher: Fetcher, url: str, previous: RobotsRecord | None = None) -> RobotsRecord:
    """The rules of the host of `url`, asked for now. `previous` is the stale record, if there is one."""
    try:
        target = gate.parse(url)
    except ValueError:
        robots = url  # the door will say what is wrong with it
    else:
        robots = f"{target.scheme}://{target.authority}/robots.txt"
    fetched = await fetcher.fetch(Request(robots, Kind.ROBOTS))
    return RobotsRecord(_text(fetched, previous), fetched.at, fetched.outcome.value)


def stale(record: RobotsRecord, now: datetime) -> bool:
    """Whether to ask again: after 24 h, or after 1 h when the last attempt failed."""
    return not record.at <= now < record.at + (FRESH_FAILURE if _failed(record.outcome) else FRESH)


def allows(record: RobotsRecord, url: str, user_agent: str = PRODUCT) -> bool:
    """Whether the page may be fetched. Rules for kliping bind it under any other name as well."""
    if record.text is None:
        return False
    rules = _rules(record.text)
    return all(rules.can_fetch(url, name) for name in _names(user_agent))


def crawl_delay(record: RobotsRecord, user_agent: str = PRODUCT) -> float | None:
    """Seconds the host wants between requests, at most 60; None when it does not say."""
    rules = _rules(record.text or "")
    delays = [delay for name in _names(user_agent) if (delay := rules.crawl_delay(name)) is not None]
    return min(max(delays), LONGEST_DELAY) if delays else None


def _text(fetched: Fetched, previous: RobotsRecord | None) -> str | None:
    if fetched.outcome is FetchOutcome.OK:
        return fetched.body.decode("utf-8-sig", "replace").replace("\0", "")
    if fetched.outcome in _NO_RULES:
        return ""
    if previous is None:
        return None
    return "" if previous.text is None else previous.text


def _failed(outcome: str) -> bool:
    return outcome != FetchOutcome.OK and outcome not in _NO_RULES


def _names(user_agent: str) -> set[str]:
    """The product tokens we are known by: ours, and the first word of what is sent."""
    found = _PRODUCT.match(user_agent)
    return {PRODUCT, found[0].lower()} if found else {PRODUCT}


@lru_cache(maxsize=64)
def _rules(text: str) -> Protego:
    return Protego.parse(text)
