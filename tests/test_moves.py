"""When a feed's URL changes and when it must not, which validators are kept, and which feeds are one."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from db import moves as rows_of
from db.moves import Sighting
from ingest import moves
from ingest.moves import Proof
from ingest.shell import Shell
from kliping.feeds import Feed, Fetched, FetchOutcome, Hop
from tests.clock import START, FakeClock
from tests.shell import add_feed, rows, run, visit_due
from tests.world import Blog, World

OLD, NEW, HTTPS = "http://lama.example/feed", "http://baru.example/feed", "https://lama.example/feed"
SAME, ALIKE, OTHER = Proof(True, True), Proof(True, False), Proof(False, False)
DAYS = timedelta(days=1)


def answer(
    *hops: tuple[int, str], at: datetime = START, url: str = OLD, headers: dict[str, str] | None = None
) -> Fetched:
    """A good answer after these redirects."""
    chain: list[Hop] = []
    for status, to in hops:
        chain.append(Hop(status, chain[-1].location if chain else url, to))
    final = chain[-1].location if chain else url
    return Fetched(url, final, FetchOutcome.OK, at, 200, tuple((headers or {}).items()), b"x", hops=tuple(chain))


def play(script: list[tuple[float, list[tuple[int, str]], Proof]], url: str = OLD) -> list[tuple[float, str, str]]:
    """Polls at days with redirects and proofs; the moves that came of them. R20."""
    feed, made = Feed(1, url, "lama.example"), []
    for day, hops, proof in script:
        sighting, move = moves.follow(feed, answer(*hops, at=START + day * DAYS, url=feed.url), proof)
        if move:
            made.append((day, move.to_url, move.why))
            feed = Feed(1, move.to_url, move.host)
        else:
            seen = sighting or Sighting("", START, 0)
            feed = Feed(1, feed.url, feed.host, move_to=seen.to or None, move_since=seen.since, move_seen=seen.seen)
    return made


GONE_FOR_GOOD = [(301, NEW)]
WEEK = [0.0, 1, 2, 6.9, 7, 8]
SCRIPTS = {
    "a week and three sightings": ([(d, GONE_FOR_GOOD, SAME) for d in WEEK], [(7, NEW, "permanent")]),
    "308 as well": ([(d, [(308, NEW)], SAME) for d in WEEK], [(7, NEW, "permanent")]),
    "two sightings are too few": ([(0, GONE_FOR_GOOD, SAME), (9, GONE_FOR_GOOD, SAME)], []),
    "a week is not over": ([(d / 10, GONE_FOR_GOOD, SAME) for d in range(69)], []),
    "temporary": ([(d, [(302, NEW)], SAME) for d in WEEK] + [(9 + d, [(307, NEW)], SAME) for d in WEEK], []),
    "temporary first": ([(d, [(302, "http://x.example/"), (301, NEW)], SAME) for d in WEEK], []),
    "permanent, then temporary": ([(d, [*GONE_FOR_GOOD, (302, HTTPS)], SAME) for d in WEEK], [(7, NEW, "permanent")]),
    "no entry is known there": ([(d, GONE_FOR_GOOD, OTHER) for d in range(30)], []),
    "a first look is no sighting": ([(d, GONE_FOR_GOOD, ALIKE) for d in range(30)], []),
    "another target each time": ([(d, [(301, f"{NEW}{d}")], SAME) for d in range(30)], []),
    "two targets in turn": ([(d, [(301, f"{NEW}{d % 2}")], SAME) for d in range(30)], []),
    "it answers itself in between": ([(d, [] if d == 5 else GONE_FOR_GOOD, SAME) for d in (0, 2, 5, 7, 8)], []),
    "and is watched anew": (
        [(d, [] if d == 1 else GONE_FOR_GOOD, SAME) for d in (0, 1, 2, 3, 8, 9)],
        [(9, NEW, "permanent")],
    ),
    "https at once": ([(0, [(301, HTTPS)], ALIKE), (1, [], SAME)], [(0, HTTPS, "https")]),
    "https of another document": ([(d, [(301, HTTPS)], OTHER) for d in WEEK], []),
    "https by 302": ([(d, [(302, HTTPS)], SAME) for d in WEEK], []),
    "https and another name waits": ([(d, [(301, HTTPS), (301, NEW)], SAME) for d in WEEK], [(7, NEW, "permanent")]),
    "https of another path waits": ([(0, [(301, HTTPS + "/rss")], SAME)], []),
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_url_changes_when_it_should_and_never_else(name: str) -> None:
    script, expected = SCRIPTS[name]
    assert play(script) == expected


def test_an_answer_that_proves_nothing_changes_nothing_that_was_seen() -> None:
    feed = Feed(1, OLD, "lama.example", move_to=NEW, move_since=START, move_seen=2)
    assert moves.follow(feed, answer((301, NEW)), OTHER) == (Sighting(NEW, START, 2), None)
    assert moves.watched(feed) == Sighting(NEW, START, 2)
    assert moves.watched(Feed(1, OLD, "lama.example")) is None


# --- validators -------------------------------------------------------------------------------------------------------

PAST, AHEAD = "Sun, 01 Mar 2026 00:00:00 GMT", format_datetime(START + timedelta(hours=1), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"ETag": ' W/"a, b"', "Last-Modified": PAST}, (' W/"a, b"', PAST)),
        ({"ETag": '"a"', "Last-Modified": AHEAD}, ('"a"', None)),
        ({"ETag": '"a"', "Last-Modified": PAST, "Expires": " 0 "}, (None, None)),
        ({"ETag": '"a"', "Expires": "-1"}, ('"a"', None)),
        ({"Last-Modified": "kemarin"}, (None, "kemarin")),
        ({}, (None, None)),
    ],
)
def test_validators_that_lie_are_dropped(headers: dict[str, str], kept: tuple[str | None, str | None]) -> None:
    assert moves.validators(answer(headers=headers), None, None) == kept


def test_a_304_confirms_what_we_have_and_may_renew_it() -> None:
    assert moves.validators(answer(headers={}), '"a"', PAST) == ('"a"', PAST)
    assert moves.validators(answer(headers={"ETag": '"b"'}), '"a"', PAST) == ('"b"', PAST)
    assert moves.validators(answer(headers={"Expires": "0"}), '"a"', PAST) == (None, None)


# --- the whole path ---------------------------------------------------------------------------------------------------


async def poll_daily(shell: Shell, clock: FakeClock, blogs: list[Blog], days: int) -> None:
    """A new post a day, and a poll."""
    for _ in range(days):
        clock.advance(24 * 3600)
        for blog in blogs:
            blog.publish()
        await run(shell, "UPDATE feeds SET next_poll_at = :now", now=clock.now())
        await run(shell, "UPDATE hosts SET due_at = :now WHERE name IN (SELECT host FROM feeds)", now=clock.now())
        await visit_due(shell)


async def test_a_feed_moves_to_another_host_and_no_entry_comes_twice(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    old, new = world.portal("Lama", posts=1), world.portal("Baru", posts=3)
    old.fail("/pindah", status=301, redirect=new.feed_url)
    feed_id = await add_feed(shell, old.base_url + "/pindah", full_text=True)
    await visit_due(shell)
    await poll_daily(shell, clock, [new], 6)
    [(before,)] = await rows(shell, "SELECT url FROM feeds")
    assert before == old.base_url + "/pindah"
    await poll_daily(shell, clock, [new], 4)
    assert await rows(shell, "SELECT url, host, move_to, answered_url FROM feeds") == [
        (new.feed_url, new.host, None, None)
    ]
    async with shell.engine.connect() as conn:
        [moved] = await rows_of.of_feed(conn, feed_id)
    assert (moved.from_url, moved.to_url, moved.why, moved.refused) == (before, new.feed_url, "permanent", None)
    asked = [r for r in world.asked(old) if r.path == "/pindah"]
    assert len(asked) == 9  # the day of the first poll, eight more: the eighth is a week after the second
    assert await rows(shell, "SELECT count(*) FROM entries") == [(len(new.posts),)]
    assert await rows(shell, "SELECT due_at FROM hosts WHERE name = :h AND due_at IS NOT NULL", h=new.host)


async def test_a_move_onto_another_feed_is_refused_and_both_are_reported(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.portal("Satu", posts=3)
    blog.fail("/lama", status=301, redirect=blog.feed_url)
    first, second = await add_feed(shell, blog), await add_feed(shell, blog.base_url + "/lama")
    await visit_due(shell)
    async with shell.engine.connect() as conn:
        assert [(twin.by, twin.feeds) for twin in await rows_of.twins(conn)] == [
            ("url", (first, second)),
            ("body", (first, second)),
        ]
    await poll_daily(shell, clock, [blog], 9)
    async with shell.engine.connect() as conn:
        [moved] = await rows_of.of_feed(conn, second)
        assert await rows_of.of_feed(conn, first) == []
    assert moved.refused == f"feed {first} has this URL"
    assert await rows(shell, "SELECT url FROM feeds WHERE id = :id", id=second) == [(blog.base_url + "/lama",)]


async def test_a_move_to_a_front_page_never_happens(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Depan", posts=3)
    feed_id = await add_feed(shell, blog)
    await visit_due(shell)
    blog.fail(blog.feed_path, status=301, redirect=blog.base_url + "/")
    await poll_daily(shell, clock, [blog], 10)
    assert await rows(shell, "SELECT url, move_to, last_outcome FROM feeds") == [(blog.feed_url, None, "html")]
    async with shell.engine.connect() as conn:
        assert await rows_of.of_feed(conn, feed_id) == []


async def test_validators_are_sent_back_to_where_they_came_from(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Ganti", posts=3)
    blog.fail("/lewat", status=302, redirect=blog.feed_url)
    await add_feed(shell, blog.base_url + "/lewat")
    await visit_due(shell)
    clock.advance(3600)
    await visit_due(shell)
    assert await rows(shell, "SELECT answered_url, last_outcome FROM feeds") == [(blog.feed_url, "not_modified")]
    assert not any("if-none-match" in r.headers for r in world.asked(blog, "/lewat"))


async def test_a_full_answer_is_asked_for_when_a_day_has_passed_and_never_sooner(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.portal("Sehari", posts=3)
    feed_id = await add_feed(shell, blog)
    await visit_due(shell)
    [(full,)] = await rows(shell, "SELECT last_full_at FROM feeds")
    for back in (timedelta(seconds=1), timedelta(0)):
        at = full + timedelta(hours=24) - back
        clock.set(at)
        await run(shell, "UPDATE feeds SET next_poll_at = :at", at=at)
        await run(shell, "UPDATE hosts SET due_at = :at, last_start_at = NULL WHERE name = :h", at=at, h=blog.host)
        await visit_due(shell)
    assert await rows(shell, "SELECT outcome FROM polls WHERE feed_id = :id ORDER BY at", id=feed_id) == [
        ("ok",),
        ("not_modified",),
        ("unchanged",),
    ]
    conditional = ["if-none-match" in request.headers for request in world.asked(blog, blog.feed_path)]
    assert conditional == [False, True, False]
