"""What operators read: status, why, one article, one feed, gauges."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cli.status import verdict
from db import feeds, reports
from db.session import transaction
from kliping.errors import DatabaseError, NotFound
from parsers.links import site_of, url_key
from tests.clock import FakeClock
from tests.test_feeds_admin import new

URL = "https://kabar.example/2026/03/pasar.html"


@pytest.fixture
async def conn(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.begin() as opened:
        yield opened


@pytest.fixture
async def feed(conn: AsyncConnection, clock: FakeClock) -> int:
    ((number, _),) = await feeds.add(conn, [new("https://kabar.example/feed")], clock.now())
    return number


async def insert(conn: AsyncConnection, table: str, **values: Any) -> int:
    names = ", ".join(values)
    statement = f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in values)}) RETURNING id"
    return int((await conn.execute(text(statement), values)).scalar_one())


async def entry(conn: AsyncConnection, feed: int, at: datetime, state: str, url: str = URL, **more: Any) -> int:
    values = {"feed_id": feed, "key": url.encode(), "url": url, "url_key": url_key(url), "state": state}
    return await insert(conn, "entries", **(values | {"first_seen_at": at} | more))


async def article(conn: AsyncConnection, feed: int, at: datetime, url: str = URL, **more: Any) -> int:
    values = {
        "site": "kabar.example",
        "identity_key": url.encode(),
        "url_key": url_key(url),
        "feed_id": feed,
        "url": url,
    }
    values |= {"body_sha256": url.encode(), "title": "Harga cabai naik", "body": "Harga naik.\n\nWarga mengeluh."}
    values |= {"body_from": "web", "extractor": "uji", "created_at": at, "updated_at": at}
    return await insert(conn, "articles", **(values | more))


async def page(conn: AsyncConnection, at: datetime, url: str = URL, **more: Any) -> int:
    values = {"fetched_at": at, "origin": "web", "url": url, "url_key": url_key(url), "status": 200, "body": b"x"}
    return await insert(conn, "pages", **(values | {"body_sha256": b"x", "size": 1, "final_url": url} | more))


async def why(conn: AsyncConnection, url: str = URL) -> reports.Story:
    return await reports.why(conn, url, url_key(url), site_of(url))


async def test_an_empty_database_has_a_status(conn: AsyncConnection, clock: FakeClock) -> None:
    found = await reports.status(conn, clock.now())
    assert found.feeds == {}
    assert found.ledger == {"pending": 0, "stored": 0, "duplicate": 0, "rejected": 0, "quarantined": 0}
    assert (found.articles, found.articles_today, found.last_article_at, found.queue) == (0, 0, None, {})
    assert found.server[0].isdigit()


async def test_status_counts(conn: AsyncConnection, clock: FakeClock, feed: int) -> None:
    now = clock.now()
    await feeds.add(conn, [new("https://lain.example/f")], now)
    await conn.execute(text("UPDATE feeds SET last_outcome = 'ok', failures = 0 WHERE id = :id"), {"id": feed})
    await conn.execute(
        text("UPDATE feeds SET last_outcome = 'timeout', failures = 2, next_poll_at = :later WHERE id <> :id"),
        {"id": feed, "later": now + timedelta(hours=1)},
    )
    await conn.execute(
        text("UPDATE hosts SET lease_until = :end, due_at = :end, lease_holder = 'x' WHERE name = 'lain.example'"),
        {"end": now + timedelta(seconds=90)},
    )
    for slot, (hours, outcome) in enumerate([(1, "ok"), (2, "ok"), (23, "dns"), (25, "ok")]):
        await conn.execute(
            text("""INSERT INTO polls (feed_id, slot, at, outcome, seconds, bytes, new, known, bad)
                    VALUES (:feed, :slot, :at, :outcome, 0, 0, 0, 0, 0)"""),
            {"feed": feed, "slot": slot, "at": now - timedelta(hours=hours), "outcome": outcome},
        )
    # The clock stands at 08:00 in Jakarta: today began eight hours ago.
    await article(conn, feed, now - timedelta(hours=7), "https://kabar.example/a")
    await article(conn, feed, now - timedelta(hours=9), "https://kabar.example/b")
    await entry(conn, feed, now, "rejected")
    await conn.execute(text("INSERT INTO queue.procrastinate_jobs (queue_name, task_name) VALUES ('visits', 'x')"))
    found = await reports.status(conn, now)
    assert found.feeds == {"active": 2}
    assert (found.feeds_due, found.feeds_failing, found.hosts_due, found.hosts_leased) == (1, 1, 1, 1)
    assert found.last_outcomes == {"ok": 1, "timeout": 1}
    assert found.polls_24h == {"ok": 2, "dns": 1}
    assert (found.articles, found.articles_today) == (2, 1)
    assert found.queue == {"todo": 1}
    assert found.ledger["rejected"] == 1
    gauges = await reports.gauges(conn, now)
    assert (gauges.due_hosts, gauges.queue_depth, gauges.ledger["rejected"]) == (1, 1, 1)


async def test_why_an_unknown_url(conn: AsyncConnection) -> None:
    story = await why(conn)
    assert not story.known
    assert verdict(story).startswith("unknown")


async def test_why_stored_by_any_spelling_of_the_url(conn: AsyncConnection, clock: FakeClock, feed: int) -> None:
    stored = await article(conn, feed, clock.now())
    seen = await entry(conn, feed, clock.now(), "stored", article_id=stored)
    await page(conn, clock.now(), entry_id=seen)
    for url in (URL, URL.replace("https", "http"), URL + "?m=1", URL + "?utm_source=x", "https://www." + URL[8:]):
        story = await why(conn, url)
        assert verdict(story) == f"stored as article {stored}"
        assert [e.feed_url for e in story.entries] == ["https://kabar.example/feed"]
        assert [(p.status, p.entry_id) for p in story.pages] == [(200, seen)]


async def test_why_after_a_redirect_by_both_addresses(conn: AsyncConnection, clock: FakeClock, feed: int) -> None:
    final = "https://kabar.example/baru/pasar"
    stored = await article(conn, feed, clock.now(), final)
    seen = await entry(conn, feed, clock.now(), "stored", article_id=stored)
    await page(conn, clock.now(), entry_id=seen, final_url=final)
    for url in (URL, final):
        story = await why(conn, url)
        assert verdict(story) == f"stored as article {stored}"
        assert len(story.entries) == 1
    assert len((await why(conn)).pages) == 1


async def test_why_duplicate_rejected_quarantined_pending(conn: AsyncConnection, clock: FakeClock, feed: int) -> None:
    now = clock.now()
    stored = await article(conn, feed, now, "https://kabar.example/asli")
    cases = [
        ("duplicate", {"reason": "body", "article_id": stored}, f"duplicate of article {stored}: same body"),
        ("rejected", {"reason": "soft_404"}, "rejected: soft_404"),
        ("quarantined", {"reason": "parser_timeout"}, "quarantined: parser_timeout"),
        ("pending", {"next_try_at": now}, "pending; next try at 2026-03-02 01:00:00Z"),
        (
            "pending",
            {"next_try_at": now, "reason": "timeout", "attempts": 2},
            "pending after 2 attempts (timeout); next try at 2026-03-02 01:00:00Z",
        ),
    ]
    for number, (state, more, said) in enumerate(cases):
        url = f"https://kabar.example/{number}"
        await entry(conn, feed, now, state, url, **more)
        assert verdict(await why(conn, url)) == said


async def test_a_url_two_feeds_announced_is_told_once_for_each(
    conn: AsyncConnection, clock: FakeClock, feed: int
) -> None:
    ((second, _),) = await feeds.add(conn, [new("https://kabar.example/feed2")], clock.now())
    stored = await article(conn, feed, clock.now())
    await entry(conn, feed, clock.now(), "stored", article_id=stored)
    await entry(conn, second, clock.now() + timedelta(hours=1), "duplicate", article_id=stored, reason="identity")
    story = await why(conn)
    assert [(e.feed_id, e.state) for e in story.entries] == [(feed, "stored"), (second, "duplicate")]
    assert verdict(story) == f"stored as article {stored}"


async def test_an_article_with_what_was_removed(conn: AsyncConnection, clock: FakeClock, feed: int) -> None:
    stored = await article(conn, feed, clock.now(), tags=["pasar"])
    await entry(conn, feed, clock.now(), "stored", article_id=stored)
    for seq, kept in ((2, None), (1, "sources")):
        await conn.execute(
            text("INSERT INTO removals VALUES (:id, :seq, 'junk', 'sumber', :text, :kept)"),
            {"id": stored, "seq": seq, "text": f"baris {seq}", "kept": kept},
        )
    found = await reports.article(conn, stored)
    assert (found.fields["title"], found.fields["tags"]) == ("Harga cabai naik", ["pasar"])
    assert [(line["text"], line["kept_as"]) for line in found.removed] == [("baris 1", "sources"), ("baris 2", None)]
    assert [e.state for e in found.announced_by] == ["stored"]
    with pytest.raises(NotFound):
        await reports.article(conn, stored + 1)


async def test_driver_errors_are_one_line_without_what_was_asked(engine: AsyncEngine) -> None:
    for statement, said in [
        ("SELECT 'rahasia' FROM tidak_ada", "kliping db upgrade"),
        ("SELECT 'rahasia' / 0", "failed"),
        ("SET ROLE rahasia_tidak_ada", "failed"),
    ]:
        with pytest.raises(DatabaseError, match=said) as caught:
            async with transaction(engine) as conn:
                await conn.execute(text(statement))
        assert "\n" not in str(caught.value)
