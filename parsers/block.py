"""The values of reading a page: an element, a line, a clean block (one leaf paragraph), and what the head says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

Attributes = dict[str, str | None]


class BlockKind(StrEnum):
    """What a block is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    ITEM = "item"  # a list item
    QUOTE = "quote"
    CODE = "code"
    CELL = "cell"  # a table cell
    CAPTION = "caption"  # by its markup: figcaption, .wp-caption-text, .tr-caption


PARAGRAPH, HEADING, ITEM, QUOTE, CODE, CELL, CAPTION = BlockKind  # an enum's attribute is ten times as dear
VERBATIM = frozenset((CODE, CELL))  # text of the article, whatever it says


class Row(NamedTuple):
    """An element: `parent` is an index (-1 for the root), `tag` lexbor's number, `first` the block it begins at."""

    parent: int
    tag: int
    attributes: Attributes
    marks: int
    kind: BlockKind
    first: int


class Line(NamedTuple):
    """A block: `text` on one line (not yet NFC), `owner` an element, `linked` characters in `links` (text, raw href).

    `strong` counts its emphasised characters; `breaks` holds what single `<br>` divide, when they do.
    """

    text: str
    owner: int
    kind: BlockKind
    linked: int
    links: Sequence[tuple[str, str]]
    strong: int
    breaks: tuple[str, ...]


class Link(NamedTuple):
    """One anchor inside a block: its text, its href as an absolute URL (None when it leads nowhere)."""

    text: str
    url: str | None


@dataclass(slots=True)
class Block:
    """A leaf block: text on one line (a single `<br>` is a space, two or more split blocks), clean.

    Code keeps its line breaks. `emphasis` says that all of the text is bold, strong or italic. `lines` holds the parts
    between single `<br>` where there are two or more, so that a footer line glued to a paragraph can be told from it;
    empty otherwise. Never changed once made; not frozen, which would make each of a page's dozens four times as dear.
    """

    kind: BlockKind
    text: str
    links: tuple[Link, ...] = ()
    emphasis: bool = False
    lines: tuple[str, ...] = ()

    def __hash__(self) -> int:
        """By the text, whose own hash is kept: blocks are looked up by every step."""
        return hash(self.text)

    @property
    def link_share(self) -> float:
        """The share of the text, 0 to 1, that stands inside links."""
        return min(1.0, sum(len(link.text) for link in self.links) / len(self.text)) if self.text else 0.0


class Head(NamedTuple):
    """What one walk over a page collected beside its text: raw candidates for title, author, date and the rest.

    Everything is in document order and still as written (entities decoded, not otherwise cleaned, cut to a sane
    length); choosing is `metadata.describe`'s work. `metas` holds the values of each name, `links` (rel, href); names
    and rels are lower-case, and only those are kept that somebody reads (see `parsers.metas`). `times` holds
    (machine-readable value, visible text) of `<time>`, `abbr.published`, `itemprop=datePublished`; `date_lines` short
    texts near the headline or byline that hold a four-digit year.
    """

    metas: Mapping[str, Sequence[str]] = MappingProxyType({})
    links: tuple[tuple[str, str], ...] = ()
    title: str | None = None
    json_ld: tuple[str, ...] = ()
    times: tuple[tuple[str, str], ...] = ()
    headlines: tuple[str, ...] = ()
    bylines: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    date_lines: tuple[str, ...] = ()


_NO_HEAD = Head()


class Tree:
    """The arrays, in document order. Element i begins at block `rows[i].first` and ends before block `last[i]`.

    `names` are those of lexbor's numbers of tags. `pruned` holds the parser's elements that were not entered because
    their words say junk: `tree.expand` reads them when they turn out to matter. `asides` are noscript elements.
    `images` holds (block that follows, element). Inline elements are here only where they were set apart.
    """

    def __init__(self, names: Mapping[int, str]) -> None:
        self.names = names
        self.rows: list[Row] = []
        self.last: dict[int, int] = {}
        self.lines: list[Line] = []
        self.pruned: dict[int, Any] = {}
        self.asides: list[Any] = []
        self.images: list[tuple[int, int]] = []
        self.head = _NO_HEAD

    def name(self, index: int) -> str:
        """The element's tag name; empty for a tag HTML does not know."""
        return self.names.get(self.rows[index].tag, "")
