"""`kliping poll FEED --now --explain`: the whole story of one poll, and of the last one without --now."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from ingest.ask import Kind, Request
from ingest.explain import asked
from kliping.settings import Settings
from tests.test_cli import Kliping, add, alone, kliping, one_line, outside, sql, web  # noqa: F401  (fixtures)
from tests.world import Blog, World

BROKEN = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Kabar Retak</title>
<link>http://retak.example/</link><description>x</description>
<item><title>Baik</title><guid>satu</guid><description>Isi berita yang pendek.</description></item>
<item></item><item><title>Hanya judul</title></item></channel></rss>"""


@pytest.fixture
def blog(kliping: Kliping, web: World) -> Blog:  # noqa: F811
    made = web.blogger("Kabar Senja", posts=3)
    assert kliping("feed", "add", made.feed_url, "--no-check").code == 0
    return made


def story(kliping: Kliping, *more: str) -> dict[str, Any]:  # noqa: F811
    ran = kliping("poll", "1", "--explain", "--json", *more)
    assert "Traceback" not in ran.err
    found: dict[str, Any] = ran.json
    return found


def test_the_story_of_a_first_poll(kliping: Kliping, blog: Blog) -> None:  # noqa: F811
    told = story(kliping, "--now")
    assert (told["request"]["method"], told["request"]["url"]) == ("GET", blog.feed_url)
    assert told["request"]["conditional"] is False
    sent = dict(told["request"]["headers"])
    assert sent["User-Agent"].startswith("kliping/")
    assert "If-None-Match" not in sent
    answer = told["answer"]
    assert (answer["outcome"], answer["status"]) == ("ok", 200)
    assert answer["bytes"] > 500
    assert {name.lower() for name, _ in answer["headers"]} >= {"etag", "last-modified", "content-type"}
    poll = told["poll"]
    assert (poll["outcome"], poll["new"], poll["known"], poll["bad"]) == ("ok", 3, 0, 0)
    assert [entry["state"] for entry in poll["entries"]] == ["stored"] * 3
    assert {entry["title"] for entry in poll["entries"]} == {post.truth.title for post in blog.posts}
    upcoming = told["next"]
    assert upcoming["next_poll_at"]
    assert upcoming["why"]
    assert upcoming["etag"] == {name.lower(): value for name, value in answer["headers"]}["etag"]
    assert told["entries"] == {"stored": 3}


def test_the_story_of_an_unchanged_feed_sends_what_was_kept(kliping: Kliping, blog: Blog) -> None:  # noqa: F811
    first = story(kliping, "--now")
    told = story(kliping, "--now")
    assert told["request"]["conditional"] is True
    assert dict(told["request"]["headers"])["If-None-Match"] == first["next"]["etag"]
    assert (told["answer"]["status"], told["answer"]["outcome"]) == (304, "not_modified")
    assert (told["poll"]["new"], told["poll"]["entries"]) == (0, [])


def test_people_read_the_same_story(kliping: Kliping, blog: Blog) -> None:  # noqa: F811
    ran = kliping("poll", "1", "--now", "--explain")
    assert ran.code == 0
    for part in (
        f"feed 1: {blog.feed_url}",
        f"GET {blog.feed_url} (unconditional",
        "User-Agent",
        "200 ok; ",
        "bytes on the wire",
        "3 new, 0 known, 0 bad",
        blog.posts[0].truth.title,
        "next poll",
        "validators",
        "stored 3",
    ):
        assert part in ran.out, part


def test_without_now_the_last_poll_is_told_and_nothing_asked(
    kliping: Kliping,  # noqa: F811
    web: World,  # noqa: F811
    blog: Blog,
) -> None:
    before = story(kliping)
    assert (before["request"], before["answer"], before["poll"]) == (None, None, None)
    assert "not polled yet" in kliping("poll", "1", "--explain").out
    assert web.asked(blog) == []
    now = story(kliping, "--now")
    asked = len(web.asked(blog))
    later = story(kliping)
    assert len(web.asked(blog)) == asked
    assert (later["poll"], later["next"]) == (now["poll"], now["next"])
    assert "3 new, 0 known, 0 bad" in kliping("poll", blog.feed_url, "--explain").out


def test_every_bad_entry_has_its_reason(kliping: Kliping, web: World, blog: Blog) -> None:  # noqa: F811
    blog.fail(blog.feed_path, body=BROKEN.encode(), content_type="application/rss+xml")
    told = story(kliping, "--now")["poll"]
    assert told["bad"] >= 1
    bad = [entry for entry in told["entries"] if entry["state"] in ("quarantined", "rejected")]
    assert bad
    assert all(entry["reason"] for entry in bad)
    assert told["entries"][: len(bad)] == bad
    shown = kliping("poll", "1", "--explain").out
    assert bad[0]["reason"][:40] in shown


def test_redirects_failures_and_what_the_host_asks_for_are_told(
    kliping: Kliping,  # noqa: F811
    web: World,  # noqa: F811
    blog: Blog,
) -> None:
    moved = web.blogger("Kabar Baru", posts=2)
    blog.fail(blog.feed_path, times=1, redirect=moved.feed_url, status=302)
    told = story(kliping, "--now")
    assert told["answer"]["hops"] == [{"status": 302, "url": blog.feed_url, "location": moved.feed_url}]
    assert told["answer"]["final_url"] == moved.feed_url
    blog.fail(blog.feed_path, times=1, retry_after=3600)
    ran = kliping("poll", "1", "--now", "--explain")
    assert ran.code == 1
    assert "429 rate_limited" in ran.out
    assert "Retry-After" in ran.out
    assert "asks to be left alone until" in ran.out
    assert "1 in a row" in ran.out


def test_a_gap_is_part_of_the_story(kliping: Kliping, blog: Blog) -> None:  # noqa: F811
    story(kliping, "--now")
    for _ in range(blog.per_feed + 2):
        blog.publish()
    assert story(kliping, "--now")["poll"]["gap"] == f"none of its {blog.per_feed} entries was known: filled"
    assert "was known: filled" in kliping("poll", "1", "--explain").out


def test_a_paused_feed_says_so(kliping: Kliping, blog: Blog, sql: psycopg.Connection[Any]) -> None:  # noqa: F811
    assert kliping("feed", "pause", "1").code == 0
    assert "none: the feed is paused" in kliping("poll", "1", "--explain").out
    ran = kliping("poll", "1", "--now", "--explain")
    assert ran.code == 1
    assert one_line(ran.err)


@pytest.mark.parametrize("given", ["99", "tidak-ada", "", "https://lain.example/feed", "0", "-1", "9" * 30, "\x00"])
def test_no_such_feed_is_one_line(kliping: Kliping, blog: Blog, given: str) -> None:  # noqa: F811
    for more in ((), ("--now",), ("--json",)):
        ran = kliping("poll", "--explain", *more, "--", given)
        assert ran.code == 1
        assert one_line(ran.err), ran.err


def test_credentials_are_not_shown() -> None:
    told = asked(Request("http://orang:sandi@a.example/feed", Kind.FEED, etag='"x"'), Settings())
    assert told is not None
    assert told.url == "http://a.example/feed"
    assert dict(told.headers)["Authorization"] == "(not shown)"
    assert asked(Request("bukan alamat", Kind.FEED), Settings()) is None
