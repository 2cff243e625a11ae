"""When to poll a feed again. PURE: what is known of the feed and of its last answer in, a time and its reasons out.

    an operator's interval, or the feed's own rhythm (rhythm.py), or the interval of a new feed
      halved while polls may be missing entries; longer the more polls in a row failed
      a jitter that is the feed's own for ever; the bounds
    not before: what the answer's headers and the feed itself ask for, then skipHours and skipDays, then Retry-After

An operator's interval goes before the bounds and before all that a publisher asks for except Retry-After. No floor is
further away than MOST_FLOOR: a publisher who asks for more is asked again then.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ingest.answer import http_date
from ingest.rhythm import DAY, HISTORY, HOUR, Bounds, Rates, Rhythm, learn, rates, wait
from kliping.feeds import Feed, Fetched, FetchOutcome, ParsedFeed
from kliping.model import Entry
from kliping.settings import Settings

MOST_FLOOR = timedelta(hours=24)
CUT_OFF = 3600.0  # no longer than this until a feed is tried again that we could not reach through a fault of ours
LATE = 2 * DAY  # an entry that is older than that at the last look is an old one shown again, and no sign of life
NEW_FOR = 1.0  # days of watching until a feed may be asked less often than a new one
FULL = 0.5  # of a document's entries: more new ones than that between two polls, and some may be missed

HARD, SOFT, DNS = 1.0, 0.5, 0.25  # weights of a failure: theirs for good, theirs for now, perhaps not theirs at all
_WEIGHTS = {FetchOutcome.DNS.value: DNS} | dict.fromkeys(
    (
        FetchOutcome.RATE_LIMITED.value,
        FetchOutcome.SERVER_ERROR.value,
        FetchOutcome.CONNECT.value,
        FetchOutcome.TIMEOUT.value,
        FetchOutcome.TRUNCATED.value,
        FetchOutcome.EMPTY.value,
        FetchOutcome.PROTOCOL.value,
        FetchOutcome.ERROR.value,
        FetchOutcome.CHALLENGE.value,
        "parser_timeout",
        "parser_memory",
        "parser_crash",
    ),
    SOFT,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer says of the time of the next poll: for how many seconds it is fresh, and Retry-After.

    `cut_off` says that there was none, and that the fault is ours.
    """

    fresh: float = 0.0
    retry_after: datetime | None = None
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """The time of the next poll, and what made it that time, for an operator to read."""

    at: datetime
    why: str


def weight_of(outcome: str) -> float:
    """How heavy a failure with this outcome word is; a word that is not listed is the feed's own fault."""
    return _WEIGHTS.get(outcome, HARD)


# --- listening --------------------------------------------------------------------------------------------------------


def rhythm_of(feed: Feed) -> Rhythm | None:
    """The feed's rhythm as its row has it."""
    if feed.rhythm is None or feed.rhythm_at is None:
        return None
    counts = feed.rhythm
    return Rhythm(feed.rhythm_at.timestamp(), counts[:24], counts[24:31], counts[31:])


def listen(feed: Feed, new: Sequence[Entry], now: datetime, known: int) -> Feed:
    """The feed with its rhythm after a poll that brought `new` entries beside `known` ones; it is kept in the row.

    A date is believed when it lies between the last time we looked and now, and is not just a day's midnight: only such
    an entry came when it says. The first document is history: it is complete back to its oldest entry.
    """
    at, offset = now.timestamp(), _offset(feed.zone, now)
    last = rhythm_of(feed)
    start = last.at if last else at - HISTORY
    dated = sorted(seconds for entry in new if (seconds := _published(entry, offset)) is not None)
    believed = [seconds for seconds in dated if start < seconds <= at]
    undated = len(new) - len(believed) - sum(seconds < start - LATE for seconds in dated)
    if last is None:
        last, undated = Rhythm(believed[0] if believed else at), 0
        believed = believed[1:]
    elif known == 0 and believed:
        last = replace(last, at=max(last.at, believed[0]))  # before that, entries may have come and gone unseen
    heard = learn(last, at, offset, believed, undated)
    return replace(feed, rhythm=(*heard.hours, *heard.days, *heard.watched), rhythm_at=now)


def _published(entry: Entry, offset: float) -> float | None:
    if entry.published_at is None:
        return None
    seconds = entry.published_at.timestamp()
    return None if seconds % DAY == 0 or (seconds + offset) % DAY == 0 else seconds


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _offset(zone: str, now: datetime) -> float:
    offset = now.astimezone(_zone(zone)).utcoffset()
    return offset.total_seconds() if offset else 0.0


# --- the next poll ----------------------------------------------------------------------------------------------------


def next_poll(feed: Feed, answer: Answer, now: datetime, price: float, settings: Settings) -> Due:
    """When to poll `feed` again, and why then. `price` is of one poll, in entry-seconds of waiting.

    The feed is as it will be after this poll: with its failures (`backoff`), its gap and its rhythm.
    """
    seconds, why = _interval(feed, now, price, settings)
    if feed.gap_at is not None and not feed.backoff:
        seconds, why = min(seconds, max(settings.poll_least, seconds / 2)), f"{why}, halved: entries may be missing"
    if feed.backoff:
        least = settings.poll_least if feed.interval else settings.poll_first
        seconds = max(seconds, least) * (1 + feed.backoff)
        why = f"{why}, longer after failures of weight {feed.backoff:g}"
    if answer.cut_off and seconds > CUT_OFF:
        seconds, why = CUT_OFF, "we were cut off from the network"
    seconds *= jitter(feed.url, settings.poll_jitter, late=feed.interval is None)
    if feed.interval is None:
        seconds = max(settings.poll_least, seconds)
    due = Due(now + timedelta(seconds=min(max(settings.poll_most, feed.interval or 0), seconds)), why)
    if feed.interval is None:
        due = _floored(due, now, answer.fresh, "the answer is fresh until then", feed, settings)
        due = _floored(due, now, feed.hint_seconds or 0, "the feed asks for that pause", feed, settings)
        due = _awake(due, now, feed.skip_hours or 0, feed.skip_days or 0)
    if answer.retry_after is not None:
        due = _floored(due, now, (answer.retry_after - now).total_seconds(), "Retry-After", feed, settings)
    return due


def _interval(feed: Feed, now: datetime, price: float, settings: Settings) -> tuple[float, str]:
    if feed.interval is not None:
        return float(feed.interval), "the operator's interval"
    known = rhythm_of(feed)
    if known is None:
        return settings.poll_first, "a new feed"
    at, offset = now.timestamp(), _offset(feed.zone, now)
    known = learn(known, at, offset)
    crowd = max(1.0, feed.announced * FULL) if feed.announced else math.inf
    bounds = Bounds(settings.poll_least, settings.poll_most)
    seconds = wait(rates(known, offset), at, price, bounds, crowd)
    if sum(known.watched) < NEW_FOR and seconds > settings.poll_first:
        return settings.poll_first, "a new feed"
    return seconds, "its rhythm"


def jitter(url: str, share: float, late: bool = True) -> float:
    """A factor in [1 - share, 1 + share] that is the same for one feed for ever; not above 1 unless it may be late.

    What an operator asks for is the longest that a feed waits.
    """
    return 1 + share * (2 * _unit(url) - 1) if late else 1 - share * _unit(url)


@lru_cache(maxsize=4096)
def _unit(url: str) -> float:
    return int.from_bytes(hashlib.sha256(url.encode()).digest()[:8]) / 2**64


def _floored(due: Due, now: datetime, seconds: float, why: str, feed: Feed, settings: Settings) -> Due:
    """Not before so many seconds from now, and then spread by up to the jitter, so that nobody comes in a herd."""
    if seconds <= (due.at - now).total_seconds():
        return due
    spread = seconds * (1 + settings.poll_jitter * _unit(feed.url))
    return Due(now + min(MOST_FLOOR, timedelta(seconds=min(spread, DAY))), why)


def _awake(due: Due, now: datetime, hours: int, days: int) -> Due:
    """Move out of the GMT hours and weekdays (bits, Monday first) that the feed asks to skip; by a day at most."""
    at = due.at.astimezone(UTC)
    while (hours >> at.hour & 1 or days >> at.weekday() & 1) and at < now + MOST_FLOOR:
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if at == due.at:
        return due
    return Due(
        min(at + timedelta(seconds=due.at.timestamp() % HOUR / 2), now + MOST_FLOOR), "the feed skips the hours before"
    )


# --- what publishers ask for ------------------------------------------------------------------------------------------

_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,10})", re.I)
_NOT_FRESH = re.compile(r"(?:^|,)\s*(?:no-cache|no-store)\b", re.I)


def fresh_for(fetched: Fetched) -> float:
    """For how many seconds the answer says it is fresh (RFC 9111, 4.2): max-age, else Expires; less its Age."""
    control = ",".join(value for name, value in fetched.headers if name.lower() == "cache-control")
    if _NOT_FRESH.search(control):
        return 0.0
    if found := _MAX_AGE.search(control):
        return max(0.0, float(found[1]) - _age(fetched.header("age")))
    expires = http_date(fetched.header("expires") or "")
    if expires is None:
        return 0.0
    return max(0.0, (expires - (http_date(fetched.header("date") or "") or fetched.at)).total_seconds())


def _age(value: str | None) -> float:
    return float(value) if value and re.fullmatch(r"\d{1,10}", value.strip()) else 0.0


def read(feed: Feed, parsed: ParsedFeed) -> Feed:
    """The feed with what its document says of time: how many entries it shows, its pause, the hours and days to skip.

    sy:update* goes before skipHours and skipDays (RSS 1.0 syndication module); feeds that skip everything skip nothing.
    """
    asked = max((parsed.ttl_minutes or 0) * 60, parsed.update_seconds or 0)
    seconds = min(asked, int(DAY)) or None
    hours = 0 if parsed.update_seconds else sum(1 << hour for hour in set(parsed.skip_hours))
    days = 0 if parsed.update_seconds else sum(1 << day for day in set(parsed.skip_days))
    return replace(
        feed,
        announced=parsed.announced,
        hint_seconds=seconds,
        skip_hours=None if hours in (0, 2**24 - 1) else hours,
        skip_days=None if days in (0, 2**7 - 1) else days,
    )


def quoted(feed: Feed, now: datetime, settings: Settings) -> tuple[Rates, Bounds] | None:
    """What the price of a poll is made of: the rates and bounds of a feed that is asked by its rhythm."""
    known = rhythm_of(feed)
    if known is None or feed.interval is not None:
        return None
    offset = _offset(feed.zone, now)
    least = min(float(feed.hint_seconds or 0), settings.poll_most)
    bounds = Bounds(max(settings.poll_least, least), settings.poll_most)
    return rates(learn(known, now.timestamp(), offset), offset), bounds
