"""Who may start when: one in flight and a pause between starts per host, a few in flight per address or platform.

Spacing is measured on the clock that is passed in, so that tests run it in virtual time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kliping.clock import Clock

_FEW = 1024  # hosts that are kept without looking whether they are idle
_KEPT = 600.0  # seconds for which a host's own spacing is remembered


class Held(Exception):
    """The host may not be asked before `until`, which is longer than the asker would wait."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"held until {until:%Y-%m-%d %H:%M:%S} UTC")
        self.until = until


@dataclass(slots=True)
class _Host:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    spacing: float = 0.0  # what the host asks for, when that is more than ours
    ready: float = 0.0  # monotonic time of the earliest next start
    last: float = -1e9  # monotonic time of the last start
    started: datetime | None = None

    def keep(self) -> float:
        """How long to remember the host after its pause is over."""
        return _KEPT if self.spacing else 0.0


class Turns:
    """One turn at a time per host, `spacing` seconds between starts; idle hosts are forgotten."""

    def __init__(self, clock: Clock, spacing: float, patience: float) -> None:
        self._clock = clock
        self._spacing = spacing
        self._patience = patience
        self._hosts: dict[str, _Host] = {}
        self._sweep_at = _FEW

    def __len__(self) -> int:
        return len(self._hosts)

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait for the host's turn and keep it. Raises Held rather than wait longer than `patience` for a pause."""
        host = self._host(name)
        host.users += 1
        try:
            async with host.lock:
                await self._pause(host)
                yield
        finally:
            host.users -= 1

    def begin(self, name: str) -> None:
        """A request to the host starts now; only from inside its turn."""
        host = self._host(name)
        host.started = self._clock.now()
        host.last = self._clock.monotonic()
        host.ready = max(host.ready, host.last + max(self._spacing, host.spacing))

    def started(self, name: str) -> datetime | None:
        """When the last request to the host started, while it is remembered."""
        host = self._hosts.get(name)
        return host.started if host else None

    def hold(self, name: str, until: datetime) -> None:
        """No start before `until`; a shorter hold never shortens a longer one."""
        wait = (until - self._clock.now()).total_seconds()
        if wait > 0:
            host = self._host(name)
            host.ready = max(host.ready, self._clock.monotonic() + wait)

    def spacing(self, name: str) -> float:
        """Seconds between starts of requests to a host."""
        host = self._hosts.get(name)
        return max(self._spacing, host.spacing) if host else self._spacing

    def slow(self, name: str, spacing: float) -> None:
        """The host wants so many seconds between starts (crawl-delay)."""
        if spacing > self._spacing:
            host = self._host(name)
            host.spacing = spacing
            host.ready = max(host.ready, host.last + spacing)

    async def _pause(self, host: _Host) -> None:
        while (wait := host.ready - self._clock.monotonic()) > 0:
            if wait > self._patience:
                raise Held(self._clock.now() + timedelta(seconds=wait))
            await self._clock.sleep(wait)

    def _host(self, name: str) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= self._sweep_at:
                self._forget()
            host = self._hosts[name] = _Host()
        return host

    def _forget(self) -> None:
        """Drop hosts nobody waits for and that need no pause. Sweeping when the number has doubled keeps it cheap."""
        now = self._clock.monotonic()
        self._hosts = {
            name: host
            for name, host in self._hosts.items()
            if host.users or host.ready > now - _KEPT * bool(host.spacing)
        }
        self._sweep_at = max(_FEW, 2 * len(self._hosts))


@dataclass(slots=True)
class _Pool:
    slots: asyncio.Semaphore
    next: float = 0.0  # monotonic time of the next start
    held: float = 0.0


class Pools:
    """The budget of platforms that many hosts share: so many in flight, so many starts a second, and pauses."""

    def __init__(self, clock: Clock, most: int, starts: float, patience: float) -> None:
        self._clock = clock
        self._most = most
        self._gap = 1 / starts
        self._patience = patience
        self._pools: dict[str, _Pool] = {}

    @asynccontextmanager
    async def slot(self, name: str) -> AsyncIterator[None]:
        """Wait for a slot and a start of the pool. Raises Held rather than wait for a pause beyond `patience`."""
        pool = self._pool(name)
        async with pool.slots:
            while (wait := pool.held - self._clock.monotonic()) > 0:
                if wait > self._patience:
                    raise Held(self._clock.now() + timedelta(seconds=wait))
                await self._clock.sleep(wait)
            now = self._clock.monotonic()
            start = max(pool.next, now)
            pool.next = start + self._gap
            if start > now:
                await self._clock.sleep(start - now)
            yield

    def hold(self, name: str, until: datetime) -> None:
        """No start before `until`; a shorter hold never shortens a longer one."""
        wait = (until - self._clock.now()).total_seconds()
        pool = self._pool(name)
        pool.held = max(pool.held, self._clock.monotonic() + wait)

    def _pool(self, name: str) -> _Pool:
        return self._pools.setdefault(name, _Pool(asyncio.Semaphore(self._most)))


class Slots:
    """At most `most` users of one key at a time; keys without users are forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[str, tuple[asyncio.Semaphore, int]] = {}

    def __len__(self) -> int:
        return len(self._taken)

    @asynccontextmanager
    async def slot(self, key: str) -> AsyncIterator[None]:
        """Wait for a slot of the key and keep it."""
        semaphore, users = self._taken.get(key) or (asyncio.Semaphore(self._most), 0)
        self._taken[key] = semaphore, users + 1
        try:
            async with semaphore:
                yield
        finally:
            semaphore, users = self._taken.pop(key)
            if users > 1:
                self._taken[key] = semaphore, users - 1
