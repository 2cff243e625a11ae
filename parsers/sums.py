"""Running sums over the lines of a tree: what an element holds is a difference of two of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from parsers.block import CELL, CODE, ITEM, PARAGRAPH, QUOTE, Line
from parsers.bounds import bounds_of
from parsers.tree import Tree

_PROSE = 80  # characters outside links from which a line counts as prose whatever else it is
SENTENCE = 25  # ... when it ends like a sentence
_ENDS = (".", "!", "?", "”", '"', ":", "…", "»", ")", "’")
_TEXT_KINDS = frozenset((PARAGRAPH, QUOTE, ITEM, CELL, CODE))


@dataclass(frozen=True, slots=True)
class Sums:
    """Running sums over lines: entry j is the sum of the lines before j. Outside of lines `begin` to `end`, where the
    article cannot stand, no line counts as prose."""

    text: list[int]
    linked: list[int]
    prose: list[int]
    begin: int = 0
    end: int = 1 << 30

    def over(self, sums: list[int], first: int, last: int) -> int:
        """The sum over lines first up to last."""
        return sums[last] - sums[first]


def prose_of(line: Line) -> int:
    """The characters of a line that are running text of the page's author, 0 for a label, a caption or a link list."""
    free = len(line.text) - line.linked
    if free < SENTENCE or line.linked > free or line.kind not in _TEXT_KINDS:
        return 0
    return free if free >= _PROSE or line.text.endswith(_ENDS) else 0


def sums_of(tree: Tree) -> Sums:
    """The running sums of a tree."""
    lines = tree.lines
    sizes = [len(line.text) for line in lines]
    words = [prose_of(line) if size >= SENTENCE else 0 for line, size in zip(lines, sizes, strict=True)]
    prose = list(accumulate(words, initial=0))
    begin, end = bounds_of(tree, prose)
    if above := prose[begin]:
        prose = [0] * begin + [sum_ - above for sum_ in prose[begin:]]
    if end < len(lines):
        prose[end:] = [prose[end]] * (len(prose) - end)
    return Sums(
        text=list(accumulate(sizes, initial=0)),
        linked=list(accumulate([line.linked for line in lines], initial=0)),
        prose=prose,
        begin=begin,
        end=end,
    )
