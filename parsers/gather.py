"""What a walk catches of the article's head on its way: metas, links, dates, headlines, names, tags. No choosing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from parsers import marks as mark
from parsers.block import Head
from parsers.metas import READ, TOLD

_HEADINGS = frozenset(("h1", "h2", "h3"))
_LONGEST_META = 4096  # characters, as are the next two
_LONGEST_CAPTURE = 500
_LONGEST_LD = 262_144
_MOST = 64  # of each kind but metas, links and scripts

Attributes = Mapping[str, str | None]


class Asked(Protocol):
    """What its tag says, asked for by name."""

    def get(self, key: str) -> str | None:
        """The value; empty or None for a name without one, None when it is not there."""


class Node(Protocol):
    """What is asked of an element of the parser."""

    @property
    def tag(self) -> str | None:
        """Its name."""

    @property
    def attributes(self) -> Attributes:
        """What its tag says."""

    @property
    def attrs(self) -> Asked:
        """The same, one by one."""

    @property
    def first_child(self) -> object:
        """None when there is nothing in it."""

    def text(self, *, separator: str = "") -> str:
        """All text in it."""


class Gatherer:
    """Gathers the candidates in document order; unless somebody `wants` them, only what the text is found by."""

    def __init__(self, wants: bool = True) -> None:
        self.wants = wants
        self.told = False
        self.asides: list[Any] = []
        self.title: str | None = None
        self.metas: dict[str, list[str]] = {}
        self.links: list[tuple[str, str]] = []
        self.json_ld: list[str] = []
        self.times: list[tuple[str, str]] = []
        self.caught: dict[str, list[str]] = {"headlines": [], "bylines": [], "tags": []}

    def head(self) -> Head:
        """What was gathered."""
        if not self.wants:
            return Head(self.metas, title=self.title)
        headlines, bylines, tags = map(tuple, self.caught.values())
        links, blocks, times = tuple(self.links), tuple(self.json_ld), tuple(self.times)
        return Head(self.metas, links, self.title, blocks, times, headlines, bylines, tags)

    def page_title(self, node: Node) -> None:
        self.title = self.title or " ".join(node.text().split())[:_LONGEST_META]

    def meta(self, node: Node) -> None:
        attributes = node.attributes
        key = attributes.get("property") or attributes.get("name") or attributes.get("itemprop")
        key = key or attributes.get("http-equiv")
        if key and (name := key.strip().lower()) in READ and (content := attributes.get("content")):
            self.metas.setdefault(name, []).append(content[:_LONGEST_META])
            self.told = not self.wants and self.title is not None and self.metas.keys() >= TOLD

    def link(self, node: Node) -> None:
        """Most links are style sheets and icons: their rel is asked for alone, which costs half of all attributes."""
        rel = (node.attrs.get("rel") or "").strip().lower()
        if ("canonical" in rel or "next" in rel or rel == "image_src") and (href := node.attrs.get("href")):
            self.links.append((rel, href[:_LONGEST_META]))

    def script(self, node: Node) -> None:
        if node.first_child is not None and "ld+json" in (node.attributes.get("type") or "").lower():
            self.json_ld.append(node.text()[:_LONGEST_LD])

    def aside(self, node: Node) -> None:
        """What stands in for the text where no script runs."""
        self.asides.append(node)

    def of_marks(self, marks: int, node: Node, attributes: Attributes) -> None:
        """An element whose class says byline, headline or date."""
        if not self.wants:
            return
        if marks & mark.BYLINE:
            self.capture("bylines", node)
        if marks & mark.HEADLINE:
            self.capture("headlines", node)
        if marks & mark.DATE and attributes.get("title") and "published" in (attributes.get("class") or ""):
            self.moment(node, attributes)

    def of_property(self, value: str, node: Node, attributes: Attributes) -> int:
        """An element with itemprop; returns the marks that it gives."""
        words = value.split()
        if "articleBody" in words:
            return mark.PROPERTY
        if "datePublished" in words:
            self.moment(node, attributes)
        elif "headline" in words or ("name" in words and node.tag in _HEADINGS):
            self.capture("headlines", node)
        elif "author" in words:
            self.capture("bylines", node)
        return 0

    def of_rel(self, rel: str, node: Node) -> None:
        """A link that says what it leads to."""
        if not self.wants:
            return
        words = rel.lower().split()
        if "tag" in words:
            self.capture("tags", node)
        if "author" in words:
            self.capture("bylines", node)

    def moment(self, node: Node, attributes: Attributes) -> None:
        """An element that states a time."""
        if not self.wants:
            return
        stamp = attributes.get("datetime") or attributes.get("content") or attributes.get("title") or ""
        text = " ".join(node.text().split())[:_LONGEST_CAPTURE]
        if (stamp or text) and len(self.times) < _MOST:
            self.times.append((stamp, text))

    def capture(self, name: str, node: Node) -> None:
        """The text of an element, when it is short enough to be a name or a headline."""
        caught = self.caught[name]
        if self.wants and len(caught) < _MOST:
            text = " ".join(node.text(separator=" ").split())
            if 0 < len(text) <= _LONGEST_CAPTURE:
                caught.append(text)


# What reads the elements that hold no text.
READERS: dict[str, Callable[[Gatherer, Any], None]] = {
    "title": Gatherer.page_title,
    "meta": Gatherer.meta,
    "link": Gatherer.link,
    "script": Gatherer.script,
    "noscript": Gatherer.aside,
}
