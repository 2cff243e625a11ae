"""Times that a clock far ahead has written. Nothing may wait for a time that was never meant.

feeds, then entries, then hosts, each in a transaction of its own: only one kind of row is locked at a time
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

SLACK = timedelta(minutes=5)  # clocks of machines that share a database differ
LONGEST = timedelta(hours=24) * 1.1 + SLACK  # what we write: a day, and the jitter of a day

# Not least(): it would make a time of NULL, too.
# An operator's interval may be longer than a day.
_FEEDS = text("""
    WITH wrong AS (
        SELECT id, :now + greatest(make_interval(secs => coalesce("interval", 0)), interval '1 day') * 1.1 AS most
        FROM feeds
    )
    UPDATE feeds SET next_poll_at = CASE WHEN next_poll_at > wrong.most THEN wrong.most ELSE next_poll_at END,
        rhythm_at = CASE WHEN rhythm_at > :now THEN :now ELSE rhythm_at END,
        failing_since = CASE WHEN failing_since > :now THEN :now ELSE failing_since END,
        gap_at = CASE WHEN gap_at > :now THEN :now ELSE gap_at END,
        last_full_at = CASE WHEN last_full_at <= :soon THEN last_full_at END,
        gone_at = CASE WHEN gone_at <= :soon THEN gone_at END
    FROM wrong
    WHERE feeds.id = wrong.id AND (next_poll_at > wrong.most + :slack
        OR greatest(last_full_at, gone_at, rhythm_at, failing_since, gap_at) > :soon)
""")

_ENTRIES = text("""
    UPDATE entries SET next_try_at = :latest
    WHERE state = 'pending' AND next_try_at > :latest AND (attempts > 0 OR first_seen_at > :soon)
""")

_HOSTS = text("""
    UPDATE hosts SET lease_until = CASE WHEN lease_until > :lease THEN :lease ELSE lease_until END,
        not_before = CASE WHEN not_before > :latest THEN :latest ELSE not_before END,
        last_start_at = CASE WHEN last_start_at > :now THEN :now ELSE last_start_at END,
        robots_at = CASE WHEN robots_at > :now THEN :now ELSE robots_at END
    WHERE lease_until > :lease OR not_before > :latest OR greatest(last_start_at, robots_at) > :soon
""")

_DUE = text("""
    WITH far AS (
        SELECT name, CASE WHEN lease_until IS NOT NULL THEN lease_until ELSE greatest(not_before, least(
            (SELECT min(next_poll_at) FROM feeds WHERE host = name AND state = 'active'),
            (SELECT min(next_try_at) FROM entries WHERE host = name AND state = 'pending'))) END AS due
        FROM hosts WHERE due_at > :latest
    )
    UPDATE hosts SET due_at = due FROM far WHERE hosts.name = far.name AND due_at > due
""")


async def correct(engine: AsyncEngine, now: datetime, lease: timedelta) -> int:
    """Bring times that lie too far ahead of `now` to where they may be; how many rows had such."""
    values = {"now": now, "soon": now + SLACK, "slack": SLACK, "latest": now + LONGEST, "lease": now + lease + SLACK}
    found = 0
    for statement in (_FEEDS, _ENTRIES, _HOSTS, _DUE):
        used = {name: value for name, value in values.items() if f":{name}" in statement.text}
        async with engine.begin() as conn:
            found += (await conn.execute(statement, used)).rowcount
    return found
