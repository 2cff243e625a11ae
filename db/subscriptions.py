"""WebSub subscriptions: which hub pushes which feed, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Subscription:
    """One feed's subscription. `failures` counts requests that the hub has not verified yet."""

    feed_id: int
    hub: str
    topic: str
    token: str
    secret: str
    state: str
    detail: str | None
    failures: int
    lease_until: datetime | None
    delivered_at: datetime | None


_COLUMNS = "s.feed_id, s.hub, s.topic, s.token, s.secret, s.state, s.detail, s.failures, s.lease_until, s.delivered_at"

# A hub that is offered again is left alone: its lease runs.
_OFFER = text("""
    INSERT INTO subscriptions AS s (feed_id, hub, topic, token, secret, renew_at)
    VALUES (:feed, :hub, :topic, :token, :secret, :now)
    ON CONFLICT (feed_id) DO UPDATE SET hub = excluded.hub, topic = excluded.topic, token = excluded.token,
        secret = excluded.secret, renew_at = excluded.renew_at, state = 'asked', detail = NULL, failures = 0,
        lease_until = NULL
    WHERE (s.hub, s.topic) <> (excluded.hub, excluded.topic)
""")


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(**row._mapping)


async def offer(
    conn: AsyncConnection, feed_id: int, hub: str, topic: str, token: str, secret: str, now: datetime
) -> None:
    """A feed names its hub: subscribe now, unless that is done already."""
    values = {"feed": feed_id, "hub": hub, "topic": topic, "token": token, "secret": secret, "now": now}
    await conn.execute(_OFFER, values)


async def withdraw(conn: AsyncConnection, feed_id: int) -> None:
    """A feed names no hub any more: its token is forgotten, and whatever is still sent to it is refused."""
    await conn.execute(text("DELETE FROM subscriptions WHERE feed_id = :feed"), {"feed": feed_id})


async def due(conn: AsyncConnection, now: datetime, limit: int) -> list[Subscription]:
    """Subscriptions of active feeds that are to be asked for, or renewed, the longest due first."""
    rows = await conn.execute(
        text(f"""
            SELECT {_COLUMNS} FROM subscriptions s JOIN feeds f ON f.id = s.feed_id
            WHERE s.renew_at <= :now AND f.state = 'active' ORDER BY s.renew_at, s.feed_id LIMIT :limit
        """),  # noqa: S608  (a constant)
        {"now": now, "limit": limit},
    )
    return [_subscription(row) for row in rows]


async def of_feed(conn: AsyncConnection, feed_id: int) -> Subscription | None:
    """A feed's subscription."""
    return await _one(conn, "s.feed_id = :value", feed_id)


async def by_token(conn: AsyncConnection, token: str) -> Subscription | None:
    """The subscription that a callback is for."""
    return await _one(conn, "s.token = :value", token)


async def _one(conn: AsyncConnection, condition: str, value: object) -> Subscription | None:
    query = text(f"SELECT {_COLUMNS} FROM subscriptions s WHERE {condition}")  # noqa: S608  (constants)
    row = (await conn.execute(query, {"value": value})).one_or_none()
    return _subscription(row) if row else None


async def asking(conn: AsyncConnection, feed_id: int, again: datetime) -> None:
    """The hub is about to be asked; unless it verifies, it is asked again at `again`."""
    await conn.execute(
        text(
            "UPDATE subscriptions SET failures = failures + 1, renew_at = :again, detail = NULL WHERE feed_id = :feed"
        ),
        {"feed": feed_id, "again": again},
    )


async def refused(conn: AsyncConnection, feed_id: int, detail: str) -> None:
    """The hub did not take the request."""
    await conn.execute(
        text("UPDATE subscriptions SET detail = :detail WHERE feed_id = :feed"), {"feed": feed_id, "detail": detail}
    )


async def verified(conn: AsyncConnection, feed_id: int, lease_until: datetime, renew_at: datetime) -> None:
    """The hub has verified that we want it; it pushes until the lease ends."""
    await conn.execute(
        text("""
            UPDATE subscriptions SET state = 'active', failures = 0, detail = NULL, lease_until = :until,
                renew_at = :renew WHERE feed_id = :feed
        """),
        {"feed": feed_id, "until": lease_until, "renew": renew_at},
    )


async def denied(conn: AsyncConnection, feed_id: int, detail: str, again: datetime) -> None:
    """The hub will not push; it is asked again at `again`."""
    await conn.execute(
        text("""
            UPDATE subscriptions SET state = 'denied', detail = :detail, lease_until = NULL, renew_at = :again
            WHERE feed_id = :feed
        """),
        {"feed": feed_id, "detail": detail, "again": again},
    )


async def delivered(conn: AsyncConnection, feed_id: int, new: int, now: datetime) -> None:
    """Content was pushed and taken in."""
    await conn.execute(
        text("UPDATE subscriptions SET delivered_at = :now WHERE feed_id = :feed"), {"feed": feed_id, "now": now}
    )
    if new:
        fresh = text("UPDATE feeds SET last_new_at = :now, silent_at = NULL WHERE id = :feed")
        await conn.execute(fresh, {"feed": feed_id, "now": now})
