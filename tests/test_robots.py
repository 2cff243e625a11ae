"""robots.txt: what each answer allows, for how long, and under which name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from ingest.fetch import Fetcher
from ingest.robots import RobotsRecord, allows, crawl_delay, fetch_robots, stale
from kliping.feeds import FetchOutcome
from kliping.settings import Settings
from tests.clock import START, FakeClock
from tests.hostile import Hostile, redirect, reply

RULES = b"""\xef\xbb\xbf# aturan
User-agent: *
Disallow: /search
Allow: /search/label
Crawl-delay: 5

User-agent: Kliping
Disallow: /rahasia*.html$
Crawl-delay: 1000

User-agent: badbot
Disallow: /
"""


@pytest.fixture
async def server():
    async with Hostile() as it:
        yield it


@pytest.fixture
async def fetcher():
    settings = Settings(allow_networks=(ip_network("127.0.0.0/8"),), host_spacing=0, exchange_timeout=2)
    async with Fetcher(settings, FakeClock()) as it:
        yield it


def record(text: str | None, outcome: str = "ok") -> RobotsRecord:
    return RobotsRecord(text, START, outcome)


async def test_the_rules_of_the_host_are_asked_for_and_obeyed(server: Hostile, fetcher: Fetcher) -> None:
    server.routes["/robots.txt"] = reply(200, RULES, "Content-Type: text/plain")
    found = await fetch_robots(fetcher, server.url("/2026/03/kabar.html?x=1"))
    assert [asked.path for asked in server.seen] == ["/robots.txt"]
    assert server.seen[0].headers["accept"].startswith("text/plain")
    assert (found.outcome, found.at) == ("ok", START)
    assert not allows(found, server.url("/rahasia/a.html"), "kliping/0.1.0 (+https://kliping.example/)")
    assert allows(found, server.url("/rahasia/a.htm"))
    assert allows(found, server.url("/search?q=a"))  # our own group stands alone (RFC 9309, 2.2.1)
    assert crawl_delay(found) == 60


@pytest.mark.parametrize(
    "user_agent", ["Mozilla/5.0 (X11)", "badbot/2", "kliping/0.1.0 (+https://badbot.example/)", ""]
)
def test_rules_for_kliping_bind_it_under_every_name(user_agent: str) -> None:
    rules = record(RULES.decode("utf-8-sig"))
    assert not allows(rules, "http://a.test/rahasia.html", user_agent)
    assert allows(rules, "http://a.test/lain.html", user_agent) is (user_agent != "badbot/2")


def test_without_a_group_of_our_own_the_general_one_holds() -> None:
    rules = record("User-agent: *\nDisallow: /search\nAllow: /search/label\nCrawl-delay: 5")
    assert not allows(rules, "http://a.test/search?q=a")
    assert allows(rules, "http://a.test/search/label/Desa")
    assert crawl_delay(rules) == 5
    assert crawl_delay(record("User-agent: *\nCrawl-delay: soon")) is None
    assert crawl_delay(record(None, "dns")) is None


@pytest.mark.parametrize("status", [204, 401, 403, 404, 410, 451])
async def test_no_rules_forbid_nothing(server: Hostile, fetcher: Fetcher, status: int) -> None:
    server.routes["/robots.txt"] = reply(status)
    found = await fetch_robots(fetcher, server.url())
    assert found.text == ""
    assert allows(found, server.url("/a"))
    assert not stale(found, START + timedelta(hours=23))


@pytest.mark.parametrize("raw", [reply(500), reply(503), reply(429), b"", reply(200, b"User-agent: *", length=99)])
async def test_a_failure_forbids_for_an_hour_and_then_no_longer(server: Hostile, fetcher: Fetcher, raw: bytes) -> None:
    server.routes["/robots.txt"] = raw
    first = await fetch_robots(fetcher, server.url())
    assert first.text is None
    assert not allows(first, server.url("/a"))
    assert not stale(first, START + timedelta(minutes=59))
    assert stale(first, START + timedelta(hours=1))
    second = await fetch_robots(fetcher, server.url(), first)
    assert allows(second, server.url("/a"))
    assert stale(second, second.at + timedelta(hours=1))


async def test_a_failure_keeps_the_rules_known_before(server: Hostile, fetcher: Fetcher) -> None:
    server.routes["/robots.txt"] = reply(500)
    before = record("User-agent: *\nDisallow: /a")
    found = await fetch_robots(fetcher, server.url(), before)
    assert (found.text, found.outcome) == (before.text, FetchOutcome.SERVER_ERROR)
    assert not allows(found, server.url("/a"))
    assert allows(found, server.url("/b"))


async def test_redirects_are_followed(server: Hostile, fetcher: Fetcher) -> None:
    server.routes |= {"/robots.txt": redirect("/r"), "/r": reply(200, b"User-agent: *\nDisallow: /")}
    assert not allows(await fetch_robots(fetcher, server.url()), server.url("/a"))
    server.routes["/r"] = redirect("/robots.txt")
    assert allows(await fetch_robots(fetcher, server.url()), server.url("/a"))


async def test_rules_beyond_500_kib_are_passed_over(server: Hostile, fetcher: Fetcher) -> None:
    head = b"User-agent: *\nDisallow: /a\n"
    server.routes["/robots.txt"] = reply(200, head + b"# x\n" * 150_000 + b"Disallow: /b\n")
    found = await fetch_robots(fetcher, server.url())
    assert found.outcome == "ok"
    assert len(found.text or "") == 500 * 1024
    assert not allows(found, server.url("/a"))
    assert allows(found, server.url("/b"))


async def test_what_is_kept_fits_a_database(server: Hostile, fetcher: Fetcher) -> None:
    server.routes["/robots.txt"] = reply(200, b"User-agent: *\0\nDisallow: /\xff\n")
    found = await fetch_robots(fetcher, server.url())
    assert found.text == "User-agent: *\nDisallow: /\ufffd\n"


async def test_a_url_without_a_host_is_an_outcome(fetcher: Fetcher) -> None:
    found = await fetch_robots(fetcher, "mailto:a@b.test")
    assert (found.text, found.outcome) == (None, FetchOutcome.BAD_URL)


def test_freshness() -> None:
    rules = record("")
    assert not stale(rules, START)
    assert not stale(rules, START + timedelta(hours=23, minutes=59))
    assert stale(rules, START + timedelta(hours=24))
    assert stale(rules, START - timedelta(seconds=1))  # the clock went back
    assert stale(replace(rules, outcome="timeout"), START + timedelta(hours=1))


def test_wildcards_cost_linear_time() -> None:
    rules = record("User-agent: *\nDisallow: /" + "*a" * 500 + "b$\n")
    assert allows(rules, "http://a.test/" + "a" * 2000)
