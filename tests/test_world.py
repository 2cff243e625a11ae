"""The loopback web is the ground other tests stand on: it must serve what it says it serves."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import feedparser
import httpx
import pytest

from tests.world import PACIFIC, World

ROOT = Path(__file__).parent.parent


@pytest.fixture
async def client():
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        yield client


async def entries(client, url):
    answer = await client.get(url)
    assert answer.status_code == 200
    parsed = feedparser.parse(answer.content)
    assert not parsed.bozo, parsed.get("bozo_exception")
    return parsed


async def test_texts_depend_on_the_seed_only():
    async with World(7) as one, World(7) as two, World(8) as other:
        bodies = [
            [p.truth for kind in ("blogger", "wordpress") for p in getattr(w, kind)("Kabar Senja", posts=3).posts]
            for w in (one, two, other)
        ]
    texts = [[(t.title, t.body) for t in truths] for truths in bodies]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("kind", ["blogger", "wordpress", "portal"])
async def test_every_post_is_in_the_feed_and_its_page_has_its_text(world, client, kind):
    blog = getattr(world, kind)("Kabar Senja", posts=4)
    parsed = await entries(client, blog.feed_url)
    assert [e.title for e in parsed.entries] == [p.truth.title for p in blog.posts]
    for entry, post in zip(parsed.entries, blog.posts, strict=True):
        page = (await client.get(entry.link)).text
        assert post.truth.title in page
        assert all(words.replace("&", "&amp;") in page for words in post.truth.paragraphs)


@pytest.mark.parametrize(
    ("kind", "full"), [("blogger", True), ("blogger", False), ("wordpress", True), ("portal", False)]
)
async def test_a_feed_carries_the_text_or_not(world, client, kind, full):
    blog = getattr(world, kind)("Kabar Senja", posts=2, full_text=full)
    for entry, post in zip((await entries(client, blog.feed_url)).entries, blog.posts, strict=True):
        said = entry.content[0].value if entry.get("content") else entry.summary
        assert (post.truth.paragraphs[-1] in said) is full


async def test_validators_give_304_and_a_new_post_gives_200(world, client):
    blog = world.blogger("Kabar Senja", posts=2)
    first = await client.get(blog.feed_url)
    tags = {"If-None-Match": first.headers["etag"], "If-Modified-Since": first.headers["last-modified"]}
    again = await client.get(blog.feed_url, headers=tags)
    assert (again.status_code, again.content) == (304, b"")
    assert (await client.get(blog.feed_url, headers={"If-None-Match": tags["If-None-Match"] + "x"})).status_code == 200
    assert (await client.get(blog.feed_url, headers={**tags, "If-None-Match": '"other"'})).status_code == 200
    blog.publish()
    assert (await client.get(blog.feed_url, headers=tags)).status_code == 200
    assert [r.status for r in world.asked(blog)] == [200, 304, 200, 200, 200]


async def test_an_edit_changes_the_page_and_the_feed(world, client):
    blog = world.wordpress("Kabar Senja", posts=2)
    before = await client.get(blog.feed_url)
    blog.edit(blog.posts[1], title="Judul yang Diperbaiki")
    after = await client.get(blog.feed_url)
    assert before.headers["etag"] != after.headers["etag"]
    assert "Judul yang Diperbaiki" in (await client.get(blog.posts[1].url)).text


async def test_blogger_pages_its_history(world, client):
    blog = world.blogger("Kabar Senja", posts=60)
    seen, url = [], blog.feed_url + "?max-results=25&orderby=published"
    while url:
        parsed = await entries(client, url)
        seen += [e.id for e in parsed.entries]
        url = next((link.href for link in parsed.feed.links if link.rel == "next"), None)
    assert seen == [p.guid for p in blog.posts]
    assert parsed.feed.opensearch_totalresults == "60"
    oldest = blog.posts[-1].published_at.isoformat()
    query = {"published-min": oldest, "published-max": blog.posts[-3].published_at.isoformat()}
    window = feedparser.parse((await client.get(blog.feed_url, params=query)).content)
    assert [e.id for e in window.entries] == [p.guid for p in blog.posts[-2:]]


async def test_wordpress_pages_its_history_and_ends_with_404(world, client):
    blog = world.wordpress("Kabar Senja", posts=23)
    sizes = []
    for page in range(1, 4):
        sizes.append(len((await entries(client, f"{blog.feed_url}?paged={page}")).entries))
    assert sizes == [10, 10, 3]
    assert (await client.get(blog.feed_url + "?paged=4")).status_code == 404


async def test_the_sample_page_has_the_exact_boilerplate(world, client):
    blog = world.blogger("Kabar Senja", posts=1)
    post = blog.publish_sample(footer_inside=True)
    page = (await client.get(post.url)).text
    assert "Relawan yang menyerahkan bantuan di Baubau - Courtesy of AFP |" in page
    assert f'Sumber: <a href="{post.truth.source_url}" target="_blank">click disini</a>' in page
    body = page.split('itemprop="description articleBody">')[1].split('<div style="clear: both;">')[0]
    assert body.count("0 komentar:") == body.count("Posting Komentar") == 1
    assert post.truth.subheading in post.truth.paragraphs


async def test_heads_gzip_robots_and_missing_pages(world, client):
    blog = world.portal("Warta Kota", posts=1)
    head, page = await client.head(blog.posts[0].url), await client.get(blog.posts[0].url)
    assert page.headers["content-encoding"] == "gzip"
    assert (head.content, head.headers["content-length"]) == (b"", page.headers["content-length"])
    plain = await client.get(blog.posts[0].url, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == page.text
    assert "Disallow: /search" in (await client.get(blog.base_url + "/robots.txt")).text
    blog.robots = None
    assert (await client.get(blog.base_url + "/robots.txt")).status_code == 404
    assert (await client.get(blog.base_url + "/tidak-ada")).status_code == 404
    blog.remove(blog.posts[0])
    assert (await client.get(str(page.url))).status_code == 404


async def test_faults_happen_as_often_as_asked(world, client):
    blog = world.blogger("Kabar Senja", posts=1)
    blog.fail(blog.feed_path, status=503, times=2)
    assert [(await client.get(blog.feed_url)).status_code for _ in range(3)] == [503, 503, 200]
    blog.fail(blog.feed_path, retry_after=30, times=1)
    limited = await client.get(blog.feed_url)
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "30")
    blog.fail("/2025/*", redirect="/", status=301)
    moved = await client.get(blog.posts[0].url)
    assert (moved.status_code, moved.headers["location"]) == (301, "/")
    blog.heal()
    blog.fail(blog.feed_path, body=b"<html>Situs dalam perbaikan</html>", times=1)
    assert "perbaikan" in (await client.get(blog.feed_url)).text
    blog.fail(blog.feed_path, body=b"", times=1)
    assert (await client.get(blog.feed_url)).content == b""


async def test_broken_connections(world, client):
    blog = world.blogger("Kabar Senja", posts=1)
    for fault in ({"drop": True}, {"truncate": 40}, {"garbage": b"SSH-2.0-dunia\r\n"}):
        blog.fail(times=1, **fault)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(blog.feed_url)
    blog.fail(times=1, delay=5)
    with pytest.raises(httpx.ReadTimeout):
        await client.get(blog.feed_url, timeout=0.05)
    assert (await client.get(blog.feed_url)).status_code == 200


async def test_each_blog_has_its_host_and_overlaps_are_seen(world, client):
    blogs = [world.portal(f"Warta {i}", posts=1) for i in range(3)]
    assert len({blog.host for blog in blogs}) == 3
    assert len({blog.host.split(":")[0] for blog in blogs}) == 3
    await asyncio.gather(*(client.get(blog.feed_url) for blog in blogs))
    assert not world.overlaps()
    blogs[0].fail(delay=0.05)
    await asyncio.gather(*(client.get(blogs[0].feed_url) for _ in range(2)))
    assert len(world.overlaps()) == 1


def test_in_a_thread_blogs_can_be_added_at_any_time():
    with World().in_thread() as world, httpx.Client(trust_env=False) as client:
        blog = world.blogger("Kabar Senja", posts=1, address="127.0.0.1")
        assert client.get(blog.feed_url).status_code == 200
        blog.publish()
        assert client.get(blog.feed_url).text.count("<entry>") == 2
        assert len(world.requests) == 2


def test_as_a_process_it_says_what_it_serves_and_what_was_asked():
    command = [sys.executable, "-m", "tests.world", "--blogs", "3", "--posts", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        feeds = json.loads(process.stdout.readline())["feeds"]
        assert httpx.get(feeds[1]["feed_url"], trust_env=False).status_code == 200
        said, _ = process.communicate(timeout=10)
    assert [feed["kind"] for feed in feeds] == ["blogger", "wordpress", "portal"]
    assert [request["status"] for request in json.loads(said)["requests"]] == [200]


async def test_a_name_may_stand_in_urls_and_an_address_may_be_shared(world):
    named = world.blogger("Kabar Senja", posts=1, hostname="kabar-senja.blogspot.com")
    one, two = (world.portal(f"Warta {i}", posts=1, address="127.0.0.1") for i in range(2))
    assert named.posts[0].url.startswith(f"http://kabar-senja.blogspot.com:{named.address[1]}/2025/")
    assert one.address[0] == two.address[0] == "127.0.0.1"
    assert one.host != two.host


@pytest.mark.parametrize(
    ("offered", "expected"),
    [("both", {"etag", "last-modified"}), ("etag", {"etag"}), ("last-modified", {"last-modified"}), ("none", set())],
)
async def test_a_blog_may_keep_validators_to_itself(world, client, offered, expected):
    blog = world.portal("Kota Kini", posts=1)
    blog.validators = offered
    answer = await client.get(blog.feed_url)
    assert {"etag", "last-modified"} & set(answer.headers) == expected
    since = {"If-Modified-Since": answer.headers.get("last-modified", "Mon, 12 May 2025 00:00:00 GMT")}
    again = await client.get(blog.feed_url, headers=since)
    assert again.status_code == (304 if "last-modified" in expected else 200)


async def test_blogger_dialects(world, client):
    blog = world.blogger("Kabar Senja", posts=2, zone=PACIFIC)
    assert (
        blog.posts[0].published_at.astimezone(PACIFIC).isoformat(timespec="milliseconds")
        in (await client.get(blog.feed_url)).text
    )
    rss = await entries(client, blog.feed_url + "?alt=rss")
    assert (rss.version, [e.id for e in rss.entries]) == ("rss20", [p.guid for p in blog.posts])
    short = await entries(client, blog.base_url + "/feeds/posts/summary")
    assert all(
        post.truth.paragraphs[-1] not in entry.summary for entry, post in zip(short.entries, blog.posts, strict=True)
    )
    assert (await client.get(blog.feed_url + "?max-results=banyak")).status_code == 400


async def test_a_slow_body_comes_in_pieces(world, client):
    blog = world.portal("Kota Kini", posts=3)
    blog.fail(blog.feed_path, trickle=0.005)
    slow = await client.get(blog.feed_url, headers={"accept-encoding": "identity"})
    assert slow.text.endswith("</rss>\n")
    (request,) = world.asked(blog)
    assert request.ended - request.started > 0.01
