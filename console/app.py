"""/healthz and /metrics for operators and probes, on a loopback address only: there is no login here.

The page server knows nothing of the service; it is handed callables:
  probe   awaits the database; raises when it does not answer
  ticked  seconds since the scheduler last ticked, None in a process without a scheduler
  gauges  awaits what the database says about hosts, queue and ledger
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ingest.metrics import CONTENT_TYPE, Metrics
from kliping.errors import ConfigError

DATABASE_LIMIT = 2.0  # seconds
TICK_LIMIT = 60.0  # seconds
GAUGES_FOR = 10.0  # seconds a reading is kept; a slow reading is kept 20 times as long as it took
log = structlog.get_logger()


class Gauges(Protocol):
    """What the database says; see db.reports.Gauges."""

    @property
    def due_hosts(self) -> int: ...
    @property
    def queue_depth(self) -> int: ...
    @property
    def ledger(self) -> dict[str, int]: ...
    @property
    def alerts(self) -> dict[str, int]: ...
    @property
    def gaps(self) -> dict[str, int]: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """The callables behind the pages."""

    probe: Callable[[], Awaitable[object]]
    gauges: Callable[[], Awaitable[Gauges]]
    ticked: Callable[[], float | None] = lambda: None


async def _faults(sources: Sources) -> list[str]:
    """Why the process is degraded, in words that tell nothing of addresses or names."""
    faults = []
    try:
        await asyncio.wait_for(_awaited(sources.probe), DATABASE_LIMIT)
    except TimeoutError:
        faults.append("database did not answer in time")
    except Exception as error:  # whatever a driver raises, the answer is the same
        log.warning("health_database", error=error)
        faults.append("database does not answer")
    age = sources.ticked()
    if age is not None and age > TICK_LIMIT:
        faults.append("scheduler has not ticked")
    return faults


async def _awaited(call: Callable[[], Awaitable[object]]) -> object:
    return await call()


class _Reading:
    """Keeps the gauges for a while, so that scraping often costs one query."""

    def __init__(self, sources: Sources, metrics: Metrics) -> None:
        self._sources, self._metrics = sources, metrics
        self._until, self._lock = 0.0, asyncio.Lock()

    async def refresh(self) -> None:
        async with self._lock:
            began = time.monotonic()
            if began < self._until:
                return
            try:
                read = await asyncio.wait_for(_awaited_gauges(self._sources), 2 * DATABASE_LIMIT)
                self._metrics.observe(read.due_hosts, read.queue_depth, read.ledger, read.alerts, read.gaps)
            except Exception as error:  # the counters are still worth serving
                log.warning("metrics_gauges", error=error)
            took = time.monotonic() - began
            self._until = time.monotonic() + max(GAUGES_FOR, 20 * took)


async def _awaited_gauges(sources: Sources) -> Gauges:
    return await sources.gauges()


def make_app(sources: Sources, metrics: Metrics, more: Sequence[Route] = ()) -> Starlette:
    """The application with its two routes, and `more`."""
    reading = _Reading(sources, metrics)

    async def healthz(_: Request) -> Response:
        faults = await _faults(sources)
        if faults:
            return JSONResponse({"status": "degraded", "faults": faults}, status_code=503)
        return JSONResponse({"status": "ok"})

    async def scrape(_: Request) -> Response:
        await reading.refresh()
        return Response(metrics.render(), headers={"content-type": CONTENT_TYPE})

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", scrape), *more])


def check_host(host: str) -> None:
    """Raise ConfigError unless `host` is a loopback address: the pages have no login."""
    name = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ip_address(name).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigError(f"KLIPING_HTTP_HOST: {host} is not a loopback address")


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. When another kliping on this machine has the port, any free one is taken and logged."""
    check_host(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if port == 0:
            raise ConfigError(f"KLIPING_HTTP_HOST: cannot listen on {host}: {error.strerror}") from error
        log.warning("http_port_taken", host=host, port=port)
        return bind(host, 0)


class _Server(uvicorn.Server):
    """Leaves signals to the service that owns the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: Starlette, listener: socket.socket) -> None:
    """Serve until cancelled, then close at once: no request here is worth waiting for."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = _Server(config)
    host, port = listener.getsockname()[:2]
    log.info("http_listening", url=f"http://{f'[{host}]' if ':' in host else host}:{port}")
    running = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        server.should_exit = True
        await running
        raise
    finally:
        listener.close()
