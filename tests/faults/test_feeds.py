"""Feeds with a bad entry, and feeds that cannot say who their entries are (R11, R13, R14, R15)."""

from __future__ import annotations

from html import escape

import pytest

from ingest.shell import Shell
from tests.faults.scale import sized
from tests.shell import add_feed, rows, visit_due
from tests.world import Blog, World, Writer

HEAD = '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'

# What stands in one entry: in its title, unless it is an element of its own.
BAD = {
    "no such entity": "Harga &rupiahnaik; beras",
    "bare ampersand": "Bawang & cabai & garam",
    "reference to NUL": "Harga &#0; beras",
    "reference to a surrogate": "Harga &#xD800; beras",
    "reference out of range": "Harga &#x110000; beras",
    "NUL": "Harga \x00 beras",
    "control characters": "Harga \x01\x08\x1b[31m beras",
    "long title": "Harga " + "naik " * 200_000,
    "open tag": "Harga <b>beras",
    "less-than": "Harga < 10.000 rupiah",
    "bidi controls": "Harga \u202e beras \u2066",
    "no date": "<pubDate>kemarin sore, kira-kira</pubDate>",
    "a date long gone": "<pubDate>Sat, 00 Zzz 0000 99:99:99 +9999</pubDate>",
    "no URL": "<link>bukan alamat</link><link>http://[::1</link>",
    "long guid": "<guid>" + "x" * 6_000 + "</guid>",
    "script for a link": "<link>javascript:alert(1)</link>",
    "open CDATA": "<category><![CDATA[ekonomi</category>",
    "no element of ours": "<foo:bar>tanpa ruang nama</foo:bar>",
    "nested": "<x>" * 300 + "</x>" * 300,
    "attributes": "<y " + " ".join(f'a{n}="{n}"' for n in range(2_000)) + "/>",
}


def document(blog: Blog, count: int, bad: str = "", at: int = -1) -> bytes:
    """A feed of `count` full-text entries, the one at `at` with something bad in it."""
    writer = Writer(blog.name)
    items = []
    for number in range(count):
        inside = bad if number == at and bad.lstrip().startswith("<") else ""
        title = bad if number == at and not inside else escape(f"{writer.title()} {number}")
        text = "".join(f"<p>{writer.paragraph()}</p>" for _ in range(3))
        link = "" if "<link" in inside else f"<link>{blog.base_url}/{number}</link>"
        guid = "" if "<guid" in inside else f'<guid isPermaLink="false">{blog.name}-{number}</guid>'
        whole = f"<content:encoded>{escape(text)}</content:encoded>"
        items.append(f"<item><title>{title}</title>{link}{guid}{inside}{whole}</item>")
    channel = f"<channel><title>{blog.name}</title>{''.join(items)}</channel>"
    return f"{HEAD}{channel}</rss>".encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("position", sized(["last"], ["first", "middle", "last"]))
async def test_r11_one_bad_entry_costs_one_entry(world: World, shell: Shell, position: str) -> None:
    count = sized(8, 100)
    at = {"first": 0, "middle": count // 2, "last": count - 1}[position]
    feeds = {}
    for kind, bad in BAD.items():
        blog = world.wordpress(f"Cacat {kind}", posts=0)
        blog.fail(blog.feed_path, body=document(blog, count, bad, at), content_type="application/rss+xml")
        feeds[await add_feed(shell, blog, full_text=True)] = kind
    await visit_due(shell)
    stored = dict(await rows(shell, "SELECT feed_id, count(*) FROM articles GROUP BY 1"))
    lost = {kind: count - stored.get(feed, 0) for feed, kind in feeds.items() if stored.get(feed, 0) < count - 1}
    assert lost == {}
    left = await rows(shell, "SELECT DISTINCT state, reason FROM entries WHERE state <> 'stored'")
    assert all(reason for _, reason in left)


FLIPS = {
    "guid": lambda text, turn: text.replace("-guid-", f"-guid{turn % 2}-"),
    "https": lambda text, turn: text.replace("http://", "https://") if turn % 2 else text,
    "utm": lambda text, turn: text.replace("</link>", f"?utm_source=rss{turn}</link>"),
    "order": lambda text, turn: text,
}


@pytest.mark.parametrize("kind", FLIPS)
async def test_r13_flipping_names_make_no_second_article(world: World, shell: Shell, kind: str) -> None:
    blog = world.wordpress(f"Bolak {kind}", posts=0)
    plain = document(blog, 6).decode().replace(f"{blog.name}-", f"{blog.name}-guid-")
    await add_feed(shell, blog, full_text=True)
    for turn in range(sized(4, 12)):
        blog.heal()
        text = FLIPS[kind](plain, turn)
        if kind == "order" and turn % 2:
            head, *items = text.split("<item>")
            tail = items[-1].partition("</channel>")
            items[-1] = tail[0]
            text = head + "".join(f"<item>{item}" for item in reversed(items)) + "</channel></rss>"
        blog.fail(blog.feed_path, body=text.encode(), content_type="application/rss+xml")
        await visit_due(shell)
        shell.clock.advance(2 * 3600)  # type: ignore[attr-defined]
    assert await rows(shell, "SELECT count(*) FROM articles") == [(6,)]
    states = dict(await rows(shell, "SELECT state, count(*) FROM entries GROUP BY 1"))
    assert states.pop("stored") == 6
    assert set(states) <= {"duplicate"}


async def test_r14_one_guid_on_all_items_hides_none(world: World, shell: Shell) -> None:
    blog = world.wordpress("Satu GUID", posts=0)
    text = document(blog, 10).decode()
    for number in range(10):
        text = text.replace(f"{blog.name}-{number}</guid>", "sama</guid>")
    blog.fail(blog.feed_path, body=text.encode(), content_type="application/rss+xml")
    await add_feed(shell, blog, full_text=True)
    await visit_due(shell)
    assert await rows(shell, "SELECT count(*) FROM articles") == [(10,)]


async def test_r15_a_guid_used_again_for_another_article_hides_neither(world: World, shell: Shell) -> None:
    blog = world.wordpress("GUID lama", posts=0)
    before = document(blog, 3)
    other = world.wordpress("GUID lama dua", posts=0)
    after = (
        document(other, 3).decode().replace(f"{other.name}-", f"{blog.name}-").replace(other.base_url, blog.base_url)
    )
    for number in range(3):
        after = after.replace(f"{blog.base_url}/{number}<", f"{blog.base_url}/baru-{number}<")
    await add_feed(shell, blog, full_text=True)
    for body in (before, after.encode()):
        blog.heal()
        blog.fail(blog.feed_path, body=body, content_type="application/rss+xml")
        await visit_due(shell)
        shell.clock.advance(2 * 3600)  # type: ignore[attr-defined]
    assert await rows(shell, "SELECT count(*) FROM articles") == [(6,)]
