"""From a site or a feed to the feed that is stored, over real sockets on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ingest.feedurl import feed_url
from ingest.fetch import Fetcher
from ingest.sandbox import Sandbox
from ingest.subscribe import NewFeed, Scout, described
from kliping.errors import InputError
from kliping.settings import Settings
from tests.clock import FakeClock
from tests.world import World


@pytest.fixture(scope="module")
def world_settings() -> Settings:
    return Settings(allow_networks="127.0.0.0/8", host_spacing=0, children=1)  # type: ignore[arg-type]


@pytest.fixture
async def scout(world_settings: Settings, clock: FakeClock) -> AsyncIterator[Scout]:
    async with Sandbox(world_settings) as sandbox, Fetcher(world_settings, clock) as fetcher:
        yield Scout(fetcher, sandbox, "Asia/Jakarta", 2000)


def wish(url: str, **more: Any) -> NewFeed:
    place = feed_url(url)
    return NewFeed(place.url, place.key, place.host, **more)


async def test_a_feed_is_taken_as_it_is(scout: Scout, world: World) -> None:
    blog = world.blogger("Kabar Senja", posts=3)
    found = await scout.find(blog.feed_url)
    feed = described(found, wish(blog.feed_url, zone="Asia/Makassar", interval=900))
    assert (feed.url, feed.title, feed.version) == (blog.feed_url, "Kabar Senja", "atom10")
    assert (feed.zone, feed.interval, feed.host) == ("Asia/Makassar", 900, blog.host)
    assert feed.key == feed_url(blog.feed_url).key
    assert [request.path for request in world.asked(blog)] == [blog.feed_path]


async def test_a_site_leads_to_its_feed(scout: Scout, world: World) -> None:
    blog = world.wordpress("Warta Desa", posts=3)
    found = await scout.find(blog.site_url)
    assert described(found, wish(blog.site_url, title="Desaku")).url == blog.feed_url
    assert described(found, wish(blog.site_url, title="Desaku")).title == "Desaku"
    assert [look.fault is None for look in found.tried] == [False, True]


async def test_candidates_are_tried_in_order_and_the_first_that_parses_wins(scout: Scout, world: World) -> None:
    blog = world.wordpress("Warta Desa", posts=3)
    links = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{path}">'
        for path in ("/rusak", "/hilang", blog.feed_path)
    )
    blog.index_page = lambda: f"<html><head>{links}</head><body>Warta</body></html>"  # type: ignore[method-assign]
    blog.fail("/rusak", body=b"<html>bukan umpan</html>")
    found = await scout.find(blog.site_url)
    assert [look.fetched.url.removeprefix(blog.base_url) for look in found.tried] == [
        "/",
        "/rusak",
        "/hilang",
        "/feed/",
    ]
    assert found.look.where == blog.feed_url


@pytest.mark.parametrize(("status", "kept"), [(301, "/feed/"), (308, "/feed/"), (302, "/lama"), (307, "/lama")])
async def test_only_a_permanent_redirect_changes_the_address(
    scout: Scout, world: World, status: int, kept: str
) -> None:
    blog = world.wordpress("Warta Desa", posts=2)
    blog.fail("/lama", status=status, redirect=blog.feed_path)
    found = await scout.find(blog.base_url + "/lama")
    assert found.look.where == blog.base_url + kept


async def test_what_was_there_instead_is_said_in_one_line(scout: Scout, world: World) -> None:
    blog = world.wordpress("Warta Desa", posts=1)
    blog.index_page = lambda: "<html><body><p>Selamat datang.</p></body></html>"  # type: ignore[method-assign]
    blog.fail("/feed*", status=404)
    blog.fail("/rss*", status=404)
    for path, said in [("/", "no feed"), ("/tidak-ada", r"not_found \(404\)")]:
        with pytest.raises(InputError, match=said) as caught:
            await scout.find(blog.base_url + path)
        assert "\n" not in str(caught.value)


async def test_a_closed_door_is_one_line(world: World, clock: FakeClock) -> None:
    blog = world.wordpress("Warta Desa", posts=1)
    closed = Settings(host_spacing=0, children=1)
    async with Sandbox(closed) as sandbox, Fetcher(closed, clock) as fetcher:
        with pytest.raises(InputError, match="blocked_address"):
            await Scout(fetcher, sandbox, "Asia/Jakarta", 10).find(blog.feed_url)
    assert world.asked(blog) == []
