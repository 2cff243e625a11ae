"""When a feed publishes, and from that when to ask it again. PURE: times are seconds since 1970, `now` is an argument.

    entries of a poll -> learn -> Rhythm -> rates -> wait
    the rhythms of many feeds, polls a day we may spend on each -> price_for -> the price of a poll

A poll is due when the entries that are probably waiting have waited for as long, taken together, as one poll is worth
(the price, in entry-seconds). For a steady rate that is an interval in proportion to 1 / sqrt(rate), which for a given
number of polls over all feeds gives the least mean delay per entry; for a rate that follows the clock it also asks less
at night and sooner after the hour in which a feed brings its batch.

The rate is the product of an hour's and a weekday's, in the feed's own zone. Each is a count of entries over the time
watched, with a prior that has the weight of HOUR_WEIGHT or DAY_WEIGHT entries (a Gamma prior of that shape): what a
newsroom does until the feed has shown what it does itself. Counts and time fade by half in FADE.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

HOUR = 3600.0
DAY = 86_400.0
FADE = 14 * DAY
HISTORY = 28 * DAY  # no more than this is learnt from one poll
MONDAY = 4 * DAY  # 1970-01-05

HOURS_PRIOR = (1, 1, 1, 1, 2, 4, 7, 10, 13, 14, 15, 14, 13, 14, 14, 14, 13, 11, 10, 11, 10, 8, 5, 2)  # awake by day
DAYS_PRIOR = (1.05, 1.05, 1.05, 1.05, 1.05, 0.9, 0.85)
RATE_PRIOR = 1.0  # entries a day
RATE_WEIGHT = 0.5  # entries
HOUR_WEIGHT = 0.5
DAY_WEIGHT = 3.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What is known of when a feed publishes: faded counts by local hour and weekday, faded days watched by weekday.

    `at` is until when it was watched. Monday is the first day.
    """

    at: float
    hours: tuple[float, ...] = (0.0,) * 24
    days: tuple[float, ...] = (0.0,) * 7
    watched: tuple[float, ...] = (0.0,) * 7


@dataclass(frozen=True, slots=True)
class Rates:
    """Entries a second by local hour, and by what to multiply them on each weekday.

    `offset`: local time less UTC, in seconds.
    """

    hours: tuple[float, ...]
    days: tuple[float, ...]
    offset: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most seconds between two polls."""

    least: float
    most: float


def _slots(start: float, end: float, offset: float, step: float = HOUR) -> Iterator[tuple[int, int, float]]:
    """The stretch cut at the local hours, or days: (hour, weekday, seconds)."""
    while start < end:
        local = start + offset - MONDAY
        until = min(end, start + step - local % step)
        yield int(local % DAY // HOUR), int(local // DAY) % 7, until - start
        start = until


# --- learning ---------------------------------------------------------------------------------------------------------


def learn(rhythm: Rhythm, now: float, offset: float, published: Iterable[float] = (), undated: float = 0) -> Rhythm:
    """The rhythm after watching from `rhythm.at` until `now`: when entries were published, and how many did not say.

    What did not say came at some time since the last look. `now` before `rhythm.at` (a clock set back) changes nothing
    but the counts.
    """
    start = max(rhythm.at, now - HISTORY)
    fading = 0.5 ** (max(0.0, now - rhythm.at) / FADE)
    hours, days, watched = ([n * fading for n in counts] for counts in (rhythm.hours, rhythm.days, rhythm.watched))
    for at in published:
        local = at + offset - MONDAY
        hours[int(local % DAY // HOUR)] += 1
        days[int(local // DAY) % 7] += 1
    for _, day, seconds in _slots(start, now, offset, DAY):
        watched[day] += seconds / DAY
    for hour, day, seconds in _slots(start, now, offset) if undated else ():
        hours[hour] += undated * seconds / (now - start)
        days[day] += undated * seconds / (now - start)
    return Rhythm(now, tuple(hours), tuple(days), tuple(watched))


def rates(rhythm: Rhythm, offset: float) -> Rates:
    """The expected entries a second by hour and weekday."""
    count, time = sum(rhythm.hours), sum(rhythm.watched)
    rate = (count + RATE_WEIGHT) / (time + RATE_WEIGHT / RATE_PRIOR)  # a day
    usual = rate / sum(HOURS_PRIOR)
    hours = tuple(
        (n + HOUR_WEIGHT) / (time + HOUR_WEIGHT / (usual * prior)) / HOUR
        for n, prior in zip(rhythm.hours, HOURS_PRIOR, strict=True)
    )
    days = tuple(
        (n + DAY_WEIGHT) / (rate * time_of + DAY_WEIGHT / prior)
        for n, time_of, prior in zip(rhythm.days, rhythm.watched, DAYS_PRIOR, strict=True)
    )
    return Rates(hours, days, offset)


# --- asking -----------------------------------------------------------------------------------------------------------


def wait(rates: Rates, now: float, price: float, bounds: Bounds, crowd: float = math.inf) -> float:
    """Seconds until the next poll: when waiting is worth the price, or `crowd` entries are expected to have come."""
    entries = waited = passed = 0.0
    for hour, day, seconds in _slots(now, now + bounds.most, rates.offset):
        rate = rates.hours[hour] * rates.days[day]
        after = entries + rate * seconds
        if waited + (entries + after) / 2 * seconds >= price:
            # entries * t + rate * t^2 / 2 = what is missing
            passed += (math.sqrt(entries**2 + 2 * rate * (price - waited)) - entries) / rate
            break
        if after >= crowd:
            passed += (crowd - entries) / rate
            break
        waited += (entries + after) / 2 * seconds
        entries = after
        passed += seconds
    return min(bounds.most, max(bounds.least, passed))


def price_for(polls: float, feeds: Sequence[tuple[Rates, Bounds]]) -> float:
    """The price at which the feeds are polled `polls` times a day in the mean, as near as their bounds allow.

    Without any feed, the price for one of which nothing is known. Bisection on the logarithm, from a poll for every
    entry-second of waiting to one for a century of it.
    """
    asked = [(_roots(each), DAY / bounds.most, DAY / bounds.least) for each, bounds in feeds or [UNKNOWN]]
    low, high = 0.0, math.log(3.2e9)
    for _ in range(32):
        middle = (low + high) / 2
        speed = DAY / math.sqrt(2 * math.exp(middle))
        total = sum(min(most, max(least, root * speed)) for roots, least, most in asked for root in roots)
        low, high = (low, middle) if total < polls * 24 * len(asked) else (middle, high)
    return math.exp((low + high) / 2)


def _roots(rates: Rates) -> list[float]:
    """The square roots of the rates by hour, in the mean of the weekdays."""
    week = sum(math.sqrt(day) for day in rates.days) / 7
    return [math.sqrt(rate) * week for rate in rates.hours]


UNKNOWN = (rates(Rhythm(0.0), 0.0), Bounds(1.0, DAY))
