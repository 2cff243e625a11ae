"""Documents made to hurt a parser: each ends at its child's limit, and the next page is served at once by a warm spare.

Time is CPU time of the parsing processes, which is what their limit is of: a busy machine changes nothing here.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import cast

import psutil
import pytest
import pytest_asyncio

from ingest.sandbox import Sandbox
from ingest.template import Template
from kliping.errors import FeedError, PageError, SandboxError
from kliping.feeds import ParsedFeed
from kliping.model import Article, Page
from kliping.settings import MIB, Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 1.0  # CPU seconds of a document here; 2 for pages and 10 for feeds in the service
GRACE, NEXT = 0.5, 0.1
OURS = 50 * MIB  # what the parent may gain by a bomb
URL = "https://contoh.example/a.html"
P = "<p>Warga desa bekerja bakti memperbaiki jembatan yang rusak diterjang banjir, kata kepala dusun di sana.</p>"
GOOD = f"<html><body><article><h1>Jembatan</h1>{P * 9}</article></body></html>".encode()


def wrapped(middle: bytes) -> bytes:
    return (
        b"<html><head><title>Judul</title></head><body><article>"
        + middle
        + P.encode() * 9
        + b"</article></body></html>"
    )


PAGES = {
    "nested div": wrapped(b"<div>" * 200_000),
    "nested lists": wrapped(b"<ul><li>" * 40_000),
    "nested tables": wrapped(b"<table><tr><td>" * 30_000),
    "formatting elements": wrapped(b"".join(b"<font n=%d><p>" % n for n in range(9_000))),
    "formatting, misnested": wrapped(b"<b><i><u><p>a</b>" * 40_000),
    "attributes": wrapped(b"<p " + b" ".join(b"a%d=1" % n for n in range(80_000)) + b">a</p>"),
    "templates": wrapped(b"<template>" * 100_000),
    "less-than signs": wrapped(b"<" * 5_000_000),
    "broken tags": wrapped(b"<a href='x" * 500_000),
    "comments": wrapped(b"<!--" * 1_000_000),
    "links": wrapped(b"<a href=/x>Baca juga</a> " * 150_000),
    "rows": wrapped(b"<table>" + b"<tr><td>Sumber: a<td>0 komentar" * 150_000),
    "breaks": wrapped(b"Sumber:<br>" * 400_000),
    "one word": wrapped(b"<p>" + b"a" * 8_000_000),
    "one line of stamps": wrapped(b"<p>" + b"Senin, 1 Januari 2024 | 10:00 WIB " * 100_000),
    "sources": wrapped(b"<p>" + b"Sumber: Foto: Editor: Penulis: " * 100_000),
    "spaces": wrapped(b"<p>Sumber" + b" " * 5_000_000 + b"x"),
    "comment counts": wrapped(b"<p>" + b"0 " * 1_000_000 + b"komentar"),
    "classes": wrapped(b"<p class='" + b"share-" * 1_000_000 + b"'>a</p>"),
    "styles": wrapped(b"<p style='" + b"display :" * 300_000 + b"'>a</p>"),
    "json": wrapped(b"<script type='application/ld+json'>" + b"[" * 1_000_000 + b"</script>"),
    "json objects": wrapped(b"<script type='application/ld+json'>" + b'{"@graph":[' * 200_000 + b"</script>"),
    "metas": wrapped(b"<meta property='article:tag' content='" + b"a" * 20 + b"'>" * 100_000),
    "entities": wrapped(b"&amp;nbsp;" * 800_000),
    "utf-16 that lies": b"\xff\xfe" + wrapped(b"<b>" * 100_000) + b"\x00\xd8" * 100_000,
    "a charset that runs code": b"<meta charset=unicode_escape>" + wrapped(b"\\x41\xff" * 100_000),
    "nul and controls": wrapped(bytes(range(32)) * 100_000),
    "directions": wrapped("\u202e\u200b\ufeff\uffff".encode() * 100_000),
}

ITEM = "<item><guid>g</guid><title>Judul</title><description>Isi</description>{}</item>"
FEEDS = {
    "author": ITEM.format("<author>" + "a@" * 50_000 + "</author>"),
    "categories": ITEM.format("".join(f"<category>k{n}</category>" for n in range(20_000))),
    "attributes": "<item " + " ".join(f"a{n}='1'" for n in range(20_000)) + "></item>",
    "contents": ITEM.format("<content:encoded>a</content:encoded>" * 20_000),
    "depth": ITEM.format("<a>" * 100_000),
    "prefixes": ITEM.format("".join(f"<a{n}:x xmlns:a{n}='u:{n}'/>" for n in range(30_000))),
}
ENTITIES = "<!DOCTYPE rss [<!ENTITY a '{}'>{}]>".format(
    "a" * 1000, "".join(f"<!ENTITY b{n} '{'&a;' * 50}'>" for n in range(20))
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(Settings(children=1, html_cpu=LIMIT, feed_cpu=LIMIT)) as started:
        await started.article(Page(URL, GOOD, datetime(2025, 3, 5, tzinfo=UTC)))
        yield started


def template(sandbox: Sandbox) -> psutil.Process:
    return psutil.Process(cast(Template, sandbox._template)._process.pid)


async def warm(sandbox: Sandbox) -> set[int]:
    """The children, once the pool is full."""
    while len(children := template(sandbox).children()) != 2:
        await asyncio.sleep(0.005)
    return {child.pid for child in children}


def spent(sandbox: Sandbox) -> float:
    """CPU seconds of all parsing processes so far, those that ended included."""
    first = template(sandbox)
    own = first.cpu_times()
    total: float = own.user + own.system + own.children_user + own.children_system
    for child in first.children():
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            total += times.user + times.system
    return total


async def one(sandbox: Sandbox, page: bytes | None, feed: str | None = None) -> Article | ParsedFeed | Exception:
    try:
        if page is not None:
            return await sandbox.article(Page(URL, page, datetime(2025, 3, 5, tzinfo=UTC)))
        assert feed is not None
        return await sandbox.feed(feed.encode(), URL)
    except (PageError, FeedError, SandboxError) as error:
        return error


async def survives(sandbox: Sandbox, page: bytes | None, feed: str | None = None) -> None:
    """A bomb costs at most its limit, and nothing but itself."""
    before, children = spent(sandbox), await warm(sandbox)
    held = psutil.Process().memory_info().rss
    found = await one(sandbox, page, feed)
    bomb = spent(sandbox) - before
    assert bomb <= LIMIT + GRACE, f"{bomb:.2f} s: {found!r:.200}"
    assert psutil.Process().memory_info().rss - held <= OURS + len(page or b"")
    now = {child.pid for child in template(sandbox).children()} & children
    assert now, "a spare was there before"
    before, begun = spent(sandbox), os.times().elapsed
    assert isinstance(await one(sandbox, GOOD), Article)
    seconds = min(spent(sandbox) - before, os.times().elapsed - begun)
    assert seconds <= NEXT, f"{seconds:.3f} s for the next page"


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_that_is_a_bomb_costs_itself(sandbox: Sandbox, name: str) -> None:
    await survives(sandbox, PAGES[name])


@pytest.mark.parametrize("name", [*FEEDS, "entities"])
async def test_a_feed_that_is_a_bomb_costs_itself(sandbox: Sandbox, name: str) -> None:
    inner = "".join(f"<description>&b{n};</description>" for n in range(20)) if name == "entities" else FEEDS[name]
    head = ENTITIES if name == "entities" else ""
    space = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    await survives(sandbox, None, f"{head}<rss version='2.0' {space}><channel>{inner}</channel></rss>")
