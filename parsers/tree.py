"""HTML bytes to flat arrays: parsed once by lexbor, walked once, never changed. selectolax lives only here.

    bytes --lexbor--> tree --walk--> elements (parent, tag, marks, span of blocks)
                                     blocks   (text, element, kind, characters in links)
                                     head     (metas, links, times, headlines, bylines, ...)

A block is a leaf paragraph. Inline nodes join with nothing between them and keep the source's own white space, a single
`<br>` is a space, a run of them or any block border ends the block. Every element covers one run of blocks, so that a
sum over an element is a difference of two running sums.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from parsers import marks as mark
from parsers import tags
from parsers.block import BlockKind, Head
from parsers.decode import DEPTH
from parsers.gather import Gatherer


def _tag_ids() -> dict[int, str]:
    """lexbor's number of every tag we know, read from the parser itself: comparing numbers is cheaper than names."""
    names = " ".join((*tags.ROLES.values(), tags.BLOCKS)).split()
    parser = LexborHTMLParser("<body>")
    return {parser.create_node(name).tag_id: name for name in names}


_TEXT, _COMMENT = 2, 4
TAG_NAMES = _tag_ids()
_BY_NAME = {name: number for number, name in TAG_NAMES.items()}
_ROLE_OF = {_BY_NAME[name]: role for role, names in tags.ROLES.items() for name in names.split()}
_ROLE_OF |= {_COMMENT: tags.SKIP}
_CLOSED, _OPEN, _ANCHOR_CODE, _STRONG_CODE = -1, -2, -3, -4
_OWN_KIND = {_BY_NAME[name]: kind for name, kind in tags.KINDS.items()}
_RESET = frozenset(_BY_NAME[name] for name in ("table", "ul", "ol", "dl", "section", "article", "figure", "form"))
_TIME, _HTML, _ARTICLE = _BY_NAME["time"], _BY_NAME["html"], _BY_NAME["article"]
_IMG, _HR = _BY_NAME["img"], _BY_NAME["hr"]
_META, _LINK, _TITLE, _SCRIPT = (_BY_NAME[name] for name in ("meta", "link", "title", "script"))
_PRE = frozenset(_BY_NAME[name] for name in ("pre", "listing", "xmp", "plaintext"))
# Never left out by their name: the frame of the page, and elements that hold a paragraph or less.
_READ = frozenset(_BY_NAME[name] for name in mark.vocabulary("html body main p h1 h2 h3 h4 h5 h6 li blockquote pre td"))
_PRUNED = frozenset(_BY_NAME[name] for name in ("nav", "footer", "aside"))
_SPECIAL = _PRE | _PRUNED | {_HTML}
_SPLITS = mark.JUNK | mark.CAPTION | mark.HIDDEN | mark.TAGS
_KEPT = mark.POST | mark.BODY | mark.KEEP | mark.PROPERTY
_ENTER = ("_inline", "_block", "_break", "_skip", "_head", "_anchor", "_void", "_emphasis", "_aside")  # by role
_RARE = mark.vocabulary("itemprop style hidden aria-hidden")  # attributes with a meaning, beside class and id
_NOT_SHOWN = re.compile(r"display\s*:\s*none").search
_MARK = "\x1e"  # a single line break: white space to str.split, and in no honest page
_DEEPEST = DEPTH  # the parser may nest deeper than the source when it repairs it

_CLASSES, _TOKENS = mark.CLASSES, mark.TOKENS
_tuple = tuple.__new__  # what a NamedTuple's own __new__ calls, at a third of the time

Attributes = dict[str, str | None]
Splitter = Callable[[str, Attributes], object]


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


class Tree:
    """The arrays, in document order. Element i begins at block `rows[i].first` and ends before block `last[i]`.

    `pruned` holds the elements that were not entered because their words say junk: `expand` reads them when they turn
    out to matter. `asides` are noscript elements. `images` holds (block that follows, element, src). Inline elements
    are here only where they were set apart.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.last: list[int] = []
        self.lines: list[Line] = []
        self.pruned: dict[int, LexborNode] = {}
        self.asides: list[LexborNode] = []
        self.images: list[tuple[int, int, str]] = []
        self.head = Head()

    def name(self, index: int) -> str:
        """The element's tag name; empty for a tag HTML does not know."""
        return TAG_NAMES.get(self.rows[index].tag, "")


def read(html: bytes, splits: Splitter | None = None, prune: bool = True) -> Tree:
    """The tree of a page given as UTF-8 bytes. `splits` says of an inline element whether a rule sets it apart."""
    root = LexborHTMLParser(html).root
    return _walk([root] if root is not None else [], splits, prune)


def expand(node: LexborNode, splits: Splitter | None = None) -> Tree:
    """The tree of one element that was pruned."""
    return _walk([node], splits, False)


def read_asides(tree: Tree, splits: Splitter | None = None) -> Tree:
    """The tree of what stands in the page's noscript elements, where some pages keep their only copy."""
    return _walk(tree.asides, splits, False)


def _walk(roots: Sequence[LexborNode], splits: Splitter | None, prune: bool) -> Tree:
    walk = _Walk(splits, prune)
    for root in roots:
        walk.run(root)
    return walk.finish()


def _breaks(raw: str) -> tuple[str, ...]:
    found = tuple(line for line in (" ".join(part.split()) for part in raw.split(_MARK)) if line)
    return found if len(found) > 1 else ()


class _Walk:
    """The state of one walk: the block being gathered, the link and the emphasis we are in, and what the head gave."""

    def __init__(self, splits: Splitter | None, prune: bool) -> None:
        self.tree = Tree()
        self.rows = self.tree.rows
        self.lines = self.tree.lines
        self.last = self.tree.last
        self.splits = splits
        self.prunes = prune
        self.parts: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.linked = 0
        self.link_at = -1  # index in parts at which the open link begins
        self.href = ""
        self.strong_at = -1
        self.strong_depth = 0
        self.strong = 0
        self.break_at = -1
        self.pre = 0
        self.current = -1
        self.gatherer = Gatherer()

    def run(self, root: LexborNode) -> None:
        """Depth first, without recursion; subtrees that hold no text of the article are not entered.

        Long because a call for every node would double the cost of the walk.
        """
        parts, role_of, leave = self.parts, _ROLE_OF.get, self._leave
        enter = [getattr(self, name) for name in _ENTER]
        nodes, codes = [root], [self._block(root, root.tag_id)]
        node = root.first_child if codes[0] != _CLOSED else None
        while True:
            while node is None:  # nothing left in here
                node = nodes.pop()
                leave(codes.pop())
                if not nodes:
                    return
                node = node.next
            number = node.tag_id
            if number == _TEXT:
                text = node.text_content or ""
                if parts or self.pre or not text.isspace():
                    parts.append(text)
            elif (role := role_of(number, tags.BLOCK)) != tags.SKIP:
                code = enter[role](node, number)
                if code != _CLOSED:
                    child = node.first_child
                    if child is not None and len(nodes) < _DEEPEST:
                        nodes.append(node)
                        codes.append(code)
                        node = child
                        continue
                    leave(code)
            node = node.next

    def _leave(self, code: int) -> None:
        if code >= 0:
            if self.parts:
                self._flush()
            self.last[code] = len(self.lines)
            row = self.rows[code]
            if self.pre and row.tag in _PRE:
                self.pre -= 1
            self.current = row.parent
        elif code == _ANCHOR_CODE:
            self._end_link()
            self.link_at = -1
        elif code == _STRONG_CODE:
            self.strong_depth -= 1
            if self.strong_depth == 0:
                self._end_strong()
                self.strong_at = -1

    def _block(self, node: LexborNode, number: int) -> int:
        attributes = node.attributes
        return self._open(node, number, attributes, self._marks(attributes, node) if attributes else 0)

    def _open(self, node: LexborNode, number: int, attributes: Attributes, marks: int) -> int:
        if self.parts:
            self._flush()
        current, rows, last = self.current, self.rows, self.last
        kind = BlockKind.CAPTION if marks & mark.CAPTION else _OWN_KIND.get(number)
        if kind is None:
            kind = BlockKind.PARAGRAPH
            if current >= 0 and number not in _RESET and (around := rows[current].kind) is not BlockKind.CELL:
                kind = around
        index, first = len(rows), len(self.lines)
        rows.append(_tuple(Row, (current, number, attributes, marks, kind, first)))
        last.append(first)
        if number in _SPECIAL or marks & mark.JUNK:
            junk = marks & mark.JUNK or (number in _PRUNED and not self._in_article())
            if junk and self.prunes and not (marks & _KEPT or number in _READ):
                self.tree.pruned[index] = node
                return _CLOSED
            if number in _PRE:
                self.pre += 1
            elif number == _HTML:
                self.gatherer.html_lang = attributes.get("lang") or attributes.get("xml:lang")
        self.current = index
        return index

    def _in_article(self) -> bool:
        """Whether the current element is the article's own wrapper, whose footer names its tags."""
        row = self.rows[self.current] if self.current >= 0 else None
        return row is not None and (row.tag == _ARTICLE or bool(row.marks & mark.POST))

    def _inline(self, node: LexborNode, number: int) -> int:
        attributes = node.attributes
        if not attributes:
            return _OPEN
        marks = self._marks(attributes, node)
        if marks & mark.HIDDEN:
            return _CLOSED  # words for screen readers and machines, within a sentence
        if number == _TIME:
            self.gatherer.moment(node, attributes)
        if marks & _SPLITS or (self.splits and self.splits(TAG_NAMES[number], attributes)):
            return self._open(node, number, attributes, marks)
        return _OPEN

    def _emphasis(self, node: LexborNode, number: int) -> int:
        if self.strong_depth == 0:
            self.strong_at = len(self.parts)
        self.strong_depth += 1
        return _STRONG_CODE

    def _anchor(self, node: LexborNode, number: int) -> int:
        attributes = node.attributes
        marks = self._marks(attributes, node)
        rel = attributes.get("rel")
        if rel:
            self.gatherer.of_rel(rel, node)
        elif self.current >= 0 and self.rows[self.current].marks & mark.TAGS:
            self.gatherer.capture("tags", node)
        if marks & mark.HIDDEN or (marks and self.splits and self.splits("a", attributes)):
            return self._open(node, number, attributes, marks)
        if self.link_at >= 0:
            self._end_link()
        self.link_at = len(self.parts)
        self.href = attributes.get("href") or ""
        return _ANCHOR_CODE

    def _skip(self, node: LexborNode, number: int) -> int:
        return _CLOSED

    def _aside(self, node: LexborNode, number: int) -> int:
        self.tree.asides.append(node)
        return _CLOSED

    def _marks(self, attributes: Attributes, node: LexborNode) -> int:
        """The marks of an element; what it says of the article's head is caught on the way."""
        marks = _CLASSES[attributes.get("class")] | _TOKENS[attributes.get("id")]
        if not _RARE.isdisjoint(attributes):
            marks |= self._rare_marks(attributes, node)
        if marks & mark.CAPTURED:
            self.gatherer.of_marks(marks, node, attributes)
        return marks

    def _rare_marks(self, attributes: Attributes, node: LexborNode) -> int:
        marks = mark.HIDDEN if "hidden" in attributes or attributes.get("aria-hidden") == "true" else 0
        style = attributes.get("style")
        if style and "none" in style and _NOT_SHOWN(style):
            marks |= mark.HIDDEN
        if "itemprop" in attributes:
            marks |= self.gatherer.of_property(attributes["itemprop"] or "", node, attributes)
        return marks

    def _break(self, node: LexborNode, number: int) -> int:
        """One `<br>` is a space; a second with nothing between them ends the paragraph."""
        parts = self.parts
        if self.pre:
            parts.append("\n")
        elif parts:
            if 0 <= self.break_at <= len(parts) and not "".join(parts[self.break_at :]).strip():
                self._flush()
            else:
                parts.append(_MARK)
                self.break_at = len(parts)
        return _CLOSED

    def _end_link(self) -> None:
        if self.link_at < len(self.parts):
            text = " ".join("".join(self.parts[self.link_at :]).split())
            if text:
                self.linked += len(text)
                self.links.append((text, self.href))

    def _end_strong(self) -> None:
        if 0 <= self.strong_at < len(self.parts):
            self.strong += len("".join(self.parts[self.strong_at :]).strip())

    def _flush(self) -> None:
        """End the block: what was gathered becomes a line of the current element."""
        parts = self.parts
        if self.link_at >= 0:
            self._end_link()
            self.link_at = 0
        if self.strong_depth:
            self._end_strong()
            self.strong_at = 0
        raw = "".join(parts)
        text = raw.strip("\n").rstrip() if self.pre else " ".join(raw.split())
        if text:
            current = self.current
            breaks = _breaks(raw) if self.break_at >= 0 else ()
            kind = self.rows[current].kind
            self.lines.append(_tuple(Line, (text, current, kind, self.linked, self.links or (), self.strong, breaks)))
        if self.links:
            self.links = []
        self.linked = self.strong = 0
        self.break_at = -1
        parts.clear()

    def _void(self, node: LexborNode, number: int) -> int:
        if number == _HR:
            if self.parts:
                self._flush()
        elif number == _IMG:
            if self.parts and not "".join(self.parts).isspace():
                return _CLOSED  # a picture within a line: an emoji, a formula
            attributes = node.attributes
            source = attributes.get("data-src") or attributes.get("src") or ""
            self.tree.images.append((len(self.lines), self.current, source))
        return _CLOSED

    def _head(self, node: LexborNode, number: int) -> int:
        if number == _SCRIPT:
            self.gatherer.of_script(node, node.attributes)
        elif number == _META:
            self.gatherer.of_meta(node.attributes)
        elif number == _LINK:
            self.gatherer.of_link(node.attributes)
        elif number == _TITLE:
            self.gatherer.of_title(node)
        return _CLOSED

    def finish(self) -> Tree:
        """The arrays, with the head filled in."""
        self.tree.head = self.gatherer.head()
        return self.tree
