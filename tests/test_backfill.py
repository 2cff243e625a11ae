"""History: Blogger and WordPress walked back through the same path, resumable, nothing twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from db.backfills import Backfill
from ingest.backfill import backfill
from ingest.shell import Shell
from kliping.errors import InputError
from tests.clock import FakeClock
from tests.shell import add_feed, rows, visit_due
from tests.world import World


@pytest.mark.parametrize(("kind", "pages"), [("blogger", 1), ("wordpress", 3)])
async def test_history_is_stored_through_the_same_path(world: World, shell: Shell, kind: str, pages: int) -> None:
    blog = getattr(world, kind)("Arsip", posts=28)
    feed_id = await add_feed(shell, blog)
    await visit_due(shell)
    [(live,)] = await rows(shell, "SELECT count(*) FROM articles")
    assert 0 < live < 28
    walk = await backfill(shell, feed_id)
    assert (walk.state, walk.new, walk.known) == ("done", 28 - live, live)
    assert walk.pages >= pages
    assert await rows(shell, "SELECT count(*), count(DISTINCT url) FROM articles") == [(28, 28)]
    assert await rows(shell, "SELECT count(*) FROM entries WHERE origin = 'backfill'") == [(28 - live,)]
    again = await backfill(shell, feed_id)
    assert (again.state, again.new, again.known) == ("done", 0, 28)
    assert await rows(shell, "SELECT count(*) FROM articles") == [(28,)]


async def test_a_walk_keeps_to_its_span(world: World, shell: Shell) -> None:
    blog = world.blogger("Rentang", posts=12)
    feed_id = await add_feed(shell, blog)
    dates = sorted(post.published_at for post in blog.posts)
    walk = await backfill(shell, feed_id, since=dates[3], until=dates[8])
    assert walk.new == 6
    stored = await rows(shell, "SELECT min(published_at), max(published_at) FROM articles")
    assert stored == [(dates[3], dates[8])]


async def test_wordpress_stops_once_it_is_past_the_span(world: World, shell: Shell) -> None:
    blog = world.wordpress("Mundur", posts=45)
    feed_id = await add_feed(shell, blog)
    dates = sorted((post.published_at for post in blog.posts), reverse=True)
    walk = await backfill(shell, feed_id, since=dates[11])
    assert (walk.state, walk.new) == ("done", 12)
    assert walk.pages <= 3


async def test_a_walk_goes_on_where_it_stopped(world: World, shell: Shell) -> None:
    blog = world.wordpress("Lanjut", posts=25)
    feed_id = await add_feed(shell, blog)
    first = await backfill(shell, feed_id, max_pages=1)
    assert (first.state, first.pages, first.new) == ("stopped", 1, 10)
    asked = len([request for request in world.requests if request.path == blog.feed_path])
    second = await backfill(shell, feed_id)
    assert (second.id, second.state, second.new) == (first.id, "done", 25)
    pages = [request.query.get("paged") for request in world.requests if request.path == blog.feed_path][asked:]
    assert pages[0] == "2"
    assert await rows(shell, "SELECT count(*) FROM articles") == [(25,)]


async def test_an_interrupted_walk_gives_the_lease_back_and_can_go_on(world: World, shell: Shell) -> None:
    blog = world.wordpress("Putus", posts=25)
    feed_id = await add_feed(shell, blog)

    def stop(walk: Backfill) -> None:
        if walk.pages == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await backfill(shell, feed_id, report=stop)
    assert await rows(shell, "SELECT lease_holder FROM hosts") == [(None,)]
    assert await rows(shell, "SELECT state, pages FROM backfills") == [("stopped", 2)]
    assert (await backfill(shell, feed_id)).new == 25


async def test_a_feed_without_paging_is_refused_in_one_line(world: World, shell: Shell) -> None:
    feed_id = await add_feed(shell, world.portal("Tanpa Arsip", posts=2))
    with pytest.raises(InputError, match="neither Blogger nor WordPress"):
        await backfill(shell, feed_id)


async def test_live_polling_does_not_take_history_for_news(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.blogger("Tenang", posts=30)
    feed_id = await add_feed(shell, blog)
    await backfill(shell, feed_id)
    clock.advance(3600)
    await visit_due(shell)
    outcome: list[Any] = await rows(shell, "SELECT new, known FROM polls")
    assert outcome == [(0, 25)]
    assert await rows(shell, "SELECT count(*) FROM articles WHERE published_at > :at",
                      at=clock.now() + timedelta(0)) == [(0,)]  # fmt: skip
