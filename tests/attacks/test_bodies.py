"""A07-A10, A14: documents that read files, open connections or blow up, through the parsing child and the door."""

from __future__ import annotations

import asyncio
import gzip
import re
import resource
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import zstandard

from ingest.fetch import Kind, Request
from ingest.sandbox import Sandbox
from kliping.errors import FeedError, SandboxError
from kliping.feeds import FetchOutcome, ParsedFeed
from kliping.settings import MIB, Settings
from tests.hostile import Hostile, reply
from tests.test_fetch import door

ROOT = Path(__file__).resolve().parents[2]
URL = "https://contoh.example/feed"
GOOD = b"<rss version='2.0'><channel><title>Baik</title><item><title>Satu</title></item></channel></rss>"
CPU = 2.0  # seconds of a child here, so that the suite stays short; the limit's own figure is in the settings
LIMITS = Settings(children=1, feed_cpu=CPU)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(LIMITS) as running:
        yield running


async def read(sandbox: Sandbox, body: bytes) -> ParsedFeed | None:
    """A hostile document, then a good one that must come through at once."""
    try:
        found = await sandbox.feed(body, URL, "application/rss+xml")
    except (FeedError, SandboxError):
        found = None
    began = time.monotonic()
    assert (await sandbox.feed(GOOD, URL)).title == "Baik"
    assert time.monotonic() - began < 5
    return found


def rss(items: str, head: str = "") -> bytes:
    return f"<?xml version='1.0'?>{head}<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()


# --- files and connections --------------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_a07_a_body_that_is_a_path_opens_no_file(sandbox: Sandbox, tmp_path: Path) -> None:
    canary = tmp_path / "canary.xml"
    canary.write_bytes(rss("<item><title>BURUNG KENARI</title></item>"))
    for body in (str(canary), f"file://{canary}", f"file:{canary}", f"{canary}\n", f"http://127.0.0.1/{canary}"):
        assert "KENARI" not in str(await read(sandbox, body.encode()))
    parse = re.compile(r"feedparser\.parse\(\s*([^\n]*)")
    calls = [call for room in ("parsers", "ingest", "cli") for path in (ROOT / room).rglob("*.py")
             for call in parse.findall(path.read_text("utf-8"))]  # fmt: skip
    assert len(calls) == 1
    assert calls[0].startswith("io.BytesIO(")


@pytest.mark.asyncio(loop_scope="module")
async def test_a08_no_entity_reads_a_file_or_opens_a_connection(sandbox: Sandbox, tmp_path: Path) -> None:
    canary = tmp_path / "canary.txt"
    canary.write_text("BURUNG KENARI")
    touched = canary.stat().st_atime_ns
    async with Hostile() as server:
        item = "<item><title>&x;</title><description>&x;%p;</description></item>"
        places = (f"file://{canary}", str(canary), server.url("/dtd"))
        heads = [
            head.format(place)
            for place in places
            for head in (
                '<!DOCTYPE rss [<!ENTITY x SYSTEM "{0}">]>',
                '<!DOCTYPE rss SYSTEM "{0}">',
                '<!DOCTYPE rss PUBLIC "-//x" "{0}">',
                '<!DOCTYPE rss [<!ENTITY % p SYSTEM "{0}"> %p;]>',
                '<?xml-stylesheet href="{0}"?>',
            )
        ]
        for head in heads:
            assert "KENARI" not in str(await read(sandbox, rss(item, head)))
        xinclude = f"<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' parse='text' href='{canary}'/>"
        assert "KENARI" not in str(await read(sandbox, rss(f"<item><title>{xinclude}</title></item>")))
        assert server.seen == []
        assert server.in_flight == 0
    assert canary.stat().st_atime_ns == touched


# --- what grows -------------------------------------------------------------------------------------------------------


def laughs(depth: int, fan: int) -> str:
    lines = [f'<!ENTITY l{n} "{f"&l{n - 1};" * fan}">' for n in range(1, depth + 1)]
    return '<!DOCTYPE rss [<!ENTITY l0 "ha">' + "".join(lines) + "]>"


ITEM = "<item><title>&l9;</title></item>"
BLOWN_UP = {
    "billion laughs": rss(ITEM, laughs(9, 10)),
    "quadratic": rss(f"<item><title>{'&q;' * 20_000}</title></item>", f'<!DOCTYPE rss [<!ENTITY q "{"x" * 20_000}">]>'),
    "below a hundredfold": rss("<item><title>" + "&l2;" * 5000 + "</title></item>", laughs(2, 9)),
    "many times eight mebibytes": rss(ITEM.replace("l9", "l6") * 50, laughs(6, 10)),
    "parameter entities": rss(ITEM, '<!DOCTYPE rss [<!ENTITY % a "<!ENTITY l9 \'x\'>"> %a;' + "%a;" * 5000 + "]>"),
    "UTF-16": rss(ITEM, laughs(9, 10)).decode().encode("utf-16"),
    "UTF-7": rss(ITEM, laughs(9, 10)).replace(b"version='1.0'", b"version='1.0' encoding='utf-7'"),
    "attributes": rss(ITEM, '<!DOCTYPE rss [<!ATTLIST item a CDATA "' + "x" * 100_000 + '">]>') * 2,
}  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", BLOWN_UP)
async def test_a09_entities_grow_neither_time_nor_memory(sandbox: Sandbox, name: str) -> None:
    """11 s and 768 MiB at the limits of the settings; here the child has 2 s of CPU."""
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    found = await read(sandbox, BLOWN_UP[name])
    assert len(str(found)) < MIB
    assert time.process_time() - began < 1  # of ours: the rest is the child's, and bounded there
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 60 * MIB


def bomb(times: int = 1) -> bytes:
    data = bytes(100 * MIB)
    for _ in range(times):
        data = gzip.compress(data, 1)
    return data


def bombs() -> dict[str, tuple[bytes, set[str]]]:
    one, packed = bomb(), "Content-Encoding: gzip"
    zst = zstandard.compress(bytes(100 * MIB))
    return {
        "gzip": (reply(200, one, packed), {"too_large"}),
        "gzip of many members": (reply(200, gzip.compress(bytes(MIB)) * 200, packed), {"too_large"}),
        "gzip thrice": (reply(200, bomb(3), "Content-Encoding: gzip, gzip, gzip"), {"bad_encoding"}),
        "two headers": (reply(200, bomb(2), packed, packed), {"bad_encoding"}),
        "deflate": (reply(200, zlib.compress(bytes(100 * MIB)), "Content-Encoding: deflate"), {"bad_encoding"}),
        "brotli": (reply(200, b"\x8b" * 809, "Content-Encoding: br"), {"bad_encoding"}),
        "zstd": (reply(200, zst, "Content-Encoding: zstd"), {"bad_encoding"}),
        "on a redirect": (reply(302, one, packed, "Location: /end"), {"ok"}),
        "on 404": (reply(404, one, packed), {"not_found"}),
        "on 500": (reply(500, one, packed), {"server_error"}),
        "on 403": (reply(403, bomb(2), "Content-Encoding: gzip, gzip"), {"refused"}),
        "chunked": (
            reply(200, b"%x\r\n%b\r\n0\r\n\r\n" % (len(one), one), packed, "Transfer-Encoding: chunked", length=-1),
            {"too_large"},
        ),
    }


async def test_a10_a_bomb_is_cut_on_every_status() -> None:
    """60 MB and a second each."""
    routes = bombs()
    async with Hostile() as server, door() as fetcher:
        server.routes |= {f"/{n}": raw for n, (raw, _) in enumerate(routes.values())}
        server.routes["/end"] = reply(200, b"x")
        await fetcher.fetch(Request(server.url("/end")))
        for number, (name, (_, words)) in enumerate(routes.items()):
            before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
            fetched = await fetcher.fetch(Request(server.url(f"/{number}"), Kind.FEED))
            assert fetched.outcome in {FetchOutcome(word) for word in words}, name
            assert time.process_time() - began < 1, name
            assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 60 * MIB, name
    assert len(routes) == 12


def giants() -> dict[str, bytes]:
    categories = "".join(f"<category>{n}</category>" for n in range(20_000))
    tiny = "".join(f"<item><guid>{n}</guid><title>{n}</title></item>" for n in range(100_000))
    return {
        "entries": rss(tiny),
        "one entry": rss(f"<item><title>T</title><description>{'x' * (15 * MIB)}</description></item>"),
        "one title": rss(f"<item><title>{'x' * (15 * MIB)}</title></item>"),
        "categories": rss(f"<item><title>T</title>{categories}</item>"),
        "attributes": rss(f"<item {' '.join(f'a{n}=1' for n in range(20_000))}><title>T</title></item>"),
        "namespaces": rss("".join(f"<x:a xmlns:x='http://x.example/{n}'/>" for n in range(100_000))),
    }  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ["entries", "one entry", "one title", "categories", "attributes", "namespaces"])
async def test_a14_a_giant_feed_costs_its_limits_and_no_more(sandbox: Sandbox, name: str) -> None:
    """11 s and 768 MiB at the limits of the settings; the newest 2,000 of its entries are taken."""
    began = time.monotonic()
    found = await asyncio.wait_for(read(sandbox, giants()[name]), 12 * CPU)
    assert time.monotonic() - began < 12 * CPU
    if found is not None:
        assert len(found.entries) <= 2000
        assert all(len(entry.title or "") <= 1000 for entry in found.entries)
        assert all(len(entry.tags) <= 50 for entry in found.entries)


async def test_a14_a_feed_beyond_the_limit_is_not_read_to_its_end() -> None:
    async with Hostile({"/": reply(200, b"x" * (11 * MIB))}) as server, door() as fetcher:
        fetched = await fetcher.fetch(Request(server.url(), Kind.FEED))
    assert fetched.outcome is FetchOutcome.TOO_LARGE
    assert fetched.wire_bytes < 11 * MIB
