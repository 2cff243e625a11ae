"""`make demo`: a small web of blogs on loopback goes through the real service into a private Postgres.

    loopback web -> feeds are added -> the service runs until the ledger is settled -> what was stored, what was removed
    -> the feeds are made due again -> the service runs again -> 304s, no new rows

It needs no internet, leaves nothing behind, and ends with 0 when every post is stored once and nothing came twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

try:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Table
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import AsyncEngine

    from db import feeds, migrate, reports
    from db.embedded import EmbeddedPostgres
    from db.engine import make_engine
    from ingest import logs
    from ingest.feedurl import feed_url
    from kliping.clock import SystemClock
    from kliping.errors import KlipingError
    from kliping.settings import Settings, load
    from parsers.links import site_of, url_key
    from service import serve
    from tests.world import Blog, Post, World
except ImportError as missing:
    sys.exit(f"demo: {missing}; run `make setup`, then `make demo`")

TIME_LIMIT = 50.0  # seconds for both rounds together
WIDTH = 140  # columns when the output is not a terminal
LOOK = 0.1  # seconds between two looks at the ledger
SETTINGS = {
    "KLIPING_ALLOW_NETWORKS": "127.0.0.0/8",
    "KLIPING_HOST_SPACING": "0.05",
    "KLIPING_TICK": "0.5",
    "KLIPING_HTTP_PORT": "0",
    "KLIPING_DEFAULT_FEEDS": "false",
}


@dataclass(frozen=True)
class Stored:
    """A stored article beside what its blog really said."""

    blog: str
    title: str
    characters: int
    body_from: str
    captions: list[str]
    sources: list[str]
    removed: dict[str, int]
    lines: list[str]
    as_written: bool


@dataclass(frozen=True)
class Polled:
    """A feed's two polls: (outcome, HTTP status, new entries)."""

    feed: str
    first: tuple[str, int | None, int]
    second: tuple[str, int | None, int]


# --- the web ----------------------------------------------------------------------------------------------------------


def populate(world: World) -> None:
    """Five blogs, one of each kind that matters."""
    world.blogger("Kabar Senja", posts=6)
    world.blogger("Catatan Nusantara", posts=5, full_text=False)
    world.wordpress("Warta Pesisir", posts=6)
    world.portal("Kota Kini", posts=6)
    sample = world.blogger("Mata Timur", posts=1, full_text=False)
    sample.publish_sample(footer_inside=True)


def posts(world: World) -> dict[str, tuple[Blog, Post]]:
    return {post.url: (blog, post) for blog in world.blogs for post in blog.posts}


# --- the service ------------------------------------------------------------------------------------------------------


class Demo:
    """The steps, on one database."""

    def __init__(self, settings: Settings, dsn: str, world: World, progress: Progress) -> None:
        self.settings, self.dsn, self.world, self.progress = settings, dsn, world, progress
        self.clock = SystemClock()
        self.deadline = time.monotonic() + TIME_LIMIT
        self.wanted = len(posts(world))
        self.engine: AsyncEngine = make_engine(dsn, settings)

    async def run(self) -> tuple[dict[str, Any], list[Stored], list[Polled]]:
        """Both rounds, and what they left. Raises KlipingError when one does not come to its end in time."""
        await self.subscribe()
        await self.round("first round: entries settled", 1)
        articles = await read_articles(self.engine, self.world)
        await self.make_due()
        await self.round("second round: feeds polled again", 2)
        polls, after = await read_polls(self.engine, self.world), await read_articles(self.engine, self.world)
        await self.engine.dispose()
        facts = {
            "feeds": len(self.world.blogs),
            "published": self.wanted,
            "stored": len(articles),
            "rows_before": len(articles),
            "rows_after": len(after),
            "not_stored": await read_missing(self.engine, self.world, articles),
        }
        return facts, articles, polls

    async def subscribe(self) -> None:
        given = [feed_url(blog.feed_url) for blog in self.world.blogs]
        async with self.engine.begin() as conn:
            rows = [feeds.NewFeed(url=f.url, key=f.key, host=f.host) for f in given]
            await feeds.add(conn, rows, self.clock.now())

    async def make_due(self) -> None:
        async with self.engine.begin() as conn:
            for feed in await feeds.listing(conn):
                await feeds.resume(conn, feed.id, self.clock.now())

    async def round(self, words: str, polls: int) -> None:
        """Run the service until all feeds were polled that often and nothing is pending."""
        task = self.progress.add_task(words, total=self.wanted if polls == 1 else len(self.world.blogs))
        done = asyncio.Event()
        service = asyncio.create_task(serve(self.settings, self.dsn, stop=done))
        watcher = asyncio.create_task(self.watch(polls, task))
        try:
            await asyncio.wait({service, watcher}, return_when=asyncio.FIRST_COMPLETED)
            if service.done():
                service.result()
                raise KlipingError("the service ended by itself")
            watcher.result()
        finally:
            done.set()
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
            await service

    async def watch(self, polls: int, task: Any) -> None:
        while True:
            async with self.engine.connect() as conn:
                ledger, listed = await reports.ledger(conn), await feeds.listing(conn)
            polled = sum(feed.poll_count >= polls for feed in listed)
            settled = sum(ledger.values()) - ledger["pending"]
            self.progress.update(task, completed=settled if polls == 1 else polled)
            if polled == len(listed) and ledger["pending"] == 0:
                return
            if time.monotonic() > self.deadline:
                raise KlipingError(f"not settled within {TIME_LIMIT:.0f} s: {ledger}, {polled}/{len(listed)} polled")
            await asyncio.sleep(LOOK)


# --- what is in the database ------------------------------------------------------------------------------------------


async def read_articles(engine: AsyncEngine, world: World) -> list[Stored]:
    """The articles as any reader of `v1.articles` sees them, and what was stripped from each; in the blogs' order."""
    known, found = posts(world), {}
    async with engine.connect() as conn:
        for row in (await conn.execute(text("SELECT * FROM v1.articles"))).mappings().all():
            url = row["url"].partition("?")[0]  # portals tag the links of their feeds
            found[url] = stored(row, *known[url], (await reports.article(conn, row["id"])).removed)
    return [found[url] for url in known if url in found]


def stored(row: Any, blog: Blog, post: Post, removed: tuple[dict[str, Any], ...]) -> Stored:
    return Stored(
        blog=blog.name,
        title=row["title"],
        characters=len(row["body"]),
        body_from=row["body_from"],
        captions=[caption["text"] for caption in row["captions"]],
        sources=[f"{source['label']} ({source['url']})" for source in row["sources"]],
        removed=dict(Counter(line["step"] for line in removed)),
        lines=[line["text"] for line in removed],
        as_written=(row["title"], row["body"]) == (post.truth.title, post.truth.body),
    )


async def read_missing(engine: AsyncEngine, world: World, articles: list[Stored]) -> dict[str, list[str]]:
    """What `kliping why` tells of each post that has no article."""
    there = {(one.blog, one.title) for one in articles}
    missing = [url for url, (blog, post) in posts(world).items() if (blog.name, post.truth.title) not in there]
    async with engine.connect() as conn:
        stories = {url: await reports.why(conn, url, url_key(url), site_of(url)) for url in missing}
    return {url: [f"{entry.state}: {entry.reason}" for entry in story.entries] for url, story in stories.items()}


async def read_polls(engine: AsyncEngine, world: World) -> list[Polled]:
    """The last two polls of every feed."""
    names = {blog.feed_url: blog.name for blog in world.blogs}
    async with engine.connect() as conn:
        histories = {
            names[feed.url]: (await reports.feed_history(conn, feed.id, 2)).polls for feed in await feeds.listing(conn)
        }
    return [
        Polled(name, *((poll["outcome"], poll["status"], poll["new"]) for poll in reversed(polls)))
        for name, polls in histories.items()
        if len(polls) == 2
    ]


# --- the report -------------------------------------------------------------------------------------------------------


def articles_table(articles: list[Stored]) -> Table:
    table = Table(title="What was stored, and what was removed", title_justify="left")
    for head in ("blog", "title", "chars", "from", "captions", "sources", "removed, by step", "as written"):
        right = head in ("chars", "captions", "sources")
        table.add_column(head, justify="right" if right else "left", no_wrap=head != "removed, by step")
    for one in articles:
        steps = ", ".join(f"{step} {count}" for step, count in one.removed.items())
        numbers = str(one.characters), one.body_from, str(len(one.captions)), str(len(one.sources))
        table.add_row(one.blog, shorter(one.title), *numbers, steps, "yes" if one.as_written else "NO")
    return table


def shorter(words: str, most: int = 40) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def sample_table(sample: Stored) -> Table:
    table = Table(title=f"The sample: {sample.title}", title_justify="left", show_header=False)
    for words, lines in (("caption", sample.captions), ("source", sample.sources), ("removed", sample.lines)):
        for line in lines:
            table.add_row(words, line)
    return table


def polls_table(polls: list[Polled]) -> Table:
    table = Table(title="Polled twice", title_justify="left")
    for head in ("feed", "first", "new", "second", "new"):
        table.add_column(head, justify="right" if head == "new" else "left")
    for poll in polls:
        (one, one_status, one_new), (two, two_status, two_new) = poll.first, poll.second
        table.add_row(poll.feed, f"{one} {one_status}", str(one_new), f"{two} {two_status}", str(two_new))
    return table


def faults(facts: dict[str, Any], articles: list[Stored], polls: list[Polled]) -> list[str]:
    """What is not as it should be, in words."""
    found = []
    if facts["stored"] != facts["published"]:
        found.append(f"{facts['published']} posts were published, {facts['stored']} are stored")
    found += [f"{url}: {', '.join(states) or 'unknown'}" for url, states in facts["not_stored"].items()]
    if facts["rows_after"] != facts["rows_before"]:
        found.append(f"the second round made {facts['rows_after'] - facts['rows_before']} new rows")
    if len(polls) != facts["feeds"] or any(poll.second != ("not_modified", 304, 0) for poll in polls):
        found.append("not every feed answered the second poll with 304")
    found += [f"not as written: {one.blog}: {one.title}" for one in articles if not one.as_written]
    return found


# --- all together -----------------------------------------------------------------------------------------------------


@contextmanager
def private_database(progress: Progress) -> Iterator[tuple[Settings, str]]:
    """A fresh cluster in a temporary folder, with the tables."""
    task = progress.add_task("a private Postgres", total=2)
    with tempfile.TemporaryDirectory(prefix="kliping-demo-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # as root, Postgres runs as another user
        settings = load({**SETTINGS, "KLIPING_DATA_DIR": str(folder)})
        with EmbeddedPostgres(settings) as dsn:
            progress.update(task, completed=1)
            migrate.upgrade(dsn)
            progress.update(task, completed=2)
            yield settings, dsn


def run(progress: Progress) -> tuple[dict[str, Any], list[Stored], list[Polled]]:
    """Everything up to the report."""
    started = time.monotonic()
    with private_database(progress) as (settings, dsn), World("demo").in_thread() as world:
        populate(world)
        demo = Demo(settings, dsn, world, progress)
        facts, articles, polls = asyncio.run(demo.run())
        facts["requests"] = dict(Counter(str(request.status) for request in world.requests))
    return {**facts, "seconds": round(time.monotonic() - started, 1)}, articles, polls


def report(facts: dict[str, Any], articles: list[Stored], polls: list[Polled], wrong: list[str]) -> None:
    """For people, on stdout."""
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    console.print(articles_table(articles))
    for sample in (one for one in articles if "Posting Komentar" in one.lines):
        console.print(sample_table(sample))
    console.print(polls_table(polls))
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(facts["requests"].items()))
    rows = f"{facts['rows_before']} articles after the first round, {facts['rows_after']} after the second"
    console.print(f"{rows}; answers of the web: {answers}; {facts['seconds']} s")
    for line in wrong:
        console.print(f"wrong: {line}", style="red", markup=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="the same facts as one JSON object")
    options = parser.parse_args()
    bars = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True),
    )  # fmt: skip
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        logs.setup("json", stream=log)
        try:
            with bars:
                facts, articles, polls = run(bars)
        except (KlipingError, OSError) as error:
            print(f"demo: {error}", file=sys.stderr)
            last_lines(log)
            return 1
    wrong = faults(facts, articles, polls)
    if options.json:
        print(json.dumps({**facts, "articles": rows(articles), "polls": rows(polls), "wrong": wrong}, indent=2))
    else:
        report(facts, articles, polls, wrong)
    return 1 if wrong else 0


def rows(values: list[Any]) -> list[dict[str, Any]]:
    return [asdict(value) for value in values]


def last_lines(log: TextIO, count: int = 5) -> None:
    """What the service said last, when the demo did not come through."""
    log.seek(0)
    for line in log.readlines()[-count:]:
        print(line.rstrip(), file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
