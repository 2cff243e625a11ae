"""Hosts and their leases.

A lease is three columns: who holds it, until when, and its number. While it is held, `due_at` is its end, so that one
index finds what is due and a lost lease is found by running out. Every write of a visit locks its host row and checks
the number first (`fence`). Rows are always locked in the order of their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, TEXT, TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection

from kliping.feeds import Lease

_NAMES = bindparam("names", type_=ARRAY(TEXT))
_NUMBERS = bindparam("numbers", type_=ARRAY(BIGINT))

# By ctid, since a join by name reads the whole table where that looks cheaper. A row that somebody changed since the
# statement began has another one: it is left to the next tick.
LEASE_DUE = text("""
    UPDATE hosts SET lease_no = lease_no + 1, lease_until = :until, due_at = :until, lease_holder = :holder
    WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM hosts WHERE due_at <= :now ORDER BY due_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    ))
    RETURNING name, lease_no
""")

_CLAIM = text("""
    WITH mine AS (
        SELECT h.name FROM hosts h JOIN unnest(:names, :numbers) AS w(name, number)
            ON h.name = w.name AND h.lease_no = w.number AND h.lease_until IS NOT NULL
        ORDER BY h.name FOR NO KEY UPDATE OF h
    )
    UPDATE hosts SET lease_until = :until, due_at = :until, lease_holder = :holder
    FROM mine WHERE hosts.name = mine.name
    RETURNING hosts.name, hosts.lease_no
""").bindparams(_NAMES, _NUMBERS)

_TAKE = text("""
    UPDATE hosts SET lease_no = lease_no + 1, lease_until = :until, due_at = :until, lease_holder = :holder
    WHERE name = :name AND (lease_until IS NULL OR lease_until <= :now)
    RETURNING lease_no
""")

_RELEASE = text("""
    UPDATE hosts SET lease_until = NULL, lease_holder = NULL, not_before = g.not_before,
        last_start_at = coalesce(g.last_start, last_start_at),
        due_at = CASE WHEN next.at IS NULL THEN NULL ELSE greatest(next.at, g.not_before) END
    FROM unnest(:names, :numbers, :starts, :pauses) AS g(name, number, last_start, not_before),
        LATERAL (SELECT least(
            (SELECT min(next_poll_at) FROM feeds WHERE host = g.name AND state = 'active'),
            (SELECT min(next_try_at) FROM entries WHERE host = g.name AND state = 'pending')
        ) AS at) AS next
    WHERE hosts.name = g.name AND lease_no = g.number
    RETURNING hosts.name, hosts.due_at
""").bindparams(
    _NAMES,
    _NUMBERS,
    bindparam("starts", type_=ARRAY(TIMESTAMP(timezone=True))),
    bindparam("pauses", type_=ARRAY(TIMESTAMP(timezone=True))),
)

_WAKE = text("""
    UPDATE hosts SET due_at = CASE WHEN lease_until IS NULL THEN least(coalesce(due_at, :at), :at) ELSE due_at END
    WHERE name = :name
""")


@dataclass(frozen=True, slots=True)
class HostRecord:
    """What a visit must know of its host."""

    name: str
    not_before: datetime | None
    last_start_at: datetime | None
    robots: str | None
    robots_at: datetime | None
    robots_outcome: str | None


async def lease_due(conn: AsyncConnection, now: datetime, until: datetime, holder: str, limit: int) -> list[Lease]:
    """Lease the hosts that are due, the longest due first; a lease that ran out is due again."""
    rows = await conn.execute(LEASE_DUE, {"now": now, "until": until, "holder": holder, "limit": limit})
    return [Lease(row.name, row.lease_no, until) for row in rows]


async def claim(conn: AsyncConnection, leases: Sequence[Lease], until: datetime, holder: str) -> list[Lease]:
    """Make leases ours and renew them; those whose number has moved on, or that were given back, are left out."""
    values = {
        "names": [lease.host for lease in leases],
        "numbers": [lease.number for lease in leases],
        "until": until,
        "holder": holder,
    }
    rows = await conn.execute(_CLAIM, values)
    return [Lease(row.name, row.lease_no, until) for row in rows]


async def take(conn: AsyncConnection, name: str, now: datetime, until: datetime, holder: str) -> Lease | None:
    """Lease one host by name, due or not; None while somebody else holds it."""
    number = await conn.scalar(_TAKE, {"name": name, "now": now, "until": until, "holder": holder})
    return Lease(name, number, until) if number is not None else None


async def holder_of(conn: AsyncConnection, name: str) -> tuple[str, datetime] | None:
    """Who holds the host's lease, and until when."""
    row = (
        await conn.execute(text("SELECT lease_holder, lease_until FROM hosts WHERE name = :name"), {"name": name})
    ).one_or_none()
    return (row.lease_holder, row.lease_until) if row and row.lease_holder else None


async def fence(conn: AsyncConnection, leases: Iterable[Lease], others: Iterable[str] = ()) -> set[str]:
    """Lock the rows of `leases` and `others` by name; the hosts among `leases` whose number still stands."""
    held = {lease.host: lease.number for lease in leases}
    names = sorted({*held, *others})
    rows = await conn.execute(
        text("SELECT name, lease_no FROM hosts WHERE name = ANY(:names) ORDER BY name FOR NO KEY UPDATE").bindparams(
            _NAMES
        ),
        {"names": names},
    )
    return {row.name for row in rows if held.get(row.name) == row.lease_no}


@dataclass(frozen=True, slots=True)
class Release:
    """A lease to be given back: when the host was last asked for something, and until when it is to be left alone."""

    lease: Lease
    last_start: datetime | None = None
    not_before: datetime | None = None


async def release(conn: AsyncConnection, items: Sequence[Release]) -> list[datetime | None]:
    """Give leases back; each host is due when its next feed or page is. Returns these times, None where it has none.

    The rows are locked by a statement of its own first: work that others committed for a host until then is seen. A
    lease that is no longer ours is left alone.
    """
    held = await fence(conn, [item.lease for item in items])
    ours = [item for item in items if item.lease.host in held]
    values = {
        "names": [item.lease.host for item in ours],
        "numbers": [item.lease.number for item in ours],
        "starts": [item.last_start for item in ours],
        "pauses": [item.not_before for item in ours],
    }
    due = {row.name: row.due_at for row in await conn.execute(_RELEASE, values)} if ours else {}
    return [due.get(item.lease.host) for item in items]


async def free(conn: AsyncConnection, holders: Sequence[str], now: datetime) -> int:
    """Make the hosts of dead holders due at once."""
    result = await conn.execute(
        text("""
            UPDATE hosts SET lease_until = NULL, lease_holder = NULL, due_at = :now, lease_no = lease_no + 1
            WHERE lease_holder = ANY(:names)
        """).bindparams(_NAMES),
        {"names": list(holders), "now": now},
    )
    return result.rowcount


async def holders(conn: AsyncConnection) -> list[str]:
    """Everybody who holds a lease."""
    rows = await conn.execute(text("SELECT DISTINCT lease_holder FROM hosts WHERE lease_holder IS NOT NULL"))
    return [row.lease_holder for row in rows]


async def ensure(conn: AsyncConnection, names: Iterable[str]) -> None:
    """Make rows for hosts that have none yet; in a transaction of its own, so that no lock is held on the way."""
    rows = sorted(set(names))
    await conn.execute(
        text("INSERT INTO hosts (name) SELECT unnest(:names) ON CONFLICT (name) DO NOTHING").bindparams(_NAMES),
        {"names": rows},
    )


async def wake(conn: AsyncConnection, name: str, at: datetime) -> None:
    """Make a host due at `at` unless it is due sooner; a leased one finds the work when it is released."""
    await conn.execute(_WAKE, {"name": name, "at": at})


async def record(conn: AsyncConnection, name: str) -> HostRecord | None:
    """What is known of a host."""
    row = (
        await conn.execute(
            text("""
                SELECT name, not_before, last_start_at, robots, robots_at, robots_outcome FROM hosts WHERE name = :name
            """),
            {"name": name},
        )
    ).one_or_none()
    return HostRecord(*row) if row else None


async def records(conn: AsyncConnection, names: Sequence[str]) -> dict[str, HostRecord]:
    """What is known of hosts, by name."""
    statement = text("""
        SELECT name, not_before, last_start_at, robots, robots_at, robots_outcome FROM hosts WHERE name = ANY(:names)
    """)
    rows = await conn.execute(statement.bindparams(_NAMES), {"names": list(names)})
    return {row.name: HostRecord(*row) for row in rows}


async def with_pool(conn: AsyncConnection, name: str, pool: str | None) -> tuple[HostRecord | None, HostRecord | None]:
    """What is known of a host, and of the pool it belongs to."""
    found = await records(conn, [name, pool] if pool else [name])
    return found.get(name), found.get(pool) if pool else None


async def hold(conn: AsyncConnection, name: str, until: datetime) -> None:
    """Nobody asks this host, or the hosts of this pool, anything before `until`; never shorter than before."""
    await conn.execute(
        text("""
            INSERT INTO hosts (name, not_before) VALUES (:name, :until)
            ON CONFLICT (name) DO UPDATE SET not_before = greatest(hosts.not_before, excluded.not_before)
        """),
        {"name": name, "until": until},
    )


async def save_robots(conn: AsyncConnection, name: str, robots: str | None, at: datetime, outcome: str) -> None:
    """Keep a host's robots.txt."""
    await conn.execute(
        text("UPDATE hosts SET robots = :robots, robots_at = :at, robots_outcome = :outcome WHERE name = :name"),
        {"name": name, "robots": robots, "at": at, "outcome": outcome},
    )
