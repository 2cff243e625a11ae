"""What a user would otherwise write in an afternoon: feedparser, httpx, trafilatura with its metadata, psycopg.

Written as well as an afternoon allows, so that the comparison is fair: fetches run together under a semaphore, pages
are read in as many processes as there are cores, rows go in through a pool with ON CONFLICT DO NOTHING. It has no
politeness, no ledger, no raw pages, no cleaning beyond trafilatura's, no limits on what a page may cost.

    python -m bench.afternoon DSN FEEDS.txt

prints `{"stored": N}` when it is through and waits for the end of its input, so that it can be measured while alive.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import feedparser
import httpx
import trafilatura
from psycopg_pool import AsyncConnectionPool

AT_ONCE = 50
TABLE = """
CREATE TABLE IF NOT EXISTS articles (
    id bigserial PRIMARY KEY, feed text NOT NULL, url text NOT NULL UNIQUE, title text, author text,
    published text, language text, site text, image text, body text NOT NULL, created_at timestamptz DEFAULT now()
)"""
INSERT = """
INSERT INTO articles (feed, url, title, author, published, language, site, image, body)
VALUES (%(feed)s, %(url)s, %(title)s, %(author)s, %(date)s, %(language)s, %(sitename)s, %(image)s, %(text)s)
ON CONFLICT (url) DO NOTHING"""
FIELDS = ("title", "author", "date", "language", "sitename", "image", "text")


def extract(html: bytes, url: str) -> dict[str, Any] | None:
    """Text and metadata of a page, in a child process."""
    document = trafilatura.bare_extraction(html, url=url, with_metadata=True, include_comments=False)
    found = {name: getattr(document, name, None) for name in FIELDS}
    return found if found["text"] else None


class Afternoon:
    def __init__(self, client: httpx.AsyncClient, pool: AsyncConnectionPool, children: ProcessPoolExecutor) -> None:
        self.client, self.pool, self.children = client, pool, children
        self.gate = asyncio.Semaphore(AT_ONCE)
        self.stored = 0

    async def get(self, url: str) -> bytes:
        async with self.gate:
            answer = await self.client.get(url)
        answer.raise_for_status()
        return answer.content

    async def feed(self, url: str) -> None:
        parsed = feedparser.parse(await self.get(url))
        links = [entry.link for entry in parsed.entries if entry.get("link")]
        new = await self.unknown(links)
        results = await asyncio.gather(*(self.article(url, link) for link in new), return_exceptions=True)
        for link, result in zip(new, results, strict=True):
            if isinstance(result, BaseException):
                print(f"{link}: {result!r}", file=sys.stderr)

    async def unknown(self, links: list[str]) -> list[str]:
        async with self.pool.connection() as connection:
            rows = await connection.execute("SELECT url FROM articles WHERE url = ANY(%s)", [links])
            known = {row[0] for row in await rows.fetchall()}
        return [link for link in links if link not in known]

    async def article(self, feed: str, url: str) -> None:
        html = await self.get(url)
        found = await asyncio.get_running_loop().run_in_executor(self.children, extract, html, url)
        if found is None:
            raise ValueError("no text")
        async with self.pool.connection() as connection:
            done = await connection.execute(INSERT, {**found, "feed": feed, "url": url})
        self.stored += done.rowcount


async def main(dsn: str, feeds: list[str]) -> int:
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    with ProcessPoolExecutor(os.cpu_count()) as children:
        async with (
            httpx.AsyncClient(limits=limits, timeout=30, follow_redirects=True, trust_env=False) as client,
            AsyncConnectionPool(dsn, min_size=2, max_size=10) as pool,
        ):
            async with pool.connection() as connection:
                await connection.execute(TABLE)
            run = Afternoon(client, pool, children)
            results = await asyncio.gather(*map(run.feed, feeds), return_exceptions=True)
            for feed, result in zip(feeds, results, strict=True):
                if isinstance(result, BaseException):
                    print(f"{feed}: {result!r}", file=sys.stderr)
            print(json.dumps({"stored": run.stored}), flush=True)
            await asyncio.to_thread(sys.stdin.read)
    return run.stored


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]).read_text("utf-8").split()))
