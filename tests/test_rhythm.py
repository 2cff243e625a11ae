"""A feed's rhythm: what is learnt from entries, and when it makes the next poll due."""

from __future__ import annotations

import math
import random

import pytest

from ingest.rhythm import DAY, HOUR, MONDAY, Bounds, Rates, Rhythm, learn, price_for, rates, wait

JAKARTA = 7 * HOUR
WIDE = Bounds(1.0, DAY)
SERVICE = Bounds(300.0, DAY)
START = MONDAY + 700 * 7 * DAY - JAKARTA  # Monday 00:00 in Jakarta


def steady(per_day: float) -> Rates:
    return Rates((per_day / DAY,) * 24, (1.0,) * 7, 0.0)


def newsroom(days: int, seed: int = 1) -> list[float]:
    """Sixty entries from 8 to 20 o'clock on weekdays, ten on Sundays, none at night."""
    rng = random.Random(seed)
    return sorted(
        START + day * DAY + 8 * HOUR + rng.random() * 12 * HOUR
        for day in range(days)
        for _ in range(10 if day % 7 == 6 else 60)
    )


def watched(times: list[float], days: int) -> Rhythm:
    """The rhythm after a poll an hour."""
    rhythm = Rhythm(START)
    for hour in range(1, days * 24 + 1):
        end = START + hour * HOUR
        rhythm = learn(rhythm, end, JAKARTA, [at for at in times if end - HOUR < at <= end])
    return rhythm


def test_a_steady_rate_gives_intervals_in_proportion_to_its_inverse_root() -> None:
    price = 300.0
    for per_day in (1.0, 10.0, 200.0):
        assert wait(steady(per_day), 0.0, price, WIDE) == pytest.approx(math.sqrt(2 * price * DAY / per_day), rel=1e-6)


def test_the_bounds_hold() -> None:
    assert wait(steady(1e6), 0.0, 1.0, SERVICE) == 300
    assert wait(steady(1e-6), 0.0, 1e9, SERVICE) == DAY
    assert wait(steady(0.0), 0.0, 1.0, SERVICE) == DAY


def test_no_more_entries_are_waited_for_than_a_document_may_hold() -> None:
    assert wait(steady(240.0), 0.0, 1e9, SERVICE, crowd=10) == pytest.approx(HOUR)


def test_hours_and_weekdays_of_the_feeds_zone_are_learnt() -> None:
    learnt = rates(watched(newsroom(28), 28), JAKARTA)
    per_day = [rate * DAY for rate in learnt.hours]
    assert all(per_day[hour] < 4 for hour in (0, 1, 2, 3, 23))
    assert sum(rate / 24 for rate in per_day) == pytest.approx(53, rel=0.15)
    assert learnt.days[6] < 0.35 < 0.9 < learnt.days[2] < 1.4


def test_the_night_is_slept_through_and_the_day_is_not() -> None:
    learnt = rates(watched(newsroom(28), 28), JAKARTA)
    now = START + 28 * DAY
    night, day = (wait(learnt, now + hour * HOUR, 300.0, SERVICE) for hour in (0, 11))
    assert day < HOUR / 4
    assert night > 2 * HOUR


def test_entries_without_dates_are_spread_over_the_time_they_may_have_come_in() -> None:
    heard = learn(Rhythm(START), START + 4 * HOUR, JAKARTA, undated=8)
    assert heard.hours[:5] == pytest.approx([2, 2, 2, 2, 0])
    assert heard.days == pytest.approx([8, 0, 0, 0, 0, 0, 0])


def test_what_was_learnt_fades_by_half_in_two_weeks() -> None:
    heard = learn(Rhythm(START), START + HOUR, JAKARTA, [START + 60])
    later = learn(heard, heard.at + 14 * DAY, JAKARTA)
    assert sum(later.hours) == pytest.approx(0.5)
    assert sum(later.watched) == pytest.approx(14, abs=0.1)  # a little of the first hour is left


def test_learning_in_one_step_or_many_comes_to_the_same_counts_but_for_fading() -> None:
    times = newsroom(2)
    once = learn(Rhythm(START), START + 2 * DAY, JAKARTA, times)
    often = watched(times, 2)
    assert once.hours == pytest.approx(often.hours, rel=0.1)
    assert once.watched == pytest.approx(often.watched, rel=0.1)


def test_a_clock_set_back_does_no_harm() -> None:
    heard = learn(Rhythm(START), START + DAY, JAKARTA, [START + HOUR])
    back = learn(heard, START, JAKARTA, undated=3)
    assert back.hours == heard.hours
    assert back.watched == heard.watched
    far = learn(Rhythm(START + 400_000 * DAY), START, JAKARTA)
    assert 0 < wait(rates(far, JAKARTA), START, 1000.0, SERVICE) <= DAY


def test_a_long_silence_costs_no_more_to_learn_than_a_month() -> None:
    old = learn(Rhythm(START), START + DAY, JAKARTA, [START + HOUR])
    assert sum(learn(old, START + 4000 * DAY, JAKARTA).watched) == pytest.approx(28, abs=0.01)


@pytest.mark.parametrize("polls", [8, 32, 100])
def test_the_price_spends_the_polls_of_the_day(polls: int) -> None:
    feeds = [(steady(10 ** (n / 10)), SERVICE) for n in range(-10, 25)]
    price = price_for(polls, feeds)
    spent = [DAY / wait(one, 0.0, price, SERVICE) for one, _ in feeds]
    assert sum(spent) / len(spent) == pytest.approx(polls, rel=0.02)


def test_the_price_knows_that_some_may_not_be_asked_so_often() -> None:
    free = price_for(48, [(steady(100), SERVICE)] * 10)
    bound = price_for(48, [(steady(100), SERVICE)] * 5 + [(steady(100), Bounds(HOUR, DAY))] * 5)
    assert bound < free
    spent = [DAY / wait(steady(100), 0.0, bound, bounds) for bounds in (SERVICE, Bounds(HOUR, DAY))]
    assert sum(spent) / 2 == pytest.approx(48, rel=0.02)


def test_a_price_without_feeds_is_one_for_an_unknown_feed() -> None:
    assert DAY / wait(rates(Rhythm(0.0), 0.0), START, price_for(48, []), SERVICE) == pytest.approx(48, rel=0.6)


def test_polls_nobody_can_spend_have_a_price_too() -> None:
    for polls in (1e-9, 1e9):
        assert math.isfinite(price_for(polls, [(steady(10), SERVICE)]))
