"""Notices that we are cut off from the network, and takes back what that cost feeds. The rule is in outage.py."""

from __future__ import annotations

from datetime import timedelta

import structlog

from db import hosts, polls
from ingest.due import CUT_OFF
from ingest.outage import NO_ANSWER
from ingest.shell import Shell
from kliping.feeds import Feed, Fetched, FetchOutcome

log = structlog.get_logger()


async def lost(shell: Shell, feed: Feed, fetched: Fetched) -> bool:
    """Tell what a fetch for `feed` came to. True when it failed because of us or our provider."""
    if fetched.outcome is FetchOutcome.ISP_BLOCK:
        return True
    if fetched.status is not None or fetched.hops:
        if pardoned := shell.outage.answered():
            log.info("network_back")
            await _pardon(shell, pardoned)
        return False
    if fetched.outcome.value not in NO_ANSWER:
        return False
    before = shell.outage.lasting
    pardoned = shell.outage.silent(feed.id, feed.host, well=feed.failures == 0)
    if shell.outage.lasting and not before:
        log.warning("network_lost", hosts=len(set(pardoned.values())) + 1, last=fetched.outcome.value)
        await _pardon(shell, pardoned)
    return shell.outage.lasting


async def _pardon(shell: Shell, feeds: dict[int, str]) -> None:
    """Host rows are locked before feed rows, as in every transaction."""
    soon = shell.clock.now() + timedelta(seconds=CUT_OFF)
    async with shell.engine.begin() as conn:
        await hosts.fence(conn, (), feeds.values())
        for host in await polls.pardon(conn, list(feeds), soon):
            await hosts.wake(conn, host, soon)
