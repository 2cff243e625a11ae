"""The feeds of a site, from one of its pages: what it declares, then what its platform is known to serve."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from parsers.decode import decode
from parsers.links import absolute, host_of
from parsers.text import clean_line, cut

SCAN_BYTES = 512 * 1024  # of a page; links stand in its head
MAX_LINKS = 50
TITLE_CHARS = 200

_KINDS = {
    "application/rss+xml": "rss",
    "application/rdf+xml": "rss",
    "application/x.atom+xml": "atom",
    "application/atom+xml": "atom",
    "application/feed+json": "json",
    "application/json": "json",
}
_JSON_API = re.compile(r"/wp-json/|oembed", re.IGNORECASE)  # WordPress declares its API as application/json
_BLOGGER_HOST = re.compile(r"(?:.+\.)?blogspot\.[a-z.]{2,6}(?::\d+)?")


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed a page leads to. `kind` is rss, atom, json as declared, or guess: nobody said that it is there."""

    url: str
    title: str | None
    kind: str


def feed_links(html: bytes, url: str) -> tuple[FeedLink, ...]:
    """The feeds that the page at `url` declares, in its order, then guesses; each URL once."""
    scan = _Scan(url)
    text = decode(html[:SCAN_BYTES], None).decode("utf-8", "replace")
    scan.feed(text.replace("<![", "&lt;!["))  # html.parser raises AssertionError on a marked section without a name
    found: dict[str, FeedLink] = {}
    for link in (*scan.links, *_guesses(scan, url)):
        found.setdefault(link.url, link)
    return tuple(found.values())[:MAX_LINKS]


class _Scan(HTMLParser):
    """Collects `<base>`, `<link rel=alternate>` and `<meta name=generator>`."""

    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = url
        self.links: list[FeedLink] = []
        self.generator = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See the class."""
        if tag not in ("base", "link", "meta"):
            return
        given = {name: value or "" for name, value in reversed(attrs)}
        if tag == "link" and len(self.links) < MAX_LINKS:
            self._link(given)
        elif tag == "base" and given.get("href"):
            self.base = absolute(given["href"], self.base) or self.base
        elif tag == "meta" and given.get("name", "").lower() == "generator":
            self.generator = self.generator or given.get("content", "")

    def _link(self, given: dict[str, str]) -> None:
        kind = _KINDS.get(given.get("type", "").partition(";")[0].strip().lower())
        href = given.get("href", "").strip()
        rel = given.get("rel", "").lower().split()
        if not kind or not href or not {"alternate", "feed"} & set(rel) or (kind == "json" and _JSON_API.search(href)):
            return
        if url := absolute(href, self.base):
            self.links.append(FeedLink(url, cut(clean_line(given.get("title", "")), TITLE_CHARS) or None, kind))


def _guesses(scan: _Scan, url: str) -> list[FeedLink]:
    """Where Blogger and WordPress serve their feeds; both when the page does not say which it is."""
    generator = scan.generator.lower()
    blogger = "blogger" in generator or _is_blogger(url)
    wordpress = "wordpress" in generator
    paths = ("/feeds/posts/default",) if blogger else ("/feed/",) if wordpress else ("/feed/", "/feeds/posts/default")
    guesses = (absolute(path, url) for path in paths)
    return [FeedLink(guess, None, "guess") for guess in guesses if guess]


def _is_blogger(url: str) -> bool:
    try:
        return bool(_BLOGGER_HOST.fullmatch(host_of(url)))
    except ValueError:
        return False
