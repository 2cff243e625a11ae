"""Names to addresses, on threads of our own, with a memory for names that do not answer.

asyncio's default executor has as few as 6 threads and `asyncio.run` waits for them: a handful of dead name servers
would stop every lookup and hold up the exit. These threads are ours and are not waited for. A thread cannot be taken
back from a lookup that hangs, so names that have hung before share a few of them, and their domain is let alone for a
while.
"""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from kliping.clock import Clock
from parsers.links import site_of

THREADS = 128  # more than a worker's fetches; made when they are needed
SLOW_LANE = 16  # of them for names that did not answer the last time
QUIET = 60.0  # seconds for which a name that failed, or a domain that hangs, is not asked again
HANGS = 3  # lookups in a row without an answer, from which on a domain is let alone
REMEMBERED = 10_000  # names


@dataclass(frozen=True, slots=True)
class Found:
    """All addresses of a name as IP literals, best first, and the name that they belong to when it is another one."""

    addresses: tuple[str, ...]
    alias: str | None = None


class Resolver(Protocol):
    """Whoever can look a name up."""

    def resolve(self, host: str) -> Coroutine[Any, Any, Found]:
        """The addresses of an ASCII name. Raises OSError when there are none."""
        ...


class NoAddress(Exception):
    """A name that cannot be resolved now; the text says why in a line."""


class Lookups:
    """Lookups with a deadline; what failed a moment ago is not asked again."""

    def __init__(self, resolver: Resolver, clock: Clock, seconds: float) -> None:
        self._resolver = resolver
        self._clock = clock
        self._seconds = seconds
        self._failed: dict[str, tuple[float, str]] = {}  # name -> until when, and why
        self._hangs: dict[str, int] = {}  # domain -> lookups in a row without an answer
        self._slow = asyncio.Semaphore(SLOW_LANE)
        self._left: set[asyncio.Task[Found]] = set()  # lookups in the slow lane, some without an asker

    def close(self) -> None:
        """Wait for nobody."""
        for task in self._left:
            task.cancel()

    async def find(self, host: str) -> Found:
        """Look a name up. Raises NoAddress."""
        self._refuse(host)
        site = _site(host)
        try:
            async with asyncio.timeout(self._seconds):
                found = await (self._in_slow_lane(host) if site in self._hangs else self._resolver.resolve(host))
            if not found.addresses:
                raise OSError("no address")
        except TimeoutError:
            self._hung(host, site)
            raise NoAddress(f"no answer in {self._seconds:g} s") from None
        except OSError as error:
            reason = error.strerror or str(error)
            self._remember(host, reason)
            raise NoAddress(reason) from None
        self._hangs.pop(site, None)
        return found

    async def _in_slow_lane(self, host: str) -> Found:
        """The place is kept until the thread is free again, which may be long after the asker has gone."""
        await self._slow.acquire()
        task = asyncio.create_task(self._resolver.resolve(host))
        self._left.add(task)
        task.add_done_callback(self._leave_slow_lane)
        return await asyncio.shield(task)

    def _leave_slow_lane(self, task: asyncio.Task[Found]) -> None:
        self._slow.release()
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # seen: its asker may have gone

    def _refuse(self, host: str) -> None:
        now = self._clock.monotonic()
        for name in (host, f".{_site(host)}"):
            until, reason = self._failed.get(name, (0.0, ""))
            if until > now:
                raise NoAddress(f"{reason}, a moment ago")

    def _hung(self, host: str, site: str) -> None:
        reason = f"no answer in {self._seconds:g} s"
        self._remember(host, reason)
        hangs = self._hangs[site] = self._hangs.get(site, 0) + 1
        if hangs >= HANGS:
            self._remember(f".{site}", f"the name servers of {site} did not answer")
        if len(self._hangs) > REMEMBERED:
            del self._hangs[next(iter(self._hangs))]

    def _remember(self, name: str, reason: str) -> None:
        self._failed.pop(name, None)
        self._failed[name] = (self._clock.monotonic() + QUIET, reason)
        if len(self._failed) > REMEMBERED:
            del self._failed[next(iter(self._failed))]  # the oldest


def _site(host: str) -> str:
    try:
        return site_of(f"http://{host}/")
    except ValueError:
        return host


# --- the machine's resolver -------------------------------------------------------------------------------------------

_Job = tuple[str, asyncio.AbstractEventLoop, "asyncio.Future[Found]"]


class SystemResolver:
    """The machine's own resolver. Not to be given IP literals: those are read in `gate`.

    `look_up` blocks; tests bring their own.
    """

    def __init__(self, threads: int = THREADS, look_up: Callable[[str], Found] | None = None) -> None:
        self._look_up = look_up or system_look_up
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._most = threads
        self._running = 0
        self._idle = threading.Semaphore(0)  # one permit a thread that waits for a job

    async def resolve(self, host: str) -> Found:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Found] = loop.create_future()
        if not self._idle.acquire(blocking=False) and self._running < self._most:
            self._running += 1
            threading.Thread(target=self._work, name=f"resolve-{self._running}", daemon=True).start()
        self._jobs.put((host, loop, future))
        return await future

    def close(self) -> None:
        """Let the threads end when they have nothing to do; the stuck ones end with the process."""
        for _ in range(self._running):
            self._jobs.put(None)
        self._running = 0

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            host, loop, future = job
            if not future.cancelled():  # else the asker's deadline passed while this waited for a thread
                try:
                    answer: Found | OSError = self._look_up(host)
                except (OSError, UnicodeError) as error:
                    answer = error if isinstance(error, OSError) else OSError(str(error))
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_settle, future, answer)
            self._idle.release()


def _settle(future: asyncio.Future[Found], answer: Found | OSError) -> None:
    if future.done():
        return
    if isinstance(answer, OSError):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def system_look_up(host: str) -> Found:
    """Blocking. In the order of RFC 6724, each address once; families this machine has no route for are left out."""
    flags = socket.AI_ADDRCONFIG | socket.AI_CANONNAME
    found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM, flags=flags)
    alias = next((name for *_, name, _ in found if name), None)
    addresses = tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    return Found(addresses, alias.lower() if alias else None)
