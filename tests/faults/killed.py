"""`python -m tests.faults.killed POINT VERB...`: a kliping that kills itself when it comes to POINT.

The points are functions of the service, with the moment before or after them. The service itself knows nothing of it.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

POINTS = {
    "leased": ("ingest.jobs:hosts.lease_due", "after"),
    "dispatched": ("scheduler:jobs.dispatch", "after"),
    "fetched": ("ingest.fetch:Fetcher.fetch", "after"),
    "parsed": ("ingest.sandbox:Sandbox.feed", "after"),
    "poll_written": ("ingest.ledger:entries.add", "after"),
    "poll_committed": ("ingest.visit:poll", "after"),
    "extracted": ("ingest.sandbox:Sandbox.article", "after"),
    "article_inserted": ("ingest.ledger:articles.insert_new", "after"),
    "entry_settled": ("ingest.ledger:entries.settle", "after"),
    "before_release": ("ingest.shell:hosts.release", "before"),
    "released": ("ingest.shell:hosts.release", "after"),
}


def plant(point: str) -> None:
    """Make this process kill itself when it comes to `point`."""
    where, moment = POINTS[point]
    module, _, path = where.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    setattr(owner, name, _deadly(getattr(owner, name), moment == "before"))


def _deadly(function: Callable[..., Any], before: bool) -> Callable[..., Any]:
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        if not before:
            await function(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return wrapped


def main() -> int:
    point, *verb = sys.argv[1:]
    plant(point)
    sys.argv = ["kliping", *verb]
    from cli import main as kliping

    return int(kliping() or 0)


if __name__ == "__main__":
    sys.exit(main())
