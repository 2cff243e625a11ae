"""The bare pollers kliping is measured against: the same requests, nothing parsed, nothing stored.

    python -m bench.pollers httpx|aiohttp PORT HOSTS POLLS IN_FLIGHT      prints {"cpu": seconds, "polls": N}

Both keep no connection alive, as nobody does who polls each host once in a while, and share one client.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter

from bench.origins import host

HEADERS = {"If-None-Match": '"satu"', "Accept-Encoding": "gzip", "User-Agent": "kliping-bench"}


async def with_httpx(urls: list[str], in_flight: int) -> Counter[int]:
    import httpx

    statuses: Counter[int] = Counter()
    slots = asyncio.Semaphore(in_flight)
    limits = httpx.Limits(max_keepalive_connections=0, max_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=30, trust_env=False, verify=False) as client:

        async def one(url: str) -> None:
            async with slots:
                answer = await client.get(url, headers=HEADERS)
                statuses[answer.status_code] += 1

        await asyncio.gather(*map(one, urls))
    return statuses


async def with_aiohttp(urls: list[str], in_flight: int) -> Counter[int]:
    import aiohttp

    statuses: Counter[int] = Counter()
    slots = asyncio.Semaphore(in_flight)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0)) as session:

        async def one(url: str) -> None:
            async with slots, session.get(url, headers=HEADERS) as answer:
                await answer.read()
                statuses[answer.status] += 1

        await asyncio.gather(*map(one, urls))
    return statuses


ARMS = {"httpx": with_httpx, "aiohttp": with_aiohttp}


def main() -> None:
    name, port, hosts, polls, in_flight = sys.argv[1], *map(int, sys.argv[2:6])
    urls = [f"http://{host(number % hosts)}:{port}/feed" for number in range(polls)]
    before = time.process_time()
    statuses = asyncio.run(ARMS[name](urls, in_flight))
    print(json.dumps({"cpu": time.process_time() - before, "polls": polls, "statuses": statuses}))


if __name__ == "__main__":
    main()
