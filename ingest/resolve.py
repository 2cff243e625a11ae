"""Names to addresses, on threads of our own.

asyncio's default executor has as few as 6 threads and `asyncio.run` waits for them: a handful of dead name servers
would stop every lookup and hold up the exit. These threads are few, are ours, and are not waited for.
"""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections.abc import Sequence
from typing import Protocol

THREADS = 16

_Job = tuple[str, asyncio.AbstractEventLoop, "asyncio.Future[Sequence[str]]"]


class Resolver(Protocol):
    """Whoever can look a name up."""

    async def resolve(self, host: str) -> Sequence[str]:
        """All addresses of an ASCII name as IP literals, best first. Raises OSError when there are none."""
        ...


class SystemResolver:
    """The machine's own resolver. Not to be given IP literals: those are read in `gate`."""

    def __init__(self, threads: int = THREADS) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._most = threads
        self._running = 0

    async def resolve(self, host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[str]] = loop.create_future()
        self._jobs.put((host, loop, future))
        if self._running < self._most and self._jobs.qsize() > 0:
            self._running += 1
            threading.Thread(target=self._work, name=f"resolve-{self._running}", daemon=True).start()
        return await future

    def close(self) -> None:
        """Let the threads end when they have nothing to do; the stuck ones end with the process."""
        for _ in range(self._running):
            self._jobs.put(None)
        self._running = 0

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            host, loop, future = job
            if future.cancelled():  # the asker's deadline passed while this waited for a thread
                continue
            try:
                answer: Sequence[str] | OSError = look_up(host)
            except (OSError, UnicodeError) as error:
                answer = error if isinstance(error, OSError) else OSError(str(error))
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, future, answer)


def _settle(future: asyncio.Future[Sequence[str]], answer: Sequence[str] | OSError) -> None:
    if future.done():
        return
    if isinstance(answer, OSError):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def look_up(host: str) -> Sequence[str]:
    """Blocking. In the order of RFC 6724, each address once; families this machine has no route for are left out."""
    flags = socket.AI_ADDRCONFIG
    found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM, flags=flags)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
