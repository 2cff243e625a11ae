"""The text at work: its blocks, where its head and its end are, and what a step takes from it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from kliping.model import Caption, Credit, Removal, Source
from parsers import people
from parsers.block import CAPTION, VERBATIM, Block
from parsers.breaks import is_furniture, stands_out
from parsers.lastlines import closing_rule
from parsers.lines import LINE_LIMIT, Group, closed_group, is_prose
from parsers.plain import is_plain

HEAD_BLOCKS, TAIL_BLOCKS = 6, 6


class Sift:
    """What steps took: by index, what stays of a block (None: nothing), and what was found in it."""

    __slots__ = ("captions", "credits", "flags", "published", "removed", "sources", "tags", "taken")

    def __init__(self) -> None:
        self.taken: dict[int, Block | None] = {}
        self.removed: list[Removal] = []
        self.captions: list[Caption] = []
        self.sources: list[Source] = []
        self.credits: list[Credit] = []
        self.tags: list[str] = []
        self.published: list[str] = []
        self.flags: list[str] = []

    def drop(self, index: int, step: str, rule: str, text: str, kept_as: str | None = None) -> None:
        """Record that the block at `index`, whose text this is, left."""
        self.taken[index] = None
        self.removed.append(Removal(step, rule, text, kept_as))

    def add(self, other: Sift) -> None:
        """Take over what another step found, but for its indexes, which the next draft no longer has."""
        self.removed += other.removed
        self.captions += other.captions
        self.sources += other.sources
        self.credits += other.credits
        self.tags += other.tags
        self.published += other.published
        self.flags += other.flags


class Draft:
    """Blocks in document order. `loud` are the indexes of those that a step may take by their words or their kind."""

    __slots__ = ("_closed", "_footers", "_head", "_tails", "blocks", "loud")

    def __init__(self, blocks: Sequence[Block], loud: list[int] | None = None) -> None:
        self.blocks = blocks
        self.loud = [i for i, block in enumerate(blocks) if _is_loud(block)] if loud is None else loud
        self._closed: dict[int, Group] | None = None
        self._head: int | None = None
        self._tails: dict[int, int] = {}
        self._footers: dict[int, bool] = {}

    def without(self, taken: dict[int, Block | None]) -> Draft:
        """The draft that a step leaves."""
        if not taken:
            return self
        known, blocks, loud = frozenset(self.loud), list[Block](), list[int]()
        for index, block in enumerate(self.blocks):
            left = taken.get(index, block)
            if left is None:
                continue
            if index in known if left is block else _is_loud(left):
                loud.append(len(blocks))
            blocks.append(left)
        return Draft(blocks, loud)

    def is_loud(self, index: int) -> bool:
        """Whether the block is one of `loud`."""
        at = bisect_left(self.loud, index)
        return at < len(self.loud) and self.loud[at] == index

    def size(self) -> int:
        """Characters of text."""
        return sum(len(block.text) for block in self.blocks)

    def closed(self) -> dict[int, Group]:
        """The closed lists that hold whole lines, under the indexes of those."""
        if self._closed is None:
            self._closed = {i: group for i in self.loud if (group := closed_group(self.blocks[i])) is not None}
        return self._closed

    def head(self) -> int:
        """The index of the first prose, at most HEAD_BLOCKS."""
        if self._head is None:
            first = self.blocks[:HEAD_BLOCKS]
            self._head = next((index for index, block in enumerate(first) if is_prose(block)), len(first))
        return self._head

    def tail(self, most: int = TAIL_BLOCKS) -> int:
        """The index from which a block counts as closing the text: the last few, of a short text fewer.

        Footer lines do not count, so that a long footer is seen whole at once.
        """
        if most not in self._tails:
            self._tails[most] = self._find_tail(most)
        return self._tails[most]

    def _find_tail(self, most: int) -> int:
        index = len(self.blocks)
        left = min(most, max(2, index * 2 // 5))
        while index > 0:
            footer = self._is_footer(index - 1)
            if left <= 0 and not footer:
                break
            index -= 1
            left -= not footer
        return index

    def _is_footer(self, index: int) -> bool:
        """What some step would take from the end of a text."""
        if index not in self._footers:
            block = self.blocks[index]
            self._footers[index] = len(block.text) <= 2 * LINE_LIMIT and (
                _may_go(block) if block.kind in VERBATIM or self.is_loud(index) else stands_out(block.text)
            )
        return self._footers[index]


def _is_loud(block: Block) -> bool:
    """Cells and code are text of the article, whatever they say."""
    return block.kind is CAPTION or (block.kind not in VERBATIM and not is_plain(block.text))


def _may_go(block: Block) -> bool:
    if is_plain(block.text):
        return stands_out(block.text)
    found = closed_group(block) or closing_rule(block) or people.read_views(block) or people.read_tags(block)
    return bool(found) or is_furniture(block)
