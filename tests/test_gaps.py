"""Entries that may have been missed: noticed, looked for, and told when they cannot be had."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from db import gaps as rows_of_gaps
from db.entries import NewEntry
from ingest import due
from ingest.backfill import backfill
from ingest.gaps import measure
from ingest.shell import Shell
from ingest.visit import poll_now
from kliping.feeds import Feed
from kliping.model import Entry
from kliping.settings import Settings
from tests.clock import FakeClock
from tests.shell import add_feed, rows, run, shell_on, visit_due
from tests.world import World
from tests.world.server import Request

GAPS = "SELECT outcome, closed_at IS NULL FROM gaps ORDER BY id"


@pytest.fixture
async def shell(engine: AsyncEngine, settings: Settings, clock: FakeClock) -> AsyncIterator[Shell]:
    async with shell_on(engine, settings.model_copy(update={"host_spacing": 0.0}), clock) as running:
        yield running


async def again(shell: Shell, clock: FakeClock) -> None:
    clock.advance(2 * 3600)
    await visit_due(shell)


def missed(world: World, kind: str, more: int) -> tuple[object, int]:
    """A blog that will have published `more` posts beyond what its feed shows."""
    blog = getattr(world, kind)("Celah", posts=12)
    return blog, blog.per_feed + more


@pytest.mark.parametrize("kind", ["wordpress", "blogger"])
async def test_what_was_missed_is_walked_back_to_and_the_gap_closed(
    world: World, shell: Shell, clock: FakeClock, kind: str
) -> None:
    blog, count = missed(world, kind, 7)
    await add_feed(shell, blog)
    await visit_due(shell)
    [(before,)] = await rows(shell, "SELECT count(*) FROM entries")
    for _ in range(count):
        blog.publish()
    await again(shell, clock)
    assert await rows(shell, GAPS) == [("filled", False)]
    assert await rows(shell, "SELECT count(*) FROM entries") == [(before + count,)]
    assert await rows(shell, "SELECT count(*) FROM entries WHERE origin = 'backfill'") == [(7,)]
    assert await rows(shell, "SELECT state FROM backfills") == [("done",)]
    assert await rows(shell, "SELECT gap_at FROM feeds") == [(None,)]


async def test_a_gap_says_between_which_entries_it_lies(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.wordpress("Rentang", posts=3)
    await add_feed(shell, blog)
    await visit_due(shell)
    newest = blog.posts[0].published_at
    for _ in range(14):
        blog.publish()
    await again(shell, clock)
    [(from_at, to_at, why)] = await rows(shell, "SELECT from_at, to_at, why FROM gaps")
    assert (from_at, to_at) == (newest, blog.posts[9].published_at)
    assert why == "none of its 10 entries was known"


async def test_polls_that_overlap_open_nothing(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.wordpress("Tenang", posts=12)
    await add_feed(shell, blog)
    for _ in range(3):
        await visit_due(shell)
        blog.publish()
        clock.advance(2 * 3600)
    assert await rows(shell, GAPS) == []


async def test_an_entry_that_a_document_shows_twice_is_none_that_was_known(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.wordpress("Kembar", posts=3)
    feed_id = await add_feed(shell, blog)
    await visit_due(shell)
    for _ in range(14):
        blog.publish()
    body = blog.feed(Request(blog.host, "GET", blog.feed_path, {}, 0.0, ("", 0))).body.decode()  # type: ignore[union-attr]
    item = body[body.index("<item>") : body.index("</item>") + len("</item>")]
    blog.fail(blog.feed_path, body=body.replace(item, item + item).encode(), content_type="application/rss+xml")
    await again(shell, clock)
    assert await rows(
        shell, "SELECT new, known FROM polls WHERE feed_id = :id ORDER BY at DESC LIMIT 1", id=feed_id
    ) == [(10, 0)]
    assert len(await rows(shell, GAPS)) == 1


async def test_a_first_poll_and_a_feed_that_was_empty_open_nothing(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.wordpress("Baru", posts=0)
    await add_feed(shell, blog)
    await visit_due(shell)
    for _ in range(4):
        blog.publish()
    await again(shell, clock)
    assert await rows(shell, "SELECT count(*) FROM entries") == [(4,)]
    assert await rows(shell, GAPS) == []


async def test_new_guids_on_known_addresses_are_no_gap(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.wordpress("GUID Baru", posts=6)
    await add_feed(shell, blog)
    await visit_due(shell)
    for post in blog.posts:
        post.guid += "&pindah=1"
        blog.edit(post)
    await again(shell, clock)
    assert await rows(shell, GAPS) == []


async def test_without_history_the_gap_stays_until_polls_overlap_and_is_told_as_unfilled(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.portal("Tanpa Arsip", posts=5)
    await add_feed(shell, blog)
    await visit_due(shell)
    for _ in range(blog.per_feed + 4):
        blog.publish()
    await again(shell, clock)
    assert await rows(shell, GAPS) == [(None, True)]
    [(state, reason)] = await rows(shell, "SELECT state, reason FROM backfills")
    assert state == "stopped"
    assert "cannot be walked" in reason
    blog.publish()
    await again(shell, clock)
    assert await rows(shell, GAPS) == [("unfilled", False)]
    assert await rows(shell, "SELECT gap_at FROM feeds") == [(None,)]
    async with shell.engine.connect() as conn:
        assert await rows_of_gaps.counts(conn) == {"open": 0, "filled": 0, "unfilled": 1}


async def test_one_gap_is_open_at_a_time_and_a_walk_without_paging_is_not_repeated(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.portal("Deras", posts=5)
    await add_feed(shell, blog)
    await visit_due(shell)
    for _ in range(3):
        for _ in range(blog.per_feed + 1):
            blog.publish()
        await again(shell, clock)
    assert await rows(shell, GAPS) == [(None, True)]
    assert await rows(shell, "SELECT count(*) FROM backfills") == [(1,)]
    [(to_at,)] = await rows(shell, "SELECT to_at FROM gaps")
    assert to_at == blog.posts[blog.per_feed - 1].published_at


async def test_a_page_of_history_that_fails_is_asked_for_in_later_visits(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.blogger("Gagal Dulu", posts=4)
    await add_feed(shell, blog)
    await visit_due(shell)
    for _ in range(30):
        blog.publish()
    fetched = iter((0, 1))
    real = shell.fetcher.fetch

    async def fetch(request, permit=None):
        if "start-index" in request.url and next(fetched, None) is not None:
            request = type(request)(blog.base_url + "/tidak-ada", request.kind)
        return await real(request, permit)

    shell.fetcher.fetch = fetch
    await again(shell, clock)
    assert await rows(shell, "SELECT state FROM backfills") == [("queued",)]
    assert await rows(shell, GAPS) == [(None, True)]
    await again(shell, clock)  # polls overlap again, but the walk has not told yet
    assert await rows(shell, GAPS) == [(None, True)]
    await again(shell, clock)
    assert await rows(shell, GAPS) == [("filled", False)]
    assert await rows(shell, "SELECT count(*) FROM entries") == [(34,)]


async def test_an_operators_walk_to_the_end_fills_the_gap(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.wordpress("Tangan", posts=2)
    feed = await add_feed(shell, blog)
    await visit_due(shell)
    for _ in range(12):
        blog.publish()
    await again(shell, clock)
    await run(shell, "UPDATE gaps SET closed_at = NULL, outcome = NULL")
    await run(shell, "UPDATE feeds SET gap_at = now()")
    await run(shell, "UPDATE backfills SET state = 'queued', cursor = :cursor", cursor=blog.feed_url)
    walk = await backfill(shell, feed)
    assert walk.state == "done"
    await poll_now(shell, feed)
    assert await rows(shell, GAPS) == [("filled", False)]


async def test_a_gap_shortens_the_interval(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Cepat", posts=5)
    await add_feed(shell, blog)
    await visit_due(shell)
    waits = []
    for more in (1, blog.per_feed + 4, 1):
        for _ in range(more):
            blog.publish()
        await again(shell, clock)
        [(wait,)] = await rows(shell, "SELECT next_poll_at - last_polled_at FROM feeds")
        waits.append(wait)
    assert waits[1] < 0.6 * waits[0]
    assert waits[2] > 1.5 * waits[1]


# --- pure -------------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def entry(at: datetime | None) -> NewEntry:
    return NewEntry(b"k", Entry(guid="g", published_at=at))


def test_dates_that_tell_nothing_leave_the_time_since_the_last_full_answer() -> None:
    feed = Feed(1, "https://a.example/feed", "a.example", last_full_at=NOW - timedelta(hours=3))
    newest = NOW - timedelta(hours=5)
    told = measure(feed, newest, [entry(NOW - timedelta(hours=1)), entry(None)], NOW)
    assert (told.from_at, told.to_at) == (newest, NOW - timedelta(hours=1))
    older = measure(feed, newest, [entry(NOW - timedelta(days=9))], NOW)
    assert (older.from_at, older.to_at) == (NOW - timedelta(hours=3), NOW)
    undated = measure(feed, newest, [entry(None)], NOW)
    assert (undated.from_at, undated.to_at) == (newest, NOW)


def test_the_shorter_interval_keeps_to_the_least() -> None:
    settings = Settings()
    feed = Feed(1, "https://a.example/feed", "a.example", gap_at=NOW, interval=300)
    wait = due.next_poll(feed, due.Answer(), NOW, 3600.0, settings).at - NOW
    assert wait.total_seconds() >= settings.poll_least * (1 - settings.poll_jitter)
