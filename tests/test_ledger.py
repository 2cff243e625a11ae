"""The two writing transactions: nothing twice, nothing under a lost lease, each entry in exactly one state."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db import articles, entries, hosts, polls
from db.articles import RawPage
from db.entries import NewEntry
from db.hosts import Release
from db.polls import FeedUpdate
from db.schema import POLLS_KEPT
from ingest.batch import Batcher, PoisonError
from ingest.ledger import Found, PollWrite, Settlement, settle_batch, write_polls
from kliping.decisions import Duplicate, Identity, Insert, Reject, Retry
from kliping.feeds import Lease, PollRecord
from kliping.model import Article, Entry, Origin, PageOutcome, Removal
from tests.clock import START, FakeClock

HOST, OTHER = "kabar.example", "warta.example"


def key(word: str) -> bytes:
    return hashlib.sha256(word.encode()).digest()


async def add_feed(engine: AsyncEngine, host: str = HOST) -> tuple[int, Lease]:
    async with engine.begin() as conn:
        await hosts.ensure(conn, [host])
        feed_id = await conn.scalar(
            text("INSERT INTO feeds (url, url_key, host, next_poll_at) VALUES (:url, :key, :host, :at) RETURNING id"),
            {"url": f"https://{host}/feed", "key": key(host), "host": host, "at": START},
        )
        lease = await hosts.take(conn, host, START, START + timedelta(days=1), "me")
    assert lease is not None
    return feed_id, lease


def poll_of(feed_id: int, lease: Lease, words: Sequence[str], minute: int = 0, **update: Any) -> PollWrite:
    at = START + timedelta(minutes=minute)
    rows = tuple(
        NewEntry(key(word), Entry(guid=word, url=f"https://{lease.host}/{word}", title=word), host=lease.host,
                 next_try_at=at)
        for word in words
    )  # fmt: skip
    record = PollRecord(feed_id, at, "ok", 200, new=len(rows))
    return PollWrite(lease, record, FeedUpdate(at + timedelta(minutes=30), 0, **update), rows, read=True)


def article_of(entry_id: int, feed_id: int, lease: Lease, word: str, body: str | None = None) -> Settlement:
    body = body or f"Isi {word}."
    article = Article(
        PageOutcome.ARTICLE,
        url=f"https://{lease.host}/{word}",
        title=word,
        body=body,
        removed=(Removal("tail", "comment_count", "0 komentar:"),),
        extractor="test",
    )
    identity = Identity(lease.host, key(word), key(article.url or ""), key(body))
    page = RawPage(START, Origin.WEB, b"<html>" + word.encode(), article.url)
    return Settlement(lease, entry_id, feed_id, START, Found(identity, article, Origin.WEB, True), page=page)


async def rows(engine: AsyncEngine, statement: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as conn:
        return [tuple(row) for row in await conn.execute(text(statement))]


async def enter(engine: AsyncEngine, words: Sequence[str], host: str = HOST) -> tuple[int, Lease, dict[str, int]]:
    feed_id, lease = await add_feed(engine, host)
    async with engine.begin() as conn:
        assert await write_polls(conn, [poll_of(feed_id, lease, words)]) == [True]
    found = await rows(engine, f"SELECT guid, id FROM entries WHERE feed_id = {feed_id}")
    return feed_id, lease, dict(found)  # type: ignore[arg-type]


async def test_a_poll_writes_entries_and_validators_together_and_once(engine: AsyncEngine) -> None:
    feed_id, lease = await add_feed(engine)
    item = poll_of(feed_id, lease, ["a", "b"], etag='W/"x"', last_modified="Mon, 02 Mar 2026 01:00:00 GMT")
    for _ in range(2):  # the answer to the first COMMIT was lost
        async with engine.begin() as conn:
            assert await write_polls(conn, [item]) == [True]
    assert await rows(engine, "SELECT count(*) FROM entries") == [(2,)]
    assert await rows(engine, "SELECT poll_count, etag FROM feeds") == [(1, 'W/"x"')]
    assert await rows(engine, "SELECT slot, new FROM polls") == [(0, 2)]


async def test_a_stale_holder_writes_nothing(engine: AsyncEngine) -> None:
    feed_id, lease, ids = await enter(engine, ["a"])
    stale = replace(lease, number=lease.number - 1)
    async with engine.begin() as conn:
        assert await write_polls(conn, [poll_of(feed_id, stale, ["b"], minute=1, etag='"stale"')]) == [False]
        [settled] = await settle_batch(conn, [article_of(ids["a"], feed_id, stale, "a")])
    assert settled.decision is None
    assert await rows(engine, "SELECT guid, state FROM entries") == [("a", "pending")]
    assert await rows(engine, "SELECT count(*), max(etag) FROM articles, feeds") == [(0, None)]


async def test_the_ring_keeps_50_polls_and_rolls_the_rest_up_by_day(engine: AsyncEngine) -> None:
    feed_id, lease = await add_feed(engine)
    for minute in range(120):
        async with engine.begin() as conn:
            await write_polls(conn, [poll_of(feed_id, lease, [], minute=minute * 15)])
    assert await rows(engine, "SELECT count(*), min(at) FROM polls") == [(50, START + timedelta(minutes=70 * 15))]
    assert await rows(engine, "SELECT sum(polls) FROM poll_days") == [(70,)]
    assert await rows(engine, "SELECT poll_count FROM feeds") == [(120,)]


async def test_unchanged_polls_in_one_statement_leave_what_they_leave_one_by_one(engine: AsyncEngine) -> None:
    feeds = [await add_feed(engine, f"h{number}.example") for number in range(4)]
    async with engine.begin() as conn:
        await conn.execute(
            text("""UPDATE feeds SET failures = 3, backoff = 2, failing_since = now(), etag = '"a"', move_seen = 2,
                gone_at = now(), last_detail = 'x', body_sha256 = 'b', last_full_at = :at, answered_url = 'u'"""),
            {"at": START},
        )
    for number in range(POLLS_KEPT + 3):
        items = []
        for feed_id, lease in feeds:
            item = poll_of(feed_id, lease, [], minute=number, etag=f'"{number}"', last_modified="m")
            update = replace(item.update, body_sha256=b"b", last_full_at=START, answered_url="u")
            record = replace(item.record, outcome="not_modified", status=304, seconds=0.5, bytes=7)
            items.append(replace(item, record=record, update=update, read=False))
        async with engine.begin() as conn:
            assert await write_polls(conn, [*items[:2], items[0]]) == [True, True, True]
            for item in items[2:]:
                await polls.save(conn, item.update, item.record, full=False)
    own = "id, url, url_key, host, created_at, rhythm_at"
    for statement in (
        f"SELECT to_jsonb(f) {''.join(f' - {name!r}' for name in own.split(', '))} FROM feeds f ORDER BY id",
        "SELECT array_agg(to_jsonb(p) - 'feed_id' ORDER BY slot) FROM polls p GROUP BY feed_id ORDER BY feed_id",
        "SELECT array_agg(to_jsonb(d) - 'feed_id' ORDER BY day) FROM poll_days d GROUP BY feed_id ORDER BY feed_id",
    ):
        left = [found for (found,) in await rows(engine, statement)]
        assert len(left) == 4
        assert left[0] == left[1] == left[2] == left[3]


async def test_an_article_its_removals_its_page_and_its_entry_commit_together(engine: AsyncEngine) -> None:
    feed_id, lease, ids = await enter(engine, ["a"])
    async with engine.begin() as conn:
        [settled] = await settle_batch(conn, [article_of(ids["a"], feed_id, lease, "a")])
    assert settled.decision == Insert()
    assert await rows(engine, "SELECT state, article_id, payload, next_try_at FROM entries") == [
        ("stored", settled.article_id, None, None)
    ]
    assert await rows(engine, "SELECT rule, text, kept_as FROM removals") == [("comment_count", "0 komentar:", None)]
    [(page_id, body_size)] = await rows(engine, "SELECT id, size FROM pages")
    assert await rows(engine, "SELECT page_id, initial FROM articles") == [(page_id, True)]
    assert body_size == len(b"<html>a")


async def test_settling_again_after_a_lost_answer_changes_nothing(engine: AsyncEngine) -> None:
    feed_id, lease, ids = await enter(engine, ["a"])
    item = article_of(ids["a"], feed_id, lease, "a")
    for _ in range(2):
        async with engine.begin() as conn:
            await settle_batch(conn, [item])
    assert await rows(engine, "SELECT state, attempts FROM entries") == [("stored", 0)]
    assert await rows(engine, "SELECT count(*) FROM articles") == [(1,)]
    assert await rows(engine, "SELECT count(*) FROM pages") == [(1,)]


@pytest.mark.parametrize("together", [True, False])
async def test_duplicates_within_a_site_by_identity_url_and_body(engine: AsyncEngine, together: bool) -> None:
    feed_id, lease, ids = await enter(engine, ["a", "b", "c", "d"])
    first = article_of(ids["a"], feed_id, lease, "a")
    assert first.found is not None
    one = first.found.identity
    items = [
        first,
        _with(article_of(ids["b"], feed_id, lease, "b"), entry_key=one.entry_key),
        _with(article_of(ids["c"], feed_id, lease, "c"), url_key=one.url_key),
        _with(article_of(ids["d"], feed_id, lease, "d"), body_key=one.body_key),
    ]
    settled = []
    for batch in [items] if together else [[item] for item in items]:
        async with engine.begin() as conn:
            settled += await settle_batch(conn, batch)
    kept = settled[0].article_id
    assert [end.decision for end in settled] == [
        Insert(),
        Duplicate(kept, "identity"),
        Duplicate(kept, "url"),
        Duplicate(kept, "body"),
    ]
    assert await rows(engine, "SELECT guid, state, reason, article_id FROM entries ORDER BY guid") == [
        ("a", "stored", None, kept),
        ("b", "duplicate", "identity", kept),
        ("c", "duplicate", "url", kept),
        ("d", "duplicate", "body", kept),
    ]


def _with(item: Settlement, **keys: Any) -> Settlement:
    assert item.found is not None
    return replace(item, found=replace(item.found, identity=replace(item.found.identity, **keys)))


@pytest.mark.parametrize("together", [True, False])
async def test_copies_on_other_sites_are_stored_and_linked(engine: AsyncEngine, together: bool) -> None:
    feed_a, lease_a, ids_a = await enter(engine, ["a"])
    feed_b, lease_b, ids_b = await enter(engine, ["b"], OTHER)
    body = "Warga dua desa bergotong royong membangun jembatan."
    items = [
        article_of(ids_a["a"], feed_a, lease_a, "a", body),
        article_of(ids_b["b"], feed_b, lease_b, "b", body),
    ]
    for batch in [items] if together else [[item] for item in items]:
        async with engine.begin() as conn:
            await settle_batch(conn, batch)
    [(first, _), (_, link)] = await rows(engine, "SELECT id, same_body_as FROM articles ORDER BY id")
    assert link == first


async def test_failures_keep_count_and_payload_until_they_are_final(engine: AsyncEngine) -> None:
    feed_id, lease, ids = await enter(engine, ["a"])
    later = START + timedelta(minutes=1)
    again = Settlement(lease, ids["a"], feed_id, START, instead=Retry(later, "timeout"))
    async with engine.begin() as conn:
        await settle_batch(conn, [again])
        assert await entries.pending(conn, HOST, START, 10) == []
        [due] = await entries.pending(conn, HOST, later, 10)
    assert (due.attempts, due.reason, due.entry.title, due.feed.id) == (1, "timeout", "a", feed_id)
    async with engine.begin() as conn:
        await settle_batch(conn, [Settlement(lease, ids["a"], feed_id, later, instead=Reject("timeout"))])
    assert await rows(engine, "SELECT state, reason, attempts, payload FROM entries") == [
        ("rejected", "timeout", 2, None)
    ]


async def test_four_writers_of_the_same_sixty_articles_do_not_deadlock(engine: AsyncEngine) -> None:
    words = [f"w{n}" for n in range(60)]
    feeds = [await enter(engine, words, f"h{n}.example") for n in range(4)]

    async def write(feed_id: int, lease: Lease, ids: dict[str, int], step: int) -> None:
        order = words[step * 7 :] + words[: step * 7]
        for start in range(0, 60, 20):
            items = [
                _with(article_of(ids[w], feed_id, lease, w), site="one.example") for w in order[start : start + 20]
            ]
            async with engine.begin() as conn:
                items = [_with(i, url_key=key(i.found.article.title or "")) for i in items if i.found]
                await settle_batch(conn, items)

    results = await asyncio.gather(*(write(*feed, step) for step, feed in enumerate(feeds)), return_exceptions=True)
    kinds = {type(result).__name__ for result in results if result is not None}
    assert kinds <= {"DBAPIError", "OperationalError", "TimeoutError"}  # a batcher retries these
    [(count,)] = await rows(engine, "SELECT count(*) FROM articles")
    assert count == 60


async def test_a_poisonous_item_fails_alone(engine: AsyncEngine) -> None:
    async def write(conn: AsyncConnection, items: Sequence[str]) -> Sequence[int]:
        return [await conn.scalar(text("SELECT (:word)::int"), {"word": item}) for item in items]

    async with Batcher(engine, FakeClock(), write) as batcher:
        futures = [await batcher.submit(word) for word in ("1", "dua", "3")]
        results = await asyncio.gather(*futures, return_exceptions=True)
    assert results[0] == 1
    assert isinstance(results[1], PoisonError)
    assert results[2] == 3


async def test_known_tells_strength_first(engine: AsyncEngine) -> None:
    feed_id, lease, ids = await enter(engine, ["a", "b"])
    async with engine.begin() as conn:
        settled = await settle_batch(conn, [article_of(ids[w], feed_id, lease, w) for w in ("a", "b")])
        both = Identity(HOST, key("b"), key(f"https://{HOST}/a"), None)
        [known] = await articles.known(conn, [both])
    assert known.same_site == ((settled[1].article_id, "identity"), (settled[0].article_id, "url"))


async def test_a_gone_feed_is_polled_no_more(engine: AsyncEngine) -> None:
    feed_id, lease = await add_feed(engine)
    async with engine.begin() as conn:
        assert [feed.id for feed in await polls.due(conn, HOST, START)] == [feed_id]
        await conn.execute(text("UPDATE feeds SET state = 'gone'"))
        assert await polls.due(conn, HOST, START) == []
        assert await hosts.release(conn, [Release(lease)]) == [None]
