"""The two pages for probes: what they say, when they say no, and to whom they listen."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from console.app import Sources, bind, check_host, make_app, serve
from db.reports import Gauges
from ingest.metrics import Metrics
from kliping.errors import ConfigError


async def fine() -> object:
    return 1


async def broken() -> object:
    raise ConnectionError("postgresql://kliping:rahasia@db/kliping refuses")


def gauges(calls: list[float] | None = None) -> Callable[[], Awaitable[Gauges]]:
    async def read() -> Gauges:
        if calls is not None:
            calls.append(time.monotonic())
        return Gauges(
            due_hosts=3, queue_depth=2, ledger={"pending": 5, "stored": 70}, alerts={"silent": 1}, gaps={"open": 2}
        )

    return read


@asynccontextmanager
async def pages(sources: Sources, metrics: Metrics | None = None) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(sources, metrics or Metrics()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def test_healthy() -> None:
    async with pages(Sources(fine, gauges(), lambda: 5.0)) as client:
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_worker_without_a_scheduler_is_healthy() -> None:
    async with pages(Sources(fine, gauges())) as client:
        assert (await client.get("/healthz")).status_code == 200


async def test_degraded_says_what_but_no_secret() -> None:
    async with pages(Sources(broken, gauges(), lambda: 61.0)) as client:
        answer = await client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "degraded",
        "faults": ["database does not answer", "scheduler has not ticked"],
    }


async def test_a_database_that_hangs_is_degraded_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang() -> object:
        await asyncio.sleep(30)
        return None

    monkeypatch.setattr("console.app.DATABASE_LIMIT", 0.05)
    async with pages(Sources(hang, gauges())) as client:
        answer = await asyncio.wait_for(client.get("/healthz"), 2)
    assert answer.json()["faults"] == ["database did not answer in time"]


async def test_metrics_count_and_gauge() -> None:
    metrics = Metrics()
    metrics.polled("ok")
    metrics.polled("ok")
    metrics.fetched("page", "timeout")
    metrics.decided("stored", 4)
    metrics.stored(4)
    metrics.sandbox_died("memory")
    async with pages(Sources(fine, gauges()), metrics) as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    for line in [
        'kliping_polls_total{outcome="ok"} 2.0',
        'kliping_fetches_total{kind="page",outcome="timeout"} 1.0',
        'kliping_entries_total{state="stored"} 4.0',
        "kliping_articles_total 4.0",
        'kliping_sandbox_deaths_total{kind="memory"} 1.0',
        "kliping_due_hosts 3.0",
        "kliping_queue_depth 2.0",
        'kliping_ledger_entries{state="pending"} 5.0',
    ]:
        assert line in lines


async def test_scraping_often_asks_the_database_once() -> None:
    calls: list[float] = []
    async with pages(Sources(fine, gauges(calls))) as client:
        await asyncio.gather(*(client.get("/metrics") for _ in range(5)))
    assert len(calls) == 1


async def test_the_counters_are_served_when_the_database_is_away() -> None:
    async def away() -> Gauges:
        raise ConnectionError("away")

    metrics = Metrics()
    metrics.polled("dns")
    async with pages(Sources(broken, away), metrics) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert 'kliping_polls_total{outcome="dns"} 1.0' in answer.text


@pytest.mark.parametrize("path", ["/", "/feeds", "/healthz/x", "/metrics.txt"])
async def test_nothing_else_is_served(path: str) -> None:
    async with pages(Sources(fine, gauges())) as client:
        assert (await client.get(path)).status_code == 404


async def test_nothing_can_be_posted() -> None:
    async with pages(Sources(fine, gauges())) as client:
        assert (await client.post("/metrics")).status_code == 405


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.1", "192.168.1.5", "example.com", "", "127.0.0.1.evil.example"]
)
def test_only_loopback_is_served(host: str) -> None:
    with pytest.raises(ConfigError, match="loopback"):
        check_host(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.4.5.6", "localhost", "::1"])
def test_loopback_is_fine(host: str) -> None:
    check_host(host)


async def test_a_real_server_answers_and_ends_at_once() -> None:
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    task = asyncio.create_task(serve(make_app(Sources(fine, gauges()), Metrics()), listener))
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/healthz")
    assert answer.status_code == 200
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 2
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):  # noqa: PT011
        raise AssertionError("still listening")


def test_a_taken_port_gives_way_to_a_free_one() -> None:
    first = bind("127.0.0.1", 0)
    port = first.getsockname()[1]
    second = bind("127.0.0.1", port)
    try:
        assert second.getsockname()[1] not in (0, port)
    finally:
        first.close()
        second.close()
