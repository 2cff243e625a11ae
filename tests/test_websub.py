"""WebSub against a hub of ours: discovery, verification of intent, signed delivery, renewal; off unless wanted."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from console import app as pages
from ingest import hub as hubs
from ingest import websub
from ingest.shell import Shell
from kliping.errors import ConfigError
from kliping.feeds import Feed, Fetched, FetchOutcome, ParsedFeed
from kliping.settings import Settings, load
from service import _hubs, _sources
from tests.clock import FakeClock
from tests.hub import Hub
from tests.shell import add_feed, rows, run, shell_on, visit_due
from tests.world import World

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
STATE = "SELECT state, failures, lease_until, renew_at FROM subscriptions"


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with Hub() as running:
        yield running


@pytest.fixture
async def shell(engine: AsyncEngine, settings: Settings, clock: FakeClock) -> AsyncIterator[Shell]:
    """A shell whose receiver answers on loopback, as the service's does."""
    listener = pages.bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    wanted = settings.model_copy(update={"host_spacing": 0.0, "websub_url": url})
    async with shell_on(engine, wanted, clock) as running:
        app = pages.make_app(_sources(running), running.metrics, _hubs(running))
        serving = asyncio.create_task(pages.serve(app, listener))
        yield running
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


async def subscribed(world: World, shell: Shell, hub: Hub, posts: int = 4) -> object:
    """A blog that names the hub, polled, and its subscription asked for."""
    blog = world.blogger("Dorong", posts=posts)
    blog.hub = hub.url
    await add_feed(shell, blog)
    await visit_due(shell)
    await websub.renew(shell)
    return blog


def document(blog: object) -> bytes:
    from tests.world.server import Request

    return blog.route(Request("", "GET", blog.feed_path, {}, 0.0, ("", 0))).body


def pushes(shell: Shell) -> dict[str, int]:
    lines = shell.metrics.render().decode().splitlines()
    found = (line.split() for line in lines if line.startswith("kliping_websub_deliveries_total{"))
    return {name.split('"')[1]: int(float(count)) for name, count in found}


# --- subscribing ------------------------------------------------------------------------------------------------------


async def test_a_feed_that_names_a_hub_is_subscribed_and_the_hub_verifies(
    world: World, shell: Shell, hub: Hub, clock: FakeClock
) -> None:
    blog = await subscribed(world, shell, hub)
    [asked] = hub.asked
    assert asked["hub.mode"] == "subscribe"
    assert asked["hub.topic"].startswith(blog.base_url)
    assert len(asked["hub.secret"]) == 64
    assert asked["hub.callback"].startswith(f"{shell.settings.websub_url}/websub/")
    assert "post /hub http/1.1" in hub.heads[0].lower()
    assert hub.echoed == [True]
    [(state, failures, lease_until, renew_at)] = await rows(shell, STATE)
    assert (state, failures) == ("active", 0)
    assert timedelta(days=9) < lease_until - clock.now() <= timedelta(days=10)
    assert renew_at < lease_until


async def test_a_lease_is_renewed_before_it_ends_with_the_same_token(
    world: World, shell: Shell, hub: Hub, clock: FakeClock
) -> None:
    hub.lease = 3600
    await subscribed(world, shell, hub)
    clock.advance(2000)
    assert await websub.renew(shell) == 0
    clock.advance(1000)
    assert await websub.renew(shell) == 1
    assert hub.asked[0] == hub.asked[1]
    [(state, _, lease_until, _)] = await rows(shell, STATE)
    assert (state, lease_until - clock.now() > timedelta(minutes=50)) == ("active", True)


async def test_a_hub_that_fails_is_asked_again_ever_later(
    world: World, shell: Shell, hub: Hub, clock: FakeClock
) -> None:
    hub.status = 500
    await subscribed(world, shell, hub)
    waits = []
    for _ in range(3):
        [(state, failures, _, renew_at)] = await rows(shell, STATE)
        waits.append(renew_at - clock.now())
        clock.set(renew_at)
        await websub.renew(shell)
    assert (state, failures, len(hub.asked)) == ("asked", 3, 4)
    assert waits[0] < waits[1] < waits[2]
    assert await rows(shell, "SELECT detail FROM subscriptions") == [("HTTP 500 Internal Server Error",)]


async def test_a_denied_subscription_is_told_and_left_for_a_week(world: World, shell: Shell, hub: Hub) -> None:
    hub.deny = "topik tidak dikenal"
    await subscribed(world, shell, hub)
    assert await rows(shell, "SELECT state, detail FROM subscriptions") == [("denied", "topik tidak dikenal")]
    assert await websub.renew(shell) == 0


async def test_a_moved_hub_is_posted_to_again(world: World, shell: Shell, hub: Hub) -> None:
    hub.redirect = hub.url.replace("/hub", "/pindah")
    await subscribed(world, shell, hub)
    assert len(hub.asked) == 1
    assert await rows(shell, "SELECT state FROM subscriptions") == [("active",)]


async def test_what_we_did_not_ask_for_is_not_verified(world: World, shell: Shell, hub: Hub) -> None:
    await subscribed(world, shell, hub)
    form = hub.asked[0]
    assert await hub.verify(form) == 404  # a second time, unasked
    assert await hub.verify({**form, "hub.topic": "http://lain.example/feed"}) == 404
    assert await hub.verify({**form, "hub.callback": form["hub.callback"] + "x"}) == 404
    assert await hub.verify(form, **{"hub.mode": "unsubscribe"}) == 404
    assert hub.echoed[1:] == [False] * 4
    [(state, *_)] = await rows(shell, STATE)
    assert state == "active"


async def test_a_feed_that_names_no_hub_any_more_is_forgotten(
    world: World, shell: Shell, hub: Hub, clock: FakeClock
) -> None:
    blog = await subscribed(world, shell, hub)
    blog.hub = None
    blog.publish()
    clock.advance(3600)
    await visit_due(shell)
    assert await rows(shell, STATE) == []
    assert await hub.push(document(blog)) == 410


async def test_without_a_public_url_no_hub_is_asked(
    world: World, engine: AsyncEngine, settings: Settings, clock: FakeClock, hub: Hub
) -> None:
    async with shell_on(engine, settings, clock) as shell:
        await subscribed(world, shell, hub)
        assert await rows(shell, STATE) == []
        assert _hubs(shell) == []
    assert hub.asked == []


# --- deliveries -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", websub.METHODS)
async def test_a_push_enters_its_entries_and_the_next_visit_reads_their_pages(
    world: World, shell: Shell, hub: Hub, method: str
) -> None:
    blog = await subscribed(world, shell, hub)
    blog.publish(title="Kabar yang didorong")
    asked = len(world.asked(blog, blog.feed_path))
    assert await hub.push(document(blog), method=method) == 202
    [(state, origin, initial)] = await rows(
        shell, "SELECT state, origin, initial FROM entries WHERE title = 'Kabar yang didorong'"
    )
    assert (state, origin, initial) == ("pending", "live", False)
    await visit_due(shell)
    assert await rows(shell, "SELECT count(*) FROM articles WHERE title = 'Kabar yang didorong'") == [(1,)]
    assert len(world.asked(blog, blog.feed_path)) == asked  # no poll was needed
    assert pushes(shell) == {"accepted": 1}
    assert await rows(shell, "SELECT lease_holder FROM hosts WHERE lease_holder IS NOT NULL") == []
    assert await hub.push(document(blog)) == 202  # again: nothing twice
    assert await rows(shell, "SELECT count(*) FROM entries") == [(5,)]


@pytest.mark.parametrize("signature", ["-", "sha256=00", "md5=0123", "sha1", "sha256=\u00e9"])
async def test_a_push_with_a_bad_signature_is_acknowledged_and_ignored(
    world: World, shell: Shell, hub: Hub, signature: str
) -> None:
    blog = await subscribed(world, shell, hub)
    blog.publish()
    assert await hub.push(document(blog), signature=signature) == 202
    assert await hub.push(document(blog), secret="lain") == 202
    assert await rows(shell, "SELECT count(*) FROM entries") == [(4,)]
    assert pushes(shell) == {"bad_signature": 2}


async def test_a_push_for_a_host_that_is_being_visited_makes_the_feed_due(
    world: World, shell: Shell, hub: Hub, clock: FakeClock
) -> None:
    blog = await subscribed(world, shell, hub)
    blog.publish()
    lease = await shell.take(blog.host)
    assert lease is not None
    assert await hub.push(document(blog)) == 202
    assert await rows(shell, "SELECT count(*) FROM entries") == [(4,)]
    await shell.release(lease)
    clock.advance(1)
    await visit_due(shell)
    assert await rows(shell, "SELECT count(*) FROM articles") == [(5,)]
    assert pushes(shell) == {"deferred": 1}


async def test_what_cannot_be_read_makes_the_feed_due(world: World, shell: Shell, hub: Hub, clock: FakeClock) -> None:
    await subscribed(world, shell, hub)
    assert await hub.push(b"<html><body>bukan umpan</body></html>") == 202
    [(due,)] = await rows(shell, "SELECT next_poll_at FROM feeds")
    assert due <= clock.now()
    assert pushes(shell) == {"unreadable": 1}


async def test_a_push_keeps_what_the_host_asked_for(world: World, shell: Shell, hub: Hub, clock: FakeClock) -> None:
    blog = await subscribed(world, shell, hub)
    blog.publish()
    until = clock.now() + timedelta(hours=3)
    await run(shell, "UPDATE hosts SET not_before = :until, last_start_at = :now", until=until, now=clock.now())
    assert await hub.push(document(blog)) == 202
    found = "SELECT not_before, due_at, last_start_at FROM hosts WHERE name = :name"
    [(kept, due, started)] = await rows(shell, found, name=blog.host)
    assert kept == until
    assert due >= until
    assert started is not None


async def test_too_much_is_refused_and_a_strangers_token_tells_nothing(
    world: World, engine: AsyncEngine, shell: Shell, hub: Hub
) -> None:
    await subscribed(world, shell, hub)
    assert await hub.push(b"x" * (shell.settings.feed_wire_bytes + 1)) == 413
    callback = f"{shell.settings.websub_url}/websub/tidak-ada"
    assert await hub.push(b"<feed/>", callback=callback) == 410
    assert pushes(shell) == {"unknown": 1}


# --- pure -------------------------------------------------------------------------------------------------------------


def answer(*links: str) -> Fetched:
    headers = tuple(("Link", link) for link in links)
    return Fetched("http://a.example/feed", "http://a.example/feed", FetchOutcome.OK, NOW, headers=headers)


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        (['<https://h.example/>; rel="hub"'], {"hub": "https://h.example/"}),
        (["</hub>; rel=hub, </self>; rel=self"], {"hub": "http://a.example/hub", "self": "http://a.example/self"}),
        (['<https://h.example/?a=1,2>; title="a, b"; rel="self hub"'], dict.fromkeys(("self", "hub"), "https://h.example/?a=1,2")),
        (["<https://one.example/>; rel=hub", "<https://two.example/>; rel=hub"], {"hub": "https://one.example/"}),
        (["<javascript:x>; rel=hub", "rel=hub", "<>; rel=hub", "<https://h.example/>"], {}),
    ],
)  # fmt: skip
def test_link_headers(links: list[str], expected: dict[str, str]) -> None:
    assert hubs.links(answer(*links)) == expected


def test_headers_go_before_the_document() -> None:
    feed, parsed = Feed(1, "http://a.example/feed", "a.example"), ParsedFeed("atom10", hub_url="https://doc.example/")
    assert hubs.offered(feed, answer(), parsed) == ("https://doc.example/", feed.url)
    assert hubs.offered(feed, answer("<https://h.example/>; rel=hub"), parsed) == ("https://h.example/", feed.url)
    assert hubs.offered(feed, answer(), ParsedFeed("rss20")) is None


def test_signatures() -> None:
    good = hmac.new(b"rahasia", b"isi", hashlib.sha1).hexdigest()
    assert websub.signed("rahasia", b"isi", f"sha1={good}")
    assert websub.signed("rahasia", b"isi", f"SHA1={good.upper()}")
    assert not websub.signed("rahasia", b"isi.", f"sha1={good}")
    assert not websub.signed("rahasia", b"isi", None)


@pytest.mark.parametrize(
    ("granted", "lease"),
    [("3600", 3600), ("1", 300), ("0", 300), ("999999999999", 90 * 86400), ("-5", 864000), (None, 864000)],
)
def test_leases_are_bounded(granted: str | None, lease: int) -> None:
    assert websub.lease_of(granted).total_seconds() == lease


@pytest.mark.parametrize("url", ["ftp://a.example", "a.example", "https://a.example/?x=1", "https://a.example/#x"])
def test_the_public_address_must_be_one(url: str) -> None:
    with pytest.raises(ConfigError, match="KLIPING_WEBSUB_URL"):
        load({"KLIPING_WEBSUB_URL": url})
