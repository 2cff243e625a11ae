"""Helpers for tests of the whole path: feeds in, visits run, rows out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db import feeds, hosts
from ingest.feedurl import feed_url
from ingest.shell import Shell, open_shell
from ingest.visit import visit
from kliping.clock import Clock
from kliping.settings import Settings
from tests.world import Blog


@asynccontextmanager
async def shell_on(engine: AsyncEngine, settings: Settings, clock: Clock) -> AsyncIterator[Shell]:
    """A running shell with one parsing child."""
    async with open_shell(settings.model_copy(update={"children": 1}), engine, clock) as shell:
        yield shell


async def add_feed(shell: Shell, blog: Blog | str, **wishes: Any) -> int:
    """Store a feed, due now."""
    given = blog if isinstance(blog, str) else blog.feed_url
    found = feed_url(given)
    async with shell.engine.begin() as conn:
        [(feed_id, _)] = await feeds.add(
            conn, [feeds.NewFeed(url=found.url, key=found.key, host=found.host, **wishes)], shell.clock.now()
        )
    return feed_id


async def visit_due(shell: Shell) -> list[str]:
    """One tick without a queue: lease what is due and visit it, host after host. Returns the hosts."""
    async with shell.engine.begin() as conn:
        leases = await hosts.lease_due(conn, shell.clock.now(), shell.lease_end(), shell.holder, 100)
    for lease in sorted(leases, key=lambda lease: lease.host):
        for claimed in await shell.claim([lease]):
            await visit(shell, claimed)
    return sorted(lease.host for lease in leases)


async def rows(shell: Shell, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """What a statement returns."""
    async with shell.engine.connect() as conn:
        return [tuple(row) for row in await conn.execute(text(statement), values)]


async def run(shell: Shell, statement: str, **values: Any) -> None:
    """Run a statement."""
    async with shell.engine.begin() as conn:
        await conn.execute(text(statement), values)
