"""Calls and footers glued to the end of a paragraph by a scraper or a single line break.

Only what follows the last full sentence is looked at. It goes when every part of it, read from the end, is a line of
the closed lists, a call, a comment count or a source line; else nothing goes.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kliping.model import Credit, Removal, Source
from parsers.block import CELL, CODE, HEADING, Block, Link
from parsers.lines import bare, closed_lines, closing_words, folded, opening_words
from parsers.patterns import pattern_rule
from parsers.people import read_credits, read_initials
from parsers.plain import is_plain
from parsers.sources import read_republished, read_source

REACH = 420  # characters before the end in which a glued footer begins
_LAST_END = re.compile(  # of a sentence that another follows
    r"(?s:.*)[.!?…\"”](?:(?<=[.!?…])[\"”'’)\]]*+(?=\s*+[A-Z0-9(\[@*])|(?<=[\"”])(?=\s++[A-Z0-9(\[@*]))"
)
_COUNT = re.compile(r"(?:\d{1,6}|[Tt]idak ada|[Nn]o|[Bb]elum ada) (?:komentar|comments?) ?:?$", re.I)
STOPS = frozenset(".,;")  # nothing can be glued to a text that one of these closes
_MARKS = ".,:;!?…\"”'’()"  # of the word beside them
_MOST_WORDS = 9  # of the closed line that ends a paragraph
WHOLE = (CODE, CELL, HEADING)
_CUTTABLE = frozenset(
    {"call", "ads", "embed", "share", "read_also", "video", "page_turner", "comment_count", "continue"}
)
_WEAK = frozenset({"labels", "related_weak"})


class Cut(NamedTuple):
    """What is left of the block (None when nothing) and what was cut, in document order."""

    rest: Block | None
    removed: tuple[Removal, ...]
    sources: tuple[Source, ...] = ()
    credits: tuple[Credit, ...] = ()


def cut_suffix(block: Block) -> Cut | None:
    """The footer glued to the end of this block, which is of no kind in WHOLE, or None."""
    start = _glued(block.text)
    if start is None or (start == 0 and ":" in block.text and read_credits(block)):
        return None
    return _parts(block, start, block.text[start:].strip())


def _glued(text: str) -> int | None:
    """Where the last line begins that may be a footer: after the last full sentence."""
    if len(text) < 12:
        return None
    start = _last_sentence_end(text)
    tail = text[start:].strip()
    if not tail or len(tail) > REACH:
        return None
    may_go = (start > 0 and not is_plain(tail)) or _last_phrase(tail) is not None
    return start if may_go else None


def _last_sentence_end(text: str) -> int:
    near = text[-REACH:-1]  # most lines that no full stop closes hold no mark of the pattern
    if not ("." in near or '"' in near or "?" in near or "!" in near or "”" in near or "…" in near):
        return 0
    found = _LAST_END.match(text, max(0, len(text) - REACH))
    return found.end() if found else 0


def _parts(block: Block, start: int, tail: str) -> Cut | None:
    removed: list[Removal] = []
    left = tail
    while left:
        piece = _last_phrase(left)
        if piece is None:
            break
        removed.insert(0, Removal("suffix", piece[1], piece[0]))
        left = left[: len(left) - len(piece[0])].rstrip()
    if not left:
        return Cut(_shorter(block, start), tuple(removed)) if removed else None
    if start == 0 and not removed:
        return None  # the block is one line: the other steps judge it
    return _last_line(block, start, left, removed)


def _last_line(block: Block, start: int, left: str, removed: list[Removal]) -> Cut | None:
    """What stands between the last sentence and the phrases must itself be a line that may go."""
    if removed and is_plain(left):  # of all of it that is known
        return None
    line = Block(block.kind, left, tuple([k for k in block.links if k.text and k.text in left]), block.emphasis)
    said = read_source(line)
    notice = read_republished(line)
    found = said.sources if said else (notice,) if notice else ()
    if found:
        first = Removal("suffix", "source", left, "sources")
        return Cut(_shorter(block, start), (first, *removed), found)
    people = read_credits(line) or _desk(line)
    if people:
        first = Removal("suffix", "credits", left, "credits")
        return Cut(_shorter(block, start), (first, *removed), credits=people)
    rule = pattern_rule(line)
    if rule in _CUTTABLE:
        return Cut(_shorter(block, start), (Removal("suffix", rule, left), *removed))
    return None


def _desk(line: Block) -> tuple[Credit, ...]:
    """Only initials with a stroke: "(wsw/wsw)"; a bracketed word at the end of a sentence is the author's."""
    credit = read_initials(line) if _DESK_MARK.fullmatch(line.text) else None
    return (credit,) if credit else ()


_DESK_MARK = re.compile(r"\([A-Za-z]{2,5}(?:/[A-Za-z]{2,5}){1,2}\)")
_STARS_END = re.compile(r"[.!?\"”’)] ?\*{2,5}$")
_DESK_END = re.compile(r"\S \([a-z]{3,4}(?:/[a-z]{2,4}){1,2}\)$")


def cut_desk(block: Block) -> Cut | None:
    """Initials with a stroke at the very end of a text, also where no full stop stands before them; stars after one."""
    if block.text.endswith("**") and _STARS_END.search(block.text[-8:]):
        stars = block.text[len(block.text.rstrip("*")) :]
        return Cut(_shorter(block, len(block.text) - len(stars)), (Removal("suffix", "divider", stars),))
    m = _DESK_END.search(block.text[-20:])
    if m is None:
        return None
    start = len(block.text) - len(block.text[-20:]) + m.start() + 2
    mark = block.text[start:]
    removal = Removal("suffix", "desk", mark, "credits")
    return Cut(_shorter(block, start), (removal,), credits=(Credit("initials", mark.strip("()")),))


def _last_phrase(text: str) -> tuple[str, str] | None:
    """The closed line or comment count that ends `text`, as written, with its rule."""
    last = text.rpartition(" ")[2]
    last = last.casefold() if last.isalnum() else bare(folded(last.strip(_MARKS)))
    if last and last not in closing_words():
        return None
    count = _COUNT.search(text[-24:])
    if count:
        start = len(text) - len(text[-24:]) + count.start()
        return text[start:], "comment_count"
    words, closed, opening = text.split(" "), closed_lines(), opening_words()
    low = " ".join(words[-_MOST_WORDS:]).casefold().split(" ")
    for take in range(len(low), 0, -1):
        first = low[-take]
        if first.isalnum() and first not in opening:
            continue
        group = closed.get(bare(" ".join(low[-take:])))
        if group is not None and group.name not in _WEAK and (take > 1 or len(words) == 1):
            return " ".join(words[-take:]), group.name
    return None


def _shorter(block: Block, end: int) -> Block | None:
    text = block.text[:end].rstrip()
    if not text:
        return None
    return Block(block.kind, text, _links_in(text, block.links), block.emphasis)


def _links_in(text: str, links: tuple[Link, ...]) -> tuple[Link, ...]:
    return tuple(link for link in links if link.text in text)
