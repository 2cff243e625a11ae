"""What came out of the body's container: the blocks in order, what left, and what still leaves at their end."""

from __future__ import annotations

import re
from functools import cached_property

from kliping.model import Removal
from parsers.block import CELL, CODE, HEADING, Block, Line, Tree
from parsers.bounds import AROUND, counts_comments, goes_on, heads_comments, reads_on
from parsers.sums import running
from parsers.text import clean_line, composed
from parsers.tree import expand

STEP = "markup"
OWN = 150  # characters of its own that a post has before others follow within it
_HANGING = 2  # headings in a row with nothing under them
_LABEL = 60  # characters that no closing label has
_TAIL_FROM = 0.6  # share of the text before a closing label
_ENGLISH_TAIL = (
    r"you (?:may|might) also (?:like|enjoy)|read (?:next|also|more)|see also|up next|about the author"
    r"|what to read next|more .{1,40} (?:stories|news|articles|coverage|headlines)"
    r"|(?:related|more|other|latest|popular|trending|recommended)(?: (?:news|stories|articles|posts|coverage|reading"
    r"|links|topics|headlines|content|videos?|from|in|on|by)(?: .{1,40})?)?"
    r"|(?:leave a |post a |add a |view |show |all )?(?:comments?|reply|replies)|comments? \(\d+\)|\d+ comments?"
)
_INDONESIAN_TAIL = (
    r"(?:berita|artikel|pos|postingan|tulisan|baca|konten|posting|video|topik) (?:terkait|lainnya|lain|populer"
    r"|terpopuler|terbaru|rekomendasi|pilihan)|(?:berita|artikel|kabar|tulisan) .{1,30} (?:lainnya|terkait|terbaru)"
    r"|rekomendasi(?: (?:untuk anda|berita))?|terpopuler|baca juga|lihat juga"
    r"|(?:tentang|profil|biodata|sekilas(?: tentang)?) (?:si )?penulis"
    r"|tinggalkan (?:balasan|komentar)|komentar(?: pembaca)?|tag(?: terkait)?|topik terkait"
)
_TAIL = re.compile(rf"(?:{_ENGLISH_TAIL}|{_INDONESIAN_TAIL})\s*[:.…!?»>]*", re.IGNORECASE)
_TAIL_TEXT = """abo add all art bac ber bio com kab kom kon lat lea lih mor oth pop pos pro rea rec rek rel rep see sek
    sho tag ten ter tin top tre tul vid vie wha you"""
_TAIL_BEGINS = frozenset(("up ", *_TAIL_TEXT.split()))  # its first three letters, where it begins with no figure
# Labels that also stand in the middle of a text, over one link or a few.
_INSET = re.compile(
    r"(?:read (?:next|also|more)|see also|(?:baca|lihat) juga|rekomendasi"
    r"|(?:berita|artikel|pos|postingan|tulisan|video|topik) (?:terkait|lainnya|lain|pilihan))\s*[:.…!?»>]*",
    re.IGNORECASE,
)


class Unread:
    """An element that the walk did not enter, right above the block of number `before`."""

    def __init__(self, tree: Tree, index: int, before: int) -> None:
        self.node, self.before = tree.pruned[index], before

    @cached_property
    def lines(self) -> list[Line]:
        """What stands in it, read when somebody asks: the body is had without."""
        return expand(self.node).lines

    def has_prose(self, least: float) -> bool:
        """Whether it holds more running text than this, which most are too short for: line breaks add to a text at most
        a space for each of its characters."""
        return 2 * len(self.node.text()) > least and running(self.lines).prose[-1] > least


class Sifted:
    """The blocks that may be body, and what left before."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.left: list[tuple[str, Line | Block | Unread]] = []  # why, and what
        self.expanded = False  # whether any block is of an element that the walk did not enter
        self._unlinked: set[int] = set()

    def leave(self, line: Line, why: str, gap: bool = True) -> None:
        """A line goes; where it is a link in the text, it leaves a `gap` above the next block."""
        self.left.append((why, line))
        if gap and _is_link(line):
            self._unlinked.add(len(self.blocks))

    def cut(self, number: int, why: str) -> None:
        """The blocks from this one on go."""
        self.left += [(why, block) for block in self.blocks[number:]]
        del self.blocks[number:]

    @cached_property
    def removed(self) -> list[Removal]:
        """All that left, in order; to be asked when all has."""
        found: list[Removal] = []
        for why, gone in self.left:
            if isinstance(gone, Block):
                found.append(Removal(STEP, why, gone.text))
            else:
                lines = gone.lines if isinstance(gone, Unread) else (gone,)
                found += [Removal(STEP, why, _said(line)) for line in lines]
        return found

    @cached_property
    def unlinked(self) -> frozenset[int]:
        """The numbers of blocks right above which a line that is a link left; to be asked when all lines have."""
        unread = (gone for _, gone in self.left if isinstance(gone, Unread))
        return frozenset((*self._unlinked, *(gone.before for gone in unread if any(map(_is_link, gone.lines)))))


def _said(line: Line) -> str:
    """A line's text, which is on one line already, but for code."""
    return clean_line(line.text) if line.kind is CODE else composed(line.text)


def _is_link(line: Line) -> bool:
    return 2 * line.linked > len(line.text)


def drop_tail(sifted: Sifted) -> None:
    """What stands under a heading such as "Related" or "Berita Terkait", when it is the smaller part at the end."""
    blocks, seen = sifted.blocks, 0
    most = _TAIL_FROM * sum([len(block.text) for block in blocks])
    least = min(OWN, most)
    for number, block in enumerate(blocks):
        size = len(block.text)
        if size < _LABEL and seen > least and block.kind not in (CELL, CODE) and _closes(sifted, number, seen, most):
            sifted.cut(number, "under a closing label")
            return
        seen += size


def _closes(sifted: Sifted, number: int, seen: int, most: float) -> bool:
    """Whether a short line is the label of what is not the article, `seen` characters into it, and no text follows."""
    text = sifted.blocks[number].text
    if seen > OWN and text[:1].isdigit() and counts_comments(sifted.blocks[number : number + 2]):
        return True
    if seen <= most or not (text[:3].casefold() in _TAIL_BEGINS or text[0].isdecimal()) or not _TAIL.fullmatch(text):
        return False
    rest = sifted.blocks[number + 1 :]
    if _INSET.fullmatch(text) and reads_on(rest):
        return False
    if heads_comments(text):
        return True
    return not goes_on(rest[:AROUND], [n in sifted.unlinked for n in range(number + 1, number + 1 + AROUND)])


def drop_hanging_headings(sifted: Sifted) -> None:
    """A heading with nothing under it headed what was taken away; several in a row are a list of the author's."""
    blocks = sifted.blocks
    last = len(blocks)
    while last > 1 and blocks[last - 1].kind is HEADING:
        last -= 1
    if last < len(blocks) <= last + _HANGING:
        sifted.cut(last, "hanging heading")
