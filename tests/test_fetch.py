"""The one door against a server without manners: addresses, redirects, limits, time, politeness, TLS."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import ssl
import subprocess
import time
import tracemalloc
from collections.abc import Awaitable
from datetime import timedelta
from email.utils import format_datetime
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path

import pytest

from ingest import answer
from ingest.fetch import Fetcher, Kind, Request
from ingest.pace import Held, Slots, Turns
from ingest.resolve import SystemResolver
from kliping.clock import SystemClock
from kliping.feeds import Fetched, FetchOutcome
from kliping.settings import Settings
from tests.clock import START, FakeClock
from tests.hostile import Asked, Connects, Flipping, Hostile, Names, drip, redirect, reply
from tests.test_gate import FORMS

LOOPBACK = (ip_network("127.0.0.0/8"),)
PUBLIC = "93.184.215.14"
BIG = 100 * 1024 * 1024


def quick(**more: object) -> Settings:
    """Loopback open, no spacing."""
    return Settings.model_validate({"allow_networks": LOOPBACK, "host_spacing": 0.0, **more})


def door(settings: Settings | None = None, clock: FakeClock | None = None, **more: object) -> Fetcher:
    return Fetcher(settings or quick(), clock or FakeClock(), **more)


async def get(url: str, fetcher: Fetcher | None = None, **more: object) -> Fetched:
    async with fetcher or door() as it:
        return await it.fetch(Request(url, **more))


@pytest.fixture
async def server():
    async with Hostile() as it:
        yield it


# --- plain answers ----------------------------------------------------------------------------------------------------


async def test_a_page_comes_with_everything_known_about_it(server: Hostile) -> None:
    server.routes["/a"] = reply(200, b"<p>Halo</p>", "Content-Type: text/html", 'ETag: W/"\xe9"')
    clock = FakeClock()
    fetched = await get(server.url("/a#c"), door(clock=clock))
    assert (fetched.outcome, fetched.status, fetched.body) == (FetchOutcome.OK, 200, b"<p>Halo</p>")
    assert fetched.final_url == server.url("/a")
    assert fetched.header("etag") == 'W/"\xe9"'
    assert fetched.at == clock.now()
    assert fetched.wire_bytes > 11
    assert 0 < fetched.seconds < 5
    assert fetched.detail is None


async def test_the_request_says_who_we_are_and_what_we_take(server: Hostile) -> None:
    broken = quick().model_copy(update={"contact": "https://kliping.example/\r\nX: y"})  # the settings refuse it
    async with door(quick(contact="https://kliping.example/")) as fetcher:
        await fetcher.fetch(Request(server.url("/"), Kind.FEED))
        await fetcher.fetch(Request(server.url("/"), user_agent="Other/1"))
    await get(server.url("/"), door(broken))
    first, second, third = (asked.headers for asked in server.seen)
    assert first["user-agent"] == "kliping/0.1.0 (+https://kliping.example/)"
    assert first["accept"].startswith("application/atom+xml")
    assert first["accept-encoding"] == "gzip"
    assert first["host"] == f"127.0.0.1:{server.port}"
    assert not {"cookie", "authorization", "referer", "if-none-match", "if-modified-since"} & set(first)
    assert second["user-agent"] == "Other/1"
    assert second["accept"].startswith("text/html")
    assert "x" not in third
    assert "user-agent" not in third


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, FetchOutcome.EMPTY),
        *((status, FetchOutcome.UNEXPECTED_STATUS) for status in (201, 204, 206, 300, 304, 305, 306, 600)),
        *((status, FetchOutcome.REFUSED) for status in (401, 403, 407, 451)),
        *((status, FetchOutcome.CLIENT_ERROR) for status in (400, 418)),
        (404, FetchOutcome.NOT_FOUND),
        (410, FetchOutcome.GONE),
        (429, FetchOutcome.RATE_LIMITED),
        *((status, FetchOutcome.SERVER_ERROR) for status in (500, 503, 599)),
        *((status, FetchOutcome.BAD_REDIRECT) for status in (301, 302, 303, 307, 308)),
    ],
)
async def test_each_status_has_its_word(server: Hostile, status: int, outcome: FetchOutcome) -> None:
    server.routes["/"] = reply(status)
    fetched = await get(server.url())
    assert (fetched.outcome, fetched.status, fetched.body) == (outcome, status, b"")
    assert str(status) in (fetched.detail or "")


async def test_an_unchanged_feed_is_asked_with_its_validators_byte_exact(server: Hostile) -> None:
    server.routes["/"] = reply(304)
    etag, modified = 'W/"a\xff, b"', "Thu, 01 Jan 1970 00:00:00 +0700"
    fetched = await get(server.url(), etag=etag, last_modified=modified)
    assert (fetched.outcome, fetched.status, fetched.detail) == (FetchOutcome.NOT_MODIFIED, 304, None)
    assert server.seen[0].headers["if-none-match"] == etag
    assert server.seen[0].headers["if-modified-since"] == modified


async def test_a_validator_no_server_can_have_sent_is_left_out(server: Hostile) -> None:
    server.routes["/"] = reply(304)
    fetched = await get(server.url(), etag='"a\r\nX: y"', last_modified="日")
    assert fetched.outcome is FetchOutcome.UNEXPECTED_STATUS
    assert not {"if-none-match", "if-modified-since", "x"} & set(server.seen[0].headers)


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", FORMS)
async def test_no_connection_to_any_form_of_a_private_address(url: str) -> None:
    connects = Connects()
    settings = Settings()
    fetched = await get(url, Fetcher(settings, FakeClock(), Names(otherwise=("127.0.0.1",)), connect=connects))
    assert fetched.outcome in {FetchOutcome.BAD_URL, FetchOutcome.BLOCKED_ADDRESS}
    assert fetched.detail
    assert connects.made == []


@pytest.mark.parametrize(
    "answers",
    [("10.0.0.1",), (PUBLIC, "127.0.0.1"), (PUBLIC, "::1"), ("2606:4700::1111", "fe80::1%eth0"), ("::ffff:10.0.0.1",)],
)
async def test_one_private_answer_of_a_name_refuses_it(answers: tuple[str, ...]) -> None:
    connects = Connects()
    fetched = await get(
        "http://blog.test/", Fetcher(Settings(), FakeClock(), Names(otherwise=answers), connect=connects)
    )
    assert fetched.outcome is FetchOutcome.BLOCKED_ADDRESS
    assert connects.made == []


async def test_a_name_that_changes_its_mind_is_never_followed_inside(server: Hostile) -> None:
    server.routes["/"] = reply(200, b"x")
    names = Flipping([(PUBLIC,), ("127.0.0.1",), (PUBLIC, "10.0.0.1")])
    connects = Connects(server)
    async with Fetcher(Settings(host_spacing=0), FakeClock(), names, connect=connects) as fetcher:
        outcomes = [(await fetcher.fetch(Request("http://blog.test/"))).outcome for _ in range(300)]
    assert connects.made == [(PUBLIC, 80)] * 100
    assert len(names.asked) == 300
    assert outcomes.count(FetchOutcome.OK) == 100
    assert outcomes.count(FetchOutcome.BLOCKED_ADDRESS) == 200


async def test_the_checked_address_is_the_connected_one_and_the_name_stays(server: Hostile) -> None:
    server.routes["/"] = reply(200, b"x")
    connects = Connects(server, dead=frozenset({"2606:4700::1111"}))
    names = Names({"blog.test": ("2606:4700::1111", PUBLIC)})
    fetched = await get("http://Blog.test/", Fetcher(Settings(), FakeClock(), names, connect=connects))
    assert fetched.outcome is FetchOutcome.OK
    assert connects.made == [("2606:4700::1111", 80), (PUBLIC, 80)]
    assert server.seen[0].host == "blog.test"
    assert names.asked == ["blog.test"]


async def test_names_that_cannot_be_resolved() -> None:
    class Slow(Names):
        async def resolve(self, host: str) -> tuple[str, ...]:
            await asyncio.sleep(5)
            return (PUBLIC,)

    assert (await get("http://blog.test/", door(resolver=Names()))).outcome is FetchOutcome.DNS
    slow = await get("http://blog.test/", door(quick(dns_timeout=0.05), resolver=Slow()))
    assert (slow.outcome, slow.detail) == (FetchOutcome.DNS, "no answer in 0.05 s")
    odd = await get("http://blog.test/", door(resolver=Names(otherwise=("not an address",))))
    assert odd.outcome is FetchOutcome.DNS


async def test_another_port_is_refused_without_a_lookup() -> None:
    names = Names(otherwise=(PUBLIC,))
    fetched = await get("http://blog.test:8080/", Fetcher(Settings(), FakeClock(), names, connect=Connects()))
    assert fetched.outcome is FetchOutcome.BLOCKED_ADDRESS
    assert names.asked == []


async def test_an_address_nobody_listens_at() -> None:
    fetched = await get("http://127.0.0.1:1/")
    assert fetched.outcome is FetchOutcome.CONNECT
    assert fetched.detail == "127.0.0.1 port 1: Connection refused"


async def test_the_system_resolver_looks_up_once_per_connection_and_ends() -> None:
    resolver = SystemResolver(threads=2)
    found = await asyncio.gather(*(resolver.resolve("localhost") for _ in range(5)))
    assert all(set(answer.addresses) <= {"127.0.0.1", "::1"} and answer.addresses for answer in found)
    with pytest.raises(OSError, match="not known"):
        await resolver.resolve("nirgends.invalid")
    resolver.close()


# --- redirects --------------------------------------------------------------------------------------------------------


async def test_redirects_are_followed_by_hand_and_told(server: Hostile) -> None:
    server.routes |= {"/a": redirect("b?x=1", 301), "/b?x=1": redirect(server.url("/c"), 307), "/c": reply(200, b"ok")}
    fetched = await get(server.url("/a"))
    assert (fetched.outcome, fetched.final_url, fetched.body) == (FetchOutcome.OK, server.url("/c"), b"ok")
    assert [(hop.status, hop.url, hop.location) for hop in fetched.hops] == [
        (301, server.url("/a"), server.url("/b?x=1")),
        (307, server.url("/b?x=1"), server.url("/c")),
    ]


async def test_more_than_five_redirects_or_a_circle_is_a_loop(server: Hostile) -> None:
    server.routes |= {f"/{n}": redirect(f"/{n + 1}") for n in range(9)} | {"/x": redirect("/y"), "/y": redirect("/x")}
    fetched = await get(server.url("/0"))
    assert (fetched.outcome, len(fetched.hops), len(server.seen)) == (FetchOutcome.REDIRECT_LOOP, 5, 6)
    assert (await get(server.url("/x"))).outcome is FetchOutcome.REDIRECT_LOOP
    assert len(server.seen) == 8


@pytest.mark.parametrize(
    ("location", "outcome"),
    [
        *((url, None) for url in FORMS if url.startswith(("http://", "https://"))),
        ("file:///etc/passwd", FetchOutcome.BAD_REDIRECT),
        ("gopher://example.com/", FetchOutcome.BAD_REDIRECT),
        ("ftp://example.com/", FetchOutcome.BAD_REDIRECT),
        ("data:text/html,x", FetchOutcome.BAD_REDIRECT),
        ("javascript:alert(1)", FetchOutcome.BAD_REDIRECT),
        ("//10.0.0.1/", FetchOutcome.BLOCKED_ADDRESS),
        ("///x", FetchOutcome.NOT_FOUND),
        ("http://", FetchOutcome.BAD_REDIRECT),
        ("http://[", FetchOutcome.BAD_REDIRECT),
        ("http://xn--/", None),
        ("http://example.com:99999/", FetchOutcome.BAD_REDIRECT),
    ],
)
async def test_a_redirect_goes_through_the_same_gate(
    server: Hostile, location: str, outcome: FetchOutcome | None
) -> None:
    if any(ord(letter) < 32 for letter in location):
        return  # cannot stand in a header
    server.routes["/"] = reply(302, b"", "Location: " + location.encode().decode("latin-1"))
    names = Names({"start.test": (PUBLIC,)}, otherwise=("127.0.0.1",))
    connects = Connects(server)
    fetched = await get("http://start.test/", Fetcher(Settings(host_spacing=0), FakeClock(), names, connect=connects))
    refused = {FetchOutcome.BAD_REDIRECT, FetchOutcome.BLOCKED_ADDRESS, FetchOutcome.REDIRECT_LOOP}
    assert fetched.outcome in ({outcome} if outcome else refused)
    assert set(connects.made) == {(PUBLIC, 80)}


async def test_validators_and_credentials_stay_with_their_origin(server: Hostile) -> None:
    other = server.url("/there", "127.0.0.2").replace("127.0.0.2", "localhost")
    server.routes |= {"/a": redirect("/b"), "/b": redirect(other), "/there": reply(304)}
    names = Names({"localhost": ("127.0.0.1",)})
    url = server.url("/a").replace("//", "//me:s3cret@")
    fetched = await get(url, door(resolver=names), etag='"1"', last_modified="x")
    assert fetched.outcome is FetchOutcome.UNEXPECTED_STATUS  # a 304 nobody asked for
    first, second, third = (asked.headers for asked in server.seen)
    assert first["authorization"] == second["authorization"] == "Basic bWU6czNjcmV0"
    assert (first["if-none-match"], first["if-modified-since"]) == ('"1"', "x")
    assert not {"if-none-match", "if-modified-since"} & (set(second) | set(third))
    assert "authorization" not in third
    assert "s3cret" not in fetched.final_url + str(fetched.hops) + str(fetched.detail)


async def test_validators_go_to_the_url_that_gave_them(server: Hostile) -> None:
    server.routes |= {"/feed": redirect("/real"), "/real": reply(304)}
    fetched = await get(server.url("/feed"), etag='"1"', last_modified="x", answered_url=server.url("/real"))
    assert fetched.outcome is FetchOutcome.NOT_MODIFIED
    first, second = (asked.headers for asked in server.seen)
    assert not {"if-none-match", "if-modified-since"} & set(first)
    assert (second["if-none-match"], second["if-modified-since"]) == ('"1"', "x")


async def test_no_cookie_is_ever_sent_back(server: Hostile) -> None:
    server.routes |= {"/a": reply(302, b"", "Location: /b", "Set-Cookie: a=1; Path=/"), "/b": reply(200, b"x")}
    async with door() as fetcher:
        await fetcher.fetch(Request(server.url("/a")))
        await fetcher.fetch(Request(server.url("/b")))
    assert not any("cookie" in asked.headers for asked in server.seen)


async def test_the_environment_names_no_proxy_for_us(server: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    server.routes["/"] = reply(200, b"x")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await get(server.url())).outcome is FetchOutcome.OK


async def test_a_redirect_in_utf_8_leads_where_it_says(server: Hostile) -> None:
    server.routes |= {"/": redirect("/kabar-é".encode().decode("latin-1")), "/kabar-%C3%A9": reply(200, b"x")}
    assert (await get(server.url())).outcome is FetchOutcome.OK


# --- bodies -----------------------------------------------------------------------------------------------------------


def zipped(body: bytes, *headers: str, **more: int) -> bytes:
    return reply(200, gzip.compress(body, 6), "Content-Encoding: gzip", *headers, **more)


BODIES = [
    (zipped(b"halo"), "ok", b"halo"),
    (reply(200, gzip.compress(b"halo"), "content-encoding: X-GZip, identity"), "ok", b"halo"),
    (reply(200, b"halo", "Content-Encoding: identity"), "ok", b"halo"),
    (reply(200, gzip.compress(b"ha") + gzip.compress(b"lo"), "Content-Encoding: gzip"), "ok", b"halo"),
    (reply(200, gzip.compress(b"halo") + b"\0\0trailing", "Content-Encoding: gzip"), "ok", b"halo"),
    (reply(200, gzip.compress(b"halo") + b"\x1f", "Content-Encoding: gzip"), "ok", b"halo"),
    (reply(200, gzip.compress(b"halo" * 99)[:-9], "Content-Encoding: gzip"), "truncated", b""),
    (reply(200, gzip.compress(b"ha") + gzip.compress(b"lo")[:12], "Content-Encoding: gzip"), "truncated", b""),
    (reply(200, b"", "Content-Encoding: gzip"), "empty", b""),
    (zipped(b""), "empty", b""),
    (reply(200, b" \r\n\t"), "empty", b""),
    (reply(200, b"<p>no gzip</p>", "Content-Encoding: gzip"), "bad_encoding", b""),
    (reply(200, gzip.compress(b"halo")[:10] + b"\xff" * 50, "Content-Encoding: gzip"), "bad_encoding", b""),
    *((reply(200, b"x", f"Content-Encoding: {name}"), "bad_encoding", b"") for name in ("br", "deflate", "zstd")),
    (reply(200, b"x", "Content-Encoding: gzip, gzip, gzip"), "bad_encoding", b""),
    (reply(200, b"x", "Content-Encoding: gzip", "Content-Encoding: gzip"), "bad_encoding", b""),
    (reply(200, b"halo", length=9), "truncated", b""),
    (reply(200, b"halo", length=-1), "ok", b"halo"),
    (reply(200, b"4\r\nhalo\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=-1), "ok", b"halo"),
    (reply(200, b"4\r\nhalo\r\n", "Transfer-Encoding: chunked", length=-1), "truncated", b""),
    (reply(200, b"zz\r\nhalo\r\n", "Transfer-Encoding: chunked", length=-1), "protocol", b""),
    (reply(200, gzip.compress(b"x") * 1001, "Content-Encoding: gzip"), "bad_encoding", b""),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "protocol", b""),
    (b"SSH-2.0-OpenSSH_9.9\r\n", "protocol", b""),
    (b"HTTP/1.1 2000 OK\r\n\r\n", "protocol", b""),
    (b"", "protocol", b""),
    (b"HTTP/1.1 103 Early Hints\r\n\r\n" + reply(200, b"halo"), "ok", b"halo"),
    (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello", "protocol", b""),
    (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\n\r\n", "protocol", b""),
    (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\n", "protocol", b""),
    (reply(200, b"halo", *(f"Set-Cookie: {n}={'x' * 400}" for n in range(200))), "ok", b"halo"),
    (reply(200, b"halo", "Content-Type: text/html; charset=unicode_escape"), "ok", b"halo"),
    (reply(200, b"halo", "Content-Type: text/html; charset=zlib_codec"), "ok", b"halo"),
]


@pytest.mark.parametrize(("raw", "outcome", "body"), BODIES, ids=range(len(BODIES)))
async def test_each_kind_of_body_has_its_end(server: Hostile, raw: bytes, outcome: str, body: bytes) -> None:
    server.routes["/"] = raw
    fetched = await get(server.url())
    assert (fetched.outcome, fetched.body) == (FetchOutcome(outcome), body), fetched.detail
    assert len(fetched.detail or "") <= 300


@pytest.mark.parametrize("kind", [Kind.PAGE, Kind.FEED])
@pytest.mark.parametrize("size", [1000, 1001])
@pytest.mark.parametrize("framing", ["length", "chunked", "close", "gzip"])
async def test_limits_are_exact(server: Hostile, kind: Kind, size: int, framing: str) -> None:
    limits = dict.fromkeys(("feed_wire_bytes", "page_wire_bytes", "feed_bytes", "page_bytes"), 1000)
    body = b"x" * size
    server.routes["/"] = {
        "length": reply(200, body),
        "chunked": reply(200, b"%x\r\n%b\r\n0\r\n\r\n" % (size, body), "Transfer-Encoding: chunked", length=-1),
        "close": reply(200, body, length=-1),
        "gzip": zipped(body),
    }[framing]
    fetched = await get(server.url(), door(quick(**limits)), kind=kind)
    assert fetched.outcome is (FetchOutcome.OK if size == 1000 else FetchOutcome.TOO_LARGE)
    assert len(fetched.body) == (size if size == 1000 else 0)


@pytest.mark.parametrize("status", [200, 302, 404, 500])
async def test_a_bomb_costs_neither_memory_nor_time(server: Hostile, status: int) -> None:
    bomb = gzip.compress(bytes(BIG), 1)
    server.routes["/"] = reply(status, bomb, "Content-Encoding: gzip", "Location: /end")
    server.routes["/end"] = reply(200, b"x")
    tracemalloc.start()
    began = time.process_time()
    fetched = await get(server.url())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    words = {200: "too_large", 302: "ok", 404: "not_found", 500: "server_error"}
    assert fetched.outcome == words[status]
    assert peak < 60 * 1024 * 1024
    assert time.process_time() - began < 3  # a second, on a machine with nothing else to do


async def test_a_body_announced_too_large_is_not_read(server: Hostile) -> None:
    server.routes["/"] = drip(reply(200, b"", length=10**12), b"x" * 65536, every=0)
    fetched = await get(server.url())
    assert fetched.outcome is FetchOutcome.TOO_LARGE
    assert fetched.wire_bytes < 1024 * 1024


# --- time -------------------------------------------------------------------------------------------------------------


def slow_routes() -> dict[str, bytes | object]:
    head = b"HTTP/1.1 200 OK\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    return {
        "/hang": drip(b"", b""),
        "/head": drip(head, b"X: y\r\n"),
        "/head-bytes": drip(b"", b"H"),
        "/body": drip(head + b"Content-Length: 1000\r\n\r\n", b"x"),
        "/stop": drip(head + b"Content-Length: 1000\r\n\r\nx", b""),
        "/early": drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        "/flood": drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50, every=0),
        "/chunks": drip(chunked, b"1\r\nx\r\n"),
        "/crumbs": drip(chunked, b"1\r\nx\r\n" * 1000, every=0),
        "/endless": drip(chunked, b"ffff\r\n" + b"x" * 65535 + b"\r\n", every=0),
        "/redirect": drip(head.replace(b"200", b"302") + b"Location: /good\r\n\r\n", b"x" * 65536, every=0),
        "/extension": drip(chunked, b"1;" + b"x" * 65536, every=0),
        "/good": reply(200, b"good"),
    }


async def test_slow_answers_end_on_time_and_hold_nobody_up(server: Hostile) -> None:
    server.routes |= slow_routes()
    settings = quick(exchange_timeout=0.6, read_timeout=0.4, fetches_per_address=50)
    began = time.monotonic()
    ended: dict[str, float] = {}

    async def one(fetcher: Fetcher, path: str, number: int) -> Fetched:
        fetched = await fetcher.fetch(Request(server.url(path).replace("0.0.1", f"0.0.{number}")))
        ended[path] = time.monotonic() - began
        return fetched

    async with door(settings, connect=Connects(server)) as fetcher:
        paths = [*server.routes, *["/good"] * 5]
        found = dict(
            zip(paths, await asyncio.gather(*(one(fetcher, p, n + 1) for n, p in enumerate(paths))), strict=True)
        )
    words = {path: fetched.outcome for path, fetched in found.items()}
    assert {path for path, word in words.items() if word == "timeout"} >= {"/hang", "/head", "/body", "/stop", "/early"}
    assert words["/redirect"] == words["/good"] == "ok"
    assert words["/endless"] in {"too_large", "timeout"}
    assert words["/extension"] == "protocol"
    assert {words["/flood"], words["/crumbs"]} <= {"too_large", "timeout"}  # whichever limit a busy machine meets first
    assert max(ended.values()) < 2.6  # the deadline, and what a busy machine takes; without it they would never end


async def test_the_deadline_covers_all_hops_together(server: Hostile) -> None:
    async def later(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)
        writer.write(redirect(asked.path + "x"))

    server.routes |= {"/" + "x" * n: later for n in range(6)}
    fetched = await get(server.url(), door(quick(exchange_timeout=0.4)))
    assert fetched.outcome is FetchOutcome.TIMEOUT
    assert len(fetched.hops) == 2
    assert fetched.seconds == pytest.approx(0.4, abs=0.15)


async def test_cancelling_is_the_only_thing_that_raises(server: Hostile) -> None:
    server.routes["/"] = drip(b"", b"")
    async with door() as fetcher:
        task = asyncio.create_task(fetcher.fetch(Request(server.url())))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.routes["/"] = reply(200, b"x")
        assert (await fetcher.fetch(Request(server.url()))).outcome is FetchOutcome.OK


@pytest.mark.parametrize(
    "error", [AssertionError("odd"), ExceptionGroup("g", [OSError("x")]), MemoryError(), KeyError(1)]
)
async def test_whatever_is_raised_inside_is_an_outcome(error: Exception) -> None:
    async def broken(*_: object) -> Awaitable[None]:
        raise error

    fetched = await get("http://127.0.0.1/", door(connect=broken))
    assert fetched.outcome is FetchOutcome.ERROR
    assert type(error).__name__ in (fetched.detail or "")


def test_a_detail_is_one_clean_line_without_secrets() -> None:
    text = answer.one_line("a\r\n\x1b[31mb\u202e https://u:p@h.test/x?token=1#f 'http://u@h/' " + "z" * 999)
    assert text.startswith("a [31mb https://h.test/x 'http://h/' zzz")
    assert len(text) == 300


# --- politeness -------------------------------------------------------------------------------------------------------


async def test_two_seconds_between_starts_and_one_in_flight_per_host(server: Hostile) -> None:
    clock = FakeClock()
    starts: list[float] = []

    async def note(_: Asked, writer: asyncio.StreamWriter) -> None:
        starts.append(clock.monotonic())
        await asyncio.sleep(0.002)
        writer.write(reply(200, b"x"))

    server.routes["/"] = note
    async with Fetcher(Settings(allow_networks=LOOPBACK), clock) as fetcher:
        await asyncio.gather(*(fetcher.fetch(Request(server.url())) for _ in range(6)))
        assert fetcher.started(f"127.0.0.1:{server.port}") == START + timedelta(seconds=starts[-1])
    assert server.most_in_flight == 1
    assert all(2.0 <= later - earlier < 60 for earlier, later in pairwise(starts))


async def test_spacing_holds_up_no_other_host_and_holds_no_fetch(server: Hostile) -> None:
    server.routes["/"] = reply(200, b"x")
    clock = FakeClock(auto=False)
    names = Names(otherwise=("127.0.0.1",))
    async with Fetcher(Settings(allow_networks=LOOPBACK, fetches=1), clock, names) as fetcher:
        assert (await fetcher.fetch(Request(server.url(host="a.test")))).outcome is FetchOutcome.OK
        waiting = asyncio.create_task(fetcher.fetch(Request(server.url(host="a.test"))))
        async with asyncio.timeout(5):
            assert (await fetcher.fetch(Request(server.url(host="b.test")))).outcome is FetchOutcome.OK
        assert not waiting.done()
        clock.advance(1.9)
        await asyncio.sleep(0.02)
        assert len(server.seen) == 2
        clock.advance(0.2)
        assert (await waiting).outcome is FetchOutcome.OK


async def test_a_redirect_waits_for_the_turn_of_the_host_it_leads_to(server: Hostile) -> None:
    clock = FakeClock()
    times: dict[str, float] = {}

    async def note(asked: Asked, writer: asyncio.StreamWriter) -> None:
        times[asked.path] = clock.monotonic()
        writer.write(redirect(server.url("/end", "b.test")) if asked.path == "/go" else reply(200, b"x"))

    server.routes |= {"/go": note, "/end": note, "/first": note}
    async with Fetcher(Settings(allow_networks=LOOPBACK), clock, Names(otherwise=("127.0.0.1",))) as fetcher:
        await fetcher.fetch(Request(server.url("/first", "b.test")))
        fetched = await fetcher.fetch(Request(server.url("/go", "a.test")))
    assert fetched.outcome is FetchOutcome.OK
    assert times["/end"] - times["/first"] >= 2


async def test_at_most_four_in_flight_at_one_address(server: Hostile) -> None:
    async def slowly(_: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.005)
        writer.write(reply(200, b"x"))

    server.routes["/"] = slowly
    async with door(resolver=Names(otherwise=("127.0.0.1",))) as fetcher:
        urls = [server.url(host=f"blog{n}.test") for n in range(100)]
        found = await asyncio.gather(*(fetcher.fetch(Request(url)) for url in urls))
    assert {fetched.outcome for fetched in found} == {FetchOutcome.OK}
    assert server.most_in_flight == 4


async def test_at_most_so_many_in_flight_in_all(server: Hostile) -> None:
    async def slowly(_: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.005)
        writer.write(reply(200, b"x"))

    server.routes["/"] = slowly
    names = Names({f"blog{n}.test": (f"127.0.1.{n}",) for n in range(40)})
    async with door(quick(fetches=3), resolver=names, connect=Connects(server)) as fetcher:
        await asyncio.gather(*(fetcher.fetch(Request(server.url(host=f"blog{n}.test"))) for n in range(40)))
    assert server.most_in_flight == 3


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (format_datetime(START + HOUR, usegmt=True), HOUR),
        ("Monday, 02-Mar-26 02:00:00 GMT", HOUR),
        ("Mon Mar  2 02:00:00 2026", HOUR),
        ("315360000", DAY),
        ("9" * 5000, DAY),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("Mon, 02 Mar 2020 02:00:00 GMT", None),
        ("Mon, 99 Mar 2026 99:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_a_day(value: str, wait: timedelta | None) -> None:
    assert answer.retry_after(value, START) == (START + wait if wait else None)


async def test_retry_after_holds_the_whole_host(server: Hostile) -> None:
    server.routes |= {"/feed": reply(503, b"", "Retry-After: 30"), "/page": reply(200, b"x")}
    clock = FakeClock()
    async with door(clock=clock) as fetcher:
        limited = await fetcher.fetch(Request(server.url("/feed")))
        assert limited.outcome is FetchOutcome.SERVER_ERROR
        assert limited.retry_after is not None
        page = await fetcher.fetch(Request(server.url("/page")))
        assert page.outcome is FetchOutcome.OK
        started = fetcher.started(f"127.0.0.1:{server.port}")
        assert started is not None
        assert started >= limited.retry_after


async def test_a_long_hold_is_an_outcome_and_not_a_wait(server: Hostile) -> None:
    server.routes["/"] = reply(429, b"", "Retry-After: 3600")
    clock = FakeClock()
    async with door(clock=clock) as fetcher:
        await fetcher.fetch(Request(server.url()))
        again = await fetcher.fetch(Request(server.url()))
        assert (again.outcome, again.status) == (FetchOutcome.RATE_LIMITED, None)
        assert again.retry_after == START + HOUR
        fetcher.hold("other.test", clock.now() + timedelta(seconds=90))
        held = await fetcher.fetch(Request("http://other.test/"))
        assert held.detail == "held until 2026-03-02 01:01:30 UTC"
    assert len(server.seen) == 1
    assert clock.monotonic() == 0


async def test_a_hold_from_the_database_delays_the_first_start(server: Hostile) -> None:
    server.routes["/"] = reply(200, b"x")
    clock = FakeClock()
    async with door(clock=clock) as fetcher:
        fetcher.hold(f"127.0.0.1:{server.port}", clock.now() + timedelta(seconds=7))
        fetcher.hold(f"127.0.0.1:{server.port}", clock.now() + timedelta(seconds=3))
        await fetcher.fetch(Request(server.url()))
        assert fetcher.started(f"127.0.0.1:{server.port}") == START + timedelta(seconds=7)


async def test_hosts_nobody_waits_for_are_forgotten() -> None:
    clock = FakeClock(auto=False)
    turns, slots = Turns(clock, 2.0, 60.0), Slots(4)
    turns.hold("held.test", START + DAY)
    for number in range(10_000):
        async with turns.turn(f"{number}.test"), slots.slot(f"{number}"):
            turns.begin(f"{number}.test")
        clock.advance(0.01)
    assert len(turns) < 3000
    assert turns.started("9999.test")
    assert turns.started("0.test") is None
    assert len(slots) == 0
    with pytest.raises(Held, match="held until"):
        async with turns.turn("held.test"):
            pass


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(server side for blog.test, client side that trusts its issuer)"""
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl command")
    folder: Path = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=blog.test"),
            *("-addext", "subjectAltName=DNS:blog.test"),
        ],
        check=True,
        capture_output=True,
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)

    def note(tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        tls.sni = name  # type: ignore[attr-defined]  # read by Hostile

    server.sni_callback = note
    return server, ssl.create_default_context(cafile=str(cert))


async def test_name_certificate_and_host_stay_the_name_over_tls(certificates) -> None:
    ours, theirs = certificates
    body = b"x" * 300_000
    async with Hostile({"/": reply(200, body), "/down": redirect("http://blog.test/")}, tls=ours) as server:
        names = Names(otherwise=("127.0.0.1",))
        async with door(resolver=names, ssl_context=theirs) as fetcher:
            good = await fetcher.fetch(Request(server.url(host="blog.test")))
            other = await fetcher.fetch(Request(server.url(host="other.test")))
            literal = await fetcher.fetch(Request(server.url()))
            down = await fetcher.fetch(Request(server.url("/down", "blog.test")))
        stranger = await get(server.url(host="blog.test"), door(resolver=names))
        assert (good.outcome, good.body == body) == (FetchOutcome.OK, True), good.detail
        assert (server.seen[0].sni, server.seen[0].host) == ("blog.test", f"blog.test:{server.port}")
        assert [fetched.outcome for fetched in (other, literal, stranger)] == [FetchOutcome.TLS] * 3
        assert "Hostname mismatch" in (other.detail or "")
        assert down.outcome is FetchOutcome.BAD_REDIRECT
        assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("says", "outcome"),
    [(None, FetchOutcome.TIMEOUT), (b"HTTP/1.1 400 Bad Request\r\n\r\n", FetchOutcome.TLS), (b"", FetchOutcome.TLS)],
)
async def test_a_handshake_that_goes_wrong(says: bytes | None, outcome: FetchOutcome) -> None:
    async with Hostile(unasked=says) as server:
        url = server.url().replace("http:", "https:")
        fetched = await get(url, door(quick(connect_timeout=0.2)))
    assert fetched.outcome is outcome, fetched.detail
    assert fetched.detail


async def test_the_real_clock_works_as_well(server: Hostile) -> None:
    server.routes["/"] = reply(200, b"x")
    async with Fetcher(quick(host_spacing=0.05), SystemClock()) as fetcher:
        began = time.monotonic()
        await fetcher.fetch(Request(server.url()))
        await fetcher.fetch(Request(server.url()))
    assert time.monotonic() - began >= 0.05
