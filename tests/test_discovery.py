"""The feeds of a site from its page: declared ones first, guesses last, nothing that is no feed."""

from __future__ import annotations

from time import process_time

import pytest

from parsers.discovery import MAX_LINKS, FeedLink, feed_links

URL = "https://kabar.example/berita/satu.html"


def kinds(html: str, url: str = URL) -> list[tuple[str, str]]:
    return [(link.kind, link.url) for link in feed_links(html.encode(), url)]


def test_declared_feeds_come_first_and_once() -> None:
    html = """<html><head><title>x</title>
    <link rel="alternate" type="application/rss+xml" title="Kabar &raquo; Umpan" href="/feed/">
    <LINK REL='Alternate nofollow' TYPE='application/atom+xml; charset=utf-8' HREF='atom.xml'/>
    <link rel=alternate type=application/feed+json href=//cdn.kabar.example/feed.json>
    <link rel="alternate" type="application/rss+xml" href="https://kabar.example/feed/">
    <link rel="alternate" hreflang="en" href="/en/"><link rel="stylesheet" type="text/css" href="/a.css">
    <link rel="alternate" type="application/json" href="https://kabar.example/wp-json/wp/v2/posts/1">
    <link rel="alternate" type="application/json+oembed" href="/oembed?x">
    <link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
    <link rel="alternate" type="application/rss+xml" href="">
    </head>"""
    assert kinds(html) == [
        ("rss", "https://kabar.example/feed/"),
        ("atom", "https://kabar.example/berita/atom.xml"),
        ("json", "https://cdn.kabar.example/feed.json"),
        ("guess", "https://kabar.example/feeds/posts/default"),
    ]
    assert feed_links(html.encode(), URL)[0] == FeedLink("https://kabar.example/feed/", "Kabar » Umpan", "rss")


def test_a_base_element_counts() -> None:
    html = '<base href="https://lain.example/x/"><link rel="alternate" type="application/rss+xml" href="rss.xml">'
    assert kinds(html)[0] == ("rss", "https://lain.example/x/rss.xml")


@pytest.mark.parametrize(
    ("html", "url", "guesses"),
    [
        ('<meta content="blogger" name="generator">', URL, ["/feeds/posts/default"]),
        ('<meta name="generator" content="WordPress 6.4.3">', URL, ["/feed/"]),
        ("<p>kosong", URL, ["/feed/", "/feeds/posts/default"]),
        ("<p>kosong", "https://kampung.blogspot.co.id/2024/03/x.html", ["/feeds/posts/default"]),
        ("", "bukan alamat", []),
    ],
)
def test_guesses_by_platform(html: str, url: str, guesses: list[str]) -> None:
    root = "/".join(url.split("/")[:3])
    assert kinds(html, url) == [("guess", root + path) for path in guesses]


def test_bytes_of_other_charsets() -> None:
    html = '<meta charset="windows-1252"><link rel="alternate" type="application/rss+xml" href="/é" title="Kafé">'
    link = feed_links(html.encode("cp1252"), URL)[0]
    assert (link.url, link.title) == ("https://kabar.example/%C3%A9", "Kafé")


@pytest.mark.parametrize(
    "piece", ["<link ", "<!--", "<link rel=alternate type=application/rss+xml href=/a>", "&#", "<![", "<a b='"]
)
def test_hostile_pages_are_bounded(piece: str) -> None:
    before = process_time()
    assert len(feed_links(piece.encode() * 100_000, URL)) <= MAX_LINKS
    assert process_time() - before < 3
