"""One path from feed to row, over the loopback web, in virtual time at the default politeness."""

from __future__ import annotations

import itertools
import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.shell import Shell
from ingest.visit import lease_of, poll_now, visit
from kliping.errors import InputError, LeaseHeld
from kliping.settings import Settings
from tests.clock import FakeClock
from tests.shell import add_feed, rows, run, shell_on, visit_due
from tests.world import Blog, Request, World


def fetched(world: World, blog: Blog) -> list[str]:
    """The article pages that were asked of a blog."""
    pages = {post.path for post in blog.posts}
    return [request.path for request in world.requests if request.host == blog.host and request.path in pages]


async def test_a_full_text_feed_is_believed_after_three_pages(world: World, shell: Shell) -> None:
    blog = world.blogger("Kabar Senja", posts=8)
    await add_feed(shell, blog)
    assert await visit_due(shell) == [blog.host]
    assert len(fetched(world, blog)) == 3
    stored = await rows(shell, "SELECT title, body, body_from, author, published_at, initial FROM articles")
    assert len(stored) == 8
    truth = {post.truth.title: post.truth for post in blog.posts}
    for title, body, _, author, published_at, initial in stored:
        assert body == truth[title].body
        assert author == truth[title].author
        assert published_at == truth[title].published_at
        assert initial
    assert sorted(body_from for _, _, body_from, *_ in stored) == ["feed"] * 5 + ["web"] * 3
    assert await rows(shell, "SELECT full_text_verdict, full_text_agreed FROM feeds") == [(True, 3)]
    assert await rows(shell, "SELECT DISTINCT state FROM entries") == [("stored",)]


@pytest.mark.parametrize("kind", ["blogger", "wordpress", "portal"])
async def test_summaries_lead_to_pages_and_the_text_is_the_truth(world: World, shell: Shell, kind: str) -> None:
    blog = getattr(world, kind)("Warta Pagi", posts=5, full_text=False)
    await add_feed(shell, blog)
    await visit_due(shell)
    stored = await rows(shell, "SELECT title, body, body_from FROM articles ORDER BY id")
    assert {title: body for title, body, _ in stored} == {p.truth.title: p.truth.body for p in blog.posts}
    assert {body_from for *_, body_from in stored} == {"web"}
    assert await rows(shell, "SELECT full_text_verdict FROM feeds") == [(False,)]
    assert await rows(shell, "SELECT count(*) FROM pages") == [(5,)]


async def test_the_second_poll_is_304_and_writes_no_article(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.wordpress("Catatan Desa", posts=4)
    feed_id = await add_feed(shell, blog)
    await visit_due(shell)
    assert await visit_due(shell) == []
    clock.advance(70 * 60)  # its document asks for an hour
    assert await visit_due(shell) == [blog.host]
    outcomes = await rows(shell, "SELECT outcome, new FROM polls WHERE feed_id = :id ORDER BY at", id=feed_id)
    assert outcomes == [("ok", 4), ("not_modified", 0)]
    last = [request for request in world.requests if request.path == blog.feed_path][-1]
    assert last.status == 304
    assert await rows(shell, "SELECT count(*) FROM articles") == [(4,)]


async def test_a_new_post_is_stored_alone_and_is_not_initial(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Kota Kita", posts=3)
    await add_feed(shell, blog)
    await visit_due(shell)
    post = blog.publish()
    clock.advance(40 * 60)
    await visit_due(shell)
    assert await rows(shell, "SELECT title, initial FROM articles ORDER BY id DESC LIMIT 1") == [
        (post.truth.title, False)
    ]
    assert await rows(shell, "SELECT new, known FROM polls ORDER BY at DESC LIMIT 1") == [(1, 3)]


async def test_requests_to_a_host_start_two_seconds_apart(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Tertib", posts=6)
    starts: list[float] = []
    blog.fail("/nothing")  # the fault list is consulted for every request; this one never matches
    original = blog.answer

    def noted(request: object) -> object:
        starts.append(clock.monotonic())
        return original(request)  # type: ignore[arg-type]

    blog.answer = noted  # type: ignore[method-assign,assignment]
    await add_feed(shell, blog)
    await visit_due(shell)
    assert len(starts) >= 8  # feed, robots.txt and six pages
    assert min(later - earlier for earlier, later in itertools.pairwise(starts)) >= 1.9


async def test_a_page_that_is_gone_twice_is_rejected(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Hilang", posts=2)
    gone = blog.posts[0]
    blog.fail(gone.path, status=404)
    await add_feed(shell, blog)
    await visit_due(shell)
    query = "SELECT state, reason, attempts FROM entries WHERE url LIKE :url || '%'"
    assert await rows(shell, query, url=gone.url) == [("pending", "not_found", 1)]
    clock.advance(61)
    await visit_due(shell)
    assert await rows(shell, query, url=gone.url) == [("rejected", "not_found", 2)]
    assert await rows(shell, "SELECT count(*) FROM articles") == [(1,)]


async def test_a_failing_page_is_retried_on_schedule_and_then_rejected(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.portal("Sakit", posts=1)
    blog.fail(blog.posts[0].path, status=503)
    feed_id = await add_feed(shell, blog)
    await visit_due(shell)
    await run(shell, "UPDATE feeds SET next_poll_at = NULL WHERE id = :id", id=feed_id)
    waits = []
    for _ in range(5):
        [(before, state)] = await rows(shell, "SELECT next_try_at, state FROM entries")
        assert state == "pending"
        waits.append(before - clock.now())
        clock.set(before)
        await visit_due(shell)
    assert await rows(shell, "SELECT state, reason, attempts FROM entries") == [("rejected", "server_error", 6)]
    minutes = [round(wait.total_seconds() / 60) for wait in waits]
    assert minutes == [1, 10, 60, 360, 1440]


async def test_a_page_that_recovers_is_stored(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Pulih", posts=1)
    blog.fail(blog.posts[0].path, status=500, times=1)
    await add_feed(shell, blog)
    await visit_due(shell)
    clock.advance(61)
    await visit_due(shell)
    assert await rows(shell, "SELECT state, reason, attempts FROM entries") == [("stored", None, 1)]


async def test_retry_after_keeps_everybody_from_the_host(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Sibuk", posts=3)
    blog.fail(blog.posts[0].path, status=429, retry_after=600, times=1)
    await add_feed(shell, blog)
    await visit_due(shell)
    asked = len(world.requests)
    assert await rows(shell, "SELECT count(*) FROM articles") == [(0,)]
    clock.advance(300)
    assert await visit_due(shell) == []
    assert len(world.requests) == asked
    clock.advance(400)
    assert await visit_due(shell) == [blog.host]
    assert await rows(shell, "SELECT count(*) FROM articles") == [(3,)]


async def test_robots_txt_is_obeyed_for_pages_and_asked_once(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Tertutup", posts=3)
    blog.robots = "User-agent: *\nDisallow: /\n"
    await add_feed(shell, blog)
    await visit_due(shell)
    assert await rows(shell, "SELECT DISTINCT state, reason FROM entries") == [("rejected", "robots")]
    assert fetched(world, blog) == []
    assert [request.path for request in world.requests].count("/robots.txt") == 1


async def test_robots_txt_that_cannot_be_had_delays_pages_and_rejects_none(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.portal("Ragu", posts=2)
    blog.fail("/robots.txt", status=503)
    await add_feed(shell, blog)
    await visit_due(shell)
    assert await rows(shell, "SELECT DISTINCT state, reason FROM entries") == [("pending", "robots_unreachable")]
    assert fetched(world, blog) == []
    clock.advance(3700)
    await visit_due(shell)
    assert await rows(shell, "SELECT DISTINCT state, reason FROM entries") == [("stored", None)]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"body": b"<!DOCTYPE html><html><body><p>Halo</p></body></html>"}, "html"),
        ({"status": 404}, "not_found"),
        ({"status": 500}, "server_error"),
        ({"body": b""}, "empty"),
        ({"truncate": 200}, "truncated"),
        ({"drop": True}, "protocol"),
    ],
)
async def test_a_feed_that_fails_has_an_outcome_and_a_later_due_time(
    world: World, shell: Shell, clock: FakeClock, fault: dict[str, object], outcome: str
) -> None:
    blog = world.wordpress("Rusak", posts=2)
    blog.fail(blog.feed_path, **fault)
    await add_feed(shell, blog)
    await visit_due(shell)
    [(last, failures, due, etag)] = await rows(shell, "SELECT last_outcome, failures, next_poll_at, etag FROM feeds")
    assert (last, failures, etag) == (outcome, 1, None)
    assert due > clock.now() + timedelta(minutes=30)
    blog.heal()
    clock.set(due)
    await visit_due(shell)
    assert await rows(shell, "SELECT last_outcome, failures FROM feeds") == [("ok", 0)]
    assert await rows(shell, "SELECT count(*) FROM articles") == [(2,)]


async def test_a_feed_that_breaks_off_is_asked_for_again_in_full(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.wordpress("Putus", posts=3)
    document = blog.answer(_request(blog.feed_path)).body
    blog.fail(blog.feed_path, body=document[: document.rindex(b"</link>")])
    await add_feed(shell, blog)
    await visit_due(shell)
    kept = "SELECT last_outcome, etag, body_sha256, last_full_at, next_poll_at FROM feeds"
    [(*first, due)] = await rows(shell, kept)
    assert first == ["ok", None, None, None]
    blog.heal()
    clock.set(due)
    await visit_due(shell)
    [(outcome, _, digest, full, _)] = await rows(shell, kept)
    assert (outcome, full) == ("ok", due)
    assert digest is not None
    assert await rows(shell, "SELECT count(*) FROM articles") == [(3,)]


async def test_pages_on_another_host_are_fetched_under_that_hosts_lease(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog, feeds = world.portal("Jauh", posts=3), world.portal("Rumah Umpan", posts=0)
    document = blog.answer(_request(blog.feed_path)).body
    feeds.fail(feeds.feed_path, body=document, content_type="application/rss+xml")
    await add_feed(shell, feeds, sites=(blog.host,))
    assert await visit_due(shell) == [feeds.host]
    assert await rows(shell, "SELECT DISTINCT host, state FROM entries") == [(blog.host, "pending")]
    assert await visit_due(shell) == [blog.host]
    assert await rows(shell, "SELECT count(*) FROM articles WHERE site = :site", site=blog.host) == [(3,)]


def _request(path: str) -> Request:
    return Request("", "GET", path, {}, 0.0, ("127.0.0.1", 0))


async def test_two_feeds_of_one_site_store_an_article_once(world: World, shell: Shell) -> None:
    blog = world.wordpress("Ganda", posts=3)
    first = await add_feed(shell, blog)
    second = await add_feed(shell, blog.feed_url + "?jenis=lain")
    await visit_due(shell)
    assert await rows(shell, "SELECT count(*) FROM articles") == [(3,)]
    states = await rows(shell, "SELECT feed_id, state, count(*) FROM entries GROUP BY 1, 2 ORDER BY 1, 2")
    assert states == [(first, "stored", 3), (second, "duplicate", 3)]


async def test_poll_now_says_who_holds_the_lease(world: World, shell: Shell) -> None:
    blog = world.wordpress("Dipegang", posts=1)
    feed_id = await add_feed(shell, blog)
    await run(shell, "UPDATE hosts SET lease_until = :until, lease_holder = 'mesin/abc/7-1', lease_no = 5",
              until=shell.clock.now() + timedelta(seconds=60))  # fmt: skip
    with pytest.raises(LeaseHeld, match="mesin/abc/7-1"):
        await poll_now(shell, feed_id)


async def test_poll_now_stores_and_gives_the_lease_back(world: World, shell: Shell) -> None:
    blog = world.wordpress("Sekarang", posts=2)
    feed_id = await add_feed(shell, blog)
    record = (await poll_now(shell, feed_id)).record
    assert (record.outcome, record.new) == ("ok", 2)
    assert await rows(shell, "SELECT lease_holder, lease_until FROM hosts") == [(None, None)]
    assert await rows(shell, "SELECT count(*) FROM articles") == [(2,)]


async def test_a_visit_whose_lease_is_lost_writes_nothing_more(world: World, shell: Shell) -> None:
    blog = world.wordpress("Terlambat", posts=2)
    await add_feed(shell, blog)
    lease = await lease_of(shell, blog.host)
    await run(shell, "UPDATE hosts SET lease_no = lease_no + 1, lease_holder = 'lain'")
    await visit(shell, lease)
    assert await rows(shell, "SELECT count(*) FROM entries") == [(0,)]
    assert await rows(shell, "SELECT poll_count, etag FROM feeds") == [(0, None)]
    assert await rows(shell, "SELECT lease_holder FROM hosts") == [("lain",)]


async def test_the_sample_page_through_the_whole_path(world: World, shell: Shell) -> None:
    blog = world.blogger("Kabar Senja", posts=0, full_text=False)
    post = blog.publish_sample()
    await add_feed(shell, blog)
    await visit_due(shell)
    truth = post.truth
    [(title, author, body, captions, sources)] = await rows(
        shell, "SELECT title, author, body, captions, sources FROM articles"
    )
    assert (title, author, body) == (truth.title, truth.author, truth.body)
    assert captions == [{"text": truth.caption, "credit": truth.credit}]
    assert sources == [{"label": truth.source_label, "url": truth.source_url, "kind": "text"}]


async def test_a_day_after_the_last_full_answer_the_poll_is_unconditional(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.wordpress("Sehari", posts=1)
    await add_feed(shell, blog, interval=1800)
    await visit_due(shell)
    polled = clock.now()
    seen: list[tuple[datetime, int]] = []
    for _ in range(60):
        clock.advance(35 * 60)
        await visit_due(shell)
        last = [request for request in world.requests if request.path == blog.feed_path][-1]
        seen.append((clock.now(), last.status))
    first_full = next(at for at, status in seen if status == 200)
    assert timedelta(hours=24) <= first_full - polled < timedelta(hours=25)
    assert sum(status == 200 for _, status in seen) == 1


# --- what hostile and careless publishers do --------------------------------------------------------------------------


@pytest.mark.parametrize("front", ["/", "/?m=1", "/?utm_source=x", "/index.html", "/amp", "/#top"])
async def test_a_front_page_as_canonical_collapses_nothing(world: World, shell: Shell, front: str) -> None:
    blog = world.portal("Salah Kanonik", posts=3)
    for post in blog.posts:
        page = blog.answer(_request(post.path)).body.decode()
        wrong = re.sub(r'(<link rel="canonical" href=")[^"]*"', rf'\g<1>{blog.base_url}{front}"', page)
        assert wrong != page
        blog.fail(post.path, body=wrong.encode())
    await add_feed(shell, blog)
    await visit_due(shell)
    assert await rows(shell, "SELECT count(*), count(DISTINCT url_key) FROM articles") == [(3, 3)]


async def test_a_guid_that_every_item_bears_in_turn_hides_none(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Satu GUID", posts=0)
    blog.per_feed = 1
    await add_feed(shell, blog)
    titles = []
    for _ in range(3):
        post = blog.publish()
        titles.append(post.truth.title)
        document = blog.answer(_request(blog.feed_path)).body.decode()
        same = re.sub(r"<guid[^>]*>[^<]*</guid>", '<guid isPermaLink="false">101</guid>', document)
        assert same != document
        blog.heal()
        blog.fail(blog.feed_path, body=same.encode(), content_type="application/rss+xml")
        await visit_due(shell)
        clock.advance(3600)
    assert sorted(titles) == sorted(title for (title,) in await rows(shell, "SELECT title FROM articles"))


async def test_an_edited_headline_or_link_is_no_new_article(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.wordpress("Sunting", posts=2)
    await add_feed(shell, blog)
    await visit_due(shell)
    blog.edit(blog.posts[0], title="Judul yang Sudah Disunting Redaksi")
    clock.advance(3600)
    await visit_due(shell)
    assert await rows(shell, "SELECT count(*) FROM entries") == [(2,)]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
        ("text/html", b"%PDF-1.7\n" + b"stream of words " * 500),
        ("application/json", b'{"judul": "' + b"kata " * 500 + b'"}'),
        ("text/html", bytes(range(256)) * 40),
    ],
)
async def test_what_is_not_html_is_rejected(world: World, shell: Shell, content_type: str, body: bytes) -> None:
    blog = world.portal("Bukan Halaman", posts=1)
    blog.fail(blog.posts[0].path, body=body, content_type=content_type)
    await add_feed(shell, blog)
    await visit_due(shell)
    assert await rows(shell, "SELECT state, reason FROM entries") == [("rejected", "not_html")]
    assert await rows(shell, "SELECT count(*) FROM articles") == [(0,)]


async def test_a_feed_tells_nothing_about_another_sites_article(world: World, shell: Shell, clock: FakeClock) -> None:
    blog, thief = world.portal("Pemilik", posts=1), world.portal("Pencuri", posts=0)
    document = blog.answer(_request(blog.feed_path)).body.decode()
    false = re.sub(r"(<item>.*?<title>)[^<]*", r"\g<1>Judul Palsu", document, flags=re.DOTALL)
    assert false != document
    thief.fail(thief.feed_path, body=false.encode(), content_type="application/rss+xml")
    await add_feed(shell, thief, sites=(blog.host,))
    await visit_due(shell)
    await visit_due(shell)
    truth = blog.posts[0].truth
    stored = await rows(shell, "SELECT site, title, author, published_at FROM articles")
    assert stored == [(blog.host, truth.title, truth.author, truth.published_at)]


async def test_robots_txt_is_obeyed_on_a_redirect_to_another_host(world: World, shell: Shell) -> None:
    blog, other = world.portal("Asal", posts=1), world.portal("Tujuan", posts=1)
    other.robots = "User-agent: *\nDisallow: /\n"
    blog.fail(blog.posts[0].path, status=301, redirect=other.base_url + other.posts[0].path)
    await add_feed(shell, blog, sites=(other.host,))
    await visit_due(shell)
    assert await rows(shell, "SELECT state, reason FROM entries") == [("rejected", "robots")]
    assert [request.path for request in world.requests if request.host == other.host] == ["/robots.txt"]


async def test_robots_txt_that_cannot_be_had_costs_no_attempt(world: World, shell: Shell) -> None:
    blog = world.portal("Tanpa Aturan", posts=3)
    blog.fail("/robots.txt", status=500)
    await add_feed(shell, blog)
    await visit_due(shell)
    assert await rows(shell, "SELECT DISTINCT state, attempts FROM entries") == [("pending", 0)]


async def test_where_a_feed_redirects_to_does_not_change_who_its_entries_are(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.portal("Pindah", posts=3)
    await add_feed(shell, blog.base_url + "/lama")
    for target in (blog.feed_path, blog.feed_path + "?jenis=dua"):
        blog.fail("/lama", status=302, redirect=blog.base_url + target, times=1)
        await visit_due(shell)
        clock.advance(3600)
    assert await rows(shell, "SELECT count(*) FROM entries") == [(3,)]


async def test_a_paused_feed_is_not_polled_by_hand(world: World, shell: Shell) -> None:
    feed_id = await add_feed(shell, world.portal("Jeda", posts=1))
    await run(shell, "UPDATE feeds SET state = 'paused', next_poll_at = NULL")
    with pytest.raises(InputError, match="paused"):
        await poll_now(shell, feed_id)
    assert world.requests == []


async def test_entries_over_the_limit_are_counted(world: World, engine: AsyncEngine, settings: Settings) -> None:
    blog = world.portal("Panjang", posts=8)
    blog.per_feed = 8
    few = settings.model_copy(update={"entries_per_poll": 5})
    async with shell_on(engine, few, FakeClock()) as shell:
        await add_feed(shell, blog)
        await visit_due(shell)
        assert await rows(shell, "SELECT new, detail FROM polls") == [(5, "3 entries over the limit")]


async def test_an_article_whose_feed_was_removed_is_adopted(world: World, shell: Shell) -> None:
    blog = world.portal("Kembali", posts=2)
    first = await add_feed(shell, blog)
    await visit_due(shell)
    await run(shell, "DELETE FROM feeds WHERE id = :id", id=first)
    second = await add_feed(shell, blog)
    await run(shell, "UPDATE hosts SET due_at = :now", now=shell.clock.now())
    await visit_due(shell)
    assert await rows(shell, "SELECT DISTINCT feed_id FROM articles") == [(second,)]
    assert await rows(shell, "SELECT count(*) FROM articles") == [(2,)]


async def test_an_older_visit_cannot_give_back_a_later_lease(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Dua Kali", posts=1)
    await add_feed(shell, blog)
    old = await lease_of(shell, blog.host)
    clock.advance(100)
    new = await lease_of(shell, blog.host)
    await shell.release(old)
    assert shell.holds(new)
    assert await rows(shell, "SELECT lease_no, lease_holder IS NULL FROM hosts") == [(new.number, False)]
