"""The simulation of bench/scheduling.py at a small size, with a seed of its own; and its rivals' rules."""

from __future__ import annotations

import pytest

from bench import scheduling
from bench.scheduling import DAY, HOUR, CommaFeed, EntryFrequency, Fixed, Result

pytestmark = pytest.mark.skipif(not scheduling.TRACES.exists(), reason="the traces' generator is not here")


@pytest.fixture(scope="module")
def feeds() -> list[list[float]]:
    return [row["times"] for row in scheduling.load_traces().traces(40, 28, 4711)]


def test_the_budget_is_kept_and_the_delay_is_below_the_goals(feeds: list[list[float]]) -> None:
    ours = scheduling.kliping(feeds, 24)
    assert ours.requests == pytest.approx(24, rel=0.05)
    fixed = scheduling.simulate("fixed", feeds, lambda _: Fixed(DAY / ours.requests))
    assert fixed.requests == pytest.approx(ours.requests, rel=0.01)
    assert ours.delay < 0.6 * fixed.delay
    assert ours.delay < scheduling.oracle(feeds, ours.requests)


def test_feeds_without_dates_are_hardly_worse(feeds: list[list[float]]) -> None:
    undated = scheduling.kliping(feeds[:20], 24, dated=False)
    assert undated.delay < 0.6 * scheduling.simulate("fixed", feeds[:20], lambda _: Fixed(DAY / 24)).delay


def test_a_fixed_interval_waits_for_half_of_itself() -> None:
    steady = [[n * 997.0 for n in range(int(28 * DAY / 997))]]
    assert scheduling.simulate("fixed", steady, lambda _: Fixed(HOUR)).delay == pytest.approx(1800, rel=0.02)


def test_the_rules_of_others() -> None:
    assert EntryFrequency(1.0).next(0.0, []) == DAY
    assert EntryFrequency(1.0).next(7 * DAY, [7 * DAY - n * HOUR for n in range(84)]) == 7 * DAY + 2 * HOUR
    assert EntryFrequency(0.001).next(7 * DAY, [7 * DAY] * 500) == 7 * DAY + 300
    hourly = [n * HOUR for n in range(20)]
    assert CommaFeed().next(19 * HOUR, hourly) == 19.5 * HOUR
    assert CommaFeed().next(19 * HOUR + 8 * DAY, hourly) == 21 * HOUR + 8 * DAY
    assert CommaFeed().next(19 * HOUR + 15 * DAY, hourly) == 23 * HOUR + 15 * DAY
    assert CommaFeed().next(10.0, [n * 1.0 for n in range(20)]) == 310


def test_a_goal_that_is_missed_is_said() -> None:
    others = {"fixed": 100.0, "entry_frequency": 100.0, "static oracle": 80.0}
    assert scheduling.held(Result("", 16, 59, 0), others)
    assert not scheduling.held(Result("", 16, 61, 0), others)
    assert not scheduling.held(Result("", 16, 59, 0), others | {"static oracle": 50.0})
    assert not scheduling.held(Result("", 16, 59, 0), others | {"CommaFeed": 65.0})
