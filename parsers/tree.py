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

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from parsers import marks as mark
from parsers import tags
from parsers.block import CAPTION, CELL, CODE, HEADING, PARAGRAPH, QUOTE, Attributes, Line, Row, Tree
from parsers.decode import DEPTH
from parsers.gather import READERS, Gatherer
from parsers.text import BREAK, broken_lines, one_line


def _tag_ids() -> dict[int, str]:
    """lexbor's number of every tag we know, read from the parser itself: comparing numbers is cheaper than names."""
    names = " ".join((*tags.ROLES.values(), tags.BLOCKS)).split()
    parser = LexborHTMLParser("<body>")
    return {parser.create_node(name).tag_id: name for name in names}


_TEXT, _COMMENT = 2, 4
TAG_NAMES = _tag_ids()
_BY_NAME = {name: number for number, name in TAG_NAMES.items()}
# What to do on leaving an element: a number from -1 on says that it is a row, and which row it stands in.
_CLOSED, _OPEN, _ANCHOR, _STRONG = -2, -3, -4, -5
_KIND_OF = {_BY_NAME[name]: kind for name, kind in tags.KINDS.items()}
_TIME, _ARTICLE, _FOOTER = (_BY_NAME[name] for name in ("time", "article", "footer"))
_PRE, _PRUNED, _READ = ({_BY_NAME[name] for name in names.split()} for names in (tags.PRE, tags.PRUNED, tags.READ))
_SPECIAL = _PRE | _PRUNED
_ASKED = mark.JUNK | mark.CAPTION
_SPLITS = mark.JUNK | mark.CAPTION | mark.HIDDEN | mark.TAGS
_NEVER_JUNK = mark.POST | mark.BODY | mark.PROPERTY
_RARE = mark.vocabulary("itemprop style hidden aria-hidden")  # attributes with a meaning, beside class and id
_NOT_SHOWN = re.compile(r"display\s*:\s*none").search

_VERDICTS, _CAPTURED = mark.VERDICTS, mark.CAPTURED
_tuple = tuple.__new__  # what a NamedTuple's own __new__ calls, at a third of the time

Splitter = Callable[[str, Attributes], object]


def read(html: bytes, splits: Splitter | None = None, prune: bool = True, head: bool = True) -> Tree:
    """The tree of a page given as UTF-8 bytes. `splits` says of an inline element whether a rule sets it apart.

    Without `head` the text alone is wanted: what the page says of itself is not gathered, but its title and metas.
    """
    root = LexborHTMLParser(html, options=LexborDocumentOptions.WO_EVENTS.value).root
    return _walk([root] if root is not None else [], splits, prune, head)


def expand(node: LexborNode, splits: Splitter | None = None) -> Tree:
    """The tree of one element that was pruned; what it says of the article's head is not gathered."""
    return _walk([node], splits, False, False)


def read_asides(tree: Tree, splits: Splitter | None = None) -> Tree:
    """The tree of what stands in the page's noscript elements, where some pages keep their only copy."""
    return _walk(tree.asides, splits, False)


def _walk(roots: Sequence[LexborNode], splits: Splitter | None, prune: bool, head: bool = True) -> Tree:
    walk = _Walk(splits, prune, head)
    for root in roots:
        walk.run(root)
    walk.tree.head, walk.tree.asides = walk.gatherer.head(), walk.gatherer.asides
    return walk.tree


class _Walk:
    """The state of one walk: the block being gathered, the link and the emphasis we are in, and what the head gave."""

    def __init__(self, splits: Splitter | None, prune: bool, head: bool) -> None:
        self.tree = Tree(TAG_NAMES)
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
        self.whole = 0  # how many parts the link has that began the block, as in a menu nearly all do
        self.strong_at = -1
        self.strong_depth = 0
        self.strong = 0
        self.break_at = -1
        self.pre = 0
        self.current = -1
        self.gatherer = Gatherer(head)
        self.readers = _FACTS if head else _TITLE

    def run(self, root: LexborNode) -> None:
        """Depth first, without recursion: `nodes` are the elements we are in, `codes` what to do on leaving each.

        Subtrees that hold no text of the article are not entered. Long because a call for every node would double the
        cost of the walk: the marks of a block are taken here as `_marks` does.
        """
        parts, last, lines, rows, flush = self.parts, self.last, self.lines, self.rows, self._flush
        enters, kinds, known, rare, special = _ENTER, _KIND_BY, len(_ENTER), _RARE, _SPECIAL
        attributes = root.attributes
        nodes, codes = [root], [self._open(root, root.tag_id, attributes, self._marks(attributes, root))]
        node = root.first_child
        while True:
            while node is not None:
                number = node.tag_id
                if number == _TEXT:
                    if parts or not node.is_empty_text_node or self.pre:
                        parts.append(node.text_content or "")
                    node = node.next
                    continue
                enter = enters[number] if number < known else None
                if enter is not None:
                    code = enter(self, node, number)
                    if code == _CLOSED:
                        node = node.next
                        continue
                    child = node.first_child
                elif (child := node.first_child) is None:
                    self._empty(node)
                    node = node.next
                    continue
                else:
                    marks = 0
                    if attributes := node.attributes:
                        value = attributes.get("class")
                        marks = _VERDICTS[value]
                        if value is None or len(attributes) > 1:  # most have a class alone
                            if "id" in attributes:
                                marks |= _VERDICTS[attributes["id"]]
                            if not rare.isdisjoint(attributes):
                                marks |= self._rare_marks(attributes, node)
                        if marks & _CAPTURED:
                            self.gatherer.of_marks(marks, node, attributes)
                    if marks & _ASKED or number in special:
                        code = self._open(node, number, attributes, marks)
                        if code == _CLOSED:
                            node = node.next
                            continue
                    else:
                        if parts:
                            flush()
                        code, kind = self.current, kinds[number] if number < known else None
                        if kind is None:
                            kind = rows[code].kind
                            if kind is CELL:
                                kind = PARAGRAPH
                        self.current = len(rows)
                        rows.append(_tuple(Row, (code, number, attributes, marks, kind, len(lines))))
                nodes.append(node)
                codes.append(code)
                node = child if len(nodes) <= DEPTH else None  # a repair may nest deeper than the source
            code = codes.pop()  # nothing left in here
            if code > _CLOSED:  # a row
                if parts:
                    flush()
                last[self.current] = len(lines)
                if self.pre and rows[self.current].tag in _PRE:
                    self.pre -= 1
                self.current = code
            elif code == _ANCHOR:
                self._end_link()
                self.link_at = -1
            elif code == _STRONG:
                self._leave_strong()
            node = nodes.pop()
            if not nodes:
                return
            node = node.next

    def _empty(self, node: LexborNode) -> None:
        """A block that nothing stands in, as the places of advertisements: no row, but it may state a time."""
        if self.parts:
            self._flush()
        if self.gatherer.wants and ("itemprop" in (attributes := node.attributes) or "title" in attributes):
            self._marks(attributes, node)

    def _leave_strong(self) -> None:
        self.strong_depth -= 1
        if self.strong_depth == 0:
            self._end_strong()
            self.strong_at = -1

    def _open(self, node: LexborNode, number: int, attributes: Attributes, marks: int) -> int:
        """Make a row of an element and enter it; returns the row around it, or that it is left out."""
        if self.parts:
            self._flush()
        rows, around = self.rows, self.current
        kind = _KIND_OF.get(number)
        if marks & mark.CAPTION:
            kind = CAPTION
        elif kind is None:
            kind = rows[around].kind if around >= 0 else PARAGRAPH
            if kind is CELL:
                kind = PARAGRAPH
        index, first = len(rows), len(self.lines)
        rows.append(_tuple(Row, (around, number, attributes, marks, kind, first)))
        if marks & _ASKED or number in _SPECIAL:
            if self._is_left_out(number, marks):
                self.tree.pruned[index] = node
                self.last[index] = first
                return _CLOSED
            if number in _PRE:
                self.pre += 1
        self.current = index
        return around

    def _is_left_out(self, number: int, marks: int) -> bool:
        """Whether an element is not entered, because its words or its name say junk and nothing says otherwise.

        A word for layout excuses a word for junk, but it excuses a nav, an aside or a footer only as the article's own.
        """
        named = number in _PRUNED
        junk = marks & mark.JUNK or (named and not (self.current >= 0 and self._in_article()))
        quoted = number == _FOOTER and self.rows[-1].kind is QUOTE  # tells who is
        if not junk or not self.prunes or number in _READ or quoted:
            return False
        excused = marks & mark.KEEP and (marks & mark.AREA or not named)
        return not (excused or marks & _NEVER_JUNK)

    def _in_article(self) -> bool:
        """Whether the current element is the article's own wrapper, whose footer names its tags."""
        row = self.rows[self.current]
        return row.tag == _ARTICLE or bool(row.marks & mark.POST)

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

    def _strong(self, node: LexborNode, number: int) -> int:
        if self.strong_depth == 0:
            self.strong_at = len(self.parts)
        self.strong_depth += 1
        return _STRONG

    def _anchor(self, node: LexborNode, number: int) -> int:
        attributes = node.attributes
        href, rel, marks = attributes.get("href"), None, 0
        if len(attributes) > 1 or href is None:  # it says more than where it leads
            marks, rel = self._marks(attributes, node), attributes.get("rel")
        if rel:
            self.gatherer.of_rel(rel, node)
        elif self.current >= 0 and self.rows[self.current].marks & mark.TAGS:
            self.gatherer.capture("tags", node)
        if marks and (marks & mark.HIDDEN or (self.splits and self.splits("a", attributes))):
            return self._open(node, number, attributes, marks)
        if self.link_at >= 0:
            self._end_link()
        self.link_at = len(self.parts)
        self.href = href or ""
        return _ANCHOR

    def _skip(self, node: LexborNode, number: int) -> int:
        return _CLOSED

    def _button(self, node: LexborNode, number: int) -> int:
        """Skipped, but in a heading, where it opens and shuts what stands under it."""
        return _OPEN if self.current >= 0 and self.rows[self.current].kind is HEADING else _CLOSED

    def _marks(self, attributes: Attributes, node: LexborNode) -> int:
        """The marks of an element; what it says of the article's head is caught on the way."""
        value = attributes.get("class")
        marks = _VERDICTS[value]
        if value is None or len(attributes) > 1:
            if "id" in attributes:
                marks |= _VERDICTS[attributes["id"]]
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
                parts.append(BREAK)
                self.break_at = len(parts)
        return _CLOSED

    def _end_link(self) -> None:
        parts, begin = self.parts, self.link_at
        if 0 <= begin < len(parts):
            text = one_line("".join(parts[begin:]) if begin + 1 < len(parts) else parts[begin])
            if text:
                self.linked += len(text)
                self.links.append((text, self.href))
                self.whole = 0 if begin else len(parts)

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
        breaks: tuple[str, ...] = ()
        if self.whole and self._is_whole():
            text = self.links[-1][0]
        else:
            raw = "".join(parts)
            code = self.pre and self.rows[self.current].kind is CODE
            text = raw.strip("\n").rstrip() if code else one_line(raw)
            if self.break_at >= 0:
                breaks = broken_lines(raw)
                self.break_at = -1
        parts.clear()
        if text:
            current, links = self.current, self.links
            kind = self.rows[current].kind
            self.lines.append(_tuple(Line, (text, current, kind, self.linked, links or (), self.strong, breaks)))
            if links:
                self.links, self.linked, self.whole = [], 0, 0
        self.strong = 0

    def _is_whole(self) -> bool:
        """Whether the block is one link and nothing else, so that the link's text is the block's."""
        more = len(self.parts) - self.whole
        return (not more or (more == 1 and self.parts[-1].isspace())) and self.break_at < 0 and not self.pre

    def _rule(self, node: LexborNode, number: int) -> int:
        if self.parts:
            self._flush()
        return _CLOSED

    def _image(self, node: LexborNode, number: int) -> int:
        if self.parts and not "".join(self.parts).isspace():
            return _CLOSED  # a picture within a line: an emoji, a formula
        self.tree.images.append((len(self.lines), self.current))
        return _CLOSED

    def _head(self, node: LexborNode, number: int) -> int:
        """There is no text in the head, so the white space between its elements need not be stepped over."""
        reader_of, gatherer = self.readers.get, self.gatherer
        for child in node.iter():
            if reader := reader_of(child.tag_id):
                reader(gatherer, child)
                if gatherer.told:
                    break
        return _CLOSED

    def _fact(self, node: LexborNode, number: int) -> int:
        if reader := self.readers.get(number):
            reader(self.gatherer, node)
        return _CLOSED


# How the walk enters an element, by its number, which costs half of a dict's look-up; None for blocks, as are tags that
# HTML does not know, whose numbers are higher.
_ROLE_OF = {_COMMENT: "skip"} | {_BY_NAME[name]: role for role, names in tags.ROLES.items() for name in names.split()}
_ENTER: list[Callable[[_Walk, LexborNode, int], int] | None] = [
    getattr(_Walk, f"_{_ROLE_OF[number]}") if number in _ROLE_OF else None for number in range(max(TAG_NAMES) + 1)
]
_KIND_BY = [_KIND_OF.get(number) for number in range(len(_ENTER))]
# What reads the elements without text; where the text alone is wanted, those that tell the headline it stands below.
_FACTS = {_BY_NAME[name]: reader for name, reader in READERS.items()}
_TITLE = {_BY_NAME[name]: READERS[name] for name in ("title", "meta", "noscript")}
