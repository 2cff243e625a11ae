"""A01-A06, A29: no address but a public one is ever connected to, however it is written, resolved or led to."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from db import moves
from ingest.fetch import Fetcher, Kind, Request
from ingest.gate import is_public
from ingest.shell import Shell
from kliping.feeds import FetchOutcome
from kliping.settings import Settings
from tests.clock import FakeClock
from tests.hostile import Connects, Flipping, Hostile, Names, redirect, reply
from tests.shell import add_feed, rows, run, shell_on, visit_due
from tests.test_gate import FORMS
from tests.world import World

ROOT = Path(__file__).resolve().parents[2]
PUBLIC, PUBLIC6 = "93.184.215.14", "2606:4700::1111"
OPEN = Settings(host_spacing=0)
ROOMS = ("kliping", "parsers", "db", "ingest", "console", "cli")


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as it:
        yield it


def outside(connects: Connects) -> list[str]:
    """The addresses connected to that are not public."""
    return [address for address, _ in connects.made if not is_public(ip_address(address))]


async def test_a01_no_spelling_of_a_private_address_is_connected_to() -> None:
    connects, refused = Connects(), {FetchOutcome.BAD_URL, FetchOutcome.BLOCKED_ADDRESS}
    names = Names(otherwise=("127.0.0.1", "::1"))
    async with Fetcher(OPEN, FakeClock(), names, connect=connects) as fetcher:
        ends = {url: (await fetcher.fetch(Request(url))).outcome for url in FORMS}
    assert len(FORMS) >= 60
    assert connects.made == []
    assert {url: end for url, end in ends.items() if end not in refused} == {}


@pytest.mark.parametrize(
    "answers",
    [
        *(("10.0.0.1",), ("::1",), (PUBLIC, "127.0.0.1"), (PUBLIC6, "fe80::1%eth0"), ("0.0.0.0",)),
        *((PUBLIC, PUBLIC6, "::ffff:10.0.0.1"), (PUBLIC, "169.254.169.254"), (PUBLIC, "64:ff9b::7f00:1")),
    ],
)  # fmt: skip
async def test_a02_one_private_answer_refuses_the_name(answers: tuple[str, ...]) -> None:
    connects = Connects()
    names = Names(otherwise=answers, aliases={"blog.test": "internal.example"})  # at the end of a CNAME chain
    async with Fetcher(OPEN, FakeClock(), names, connect=connects) as fetcher:
        fetched = await fetcher.fetch(Request("http://blog.test/"))
    assert fetched.outcome is FetchOutcome.BLOCKED_ADDRESS
    assert connects.made == []


async def test_a03_a_name_that_changes_its_mind_a_thousand_times_never_leads_inside(server: Hostile) -> None:
    server.routes["/"] = reply(200, b"x")
    names, connects = Flipping([(PUBLIC,), ("127.0.0.1",), (PUBLIC, "10.0.0.1"), ("::1",)]), Connects(server)
    async with Fetcher(OPEN, FakeClock(), names, connect=connects) as fetcher:
        ends = [(await fetcher.fetch(Request("http://blog.test/"))).outcome for _ in range(1000)]
    assert outside(connects) == []
    assert len(connects.made) == ends.count(FetchOutcome.OK) == 250
    assert len(names.asked) == 1000  # one lookup for each connection, made or refused


TARGETS = [
    *("http://127.0.0.1/", "http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/", "//192.168.1.1/", "http://0/"),
    *("http://2130706433/", "http://0x7f.1/", "http://user@127.0.0.1/", "http://inside.test/", "http://[::ffff:7f00:1]/"),
    *("file:///etc/passwd", "gopher://127.0.0.1/_x", "ftp://blog.test/", "data:text/html,x", "javascript:alert(1)"),
    *("http://blog.test:6379/", "http://blog.test:22/", "http://blog.test:99999/", "http://blog.test:0/", "http://"),
    *("http://[", "http://xn--/", "dict://127.0.0.1:11211/stat", "http:\\\\10.0.0.1"),
]  # fmt: skip


@pytest.mark.parametrize("location", TARGETS)
@pytest.mark.parametrize("status", [301, 302, 307])
async def test_a04_no_redirect_leads_inside(server: Hostile, location: str, status: int) -> None:
    server.routes["/"] = redirect(location, status)
    names = Names({"blog.test": (PUBLIC,)}, otherwise=("127.0.0.1",))
    connects = Connects(server)
    async with Fetcher(OPEN, FakeClock(), names, connect=connects) as fetcher:
        fetched = await fetcher.fetch(Request("http://blog.test/"))
    assert outside(connects) == []
    assert len(connects.made) == 1
    refused = {FetchOutcome.BAD_REDIRECT, FetchOutcome.BLOCKED_ADDRESS, FetchOutcome.REDIRECT_LOOP}
    assert fetched.outcome in refused
    assert fetched.detail


async def test_a04_at_most_five_hops(server: Hostile) -> None:
    server.routes |= {f"/{n}": redirect(f"/{n + 1}") for n in range(9)}
    names = Names(otherwise=(PUBLIC,))
    async with Fetcher(OPEN, FakeClock(), names, connect=Connects(server)) as fetcher:
        fetched = await fetcher.fetch(Request("http://blog.test/0"))
    assert (fetched.outcome, len(server.seen)) == (FetchOutcome.REDIRECT_LOOP, 6)


# --- secondary fetches ------------------------------------------------------------------------------------------------


def test_a05_one_module_opens_connections() -> None:
    network = r"(httpx|httpcore|urllib\.request|http\.client|feedparser\.http|requests|aiohttp|ftplib)(\..*)?"
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                found |= {str(path.relative_to(ROOT)) for name in names if re.fullmatch(network, name)}
    assert found == {"ingest/fetch.py"}


@pytest.fixture
async def shell(engine: AsyncEngine, clock: FakeClock) -> AsyncIterator[Shell]:
    """Reaches the web of the tests, which is 127.1.0.0/16, and nothing else on this machine."""
    settings = Settings(allow_networks=(ip_network("127.1.0.0/16"),))
    async with shell_on(engine, settings, clock) as running:
        yield running


async def test_a05_nothing_a_feed_or_a_page_names_is_fetched_behind_the_door(shell: Shell, server: Hostile) -> None:
    inside = server.url("/secret")
    feed = f"""<rss version="2.0" xml:base="{inside}" xmlns:media="http://search.yahoo.com/mrss/"
        xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Jahat</title><link>{inside}</link>
        <atom:link rel="hub" href="{inside}"/><atom:link rel="next" href="{inside}"/><docs>{inside}</docs>
        <image><url>{inside}</url></image><item><title>Satu</title><link>{{page}}</link><comments>{inside}</comments>
        <enclosure url="{inside}" type="image/jpeg" length="1"/><media:content url="{inside}"/>
        <description>&lt;img src="{inside}"&gt;&lt;iframe src="{inside}"&gt;</description></item>
        <item><title>Dua</title><link>{inside}</link></item></channel></rss>"""
    page = f"""<html><head><base href="{inside}"><title>Satu</title><link rel="icon" href="{inside}">
        <link rel="canonical" href="{inside}"><link rel="amphtml" href="{inside}"><link rel="next" href="{inside}">
        <link rel="alternate" type="application/rss+xml" href="{inside}"><meta property="og:image" content="{inside}">
        <meta http-equiv="refresh" content="0;url={inside}"></head><body><article><h1>Satu</h1>
        {"<p>Warga memperbaiki jembatan desa bersama sejak pagi hari tadi.</p>" * 20}
        <a href="{inside}?page=all">Lihat semua halaman</a><img src="{inside}"></article></body></html>"""
    async with World() as world:
        blog = world.portal("Jahat", posts=1)
        blog.fail(blog.feed_path, body=feed.replace("{page}", blog.posts[0].url).encode())
        blog.fail(blog.posts[0].path, body=page.encode())
        await add_feed(shell, blog, sites=(f"127.0.0.1:{server.port}",))
        for _ in range(3):
            await visit_due(shell)
        assert await rows(shell, "SELECT state, reason FROM entries WHERE title = 'Dua'") == [
            ("pending", "robots_unreachable")
        ]
        assert await rows(shell, "SELECT count(*) FROM articles WHERE title = 'Satu'") == [(1,)]
    assert server.seen == []


async def test_a06_a_permanent_redirect_inside_never_becomes_a_feeds_url(
    shell: Shell, server: Hostile, clock: FakeClock
) -> None:
    async with World() as world:
        blog = world.portal("Pindah", posts=2)
        feed_id = await add_feed(shell, blog)
        await visit_due(shell)
        blog.fail(blog.feed_path, status=301, redirect=server.url("/feed"))
        for _ in range(10):
            clock.advance(timedelta(days=1).total_seconds())
            await run(shell, "UPDATE feeds SET next_poll_at = :now", now=clock.now())
            await run(shell, "UPDATE hosts SET due_at = :now", now=clock.now())
            await visit_due(shell)
        assert await rows(shell, "SELECT url, move_to, answered_url, last_outcome FROM feeds") == [
            (blog.feed_url, None, None, "blocked_address")
        ]
    async with shell.engine.connect() as conn:
        assert await moves.of_feed(conn, feed_id) == []
    assert server.seen == []


async def test_a29_credentials_cookies_and_validators_stay_where_they_belong(server: Hostile) -> None:
    there = server.url("/there", "other.test")
    server.routes |= {
        "/a": reply(302, b"", "Location: /b", "Set-Cookie: sid=1; Path=/; Domain=test"),
        "/b": reply(302, b"", f"Location: {there}", "Set-Cookie: b=2"),
        "/there": reply(302, b"", f"Location: {server.url('/back', 'blog.test')}", "Set-Cookie: c=3"),
        "/back": reply(200, b"x"),
    }
    settings = Settings(host_spacing=0, allow_networks=(ip_network("127.0.0.0/8"),))
    names = Names(otherwise=("127.0.0.1",))
    async with Fetcher(settings, FakeClock(), names) as fetcher:
        url = server.url("/a", "blog.test").replace("//", "//me:s3cret@")
        fetched = await fetcher.fetch(Request(url, Kind.FEED, etag='"1"', last_modified="x"))
        again = await fetcher.fetch(Request(server.url("/back", "blog.test")))
    assert (fetched.outcome, again.outcome) == (FetchOutcome.OK, FetchOutcome.OK)
    sent = {asked.path: asked.headers for asked in server.seen[:4]}
    assert "authorization" not in sent["/there"]
    assert not {"if-none-match", "if-modified-since"} & (set(sent["/there"]) | set(sent["/back"]))
    assert not any({"cookie", "referer"} & set(asked.headers) for asked in server.seen)
    assert "authorization" not in server.seen[-1].headers
    told = fetched.final_url + str(fetched.hops) + str(fetched.detail)
    assert "s3cret" not in told
