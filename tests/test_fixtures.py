"""The ground of the tests: the clock keeps order, the network ends at this machine, every test has its own database."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from tests.clock import START, FakeClock


async def test_sleepers_wake_in_order_of_their_instant(clock):
    woken = []

    async def sleeper(name, *naps):
        for nap in naps:
            await clock.sleep(nap)
            woken.append((name, clock.monotonic()))

    await asyncio.gather(sleeper("slow", 5), sleeper("twice", 2, 2), sleeper("first", 2), sleeper("short", 0.5, 1))
    assert woken == [("short", 0.5), ("short", 1.5), ("twice", 2), ("first", 2), ("twice", 4), ("slow", 5)]
    assert clock.now() == START + timedelta(seconds=5)


async def test_time_stands_still_while_somebody_works(clock):
    nap = asyncio.create_task(clock.sleep(3600))
    async with await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        reader, writer = await asyncio.open_connection(host, port)
        await reader.read()
        writer.close()
        await writer.wait_closed()
    assert clock.monotonic() == 0
    await nap
    assert clock.monotonic() == 3600


async def test_a_cancelled_sleeper_moves_no_time(clock):
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(clock.sleep(86400), 0.01)
    await clock.sleep(1)
    assert (clock.monotonic(), clock.sleepers) == (1, 0)


async def test_a_driven_clock_passes_by_advance_and_set_only():
    clock = FakeClock(auto=False)
    nap = asyncio.create_task(clock.sleep(10))
    await asyncio.sleep(0.01)
    clock.advance(9)
    await asyncio.sleep(0)
    assert not nap.done()
    clock.set(START + timedelta(seconds=10))
    await asyncio.wait_for(nap, 1)
    clock.set(START)
    assert (clock.now(), clock.monotonic()) == (START, 10)


def test_other_machines_are_out_of_reach(reached):
    with socket.socket() as tcp, pytest.raises(OSError, match="blocked"):
        tcp.connect(("192.0.2.1", 80))
    with socket.socket() as tcp:
        assert tcp.connect_ex(("192.0.2.2", 80)) != 0
    with socket.socket(type=socket.SOCK_DGRAM) as udp, pytest.raises(OSError, match="blocked"):
        udp.sendto(b"", ("192.0.2.3", 53))
    for ask in (socket.getaddrinfo, lambda name, _: socket.gethostbyname(name)):
        with pytest.raises(socket.gaierror):
            ask("blog.example", 80)
    assert reached == ["192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:53"]
    reached.clear()


async def test_other_machines_are_out_of_reach_for_asyncio_and_httpx(reached):
    loop = asyncio.get_running_loop()
    with pytest.raises(socket.gaierror):
        await loop.getaddrinfo("blog.example", 80)
    with pytest.raises(OSError, match="blocked"):
        await loop.create_connection(asyncio.Protocol, "2001:db8::1", 80)
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://192.0.2.1/")
    assert reached == ["2001:db8::1:80", "192.0.2.1:80"]
    reached.clear()


@pytest.mark.parametrize("turn", [1, 2])
async def test_every_test_has_a_database_of_its_own(engine, turn):
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO hosts (name) VALUES ('a.test')"))
        assert await connection.scalar(text("SELECT count(*) FROM hosts")) == 1


async def test_a_session_has_our_path_zone_and_limits(engine):
    names = ("search_path", "TimeZone", "statement_timeout", "lock_timeout", "application_name")
    async with engine.connect() as connection:
        shown = [await connection.scalar(text(f"SHOW {name}")) for name in names]
        idle = await connection.scalar(text("SHOW idle_in_transaction_session_timeout"))
    assert [*shown, idle] == ["public,queue", "UTC", "15s", "5s", "kliping", "30s"]
