"""Running sums over the lines of a tree: what an element holds is a difference of two of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parsers.block import CELL, CODE, HEADING, ITEM, PARAGRAPH, QUOTE, Line, Tree
from parsers.bounds import bounds_of

_PROSE = 80  # characters outside links from which a line counts as prose whatever else it is
SENTENCE = 25  # ... when it ends like a sentence
_ENDS = (".", "!", "?", "”", '"', ":", "…", "»", ")", "’")
_TEXT_KINDS = frozenset((PARAGRAPH, QUOTE, ITEM, CELL, CODE))


class Sums(NamedTuple):
    """Running sums over lines: entry j is the sum of the lines before j. Outside of lines `begin` to `end`, where the
    article cannot stand, no line counts as prose."""

    text: list[int]
    linked: list[int]
    prose: list[int]
    headings: list[int]  # the lines that are
    begin: int = 0
    end: int = 1 << 30

    def over(self, sums: list[int], first: int, last: int) -> int:
        """The sum over lines first up to last."""
        return sums[last] - sums[first]


def running(lines: Sequence[Line]) -> Sums:
    """The sums of lines that may stand anywhere. What counts as prose are the characters of running text of the page's
    author, outside links: no label, no caption, no list of links."""
    text, linked, prose, headings = [0], [0], [0], []
    all_text = all_linked = all_prose = 0
    for words, _, kind, in_links, _, _, _ in lines:
        size = len(words)
        free = size - in_links
        all_text += size
        all_linked += in_links
        if free >= SENTENCE and in_links <= free and kind in _TEXT_KINDS and (free >= _PROSE or words.endswith(_ENDS)):
            all_prose += free
        elif kind is HEADING:
            headings.append(len(text) - 1)
        text.append(all_text)
        linked.append(all_linked)
        prose.append(all_prose)
    return Sums(text, linked, prose, headings)


def sums_of(tree: Tree) -> Sums:
    """The running sums of a tree."""
    text, linked, prose, headings, _, _ = running(tree.lines)
    begin, end = bounds_of(tree, prose, headings)
    if above := prose[begin]:
        prose = [0] * begin + [sum_ - above for sum_ in prose[begin:]]
    if end < len(tree.lines):
        prose[end:] = [prose[end]] * (len(prose) - end)
    return Sums(text, linked, prose, headings, begin, end)
