"""Micro-batches: many small writes share one transaction.

    submit -> queue -> [up to 100 items] -> write(connection, items) in one transaction -> a result for each

While one batch is written the next gathers, so a lone item never waits. A fault that may pass is retried with jitter; a
write that can never succeed is found by writing its batch one item at a time, and only its own submitter hears of it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.faults import Fault, classify, one_line
from kliping.clock import Clock
from kliping.errors import DatabaseError

MOST = 100  # items in one transaction
TRIES = 6
MANY = 30  # items within a second
BUSY = 0.2  # seconds

T = TypeVar("T")
R = TypeVar("R")
Write = Callable[[AsyncConnection, Sequence[T]], Awaitable[Sequence[R]]]


class PoisonError(DatabaseError):
    """A write that no retry can save; the text is what the server said."""


class Batcher(Generic[T, R]):
    """Collects items and writes them together; `write` must be idempotent, since a lost answer is retried.

    `linger`: real seconds a batch gathers before it is written; longer where nobody waits for a single item. When many
    come it gathers for BUSY seconds, so that a transaction is shared by many also when they come one by one.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock, write: Write[T, R], linger: float = 0.01) -> None:
        self._engine = engine
        self._clock = clock
        self._write = write
        self._linger = linger
        self._came: deque[float] = deque(maxlen=MANY)  # when the latest items came, real monotonic time
        self._queue: asyncio.Queue[tuple[T, asyncio.Future[R]]] = asyncio.Queue(maxsize=5 * MOST)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Batcher[T, R]:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._queue.join()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def submit(self, item: T) -> asyncio.Future[R]:
        """Queue one item; the future ends when its transaction has. Waits while the queue is full."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        await self._queue.put((item, future))
        self._came.append(time.monotonic())
        return future

    def _gathers(self) -> float:
        """How long the next batch gathers."""
        busy = len(self._came) == MANY and time.monotonic() - self._came[0] < 1.0
        return max(self._linger, BUSY) if busy else self._linger

    async def _run(self) -> None:
        while True:
            batch = [await self._queue.get()]
            await asyncio.sleep(self._gathers())
            while len(batch) < MOST and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await self._settle(batch)
            finally:
                for _ in batch:
                    self._queue.task_done()

    async def _settle(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._attempt([item for item, _ in batch])
        except PoisonError as error:
            if len(batch) == 1:
                _fail(batch[0][1], error)
                return
            for pair in batch:
                await self._settle([pair])
        except Exception as error:  # every submitter hears of it; the batcher goes on
            for _, future in batch:
                _fail(future, error)
        else:
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)

    async def _attempt(self, items: Sequence[T]) -> Sequence[R]:
        for attempt in range(1, TRIES + 1):
            try:
                async with self._engine.begin() as conn:
                    return await self._write(conn, items)
            except Exception as error:
                fault = classify(error)
                if fault is None:
                    raise
                if fault is Fault.POISON:
                    raise PoisonError(one_line(error)) from error
                if fault is Fault.PAUSE or attempt == TRIES:
                    raise DatabaseError(one_line(error)) from error
            await self._clock.sleep(random.uniform(0.5, 1) * 0.1 * 2**attempt)  # noqa: S311  (jitter, no secret)
        raise AssertionError("unreachable")


def _fail(future: asyncio.Future[R], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
