"""A11-A13, A35: servers and names that are slow, addresses and platforms that many share, feeds that aim at others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.fetch import Fetcher, Request
from ingest.resolve import HANGS, QUIET, SLOW_LANE, Found, Lookups, NoAddress, SystemResolver
from ingest.shell import Shell
from kliping.feeds import Fetched, FetchOutcome
from kliping.settings import Settings
from tests.clock import FakeClock
from tests.hostile import Asked, Connects, Hostile, Names, drip, reply
from tests.shell import add_feed, rows, run, shell_on, visit_due
from tests.test_fetch import LOOPBACK, door, quick, slow_routes
from tests.world import World

LIMIT = 0.6  # seconds for an exchange here; 60 in the settings


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as it:
        yield it


# --- A11: slow servers ------------------------------------------------------------------------------------------------


async def test_a11_fifteen_ways_to_be_slow_end_on_time_beside_twenty_good_feeds(server: Hostile) -> None:
    """The limit and a second each; the good ones at once."""
    head = b"HTTP/1.1 200 OK\r\n"
    routes = slow_routes() | {
        "/giant-header": drip(head + b"X: ", b"x" * 65536, every=0),
        "/error-body": drip(b"HTTP/1.1 500 No\r\nContent-Length: 999\r\n\r\n", b"x"),
        "/header-flood": drip(head, b"X: y\r\n" * 1000, every=0),
    }
    slow = [path for path in routes if path != "/good"]
    assert len(slow) >= 14
    server.routes |= routes  # type: ignore[arg-type]
    ended: dict[str, float] = {}

    async def one(fetcher: Fetcher, path: str, host: int) -> Fetched:
        began = time.monotonic()
        fetched = await fetcher.fetch(Request(server.url(path, f"127.0.1.{host}")))
        ended[f"{path} {host}"] = time.monotonic() - began
        return fetched

    async with (
        Hostile(unasked=None) as silent,
        door(quick(exchange_timeout=LIMIT, read_timeout=0.4, connect_timeout=0.4), connect=Connects(server)) as fetcher,
        door(quick(exchange_timeout=LIMIT, connect_timeout=0.4)) as other,
    ):
        handshake = other.fetch(Request(silent.url().replace("http:", "https:")))
        tasks = [one(fetcher, path, n + 1) for n, path in enumerate(slow)]
        tasks += [one(fetcher, "/good", 100 + n) for n in range(20)]
        *found, tls = await asyncio.gather(*tasks, handshake)
    good = found[len(slow) :]
    assert {fetched.outcome for fetched in good} == {FetchOutcome.OK}
    assert tls.outcome is FetchOutcome.TIMEOUT
    assert tls.seconds <= LIMIT + 1
    assert max(fetched.seconds for fetched in found) <= LIMIT + 1
    assert max(ended.values()) < LIMIT + 2  # and what waiting for a busy machine adds
    assert all(f.outcome is not FetchOutcome.OK for p, f in zip(slow, found, strict=False) if p != "/redirect")


# --- A12: slow names --------------------------------------------------------------------------------------------------


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """Lookups of names that begin with `slow` hang until the end of the test."""
    event = threading.Event()
    yield event
    event.set()


async def test_a12_fifty_names_that_hang_hold_up_none_of_fifty_others(stuck: threading.Event) -> None:
    """Good names within a second at the 95th percentile."""
    started: list[str] = []

    def look_up(host: str) -> Found:
        started.append(host)
        if host.startswith("slow"):
            stuck.wait(20)
        return Found(("127.0.0.1",))

    resolver, clock = SystemResolver(look_up=look_up), FakeClock(auto=False)
    lookups = Lookups(resolver, clock, seconds=0.3)
    took: list[float] = []

    async def one(name: str) -> str:
        began = time.monotonic()
        try:
            await lookups.find(name)
        except NoAddress as error:
            return str(error)
        took.append(time.monotonic() - began)
        return "ok"

    slow = [f"slow{n}.lambat{n}.example" for n in range(50)]
    found = await asyncio.gather(*(one(name) for n in range(50) for name in (slow[n], f"g{n}.test")))
    assert found == ["no answer in 0.3 s", "ok"] * 50
    assert sorted(took)[47] < 1

    assert await one(slow[0]) == "no answer in 0.3 s, a moment ago"  # asked of nobody
    assert len(started) == 100
    clock.advance(QUIET)
    await asyncio.gather(*(one(name) for name in slow), *(one(f"h{n}.test") for n in range(50)))
    assert len([name for name in started[100:] if name.startswith("slow")]) == SLOW_LANE
    assert len(took) == 100
    stuck.set()
    lookups.close()
    resolver.close()


async def test_a12_a_domain_whose_servers_hang_is_let_alone_for_a_while() -> None:
    class Hanging(Names):
        async def resolve(self, host: str) -> Found:
            self.asked.append(host)
            if host.endswith("lambat.example") and self.otherwise:
                return Found(("127.0.0.1",))
            await asyncio.sleep(5)
            raise AssertionError

    names, clock = Hanging(), FakeClock(auto=False)
    lookups = Lookups(names, clock, seconds=0.01)
    for number in range(HANGS + 5):
        with pytest.raises(NoAddress):
            await lookups.find(f"w{number}.lambat.example")
    assert len(names.asked) == HANGS
    with pytest.raises(NoAddress, match=r"the name servers of lambat\.example did not answer, a moment ago"):
        await lookups.find("lain.lambat.example")
    clock.advance(QUIET)
    names.otherwise = ("127.0.0.1",)
    assert (await lookups.find("w0.lambat.example")).addresses == ("127.0.0.1",)
    assert (await lookups.find("w1.lambat.example")).addresses == ("127.0.0.1",)
    lookups.close()


async def test_a12_what_is_remembered_is_bounded() -> None:
    lookups = Lookups(Names(), FakeClock(auto=False), seconds=1)
    for number in range(11_000):
        with pytest.raises(NoAddress):
            await lookups.find(f"{number}.example")
    assert len(lookups._failed) <= 10_000


# --- A13: many hosts, one address or platform -------------------------------------------------------------------------


async def slowly(_: Asked, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.005)
    writer.write(reply(200, b"x"))


async def test_a13_a_hundred_names_of_one_address_are_asked_four_at_a_time(server: Hostile) -> None:
    server.routes["/"] = slowly
    async with door(resolver=Names(otherwise=("127.0.0.1",))) as fetcher:
        urls = [server.url(host=f"blog{n}.test") for n in range(100)]
        found = await asyncio.gather(*(fetcher.fetch(Request(url)) for url in urls))
    assert {fetched.outcome for fetched in found} == {FetchOutcome.OK}
    assert server.most_in_flight == 4


@pytest.mark.parametrize(
    ("pool", "names", "table"),
    [
        ("blogspot.com", [f"b{n}.blogspot.com" for n in range(30)] + [f"b{n}.blogspot.co.id" for n in range(10)], {}),
        ("blogspot.com", [f"www.b{n}.example" for n in range(40)], {"alias": "ghs.googlehosted.com"}),
        ("wordpress.com", [f"b{n}.wordpress.com" for n in range(40)], {}),
        ("wordpress.com", [f"b{n}.example" for n in range(40)], {"address": "192.0.78.24"}),
        ("blogspot.com", [f"b{n}.example" for n in range(40)], {"address": "216.239.34.21"}),
    ],
)
async def test_a13_a_platform_is_a_pool_of_eight_in_flight_and_ten_starts_a_second(
    server: Hostile, pool: str, names: list[str], table: dict[str, str]
) -> None:
    clock = FakeClock()
    starts: list[float] = []

    async def note(_: Asked, writer: asyncio.StreamWriter) -> None:
        starts.append(clock.monotonic())
        await asyncio.sleep(0.2)
        writer.write(reply(200, b"x"))

    server.routes["/"] = note
    alias = dict.fromkeys(names, table["alias"]) if "alias" in table else {}
    resolver = Names(otherwise=(table.get("address", "93.184.215.14"),), aliases=alias)
    async with Fetcher(Settings(host_spacing=0), clock, resolver, connect=Connects(server)) as fetcher:
        found = await asyncio.gather(*(fetcher.fetch(Request(f"http://{name}/")) for name in names))
    assert {(fetched.outcome, fetched.pool) for fetched in found} == {(FetchOutcome.OK, pool)}
    assert 4 < server.most_in_flight <= 8
    assert all(sum(start <= later < start + 0.999 for later in starts) <= 11 for start in starts)


async def test_a13_a_429_pauses_the_whole_pool_and_no_other(server: Hostile) -> None:
    server.routes |= {"/": reply(200, b"x"), "/429": reply(429), "/503": reply(503, b"", "Retry-After: 3600")}
    clock = FakeClock(auto=False)
    async with door(clock=clock, resolver=Names(otherwise=("127.0.0.1",))) as fetcher:

        async def ask(host: str, path: str = "/") -> Fetched:
            return await asyncio.wait_for(fetcher.fetch(Request(server.url(path, host))), 5)

        limited = await ask("a.blogspot.com", "/429")
        assert limited.retry_after == clock.now() + timedelta(seconds=30)
        waiting = asyncio.create_task(ask("b.blogspot.com"))
        assert (await ask("c.wordpress.com")).outcome is FetchOutcome.OK
        assert not waiting.done()
        clock.advance(30)
        assert (await waiting).outcome is FetchOutcome.OK
        clock.advance(1)
        await ask("b.blogspot.com", "/503")
        held = await ask("c.blogspot.com")
        assert (held.outcome, held.status) == (FetchOutcome.RATE_LIMITED, None)
        assert held.retry_after == clock.now() + timedelta(hours=1)


# --- A35: one feed, one victim ----------------------------------------------------------------------------------------


@pytest.fixture
async def shell(engine: AsyncEngine, clock: FakeClock) -> AsyncIterator[Shell]:
    async with shell_on(engine, Settings(allow_networks=LOOPBACK, host_spacing=0), clock) as running:
        yield running


def links(base: str, first: int, count: int) -> bytes:
    items = "".join(
        f"<item><guid>{n}</guid><title>T{n}</title><link>{base}/p{n}</link></item>" for n in range(first, first + count)
    )
    return f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()


async def test_a35_ten_thousand_links_are_fifty_requests_a_poll(shell: Shell, clock: FakeClock) -> None:
    async with World() as world:
        blog = world.portal("Penyerang", posts=0)
        blog.robots = None
        blog.fail(blog.feed_path, body=links(blog.base_url, 0, 10_000), content_type="application/rss+xml")
        await add_feed(shell, blog)
        counted = []
        for poll in range(3):
            before = len(world.requests)
            await visit_due(shell)
            counted.append(sum(request.path.startswith("/p") for request in world.requests[before:]))
            assert await rows(shell, "SELECT sum(poll_count) FROM feeds") == [(poll + 1,)]
            blog.heal()
            fresh = links(blog.base_url, 10_000 * (poll + 1), 10_000)
            blog.fail(blog.feed_path, body=fresh, content_type="application/rss+xml")
            [(due,)] = await rows(shell, "SELECT next_poll_at FROM feeds")
            clock.set(due)
    assert counted == [50, 50, 50]


async def test_a35_a_stranger_is_asked_for_nothing(shell: Shell, clock: FakeClock) -> None:
    async with World() as world:
        blog, victim = world.portal("Penyerang", posts=0), world.portal("Korban", posts=0)
        blog.fail(blog.feed_path, body=links(victim.base_url, 0, 40), content_type="application/rss+xml")
        feed_id = await add_feed(shell, blog)
        for _ in range(3):
            await visit_due(shell)
        assert world.asked(victim) == []
        assert await rows(shell, "SELECT DISTINCT state, reason FROM entries") == [("rejected", "other_site")]

        await run(shell, "UPDATE feeds SET sites = ARRAY[:site] WHERE id = :id", site=victim.host, id=feed_id)
        more = links(victim.base_url, 40, 10)
        blog.fail(blog.feed_path, body=more, content_type="application/rss+xml")
        clock.advance(3600)
        now = clock.now()
        await run(shell, "UPDATE hosts SET due_at = :now WHERE name = :h", h=blog.host, now=now)
        await run(shell, "UPDATE feeds SET next_poll_at = :now", now=now)
        await visit_due(shell)
        await visit_due(shell)
        assert len([request for request in world.asked(victim) if request.path.startswith("/p")]) == 10


async def test_a35_a_page_that_is_redirected_to_a_stranger_is_not_followed(shell: Shell) -> None:
    async with World() as world:
        blog, victim = world.portal("Penyerang", posts=3), world.portal("Korban", posts=1)
        for post in blog.posts:
            blog.fail(post.path, status=302, redirect=victim.posts[0].url)
        await add_feed(shell, blog)
        await visit_due(shell)
        assert world.asked(victim) == []
        assert await rows(shell, "SELECT DISTINCT state, reason FROM entries") == [("rejected", "other_site")]


async def test_a35_crawl_delay_stretches_the_spacing_of_feeds_and_pages(engine: AsyncEngine, clock: FakeClock) -> None:
    starts: list[float] = []
    async with World() as world, shell_on(engine, Settings(allow_networks=LOOPBACK), clock) as shell:
        blog = world.portal("Pelan", posts=4)
        blog.robots = "User-agent: *\nCrawl-delay: 7\n"
        answer = blog.answer

        def noted(request: object) -> object:
            starts.append(clock.monotonic())
            return answer(request)  # type: ignore[arg-type]

        blog.answer = noted  # type: ignore[method-assign,assignment]
        await add_feed(shell, blog)
        await visit_due(shell)
        robots = 1  # the feed, then robots.txt: from there on its word holds
        gaps = [later - earlier for earlier, later in pairwise(starts)]
        assert min(gaps[robots:]) >= 6.9
        starts.clear()
        await run(shell, "UPDATE feeds SET next_poll_at = :now", now=clock.now())
        await run(shell, "UPDATE hosts SET due_at = :now", now=clock.now())
        [(last,)] = await rows(shell, "SELECT last_start_at FROM hosts WHERE name = :h", h=blog.host)
        began = clock.now()
        await visit_due(shell)
        assert clock.now() - began >= timedelta(seconds=6.5) - (began - last)
    assert starts
