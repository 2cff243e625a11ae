"""The service as real processes: started, watched through its log, stopped."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from db import feeds
from db.engine import make_engine
from ingest.feedurl import feed_url
from kliping.clock import SystemClock
from kliping.settings import Settings
from tests.world import Blog, World

KLIPING = [sys.executable, "-c", "import sys; from cli import main; sys.exit(main())"]
QUICK = {
    "KLIPING_ALLOW_NETWORKS": "127.0.0.0/8",
    "KLIPING_HOST_SPACING": "0.01",
    "KLIPING_TICK": "0.5",
    "KLIPING_HTTP_PORT": "0",
    "KLIPING_LOG_FORMAT": "json",
    "KLIPING_DEFAULT_FEEDS": "false",
    "KLIPING_CHILDREN": "1",
}


class Process:
    """One `kliping VERB` with its log."""

    def __init__(self, log: Path, *verb: str, command: Sequence[str] = KLIPING, **environ: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KLIPING_")}
        self.log = log
        with log.open("ab") as out:
            self.child = subprocess.Popen([*command, *verb], env={**clean, **QUICK, **environ}, stdout=out, stderr=out)

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log's lines of one event."""
        lines = self.log.read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [event for event in found if event.get("event") == name]

    def port(self) -> int:
        """Where its pages are."""
        return int(re.findall(r"http://127.0.0.1:(\d+)", self.log.read_text())[0])

    def stop(self, number: int = signal.SIGTERM, limit: float = 30.0) -> int:
        """Send a signal and wait; the exit code."""
        self.child.send_signal(number)
        return self.child.wait(limit)


@contextmanager
def running(log: Path, *verb: str, command: Sequence[str] = KLIPING, **environ: str) -> Iterator[Process]:
    """A process that is killed at the end of the block, if it still runs."""
    process = Process(log, *verb, command=command, **environ)
    try:
        yield process
    finally:
        if process.child.poll() is None:
            process.child.kill()
            process.child.wait(10)


def until(condition: Callable[[], bool], limit: float, what: str) -> None:
    """Wait for it, `limit` seconds at most."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit} s: {what}"
        time.sleep(0.1)


def add(dsn: str, blogs: list[Blog]) -> None:
    """Store the feeds of `blogs`, due now."""

    async def store() -> None:
        engine = make_engine(dsn, Settings())
        found = [feed_url(blog.feed_url) for blog in blogs]
        async with engine.begin() as conn:
            new = [feeds.NewFeed(url=one.url, key=one.key, host=one.host) for one in found]
            await feeds.add(conn, new, SystemClock().now())
        await engine.dispose()

    asyncio.run(store())


def ask(dsn: str, statement: str) -> list[tuple[Any, ...]]:
    """What a statement returns."""
    with psycopg.connect(dsn) as conn:
        return conn.execute(statement).fetchall()  # type: ignore[call-overload,no-any-return]


def one_at_a_time(world: World) -> list[str]:
    """The hosts that had two requests in flight."""
    by_host = defaultdict(list)
    for request in world.requests:
        by_host[request.host].append((request.started, request.ended or request.started))
    return [
        host
        for host, spans in by_host.items()
        if any(later[0] < earlier[1] for earlier, later in itertools.pairwise(sorted(spans)))
    ]
