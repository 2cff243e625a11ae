"""A feed document in pieces: what stands before the first item, the items, what follows. Linear in its length.

    text -> marks (comment, CDATA, item start and end, root end) -> spans of items -> Skeleton

An item without its end tag ends where the next one starts. A comment or a CDATA section that never ends, or ends only
inside another item, is none: otherwise one broken item would swallow its neighbours. Items inside comments are none.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

NAME = r"[A-Za-z_][A-Za-z0-9_.\-]*"
ROOT = re.compile(rf"<((?:{NAME}:)?(?:rss|feed|rdf|channel|entry))(?=[\s>/])[^<>]*>?", re.IGNORECASE)
_CHANNEL = re.compile(rf"<((?:{NAME}:)?channel)(?=[\s>])[^<>]*>", re.IGNORECASE)
_CHANNEL_END = re.compile(rf"</(?:{NAME}:)?channel\s*>", re.IGNORECASE)
_ITEM_NAME = re.compile(rf"<((?:{NAME}:)?(?:item|entry))(?=[\s>/])", re.IGNORECASE)
_ATOM = 'xmlns="http://www.w3.org/2005/Atom"'


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A document in pieces. `start` opens the root and the channel, `end` closes them: enough around a lone item.

    `name` is that of its items; `cut` is what the document's end left of a last item, "" when it left none.
    """

    name: str
    start: str
    end: str
    head: str
    items: tuple[str, ...]
    tail: str
    truncated: bool = False
    cut: str = ""

    def document(self, items: Iterable[str] | None = None) -> bytes:
        """The whole document, or one with only these items, in UTF-8 with a declaration."""
        return _encoded(self.head, *(self.items if items is None else items), self.tail)

    def alone(self, item: str) -> bytes:
        """A document that says nothing but this item."""
        return _encoded(self.start, item, self.end)

    def only(self, indexes: Iterable[int]) -> Skeleton:
        """The same document with only these of its items."""
        return replace(self, items=tuple(self.items[i] for i in indexes))


def _encoded(*parts: str) -> bytes:
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + "".join(parts).encode("utf-8", "replace")


class Finder:
    """Where a pattern is next found; positions must not go down, so that all searches together read the text once."""

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self.pattern, self.text = pattern, text
        self.found = -1

    def after(self, position: int) -> int:
        """The start of the first match at or after `position`; the text's length when there is none."""
        if self.found < position:
            match = self.pattern.search(self.text, position)
            self.found = match.start() if match else len(self.text)
        return self.found


class Places:
    """Where the tags that a pattern names (its group 1) stand: looked for once, asked any number of times."""

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self.size = len(text)
        self.starts: list[int] = []
        self.named: defaultdict[str, list[int]] = defaultdict(list)
        for tag in pattern.finditer(text):
            self.starts.append(tag.start())
            self.named[tag[1].lower()].append(tag.start())

    def next(self, name: str, at: int) -> int:
        """Where the next of that name starts, or the text's length."""
        return self._first(self.named.get(name.lower(), []), at)

    def next_of_any(self, at: int) -> int:
        """Where the next one starts, or the text's length."""
        return self._first(self.starts, at)

    def _first(self, positions: list[int], at: int) -> int:
        index = bisect_left(positions, at)
        return positions[index] if index < len(positions) else self.size


def split(text: str) -> Skeleton:
    """The pieces of a document that begins with its root element."""
    root = ROOT.match(text)
    if root is None:
        raise ValueError("the text does not begin with the root of a feed")
    if root[1].rpartition(":")[2].lower() == "entry":  # an Atom entry is a document too (RFC 4287, 2)
        return _lone_entry(text, root[1])
    name = _item_name(text, root[1])
    scan = _Scan(text, name, root[1])
    spans = tuple(scan.spans())
    first = spans[0][0] if spans else scan.last
    last = spans[-1][1] if spans else first
    start, end = _frame(text, root, first)
    whole = _blanked(text, scan.empty)
    items = tuple(_whole(whole[a:b], name) for a, b in spans)
    truncated = not scan.ended
    head = text[: scan.cut_at if truncated and not spans else first]
    closed = _without(end, head)
    tail = closed if truncated else text[last : scan.last] + f"</{root[1]}>"
    left = _CHANNEL_END.sub("", text[scan.cut_at if scan.cut_at < len(text) else last :]).strip()
    return Skeleton(name, start, end, head, items, tail, truncated, left if truncated else "")


def _lone_entry(text: str, name: str) -> Skeleton:
    close = re.compile(rf"</{re.escape(name)}\s*>", re.IGNORECASE).search(text)
    start, end = f"<feed {_ATOM}>", "</feed>"
    item = text[: close.end()] if close else text
    return Skeleton(name, start, end, start, (item,) if close else (), end, close is None, "" if close else item)


def _item_name(text: str, root: str) -> str:
    """What the items are called: entry in a feed, item elsewhere; with a prefix only where none stands without."""
    usual = "entry" if root.lower().endswith("feed") else "item"
    names = {match[1]: None for match in _ITEM_NAME.finditer(text)}
    ranked = sorted(names, key=lambda name: (not name.lower().endswith(usual), ":" in name))
    return ranked[0] if ranked else usual


def _frame(text: str, root: re.Match[str], first: int) -> tuple[str, str]:
    """The start tags of the root and of a channel that holds the items, and the end tags for both."""
    channel = _CHANNEL.search(text, root.end(), first)
    if channel is None or root[1].lower().endswith("rdf"):
        return root[0], f"</{root[1]}>"
    return root[0] + channel[0], f"</{channel[1]}></{root[1]}>"


def _without(end: str, head: str) -> str:
    """The end tags that `head` has not yet."""
    channel, mark, root = end.partition("></")
    return f"</{root}" if mark and channel in head else end


def _blanked(text: str, ranges: list[tuple[int, int]]) -> str:
    """The text with spaces in these ranges, so that no position changes."""
    pieces, at = [], 0
    for start, end in ranges:
        pieces += [text[at:start], " " * (end - start)]
        at = end
    return "".join((*pieces, text[at:])) if pieces else text


def _whole(item: str, name: str) -> str:
    """The item with its end tag."""
    return item if item.endswith(">") and _ends(item, name) else f"{item}</{name}>"


def _ends(item: str, name: str) -> bool:
    tag = item[item.rfind("<") :]
    return tag.lower().startswith(f"</{name.lower()}") or (tag == item and tag.endswith("/>"))


class _Scan:
    """One pass over the marks that tell items from what only looks like one."""

    def __init__(self, text: str, name: str, root: str) -> None:
        item = rf"{re.escape(name)}(?=[\s>/])"
        self.text = text
        self.marks = re.compile(
            rf"<(?:(?P<comment>!--)|(?P<cdata>!\[CDATA\[)|(?P<close>/{item}[^<>]*>)|(?P<open>{item}[^<>]*>)"
            rf"|(?P<root>/{re.escape(root)}\s*>)|(?P<channel>/(?:{NAME}:)?channel\s*>))",
            re.IGNORECASE,
        )
        closing, opening = (re.compile(mark + item, re.IGNORECASE) for mark in ("</", "<"))
        self.comment_end, self.cdata_end = (Finder(re.compile(end), text) for end in ("-->", "]]>"))
        self.closing, self.cdata = Finder(closing, text), Finder(re.compile(r"<!\[CDATA\["), text)
        self.closing_later, self.opening_later = Finder(closing, text), Finder(opening, text)
        self.start = -1  # of the item that is open
        self.empty: list[tuple[int, int]] = []  # items without content inside another
        self.ended = False  # whether the root's end tag was found
        self.last = len(text)  # where the root's end tag starts
        self.cut_at = len(text)  # where the item starts that the document's end cuts off

    def spans(self) -> Iterator[tuple[int, int]]:
        """Start and end of each item; what stands between two items is nobody's."""
        mark = self.marks.search(self.text)
        while mark and not self.ended:
            if mark.lastgroup in ("comment", "cdata"):
                at = self._comment(mark) if mark.lastgroup == "comment" else self._cdata(mark)
            else:
                yield from self._tag(mark)
                at = mark.end()
            mark = self.marks.search(self.text, at)
        if self.start >= 0:
            self.cut_at = self.start

    def _tag(self, mark: re.Match[str]) -> Iterator[tuple[int, int]]:
        empty = mark[0].endswith("/>")
        if mark.lastgroup == "open" and not empty:
            if self.start >= 0:
                yield self.start, mark.start()
            self.start = mark.start()
        elif mark.lastgroup == "open":
            if self.start < 0:
                yield mark.start(), mark.end()
            else:
                self.empty.append(mark.span())
        else:
            if self.start >= 0:
                yield self.start, mark.end() if mark.lastgroup == "close" else mark.start()
            self.start = -1
            self.ended = mark.lastgroup == "root"
            self.last = mark.start() if self.ended else self.last

    def _comment(self, mark: re.Match[str]) -> int:
        """Where to go on after `<!--`: behind the comment, or right here when it is none."""
        end = self.comment_end.after(mark.end())
        if end == len(self.text):
            return mark.end()
        if self.start >= 0:
            swallows = self.closing.after(mark.end()) < end
        else:
            swallows = self.closing_later.after(end) < self.opening_later.after(end)
        return mark.end() if swallows else end + 3

    def _cdata(self, mark: re.Match[str]) -> int:
        """Where to go on after `<![CDATA[`: one that holds an item's end and then another start was never closed."""
        end = self.cdata_end.after(mark.end())
        broken = end == len(self.text) or self.cdata.after(self.closing.after(mark.end())) < end
        return mark.end() if broken else end + 3
