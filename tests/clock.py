"""A clock whose sleep advances itself: hours of politeness pass in milliseconds, in the right order."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 08:00 in Jakarta
SPEED = 1000.0  # virtual seconds per real one, at most: I/O of other tasks ends before much time has passed
LONGEST_WAIT = 0.25  # real seconds before any jump, however far
TURNS = 5  # of the event loop, before and after that wait


@dataclass(order=True)
class _Sleeper:
    wake: float
    number: int
    alarm: asyncio.Future[None] = field(compare=False)


class FakeClock:
    """Time stands still while anybody works, and jumps to the next sleeper's instant when all are asleep.

    Whether somebody works on I/O cannot be seen from here, so a jump of s seconds first waits s / 1000 real ones, 0.25
    at most: what takes 5 ms (an exchange on loopback, a transaction) costs about 5 virtual seconds. Sleepers wake in
    order of their instant, then of their call. With `auto=False` time passes by `advance` and `set` only.
    """

    def __init__(self, start: datetime = START, *, auto: bool = True) -> None:
        self._start = start
        self._elapsed = 0.0
        self._auto = auto
        self._heap: list[_Sleeper] = []
        self._numbers = itertools.count()
        self._driver: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._heap, _Sleeper(self._elapsed + seconds, next(self._numbers), alarm))
        if self._auto and (self._driver is None or self._driver.done()):
            self._driver = asyncio.create_task(self._drive())
        await alarm

    def advance(self, seconds: float) -> None:
        """Let time pass; those whose instant has come wake at the loop's next turns."""
        self._pass_to(self._elapsed + seconds)

    def set(self, moment: datetime) -> None:
        """Go to that moment. Back, too: wall clocks do that; `monotonic` then stands still."""
        ahead = (moment - self.now()).total_seconds()
        if ahead < 0:
            self._start += timedelta(seconds=ahead)
        else:
            self.advance(ahead)

    @property
    def sleepers(self) -> int:
        """How many are asleep."""
        return sum(not sleeper.alarm.done() for sleeper in self._heap)

    def _pass_to(self, instant: float) -> None:
        self._elapsed = max(self._elapsed, instant)
        while self._heap and self._heap[0].wake <= self._elapsed:
            alarm = heapq.heappop(self._heap).alarm
            if not alarm.done():
                alarm.set_result(None)

    async def _drive(self) -> None:
        while (wake := self._next()) is not None:
            await self._let_others_work(wake - self._elapsed)
            if wake == self._next():  # else somebody came who wakes earlier, or the sleeper was cancelled
                self._pass_to(wake)

    def _next(self) -> float | None:
        while self._heap and self._heap[0].alarm.done():
            heapq.heappop(self._heap)
        return self._heap[0].wake if self._heap else None

    async def _let_others_work(self, jump: float) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        await asyncio.sleep(min(LONGEST_WAIT, jump / SPEED))
        for _ in range(TURNS):
            await asyncio.sleep(0)
