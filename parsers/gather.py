"""What a walk catches of the article's head on its way: metas, links, dates, headlines, names, tags. No choosing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from parsers import marks as mark
from parsers.block import Head

_LISTS = ("metas", "links", "json_ld", "times", "headlines", "bylines", "tags")
_HEADINGS = frozenset(("h1", "h2", "h3"))
_LONGEST_META = 4096  # characters, as are the next two
_LONGEST_CAPTURE = 500
_LONGEST_LD = 262_144
_MOST = 64  # of each kind but metas, links and scripts

Attributes = Mapping[str, str | None]


class Node(Protocol):
    """What is asked of an element of the parser."""

    @property
    def tag(self) -> str | None:
        """Its name."""

    @property
    def attributes(self) -> Attributes:
        """What its tag says."""

    @property
    def first_child(self) -> object:
        """None when there is nothing in it."""

    def text(self, *, separator: str = "") -> str:
        """All text in it."""


class Gatherer:
    """Gathers the candidates in document order; nothing when nobody `wants` them."""

    def __init__(self, wants: bool = True) -> None:
        self.wants = wants
        self.lists: dict[str, list[Any]] = {name: [] for name in _LISTS}
        self.title: str | None = None
        self.html_lang: str | None = None

    def head(self) -> Head:
        """What was gathered."""
        lists = {name: tuple(values) for name, values in self.lists.items()}
        return Head(title=self.title, html_lang=self.html_lang, **lists)

    def readers(self) -> dict[str, Callable[[Node], None]]:
        """What reads the elements that hold no text; without `wants` those that tell the headline, which the text is
        found below."""
        told: dict[str, Callable[[Node], None]] = {"title": self._title, "meta": self._meta}
        return told | ({"link": self._link, "script": self._script} if self.wants else {})

    def _title(self, node: Node) -> None:
        self.title = self.title or " ".join(node.text().split())[:_LONGEST_META]

    def _meta(self, node: Node) -> None:
        attributes = node.attributes
        key = attributes.get("property") or attributes.get("name") or attributes.get("itemprop")
        key = key or attributes.get("http-equiv")
        content = attributes.get("content")
        if key and content:
            self.lists["metas"].append((key.strip().lower(), content[:_LONGEST_META]))

    def _link(self, node: Node) -> None:
        attributes = node.attributes
        rel, href = attributes.get("rel"), attributes.get("href")
        if rel and href:
            self.lists["links"].append((rel.strip().lower(), href[:_LONGEST_META]))

    def _script(self, node: Node) -> None:
        if node.first_child is not None and "ld+json" in (node.attributes.get("type") or "").lower():
            self.lists["json_ld"].append(node.text()[:_LONGEST_LD])

    def of_marks(self, marks: int, node: Node, attributes: Attributes) -> None:
        """An element whose class says byline, headline or date."""
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
        if (stamp or text) and len(self.lists["times"]) < _MOST:
            self.lists["times"].append((stamp, text))

    def capture(self, name: str, node: Node) -> None:
        """The text of an element, when it is short enough to be a name or a headline."""
        caught = self.lists[name]
        if self.wants and len(caught) < _MOST:
            text = " ".join(node.text(separator=" ").split())
            if 0 < len(text) <= _LONGEST_CAPTURE:
                caught.append(text)
