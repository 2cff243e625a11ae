"""URLs: what is a link at all, whose it is, and which ways of writing it mean one article."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kliping.model import Entry
from parsers.links import absolute, canonical, entry_key, entry_keys, host_of, likely_one_site, site_of, url_key

BASE = "https://www.kabar.example/2024/03/berita.html?x=1"


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("/a", "https://www.kabar.example/a"),
        ("a/b", "https://www.kabar.example/2024/03/a/b"),
        ("../a", "https://www.kabar.example/2024/a"),
        ("?y=2", "https://www.kabar.example/2024/03/berita.html?y=2"),
        ("#komentar", "https://www.kabar.example/2024/03/berita.html?x=1#komentar"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("  http://A.Example:80/x \n", "http://a.example/x"),
        ("http://a.example:8080", "http://a.example:8080/"),
        ("ht\ntp://a.example/x\ty", "http://a.example/xy"),
        ("/berita hari ini", "https://www.kabar.example/berita%20hari%20ini"),
        ("/é?q=é", "https://www.kabar.example/%C3%A9?q=%C3%A9"),
        ("/a%20b%2Fc", "https://www.kabar.example/a%20b%2Fc"),
        ("/a?x=1&amp;y=2&#038;z=3", "https://www.kabar.example/a?x=1&y=2&z=3"),
        ("http:\\\\a.example\\b?c\\d", "http://a.example/b?c%5Cd"),
        ("http://akun:sandi@a.example/", "http://a.example/"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://127。0。0。1/", "http://127.0.0.1/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://blog_saya.blogspot.com/", "http://blog_saya.blogspot.com/"),
        ("javascript:alert(1)", None),
        ("java\tscript:alert(1)", None),
        ("\x01javascript:alert(1)", None),
        ("JAVASCRIPT:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:a@b.example", None),
        ("ftp://a.example/", None),
        ("file:///etc/passwd", None),
        ("tag:blogger.com,1999:blog-1.post-2", None),
        ("http://", None),
        ("http:///x", None),
        ("http://a.example:99999/", None),
        ("http://a b.example/", None),
        ("http://[::1/", None),
        ("http://xn--/", None),
        ("http://a..example/", None),
        ("http://a.example/" + "x" * 2100, None),
    ],
)
def test_absolute(href: str, expected: str | None) -> None:
    assert absolute(href, BASE) == expected


def test_absolute_without_a_base() -> None:
    assert absolute("https://a.example/x", "") == "https://a.example/x"
    assert absolute("/x", "") is None


@pytest.mark.parametrize(
    ("url", "host", "site"),
    [
        ("https://WWW.Detik.com/x", "www.detik.com", "detik.com"),
        ("http://news.detik.com:80/", "news.detik.com", "detik.com"),
        ("http://news.detik.com:443/", "news.detik.com", "detik.com"),
        ("http://news.detik.com:8080/", "news.detik.com:8080", "detik.com:8080"),
        ("https://a.b.co.id/", "a.b.co.id", "b.co.id"),
        ("https://dinas.kota.go.id/", "dinas.kota.go.id", "kota.go.id"),
        ("https://toko.web.id/", "toko.web.id", "toko.web.id"),
        ("https://kampung.blogspot.com/", "kampung.blogspot.com", "kampung.blogspot.com"),
        ("https://kampung.blogspot.co.id/", "kampung.blogspot.co.id", "kampung.blogspot.com"),
        ("https://kampung.blogspot.de/", "kampung.blogspot.de", "kampung.blogspot.com"),
        ("https://www.kampung.blogspot.com/", "www.kampung.blogspot.com", "kampung.blogspot.com"),
        ("https://desa.wordpress.com/", "desa.wordpress.com", "desa.wordpress.com"),
        ("https://blogspot.com/", "blogspot.com", "blogspot.com"),
        ("http://127.0.0.5:8001/x", "127.0.0.5:8001", "127.0.0.5:8001"),
        ("http://[2001:DB8::1]/", "[2001:db8::1]", "[2001:db8::1]"),
        ("http://localhost/", "localhost", "localhost"),
        ("http://a.example./", "a.example", "a.example"),
    ],
)
def test_host_and_site(url: str, host: str, site: str) -> None:
    assert (host_of(url), site_of(url)) == (host, site)


@pytest.mark.parametrize("url", ["", "https://", "x", "http://a b/", "http://[::1/", "http://a:b/", "http://.../"])
def test_no_host(url: str) -> None:
    for name in (host_of, site_of, canonical):
        with pytest.raises(ValueError, match=r".+"):
            name(url)


SAME = {
    "https://detik.com/berita/d-1/judul": [
        "http://detik.com/berita/d-1/judul",
        "https://www.detik.com/berita/d-1/judul/",
        "https://m.detik.com/berita/d-1/judul",
        "https://www.detik.com:443/berita/d-1/judul?single=1",
        "https://www.detik.com/berita/d-1/judul?utm_source=rss&utm_medium=feed#komentar",
        "https://www.detik.com/amp/berita/d-1/judul",
        "https://amp.detik.com/berita/d-1/judul/amp/",
        "https://www.detik.com/berita/d-1/judul?amp=1",
        "https://www.detik.com/berita/d-1/judul?amp",
        "https://www.detik.com/berita/./x/../d-1/judul?",
        "https://www.detik.com/berita/d%2D1/judul?fbclid=a&gclid=b&page=all&showpage=all&view=all",
    ],
    "https://kampung.blogspot.com/2024/03/pasar.html": [
        "http://kampung.blogspot.com/2024/03/pasar.html",
        "https://kampung.blogspot.co.id/2024/03/pasar.html?m=1",
        "http://kampung.blogspot.com.au/2024/03/pasar.html?m=0",
        "https://kampung.blogspot.com/2024/03/pasar.html?spref=tw",
        "https://kampung.blogspot.com/2024/03/pasar.html?showComment=123#c123",
        "https://www.kampung.blogspot.com/2024/03/pasar.html#comment-form",
    ],
    "https://a.example/?p=12": ["http://a.example?p=12", "http://www.a.example/?p=12&utm_campaign=x"],
    "https://a.example/x?a=1&b=2": ["https://a.example/x?b=2&amp;a=1", "https://a.example/x?b=2&#038;a=1"],
    "https://a.example/%C3%A9~": ["https://a.example/é~", "https://a.example/%c3%a9%7E"],
    "https://a.example:8080/": ["http://a.example:8080", "https://www.a.example:8080/?"],
    "https://m.blogspot.com/x": ["http://m.blogspot.com/x"],
    "https://www.id/": ["http://www.id"],
    "https://127.0.0.1:8001/x": ["http://127.0.0.1:8001/x?m=1"],
}


@pytest.mark.parametrize(("one", "url"), [(one, url) for one, urls in SAME.items() for url in urls])
def test_ways_of_writing_one_article(one: str, url: str) -> None:
    assert canonical(url) == one
    assert canonical(one) == one
    assert url_key(url) == url_key(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x", "https://a.example/X"),
        ("https://a.example/?p=1", "https://a.example/?p=2"),
        ("https://a.example/x", "https://a.example:8080/x"),
        ("https://a.example/x", "https://b.a.example/x"),
        ("https://a.example/x?page=2", "https://a.example/x"),
        ("https://a.example/x?id=m1", "https://a.example/x"),
        ("https://a.example/amplop", "https://a.example/lop"),
        ("https://a.example/lampu/amp", "https://a.example/lamp"),
        ("https://satu.blogspot.com/x", "https://dua.blogspot.com/x"),
        ("https://m.blogspot.com/x", "https://blogspot.com/x"),
        ("https://a.example/a%2Fb", "https://a.example/a/b"),
    ],
)
def test_different_articles_stay_different(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


PIECES = [
    *"ab/?&=#%.:@[]\\ é\x00;20-_~+",
    "/amp",
    "/amp/",
    "//",
    "..",
    "%2e",
    "%E9",
    "m.",
    "www.",
    "utm_a=",
    "?m=1",
    "&amp;",
]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_canonical_is_stable(tail: str) -> None:
    for url in (f"https://www.a.example/{tail}", f"http://m.{tail}"):
        try:
            once = canonical(url)
        except ValueError:
            continue
        assert canonical(once) == once
        assert once.isascii()
        assert site_of(once) in site_of(url) or site_of(url).endswith(site_of(once))


@given(st.text(max_size=60), st.text(max_size=30))
def test_absolute_is_http_ascii_and_stable(href: str, base: str) -> None:
    found = absolute(href, f"https://a.example/{base}")
    if found is not None:
        assert found.startswith(("http://", "https://"))
        assert found.isascii()
        assert not any(c <= " " for c in found)
        assert absolute(found, "") == found


@pytest.mark.parametrize("piece", ["/..", "&amp;", "%2e", "a=1&", "utm_x=1&", "amp/", "//", "/amp", "\\", "[", "é"])
def test_long_urls_take_linear_time(piece: str) -> None:
    before = process_time()
    canonical("https://a.example/" + piece * 30_000)
    absolute(piece * 30_000, BASE)
    assert process_time() - before < 1


# --- who an entry is --------------------------------------------------------------------------------------------------

FEED = "https://a.example/feed"


def same(one: Entry, other: Entry, feed: str = FEED, other_feed: str | None = None) -> bool:
    return entry_key(one, feed) == entry_key(other, other_feed or feed)


def test_blogger_identity_is_blog_and_post() -> None:
    post = Entry(guid="tag:blogger.com,1999:blog-1.post-22", url="https://x.blogspot.com/a.html")
    moved = Entry(guid="tag:blogger.com,1999:blog-1.post-22", url="https://pindah.example/b.html", title="lain")
    assert same(post, moved, "https://x.blogspot.com/feeds/posts/default", "https://pindah.example/feed")
    assert not same(post, Entry(guid="tag:blogger.com,1999:blog-1.post-2"))
    assert not same(post, Entry(guid="tag:blogger.com,1999:blog-12.post-2"))
    assert same(post, Entry(guid="tag:blogger.com,1999:user-7.blog-1.post-22"))


def test_guid_urls_flip_without_a_new_identity() -> None:
    forms = (
        "http://a.example/?p=1",
        "https://www.a.example/?p=1&utm_source=x",
        "https://a.example/?utm_source=y&#038;p=1",
    )
    assert len({entry_key(Entry(guid=guid), FEED) for guid in forms}) == 1
    assert not same(Entry(guid=forms[0]), Entry(guid="http://a.example/?p=2"))


def test_guid_comes_before_link_and_link_before_text() -> None:
    assert same(Entry(guid="x", url="https://a.example/1"), Entry(guid="x", url="https://a.example/2"))
    assert same(Entry(url="http://a.example/1", title="a"), Entry(url="https://www.a.example/1/", title="b"))
    assert same(Entry(title="a", summary="s"), Entry(title="a", summary="s"))
    assert not same(Entry(title="a", summary="s"), Entry(title="a", summary="t"))
    assert not same(Entry(title="a", published_raw="1"), Entry(title="a", published_raw="2"))


def test_kinds_of_identity_never_meet() -> None:
    url = "https://a.example/1"
    assert not same(Entry(guid=url), Entry(url=url))


def test_a_bare_guid_holds_within_its_feed_only() -> None:
    assert not same(Entry(guid="101"), Entry(guid="101"), "https://a.example/berita", "https://a.example/forum")
    assert same(Entry(guid="101"), Entry(guid="101"), "http://www.a.example/feed/", "https://a.example/feed?paged=2")
    assert same(Entry(guid="urn:x:1"), Entry(guid="urn:x:1"), "https://a.example/berita", "https://a.example/forum")


def test_one_guid_on_all_items_falls_back_to_links() -> None:
    entries = [Entry(guid="sama", url=f"https://a.example/{n}") for n in range(10)]
    assert len(set(entry_keys(entries, FEED))) == 10


def test_one_article_listed_twice_keeps_its_key() -> None:
    entry = Entry(guid="x", url="https://a.example/1")
    again = Entry(guid="x", url="http://www.a.example/1?utm_source=y", title="diperbarui")
    keys = entry_keys([entry, again, Entry(guid="y")], FEED)
    assert keys[0] == keys[1] == entry_key(entry, FEED)
    assert keys[2] == entry_key(Entry(guid="y"), FEED)


def test_keys_are_sha256() -> None:
    assert {len(key) for key in (*entry_keys([Entry(), Entry(guid="\ud800")], FEED), url_key(FEED))} == {32}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.warta.com/a", "https://warta.com/b", True),
        ("https://bola.warta.com/a", "https://news.warta.com/b", True),
        ("https://warta.com/a", "https://kabar.com/a", False),
        ("https://satu.co.id/a", "https://dua.co.id/a", False),
        ("https://www.satu.co.id/a", "https://m.satu.co.id/a", True),
        ("https://satu.blogspot.com/a", "https://dua.blogspot.com/a", False),
    ],
)
def test_two_addresses_are_of_one_site_or_not(one: str, other: str, same: bool) -> None:
    assert likely_one_site(one, other) is same
