"""Feeds as operators handle them: addresses, settings, states, removal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db import feeds, quarantine
from db.feeds import NewFeed
from ingest import wishes
from ingest.feedurl import feed_url
from ingest.subscribe import find_feed
from kliping.errors import InputError, NotFound
from kliping.feeds import FeedState
from tests.clock import FakeClock


def new(url: str, **more: object) -> NewFeed:
    place = feed_url(url)
    return NewFeed(place.url, place.key, place.host, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "url", "host"),
    [
        (" https://Contoh.BLOGSPOT.com/feeds/posts/default ", "https://contoh.blogspot.com/feeds/posts/default", None),
        ("contoh.example", "https://contoh.example/", None),
        ("127.0.0.1:8080/feed", "https://127.0.0.1:8080/feed", "127.0.0.1:8080"),
        ("http://contoh.example:80/rss?mib=rss#akhir", "http://contoh.example/rss?mib=rss", None),
        ("feed:https://contoh.example/f", "https://contoh.example/f", None),
        ("feed://contoh.example/f", "https://contoh.example/f", None),
        ("https://bücher.example/f", "https://xn--bcher-kva.example/f", "xn--bcher-kva.example"),
    ],
)
def test_addresses_as_people_type_them(given: str, url: str, host: str | None) -> None:
    place = feed_url(given)
    assert place.url == url
    assert place.host == (host or url.split("/")[2])


@pytest.mark.parametrize(
    "given",
    ["", "   ", "https://", "http:///feed", "ftp://a.example/f", "javascript:alert(1)", "https://a.example:99999/",
     "https://a b.example/", "https://u:rahasia@a.example/", "file:///etc/passwd", "https://a.example/" + "x" * 3000],
)  # fmt: skip
def test_addresses_that_cannot_be_used_are_one_line_without_secrets(given: str) -> None:
    with pytest.raises(InputError) as caught:
        feed_url(given)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert "rahasia" not in str(caught.value)


def test_the_key_joins_http_and_https_but_no_two_queries() -> None:
    assert feed_url("http://A.example/f").key == feed_url("https://a.example:443/f").key
    assert feed_url("https://a.example/f?x=1").key != feed_url("https://a.example/f?x=2").key
    assert feed_url("https://a.example/f").key != feed_url("https://a.example/f/").key
    assert feed_url("https://a.example/F").key != feed_url("https://a.example/f").key


def test_intervals_zones_and_words() -> None:
    assert [wishes.interval_seconds(given) for given in ("900", "15m", "2h", "1d", "5 min")] == [
        900, 900, 7200, 86400, 300,
    ]  # fmt: skip
    for bad in ("", "0", "10s", "31d", "-5m", "soon", "1e9", "9" * 30):
        with pytest.raises(InputError):
            wishes.interval_seconds(bad)
    assert wishes.known_zone("Asia/Makassar") == "Asia/Makassar"
    for bad in ("", "WIB", "../etc/passwd", "Asia/\x00", "/etc/passwd"):
        with pytest.raises(InputError):
            wishes.known_zone(bad)
    assert [wishes.yes_no_auto(word) for word in ("yes", "NO", "auto")] == [True, False, None]
    assert wishes.agent("") is None
    with pytest.raises(InputError):
        wishes.agent("kotak\u00e9")


def test_a_day_is_whole_in_the_feeds_zone() -> None:
    first = wishes.moment("2024-03-01", "Asia/Jayapura")
    last = wishes.moment("2024-03-01", "Asia/Jayapura", end=True)
    assert first.isoformat() == "2024-03-01T00:00:00+09:00"
    assert last - first == timedelta(days=1) - timedelta(microseconds=1)
    assert wishes.moment("2024-03-01T08:00Z", "Asia/Jakarta").isoformat() == "2024-03-01T08:00:00+00:00"
    with pytest.raises(InputError):
        wishes.moment("kemarin", "Asia/Jakarta")
    with pytest.raises(InputError):
        wishes.span(last, first)


@pytest.fixture
async def conn(engine: AsyncEngine) -> AsyncConnection:
    async with engine.begin() as opened:
        yield opened  # type: ignore[misc]


async def test_a_new_feed_and_its_host_are_due_at_once(conn: AsyncConnection, clock: FakeClock) -> None:
    ((first, is_new), (second, again)) = await feeds.add(
        conn, [new("https://a.example/f"), new("http://a.example/f")], clock.now()
    )
    assert (is_new, again) == (True, False)
    assert first == second
    feed = await feeds.get(conn, first)
    assert feed.next_poll_at == clock.now()
    assert await conn.scalar(text("SELECT due_at FROM hosts WHERE name = 'a.example'")) == clock.now()


async def test_a_paused_feed_wakes_nobody(conn: AsyncConnection, clock: FakeClock) -> None:
    ((number, _),) = await feeds.add(
        conn, [new("https://a.example/f", state=FeedState.PAUSED, reason="403")], clock.now()
    )
    assert (await feeds.get(conn, number)).next_poll_at is None
    assert await conn.scalar(text("SELECT due_at FROM hosts WHERE name = 'a.example'")) is None


async def test_pause_and_resume(conn: AsyncConnection, clock: FakeClock) -> None:
    ((number, _),) = await feeds.add(conn, [new("https://a.example/f")], clock.now())
    await conn.execute(text("UPDATE feeds SET failures = 7, gone_at = now(), state = 'gone'"))
    paused = await feeds.pause(conn, number, "libur")
    assert (paused.state, paused.state_reason, paused.next_poll_at) == ("paused", "libur", None)
    clock.advance(60)
    resumed = await feeds.resume(conn, number, clock.now())
    assert (resumed.state, resumed.state_reason, resumed.failures) == ("active", None, 0)
    assert resumed.next_poll_at == clock.now()


async def test_a_leased_host_is_not_made_due_by_an_operator(conn: AsyncConnection, clock: FakeClock) -> None:
    ((number, _),) = await feeds.add(conn, [new("https://a.example/f")], clock.now())
    end = clock.now() + timedelta(seconds=90)
    await conn.execute(text("UPDATE hosts SET lease_until = :end, due_at = :end, lease_holder = 'lain'"), {"end": end})
    await feeds.resume(conn, number, clock.now())
    assert await conn.scalar(text("SELECT due_at FROM hosts")) == end


async def test_a_shorter_interval_counts_from_now_and_a_longer_one_waits(
    conn: AsyncConnection, clock: FakeClock
) -> None:
    ((number, _),) = await feeds.add(conn, [new("https://a.example/f")], clock.now())
    later = clock.now() + timedelta(hours=20)
    await conn.execute(text("UPDATE feeds SET next_poll_at = :at"), {"at": later})
    changed = await feeds.change(conn, number, clock.now(), interval=86400)
    assert changed.next_poll_at == later
    changed = await feeds.change(conn, number, clock.now(), interval=900, zone="Asia/Makassar", full_text=False)
    assert (changed.interval, changed.zone, changed.full_text) == (900, "Asia/Makassar", False)
    assert changed.next_poll_at == clock.now() + timedelta(seconds=900)


async def test_setting_an_interval_leaves_a_paused_feed_paused(conn: AsyncConnection, clock: FakeClock) -> None:
    ((number, _),) = await feeds.add(conn, [new("https://a.example/f")], clock.now())
    await feeds.pause(conn, number, "libur")
    assert (await feeds.change(conn, number, clock.now(), interval=900)).next_poll_at is None
    with pytest.raises(InputError, match="resume"):
        await feeds.make_due(conn, await feeds.get(conn, number), clock.now())


async def test_finding_the_feed_that_was_meant(conn: AsyncConnection, clock: FakeClock) -> None:
    added = await feeds.add(
        conn,
        [new("https://a.example/f", title="Kabar Anyar"), new("https://a.example/f2"), new("https://b.example/100%_x")],
        clock.now(),
    )
    ids = [number for number, _ in added]
    for asked, wanted in [
        (str(ids[1]), ids[1]),
        ("http://a.example/f", ids[0]),  # the exact URL wins over being a part of another
        ("a.example/f2", ids[1]),
        ("B.EXAMPLE", ids[2]),
        ("kabar", ids[0]),
        ("100%_x", ids[2]),  # no wildcards
    ]:
        assert (await find_feed(conn, asked)).id == wanted, asked
    for asked in ("a.example", "example"):
        with pytest.raises(InputError, match="several"):
            await find_feed(conn, asked)
    for asked in ("99999", "9" * 40, "tidak-ada", "a%f", "'; DROP TABLE feeds; --"):
        with pytest.raises(NotFound):
            await find_feed(conn, asked)
    with pytest.raises(InputError):
        await find_feed(conn, "  ")


# --- removal and quarantine -------------------------------------------------------------------------------------------


async def entry(
    conn: AsyncConnection, feed: int, key: str, state: str, article: int | None = None, **more: object
) -> int:
    values = {"feed": feed, "key": key.encode(), "state": state, "article": article, "next": None, "payload": None}
    values |= {"next": "2026-03-02T02:00Z"} if state == "pending" else {}
    number = await conn.scalar(
        text("""
            INSERT INTO entries (feed_id, key, state, article_id, next_try_at, payload, first_seen_at, url_key, host)
            VALUES (:feed, :key, :state, :article, CAST(:next AS timestamptz), :payload, '2026-03-02T01:00Z', :key,
                :host)
            RETURNING id
        """),
        {**values, "host": None, **more},
    )
    assert isinstance(number, int)
    return number


async def article(conn: AsyncConnection, feed: int, key: str, **more: object) -> int:
    number = await conn.scalar(
        text("""
            INSERT INTO articles (site, identity_key, url_key, body_sha256, feed_id, url, title, body, body_from,
                extractor, created_at, updated_at)
            VALUES ('a.example', :key, :key, :key, :feed, :url, 'Judul', 'Isi.', 'feed', 'uji', :at, :at) RETURNING id
        """),
        {"feed": feed, "key": key.encode(), "url": f"https://a.example/{key}", "at": FakeClock().now(), **more},
    )
    assert isinstance(number, int)
    return number


async def counts(conn: AsyncConnection, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await conn.execute(text(query))]


async def drain(step: object, conn: AsyncConnection, feed: int, *more: object) -> int:
    total = 0
    while done := await step(conn, feed, *more):  # type: ignore[operator]
        total += done
    return total


async def test_a_removed_feed_leaves_its_articles_and_a_whole_ledger(
    conn: AsyncConnection, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "BATCH", 2)
    ((number, _),) = await feeds.add(conn, [new("https://a.example/f")], clock.now())
    stored = await article(conn, number, "satu")
    await entry(conn, number, "satu", "stored", stored)
    for key, state in (("dua", "pending"), ("tiga", "quarantined"), ("empat", "rejected"), ("lima", "duplicate")):
        await entry(conn, number, key, state, payload=b"x" if state != "rejected" else None)
    await drain(feeds.release_articles, conn, number)
    assert await drain(feeds.let_go, conn, number, clock.now()) == 5
    await feeds.delete(conn, number)
    assert await counts(conn, "SELECT id, feed_id FROM articles") == [(stored, None)]
    assert await counts(conn, "SELECT state, reason, count(*) FROM entries GROUP BY 1, 2 ORDER BY 1, 2") == [
        ("duplicate", None, 1),
        ("rejected", "feed_removed", 2),
        ("rejected", None, 1),
        ("stored", None, 1),
    ]
    assert await counts(conn, "SELECT count(*) FROM entries WHERE payload IS NOT NULL OR feed_id IS NOT NULL") == [(0,)]
    with pytest.raises(NotFound):
        await feeds.delete(conn, number)


async def test_a_purge_takes_what_nobody_else_announced(
    conn: AsyncConnection, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "BATCH", 2)
    (mine, _), (theirs, _) = await feeds.add(
        conn, [new("https://a.example/f"), new("https://a.example/g")], clock.now()
    )
    ours = [await article(conn, mine, key) for key in ("satu", "dua", "tiga")]
    other = await article(conn, theirs, "lain")
    for key, number in zip(("satu", "dua", "tiga"), ours, strict=True):
        announced = await entry(conn, mine, key, "stored", number)
        await conn.execute(
            text("""INSERT INTO pages (fetched_at, entry_id, origin, body, body_sha256, size)
                    VALUES (now(), :entry, 'web', 'x', 'x', 1)"""),
            {"entry": announced},
        )
        await conn.execute(text("INSERT INTO removals VALUES (:id, 1, 'drop', 'uji', 'Baca juga')"), {"id": number})
    await entry(conn, theirs, "satu", "duplicate", ours[0])
    assert await feeds.hand_over(conn, mine) == 1
    assert await drain(feeds.purge_articles, conn, mine) == 2
    assert await drain(feeds.purge_entries, conn, mine) == 3
    await feeds.delete(conn, mine)
    assert await counts(conn, "SELECT id, feed_id FROM articles ORDER BY id") == [(ours[0], theirs), (other, theirs)]
    assert await counts(conn, "SELECT feed_id, state, article_id FROM entries") == [(theirs, "duplicate", ours[0])]
    assert await counts(conn, "SELECT (SELECT count(*) FROM pages), (SELECT count(*) FROM removals)") == [(0, 1)]


async def test_quarantined_entries_are_tried_again_or_dropped(conn: AsyncConnection, clock: FakeClock) -> None:
    ((number, _),) = await feeds.add(conn, [new("https://a.example/f")], clock.now())
    await conn.execute(text("UPDATE hosts SET due_at = NULL"))
    held = [await entry(conn, number, key, "quarantined", payload=b"x") for key in ("satu", "dua")]
    lost = await entry(conn, number, "tiga", "quarantined")
    assert [one.id for one in await quarantine.listing(conn)] == [lost, *reversed(held)]
    assert await quarantine.ids(conn, number) == [*held, lost]
    assert await quarantine.ids(conn, number + 1) == []

    await quarantine.retry(conn, held[0], clock.now())
    await quarantine.drop(conn, held[1], clock.now())
    assert await counts(conn, "SELECT state, reason, host, next_try_at FROM entries ORDER BY id LIMIT 2") == [
        ("pending", None, "a.example", clock.now()),
        ("rejected", "dropped_by_operator", None, None),
    ]
    assert await conn.scalar(text("SELECT due_at FROM hosts")) == clock.now()
    for act in (quarantine.retry, quarantine.drop):
        with pytest.raises(NotFound):
            await act(conn, held[0], clock.now())
    with pytest.raises(InputError):
        await quarantine.retry(conn, lost, clock.now())
