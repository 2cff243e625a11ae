"""R16, R21, R22, R41, R42: answers that are empty, cut, gone, slow down or lie change nothing that was known."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.shell import Shell
from kliping.settings import Settings
from tests.clock import FakeClock
from tests.shell import add_feed, rows, run, shell_on, visit_due
from tests.test_fetch import LOOPBACK
from tests.world import Blog, World
from tests.world.server import Answer

STATE = "SELECT etag, last_modified, body_sha256, last_full_at, answered_url, url, move_to FROM feeds ORDER BY id"
HOUR = 3600.0


@pytest.fixture
async def shell(engine: AsyncEngine, clock: FakeClock) -> AsyncIterator[Shell]:
    async with shell_on(engine, Settings(allow_networks=LOOPBACK), clock) as running:
        yield running


async def again(shell: Shell, clock: FakeClock, seconds: float = HOUR) -> str:
    """Poll everything once more, later; the last outcome."""
    clock.advance(seconds)
    await run(shell, "UPDATE feeds SET next_poll_at = :now WHERE state = 'active'", now=clock.now())
    await run(shell, "UPDATE hosts SET due_at = :now, not_before = NULL", now=clock.now())
    await visit_due(shell)
    [(outcome, *_)] = await rows(shell, "SELECT last_outcome FROM feeds")
    return str(outcome)


async def known(shell: Shell, blog: Blog) -> int:
    feed_id = await add_feed(shell, blog)
    await visit_due(shell)
    blog.publish()  # so that a good answer would bring something new
    return feed_id


async def test_r16_an_empty_answer_is_a_failure_that_changes_nothing(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.portal("Kosong", posts=3)
    await known(shell, blog)
    before, articles = await rows(shell, STATE), await rows(shell, "SELECT * FROM articles ORDER BY id")
    for body in (b"", b" \n\t "):
        blog.fail(blog.feed_path, body=body, headers=(("ETag", '"kosong"'),))
        assert await again(shell, clock) == "empty"
    assert await rows(shell, STATE) == before
    assert await rows(shell, "SELECT * FROM articles ORDER BY id") == articles
    assert await rows(shell, "SELECT failures FROM feeds") == [(2,)]
    blog.heal()
    assert await again(shell, clock) == "ok"


async def test_r21_a_feed_that_says_410_twice_a_day_apart_is_asked_no_more(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.portal("Tutup", posts=2)
    await known(shell, blog)
    blog.fail(blog.feed_path, status=410)
    assert await again(shell, clock) == "gone"
    assert await again(shell, clock) == "gone"
    assert await rows(shell, "SELECT state FROM feeds") == [("active",)]
    await again(shell, clock, 24 * HOUR)
    assert await rows(shell, "SELECT state, state_reason FROM feeds") == [("gone", "410 twice, a day apart")]
    asked = len(world.asked(blog, blog.feed_path))
    for _ in range(30):
        clock.advance(24 * HOUR)
        await visit_due(shell)
    assert len(world.asked(blog, blog.feed_path)) == asked
    assert await rows(shell, "SELECT count(*) FROM articles") == [(2,)]


ANSWERS = [
    ({"status": 429, "retry_after": 600}, 600),
    ({"status": 503, "retry_after": 7200}, 7200),
    ({"status": 429, "retry_after": 315_360_000}, 86_400),
    ({"status": 503, "retry_after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86_400),
    ({"status": 403, "retry_after": 4000}, 4000),
    ({"status": 429}, 30),
    ({"status": 429, "retry_after": 5}, 30),
]


@pytest.mark.parametrize(("answer", "least"), ANSWERS)
async def test_r22_a_pause_that_is_asked_for_is_kept_by_the_whole_host(
    world: World, shell: Shell, clock: FakeClock, answer: dict[str, Any], least: int
) -> None:
    """The next try on the host is within [Retry-After, +10 %], or at the feed's interval if that is later."""
    blog = world.portal("Sabar", posts=1)
    await known(shell, blog)
    blog.fail(blog.feed_path, **answer)
    clock.advance(HOUR)
    await visit_due(shell)
    [(polled, due, held)] = await rows(
        shell, "SELECT f.last_polled_at, f.next_poll_at, h.due_at FROM feeds f JOIN hosts h ON h.name = f.host"
    )
    wait = (due - polled).total_seconds()
    interval = 2 * 1800 * 1.1  # doubled by the failure, with jitter
    assert least <= wait <= max(least * 1.1, interval) + 1
    assert held >= polled + timedelta(seconds=least)
    asked = len(world.requests)
    clock.set(polled + timedelta(seconds=least - 1))
    await run(shell, "UPDATE feeds SET next_poll_at = :now", now=clock.now())
    await visit_due(shell)
    assert len(world.requests) == asked


async def test_r22_a_date_in_retry_after_is_kept_too(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Tanggal", posts=1)
    await known(shell, blog)
    clock.advance(HOUR)
    until = clock.now() + timedelta(hours=3)
    blog.fail(blog.feed_path, status=503, retry_after=format_datetime(until, usegmt=True))
    await visit_due(shell)
    [(due,)] = await rows(shell, "SELECT next_poll_at FROM feeds")
    assert until <= due <= until + timedelta(minutes=18)


@pytest.mark.parametrize("cut", ["length", "gzip", "xml"])
async def test_r41_a_cut_answer_is_a_failure_that_changes_nothing(
    world: World, shell: Shell, clock: FakeClock, cut: str
) -> None:
    blog = world.portal("Putus", posts=3)
    await known(shell, blog)
    before = await rows(shell, STATE)
    document = blog.answer(world.requests[0]).body
    if cut == "length":
        blog.fail(blog.feed_path, truncate=200)
    elif cut == "gzip":
        packed = gzip.compress(document)[:-40]
        blog.fail(blog.feed_path, body=packed).answer = lambda: _packed(packed)  # type: ignore[method-assign]
    else:
        blog.fail(blog.feed_path, body=document[:60], content_type="application/rss+xml")
    outcome = await again(shell, clock)
    assert outcome in {"truncated", "not_feed", "malformed"}
    assert await rows(shell, STATE) == before
    assert await rows(shell, "SELECT count(*) FROM entries WHERE state = 'rejected'") == [(0,)]


def _packed(body: bytes) -> Answer:
    """Sent as it is, under the name of gzip."""
    return Answer(200, body, "application/rss+xml", '"putus"', packed=body)


async def test_r42_a_304_for_ever_hides_an_entry_for_a_day_at_most(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.portal("Bohong", posts=2)
    await add_feed(shell, blog)
    await visit_due(shell)
    [(full,)] = await rows(shell, "SELECT last_full_at FROM feeds")
    answer = blog.answer

    def lying(request: Any) -> Any:
        found = answer(request)
        if request.path == blog.feed_path and "if-none-match" in request.headers:
            found.etag = request.headers["if-none-match"]
        return found

    blog.answer = lying  # type: ignore[method-assign]
    blog.publish()
    words = [await again(shell, clock) for _ in range(23)]
    assert set(words) == {"not_modified"}
    clock.set(full + timedelta(hours=24))
    assert await again(shell, clock, 0) == "ok"
    assert await rows(shell, "SELECT count(*) FROM entries") == [(3,)]


async def test_r42_an_etag_that_changes_each_time_costs_no_write(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Acak", posts=2)
    await add_feed(shell, blog)
    await visit_due(shell)
    answer, count = blog.answer, iter(range(1000))

    def fickle(request: Any) -> Any:
        found = answer(request)
        if request.path == blog.feed_path:
            found.etag, found.last_modified = f'"{next(count)}"', None
        return found

    blog.answer = fickle  # type: ignore[method-assign]
    before = await rows(shell, "SELECT count(*), max(id) FROM entries")
    assert {await again(shell, clock) for _ in range(5)} == {"unchanged"}
    assert await rows(shell, "SELECT count(*), max(id) FROM entries") == before


async def test_r42_a_304_that_nobody_asked_for_is_no_answer(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Aneh", posts=2)
    blog.validators = "none"
    await known(shell, blog)
    before = await rows(shell, STATE)
    blog.fail(blog.feed_path, status=304)
    assert await again(shell, clock) == "unexpected_status"
    assert await rows(shell, STATE) == before
