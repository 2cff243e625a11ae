"""`python -m tests.world --blogs 200 --posts 3`: a web in a process of its own.

The first line of output is one JSON object: feeds (kind, feed_url, posts). It serves until its input ends or it is
terminated, then prints the log of requests as a second line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import threading
from dataclasses import asdict

from tests.world.world import World

KINDS = ("blogger", "wordpress", "portal")


async def main() -> None:
    options = arguments()
    async with World(options.seed) as world:
        for number in range(options.blogs):
            kind = options.kinds[number % len(options.kinds)]
            getattr(world, kind)(f"Kabar Daerah {number + 1}", posts=options.posts)
        feeds = [{"kind": b.kind, "feed_url": b.feed_url, "posts": [p.url for p in b.posts]} for b in world.blogs]
        print(json.dumps({"feeds": feeds}), flush=True)
        await until_told()
        print(json.dumps({"requests": [asdict(r) for r in world.requests]}), flush=True)


async def until_told() -> None:
    """Wait for the end of the input (a thread reads it: not every input can be polled) or for SIGTERM."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)

    def read() -> None:
        while os.read(0, 4096):  # not sys.stdin: its lock would break a shutdown by SIGTERM
            continue
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=read, daemon=True).start()
    await stop.wait()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.world")
    parser.add_argument("--blogs", type=int, default=5)
    parser.add_argument("--posts", type=int, default=5)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--kinds", type=lambda value: value.split(","), default=list(KINDS))
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
