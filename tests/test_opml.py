"""OPML as other programs write it, as attackers might, and as we write it ourselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from db import feeds
from db.feeds import NewFeed
from ingest import opml
from ingest.feedurl import feed_url
from kliping.errors import InputError
from kliping.feeds import FeedState
from tests.clock import FakeClock

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

SIMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0">
  <head><title>Daftar saya</title></head>
  <body>
    <outline text="Berita">
      <outline type="rss" text="Kabar Desa" xmlUrl="https://kabardesa.example/feed/" htmlUrl="https://kabardesa.example/"/>
      <outline text="Olahraga"><outline text="Bola &amp; Raket" xmlUrl="https://bola.example/rss?kanal=1&amp;n=2"/></outline>
    </outline>
    <outline type="rss" text="tanpa alamat"/>
    <outline type="rss" text="aneh" xmlUrl="gopher://kuno.example/"/>
    <outline type="rss" text="lagi" xmlUrl="HTTP://Kabardesa.Example:80/feed/"/>
    <outline type="link" text="situs" url="https://situs.example/"/>
  </body>
</opml>
"""


def read(text: str) -> tuple[opml.Outline, ...]:
    return opml.read(text.encode())


def test_feeds_their_titles_groups_and_lines() -> None:
    found = read(SIMPLE)
    assert [(o.line, o.title, o.categories, o.feed and o.feed.url) for o in found] == [
        (6, "Kabar Desa", ("Berita",), "https://kabardesa.example/feed/"),
        (7, "Bola & Raket", ("Berita", "Olahraga"), "https://bola.example/rss?kanal=1&n=2"),
        (9, "tanpa alamat", (), None),
        (10, "aneh", (), None),
        (11, "lagi", (), "http://kabardesa.example/feed/"),
    ]
    assert found[0].feed is not None
    assert found[0].feed.site_url == "https://kabardesa.example/"
    assert found[2].error == "no xmlUrl"
    assert "gopher" in str(found[3].error)


@pytest.mark.parametrize(
    ("markup", "titles"),
    [
        ('<opml><body><outline xmlUrl="https://a.example/?x=1&y=2" title="A & B"></body></opml>', ["A & B"]),
        ('<OPML version="1.0"><BODY><OUTLINE TEXT="x" XMLURL="https://a.example/f"/></BODY></OPML>', ["x"]),
        ('<opml><body></outline></outline><outline text="y" xmlUrl="https://a.example/f"></opml>', ["y"]),
        ('<opml><body><outline text="\x1b[31mmerah\x07" xmlUrl="https://a.example/f"/></body></opml>', ["[31mmerah"]),
        ("<!DOCTYPE opml><opml><body><outline text='z' xmlUrl='https://a.example/f'/></body></opml>", ["z"]),
    ],
)
def test_real_programs_write_it_badly(markup: str, titles: list[str]) -> None:
    assert [o.title for o in read(markup) if o.feed] == titles


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = f'<?xml version="1.0" encoding="{declared}"?><opml><body><outline text="Café" xmlUrl="https://a.id/f"/></body></opml>'
    assert [o.title for o in opml.read(text.encode(encoding))] == ["Café"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no <opml>"),
        (b"<html><body>Bukan</body></html>", "no <opml>"),
        (b"\x00\xff\x00garbage", "no <opml>"),
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml/>', "entities"),
        (b'<!DOCTYPE opml\n[ <!ENTITY % p SYSTEM "file:///etc/passwd"> %p; ]><opml/>', "entities"),
        (b'<?xml version="1.0" encoding="utf-7"?><opml/>', "utf-7"),
        (b"<opml>" + b" " * opml.MAX_BYTES, "MiB"),
        (b"<opml><body>" + b'<outline text="a">' * 1000, "levels"),
        (b"<opml><body>" + b'<outline xmlUrl="https://a.example/"/>' * (opml.MAX_OUTLINES + 1), "20000 feeds"),
    ],
    ids=["empty", "html", "garbage", "entity", "external", "utf7", "large", "deep", "many"],
)
def test_what_is_refused_is_one_line(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=re.escape(reason)) as caught:
        opml.read(data)
    assert "\n" not in str(caught.value)


async def test_added_known_and_bad(engine: AsyncEngine, clock: FakeClock) -> None:
    outlines = read(SIMPLE)
    first = await opml.import_feeds(engine, clock, outlines)
    again = await opml.import_feeds(engine, clock, outlines)
    assert [r.outcome for r in first] == ["added", "added", "bad", "bad", "known"]
    assert [r.outcome for r in again] == ["known", "known", "bad", "bad", "known"]
    assert first[0].feed_id == first[4].feed_id == again[0].feed_id


async def test_what_is_exported_reads_back_the_same(engine: AsyncEngine, clock: FakeClock) -> None:
    place = feed_url('https://kabar.example/feed?a="1"&b=<2>')
    wish = NewFeed(
        place.url,
        place.key,
        place.host,
        title='Kabar "Kita" & <Mereka>',
        site_url="https://kabar.example/",
        zone="Asia/Jayapura",
        interval=7200,
        full_text=False,
        user_agent="kliping-uji/1 (+https://uji.example/)",
        state=FeedState.PAUSED,
        reason="sedang diperbaiki",
    )
    async with engine.begin() as conn:
        await feeds.add(conn, [wish], clock.now())
        document = opml.write(await feeds.listing(conn))
    (outline,) = opml.read(document.encode())
    assert outline.feed == wish


async def test_the_default_list_is_imported_into_an_empty_database_once(engine: AsyncEngine, clock: FakeClock) -> None:
    added = await opml.seed(engine, clock)
    assert added == len(opml.read(opml.default_feeds()))
    assert await opml.seed(engine, clock) == 0
    async with engine.connect() as conn:
        listed = await feeds.listing(conn)
    assert all((feed.next_poll_at == clock.now()) == (feed.state == "active") for feed in listed)


async def test_no_default_feed_comes_back_after_the_operator_chose_their_own(
    engine: AsyncEngine, clock: FakeClock
) -> None:
    place = feed_url("https://milik.example/feed")
    async with engine.begin() as conn:
        await feeds.add(conn, [NewFeed(place.url, place.key, place.host)], clock.now())
    assert await opml.seed(engine, clock) == 0


def test_hosts_known_to_refuse_or_long_dead_start_paused_with_a_reason() -> None:
    found = [outline.feed for outline in opml.read(opml.default_feeds()) if outline.feed]
    assert len(found) > 100
    paused = {feed.host: feed.reason for feed in found if feed.state is FeedState.PAUSED}
    assert all(paused.values())
    refusing = [feed for feed in found if feed.host.endswith(("tribunnews.com", "beritasatu.com"))]
    assert refusing
    assert all("403" in str(feed.reason) for feed in refusing)
    assert "2018" in str(paused["waspada.co.id"])
    assert "merdeka.com" not in " ".join(paused)
    assert b"nobody has checked" in opml.default_feeds()


@pytest.mark.skipif(not SHARED.exists(), reason="the measured data is not at hand")
def test_the_default_list_has_every_collected_feed() -> None:
    rows = [line.split("\t") for line in (SHARED / "feeds.tsv").read_text("utf-8").splitlines()[1:]]
    collected = {feed_url(row[1]).key for row in rows}
    listed = {outline.feed.key for outline in opml.read(opml.default_feeds()) if outline.feed}
    assert listed == collected
