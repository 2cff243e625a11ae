"""Leases: who may visit a host, and how a stale holder is kept from writing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db import hosts
from db.hosts import Release
from ingest import holder
from tests.clock import START

LEASE = timedelta(seconds=90)


async def add_hosts(engine: AsyncEngine, *names: str, due: datetime = START) -> None:
    async with engine.begin() as conn:
        await hosts.ensure(conn, names)
        for name in names:
            await hosts.wake(conn, name, due)


async def lease_all(engine: AsyncEngine, now: datetime = START, who: str = "a/b/1-1", limit: int = 10) -> list[str]:
    async with engine.begin() as conn:
        return sorted(lease.host for lease in await hosts.lease_due(conn, now, now + LEASE, who, limit))


async def test_a_due_host_is_leased_once_until_the_lease_runs_out(engine: AsyncEngine) -> None:
    await add_hosts(engine, "a.example", "b.example")
    await add_hosts(engine, "later.example", due=START + timedelta(hours=1))
    assert await lease_all(engine) == ["a.example", "b.example"]
    assert await lease_all(engine) == []
    assert await lease_all(engine, START + LEASE) == ["a.example", "b.example"]


async def test_two_transactions_share_the_due_hosts(engine: AsyncEngine) -> None:
    await add_hosts(engine, *(f"h{n}.example" for n in range(10)))
    async with engine.begin() as one, engine.begin() as two:
        first = await hosts.lease_due(one, START, START + LEASE, "one", 6)
        second = await hosts.lease_due(two, START, START + LEASE, "two", 6)
    names = [lease.host for lease in (*first, *second)]
    assert len(first) == 6
    assert len(second) == 4
    assert len(set(names)) == 10


async def test_an_older_number_can_neither_claim_nor_write_nor_release(engine: AsyncEngine) -> None:
    await add_hosts(engine, "a.example")
    async with engine.begin() as conn:
        [old] = await hosts.lease_due(conn, START, START + LEASE, "old", 10)
    async with engine.begin() as conn:
        [new] = await hosts.lease_due(conn, START + LEASE, START + 2 * LEASE, "new", 10)
    async with engine.begin() as conn:
        assert await hosts.claim(conn, [old], START + 3 * LEASE, "old") == []
        assert await hosts.fence(conn, [old]) == set()
        assert await hosts.fence(conn, [new]) == {"a.example"}
        assert await hosts.release(conn, [Release(old)]) == [None]
        assert await hosts.holder_of(conn, "a.example") == ("new", START + 2 * LEASE)


async def test_taking_by_name_says_who_holds_it(engine: AsyncEngine) -> None:
    await add_hosts(engine, "a.example")
    async with engine.begin() as conn:
        mine = await hosts.take(conn, "a.example", START, START + LEASE, "me")
        assert mine is not None
        assert await hosts.take(conn, "a.example", START, START + LEASE, "you") is None
        assert await hosts.take(conn, "a.example", START + LEASE, START + 2 * LEASE, "you") is not None


async def test_release_sees_work_that_was_committed_for_the_host_meanwhile(engine: AsyncEngine) -> None:
    await add_hosts(engine, "a.example")
    async with engine.begin() as conn:
        [lease] = await hosts.lease_due(conn, START, START + LEASE, "me", 10)
    soon = START + timedelta(minutes=3)
    async with engine.begin() as conn:
        await conn.execute(
            text("""
                INSERT INTO entries (key, host, state, next_try_at, first_seen_at)
                VALUES ('\\x01', 'a.example', 'pending', :at, :at)
            """),
            {"at": soon},
        )
        await hosts.wake(conn, "a.example", soon)
    async with engine.begin() as conn:
        assert await hosts.release(conn, [Release(lease, START, None)]) == [soon]


async def test_retry_after_holds_the_host(engine: AsyncEngine) -> None:
    await add_hosts(engine, "a.example")
    async with engine.begin() as conn:
        [lease] = await hosts.lease_due(conn, START, START + LEASE, "me", 10)
        await conn.execute(
            text("""
                INSERT INTO feeds (url, url_key, host, next_poll_at)
                VALUES ('https://a.example/', '\\x01', 'a.example', :at)
            """),
            {"at": START},
        )
        patience = START + timedelta(hours=2)
        assert await hosts.release(conn, [Release(lease, START, patience)]) == [patience]


async def test_a_host_with_nothing_to_do_is_never_due(engine: AsyncEngine) -> None:
    await add_hosts(engine, "a.example")
    async with engine.begin() as conn:
        [lease] = await hosts.lease_due(conn, START, START + LEASE, "me", 10)
        assert await hosts.release(conn, [Release(lease)]) == [None]
    assert await lease_all(engine, START + timedelta(days=365)) == []


async def test_the_leases_of_dead_processes_of_this_machine_are_freed(engine: AsyncEngine) -> None:
    gone = holder.mine().rsplit("/", 1)[0] + "/999999999-1"
    elsewhere = "other.4026531836/abcdef01/17-1"
    assert holder.dead([gone, elsewhere, holder.mine(), "nonsense"]) == [gone]
    await add_hosts(engine, "a.example", "b.example")
    async with engine.begin() as conn:
        await hosts.take(conn, "a.example", START, START + LEASE, gone)
        await hosts.take(conn, "b.example", START, START + LEASE, elsewhere)
        assert sorted(await hosts.holders(conn)) == sorted([gone, elsewhere])
        assert await hosts.free(conn, holder.dead(await hosts.holders(conn)), START) == 1
    assert await lease_all(engine) == ["a.example"]


@pytest.mark.parametrize("boot", ["00000000"])
def test_a_holder_of_an_earlier_boot_is_dead(boot: str) -> None:
    machine, _, process = holder.mine().rsplit("/", 2)
    assert holder.dead([f"{machine}/{boot}/{process}"])
