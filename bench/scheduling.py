"""When to ask: how soon an entry is discovered, against how often feeds are asked. A simulation without a network.

    python -m bench.scheduling [--feeds N] [--seeds 1,2] [--budgets 16,32,64] [--undated] [--json]

Publishing traces come from ../shared/tools/traces.py. 14 days are to learn from, the next 14 are counted. Every policy
sees what a reader sees: at a poll, the newest entries of the feed's document that it did not know. kliping's policy is
the service's own code (ingest/due.py and ingest/rhythm.py); its price is set anew every day from all feeds, as the
service does more often. See bench/README.md for the others.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import random
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType

from ingest import due
from ingest.rhythm import price_for
from kliping.feeds import Feed
from kliping.model import Entry
from kliping.settings import Settings

TRACES = Path(__file__).parents[2] / "shared" / "tools" / "traces.py"
ZERO = datetime(2026, 3, 1, 17, tzinfo=UTC)  # Monday 00:00 in Jakarta
HOUR, DAY = 3600.0, 86_400.0
LEARN, END = 14 * DAY, 28 * DAY
DOCUMENT = 20  # entries in a feed's document
OTHERS = ("fixed", "entry_frequency", "CommaFeed", "static oracle")
BELOW_FIXED, BELOW_COMMAFEED = 0.40, 0.15  # goals


class Policy:
    """A way to choose the next poll of one feed. Times are seconds since the trace began."""

    def next(self, now: float, new: Sequence[float]) -> float:
        """When to poll after a poll at `now` that found entries published at `new`."""
        raise NotImplementedError


# --- the others -------------------------------------------------------------------------------------------------------


@dataclass
class Fixed(Policy):
    """The same interval for every feed."""

    interval: float

    def next(self, now: float, new: Sequence[float]) -> float:
        return now + self.interval


class EntryFrequency(Policy):
    """miniflux: a week over the entries of the last week, times a factor, 5 minutes to 24 hours."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.week: deque[float] = deque()

    def next(self, now: float, new: Sequence[float]) -> float:
        self.week.extend(new)
        while self.week and self.week[0] <= now - 7 * DAY:
            self.week.popleft()
        interval = 7 * DAY / len(self.week) * self.factor if self.week else DAY
        return now + min(DAY, max(300.0, interval))


class CommaFeed(Policy):
    """Half the mean gap between the document's entries, 5 minutes to 1 hour; silent 7 or 14 days: 2 or 4 hours."""

    def __init__(self) -> None:
        self.document: deque[float] = deque(maxlen=DOCUMENT)

    def next(self, now: float, new: Sequence[float]) -> float:
        self.document.extend(new)
        silent = now - self.document[-1] if self.document else math.inf
        if silent > 7 * DAY:
            return now + (4 if silent > 14 * DAY else 2) * HOUR
        gaps = len(self.document) - 1
        mean = (self.document[-1] - self.document[0]) / gaps if gaps else 2 * HOUR
        return now + min(HOUR, max(300.0, mean / 2))


def oracle(feeds: Sequence[Sequence[float]], polls: float) -> float:
    """Mean delay when every feed's mean rate over the counted days is known, and it is polled at a steady rate."""
    rates = [sum(LEARN <= at < END for at in times) / (END - LEARN) for times in feeds]
    return sum(map(math.sqrt, rates)) ** 2 / (2 * polls * len(feeds) / DAY * sum(rates))


# --- kliping ----------------------------------------------------------------------------------------------------------


class Tariff:
    """The price of a poll, that all feeds share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.feeds: list[Kliping] = []
        self.price = 0.0

    def set(self, now: float) -> None:
        at = ZERO + timedelta(seconds=now)
        quotes = [due.quoted(each.feed, at, self.settings) for each in self.feeds]
        self.price = price_for(self.settings.polls_per_day, [quote for quote in quotes if quote])


class Kliping(Policy):
    """The service's own rule, its state a feed's row."""

    def __init__(self, number: int, tariff: Tariff, dated: bool) -> None:
        url = f"https://kabar-{number}.example/feed"
        self.feed = Feed(id=number, url=url, host=f"kabar-{number}.example", announced=DOCUMENT)
        self.tariff = tariff
        self.dated = dated
        tariff.feeds.append(self)

    def next(self, now: float, new: Sequence[float]) -> float:
        at = ZERO + timedelta(seconds=now)
        if new or self.feed.rhythm is None:
            entries = [Entry(published_at=ZERO + timedelta(seconds=when) if self.dated else None) for when in new]
            first = self.feed.rhythm is None
            self.feed = due.listen(self.feed, entries, at, 0 if first else max(0, DOCUMENT - len(new)))
        gap = at if len(new) >= DOCUMENT else None
        if gap or self.feed.gap_at:
            self.feed = replace(self.feed, gap_at=gap)
        then = due.next_poll(self.feed, due.Answer(), at, self.tariff.price, self.tariff.settings)
        return (then.at - ZERO).total_seconds()


# --- the simulation ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What a policy came to: requests per feed and day, mean delay in seconds, share of entries never seen."""

    name: str
    requests: float
    delay: float
    missed: float


@dataclass
class _Walk:
    """One feed as it is polled."""

    times: Sequence[float]
    policy: Policy
    at: float
    seen: int = 0
    polls: int = 0
    found: int = 0
    missed: int = 0
    delay: float = 0.0

    def until(self, end: float) -> None:
        """Poll until `end`, that is until the next poll is later."""
        while self.at < end:
            self.poll()

    def poll(self) -> None:
        first, now = self.seen, self.at
        while self.seen < len(self.times) and self.times[self.seen] <= now:
            self.seen += 1
        for at in self.times[first : self.seen]:
            if LEARN <= at < END:
                self.found += 1
                self.delay += now - at
        if LEARN <= now < END:
            self.polls += 1
            self.missed += max(0, self.seen - first - DOCUMENT)
        self.at = self.policy.next(now, self.times[max(first, self.seen - DOCUMENT) : self.seen])


def simulate(
    name: str,
    feeds: Sequence[Sequence[float]],
    make: Callable[[int], Policy],
    daily: Callable[[float], None] | None = None,
) -> Result:
    """Poll every feed for 28 days; first polls are spread over half an hour."""
    rng = random.Random(0)
    walks = [_Walk(times, make(number), rng.uniform(0, 1800)) for number, times in enumerate(feeds)]
    for day in range(28):
        if daily:
            daily(day * DAY)
        for walk in walks:
            walk.until((day + 1) * DAY)
    for walk in walks:
        walk.poll()  # finds what was published since
    found = sum(walk.found for walk in walks)
    return Result(
        name,
        sum(walk.polls for walk in walks) / len(feeds) / 14,
        sum(walk.delay for walk in walks) / found,
        sum(walk.missed for walk in walks) / found,
    )


def kliping(feeds: Sequence[Sequence[float]], polls: float, dated: bool = True) -> Result:
    """kliping with KLIPING_POLLS_PER_DAY=polls."""
    tariff = Tariff(Settings(polls_per_day=polls))
    name = "kliping" if dated else "kliping, no dates"
    return simulate(name, feeds, lambda number: Kliping(number, tariff, dated), tariff.set)


def near(polls: float, run: Callable[[float], Result], guess: float) -> Result:
    """Turn a policy's knob (more of it, more requests) until its requests are within 1 % of `polls`."""
    result = run(guess)
    for _ in range(8):
        if abs(result.requests / polls - 1) < 0.01:
            break
        guess *= (polls / result.requests) ** 1.2
        result = run(guess)
    return result


def entry_frequency(feeds: Sequence[Sequence[float]], polls: float) -> Result:
    """miniflux's rule with the factor that spends so many polls."""

    def run(speed: float) -> Result:
        return simulate("entry_frequency", feeds, lambda _: EntryFrequency(1 / speed))

    return near(polls, run, 1.0)


# --- the report -------------------------------------------------------------------------------------------------------


def load_traces() -> ModuleType:
    """The generator, by its path; it is no part of the project."""
    if not TRACES.exists():
        raise SystemExit(f"bench: no {TRACES}")
    spec = importlib.util.spec_from_file_location("traces", TRACES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Row = tuple[Result, dict[str, float]]  # kliping's result, and the others' mean delay at the same number of requests


def compare(feeds: Sequence[Sequence[float]], budgets: Sequence[float], undated: bool) -> Iterator[Row]:
    """kliping at each budget and at CommaFeed's own number of requests, which it cannot choose."""
    kinds = (True, False) if undated else (True,)
    for dated in kinds:
        for budget in budgets:
            yield _row(feeds, kliping(feeds, budget, dated))
    comma = simulate("CommaFeed", feeds, lambda _: CommaFeed())
    for dated in kinds:
        ours, others = _row(feeds, near(comma.requests, partial(kliping, feeds, dated=dated), comma.requests))
        yield ours, others | {"CommaFeed": comma.delay}


def _row(feeds: Sequence[Sequence[float]], ours: Result) -> Row:
    fixed = simulate("fixed", feeds, lambda _: Fixed(DAY / ours.requests))
    frequency = entry_frequency(feeds, ours.requests)
    best = oracle(feeds, ours.requests)
    return ours, {"fixed": fixed.delay, "entry_frequency": frequency.delay, "static oracle": best}


def held(ours: Result, others: dict[str, float]) -> bool:
    """Whether the goals are reached in one row."""
    return (
        ours.delay <= (1 - BELOW_FIXED) * min(others["fixed"], others["entry_frequency"])
        and ours.delay <= others["static oracle"]
        and ours.delay <= (1 - BELOW_COMMAFEED) * others.get("CommaFeed", math.inf)
    )


def main() -> int:
    """Run and report; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=400)
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--budgets", default="16,32,64")
    parser.add_argument("--undated", action="store_true", help="also with feeds whose entries have no dates")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    budgets = [float(budget) for budget in asked.budgets.split(",")]
    traces, good = load_traces(), True
    if not asked.json:
        print("seed  policy             requests  delay s" + "".join(f"{name:>22}" for name in OTHERS) + "   missed")
    for seed in map(int, asked.seeds.split(",")):
        feeds = [row["times"] for row in traces.traces(asked.feeds, 28, seed)]
        for ours, others in compare(feeds, budgets, asked.undated):
            good &= held(ours, others)
            row = {"seed": seed, "good": held(ours, others), **vars(ours), "others": others}
            print(json.dumps(row) if asked.json else told(seed, ours, others), flush=True)
    return 0 if good else 1


def told(seed: int, ours: Result, others: dict[str, float]) -> str:
    """A line of the report: the others' delays at the same number of requests, and ours against each."""
    told = [f"{others[name]:.0f} ({ours.delay / others[name] - 1:+.1%})" if name in others else "" for name in OTHERS]
    start = f"{seed:>4}  {ours.name:<18} {ours.requests:>8.1f} {ours.delay:>8.0f}"
    return start + "".join(f"{each:>22}" for each in told) + f" {ours.missed:>8.2%}"


if __name__ == "__main__":
    sys.exit(main())
