"""What every piece of work is handed: settings, clock, database, network door, parsing children, writers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from db import hosts
from db.faults import Fault, classify, one_line
from db.hosts import Release
from ingest import holder, ledger
from ingest.batch import Batcher
from ingest.fetch import Fetcher
from ingest.ledger import PollWrite, Settled, Settlement
from ingest.metrics import Metrics
from ingest.outage import Outage
from ingest.sandbox import Sandbox
from ingest.tariff import Tariff
from kliping.clock import Clock
from kliping.feeds import Lease
from kliping.settings import Settings

log = structlog.get_logger()

PAUSE = 10.0  # seconds nothing new is fetched after the database was full; then the next writes try
ALARM_EVERY = 60.0  # seconds


@dataclass
class Shell:
    """The running pieces of one process, and the leases it has in hand."""

    settings: Settings
    clock: Clock
    engine: AsyncEngine
    fetcher: Fetcher
    sandbox: Sandbox
    metrics: Metrics
    polls: Batcher[PollWrite, bool]
    settlements: Batcher[Settlement, Settled]
    releases: Batcher[Release, datetime | None]
    tariff: Tariff
    outage: Outage = field(default_factory=Outage)
    holder: str = field(default_factory=holder.mine)
    leases: dict[str, Lease] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    ticked_at: float | None = None  # monotonic time of the last dispatch; None in a worker without a scheduler
    paused_until: float = float("-inf")  # monotonic time before which nothing new is fetched
    alarmed_at: float = float("-inf")  # monotonic time of the last alarm about a database that takes no more

    def paused(self) -> bool:
        """Whether the database takes no writes: what is fetched now could not be kept."""
        return self.clock.monotonic() < self.paused_until

    def heed(self, error: BaseException) -> bool:
        """Pause when the database says it is full; False for any other error. One alarm a minute at most."""
        if classify(error) is not Fault.PAUSE:
            return False
        now = self.clock.monotonic()
        self.paused_until = now + PAUSE
        if now - self.alarmed_at >= ALARM_EVERY:
            self.alarmed_at = now
            log.error("database_full", reason=one_line(error), next_try_in=PAUSE)
        return True

    def holds(self, lease: Lease) -> bool:
        """Whether the lease is still ours, as far as the last renewal told."""
        held = self.leases.get(lease.host)
        return held is not None and held.number == lease.number

    def lease_end(self) -> datetime:
        """When a lease that is taken or renewed now runs out."""
        return self.clock.now() + timedelta(seconds=self.settings.host_lease)

    async def claim(self, leases: list[Lease]) -> list[Lease]:
        """Take over leases that a dispatch made; from here on they are renewed until `release`."""
        async with self.engine.begin() as conn:
            claimed = await hosts.claim(conn, leases, self.lease_end(), self.holder)
        self.leases.update({lease.host: lease for lease in claimed})
        return claimed

    async def take(self, host: str) -> Lease | None:
        """Lease one host by name; None while somebody else visits it."""
        async with self.engine.begin() as conn:
            lease = await hosts.take(conn, host, self.clock.now(), self.lease_end(), self.holder)
        if lease is not None:
            self.leases[host] = lease
        return lease

    async def renew(self) -> None:
        """Renew all leases in hand; one that was given to somebody else is forgotten, and its visit ends."""
        held = list(self.leases.values())
        if not held:
            return
        async with self.engine.begin() as conn:
            kept = {lease.host for lease in await hosts.claim(conn, held, self.lease_end(), self.holder)}
        for lease in held:
            if lease.host not in kept and self.leases.get(lease.host) == lease:
                del self.leases[lease.host]
                log.warning("lease_lost", host=lease.host)

    async def release(self, lease: Lease, not_before: datetime | None = None) -> None:
        """Give a lease back; the host is due again when its next feed or page is."""
        if self.forget(lease):
            await (await self.releases.submit(Release(lease, self.fetcher.started(lease.host), not_before)))

    def forget(self, lease: Lease) -> bool:
        """Renew a lease no more; False when it is not in hand, perhaps because a later one of that host is."""
        if not self.holds(lease):
            return False
        del self.leases[lease.host]
        return True

    async def free(self, holders: Iterable[str]) -> int:
        """Make the hosts of dead holders due at once."""
        async with self.engine.begin() as conn:
            return await hosts.free(conn, list(holders), self.clock.now())


@asynccontextmanager
async def open_shell(
    settings: Settings, engine: AsyncEngine, clock: Clock, metrics: Metrics | None = None
) -> AsyncIterator[Shell]:
    """Start the parsing children first (they are forked), then all else; stop in the opposite order."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(settings))
        fetcher = await stack.enter_async_context(Fetcher(settings, clock))
        polls = await stack.enter_async_context(Batcher(engine, clock, ledger.write_polls))
        settlements = await stack.enter_async_context(Batcher(engine, clock, ledger.settle_batch, linger=0.25))
        releases = await stack.enter_async_context(Batcher(engine, clock, hosts.release))
        tariff = Tariff(settings, engine, clock)
        writers = (polls, settlements, releases)
        yield Shell(settings, clock, engine, fetcher, sandbox, metrics or Metrics(), *writers, tariff)


@asynccontextmanager
async def renewing(shell: Shell) -> AsyncIterator[None]:
    """Keep the leases in hand while a command works; in the service the scheduler does it."""

    async def loop() -> None:
        while True:
            await shell.clock.sleep(shell.settings.host_lease / 3)
            try:
                await shell.renew()
            except Exception as error:
                if classify(error) is None:
                    raise
                log.error("renew_failed", reason=one_line(error))  # the next turn tries again

    task = asyncio.create_task(loop())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
