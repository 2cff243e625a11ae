"""The little we ask of procrastinate's tables ourselves. The queue is disposable: it holds nothing but leases."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def waiting(conn: AsyncConnection, most: int) -> int:
    """Jobs that wait for a worker, counted up to `most`."""
    found = await conn.scalar(
        text("SELECT count(*) FROM (SELECT 1 FROM queue.procrastinate_jobs WHERE status = 'todo' LIMIT :most) AS t"),
        {"most": most},
    )
    return int(found or 0)


async def sweep(conn: AsyncConnection) -> int:
    """Remove the jobs of workers that have shown no sign of life for a minute; their hosts are dispatched anew."""
    result = await conn.execute(
        text("""
            DELETE FROM queue.procrastinate_jobs j WHERE status = 'doing' AND NOT EXISTS (
                SELECT 1 FROM queue.procrastinate_workers w
                WHERE w.id = j.worker_id AND w.last_heartbeat > now() - interval '60 seconds')
        """)
    )
    return result.rowcount
