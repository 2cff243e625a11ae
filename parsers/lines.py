"""Which whole lines are furniture by the closed lists of data/lines.toml, and what tells a sentence from a headline.

A line is judged whole and normalised, never by a part of it: half of all Indonesian sentences with "komentar", "baca
juga" or "sumber" in them are prose. Where a pattern leaves room for a sentence, a verb of saying keeps the line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import product
from typing import NamedTuple

from parsers import packaged
from parsers.block import PARAGRAPH, QUOTE, VERBATIM, Block

LONGEST_LINE = 100  # characters no closed line exceeds
LINE_LIMIT = 400  # characters; a longer block is a paragraph, whatever it begins with


def folded(text: str) -> str:
    """Lower case, one space between words: most lines have no other, and no other white space is printable."""
    line = text.casefold()
    return line.strip() if line.isprintable() and "  " not in line else " ".join(line.split())


@lru_cache(maxsize=2048)  # every step asks for the same few lines
def normal(text: str) -> str:
    """Lower case, one space between words, without the marks around the line."""
    return bare(folded(text))


def bare(line: str) -> str:
    """Without the marks around the line."""
    if line[:1].isalnum() and line[-1].isalnum():
        return line
    start, end = 0, len(line)
    while start < end and not line[start].isalnum():
        start += 1
    while end > start and not line[end - 1].isalnum():
        end -= 1
    return line[start:end]


class Group(NamedTuple):
    """One table of lines.toml."""

    name: str
    anywhere: bool
    marker: bool
    heads_list: bool
    incomplete: bool


@cache
def closed_lines() -> dict[str, Group]:
    """Every line of data/lines.toml under its normal form."""
    data = tomllib.loads(packaged.text("data/lines.toml"))
    found: dict[str, Group] = {}
    made: dict[str, Group] = {}
    for name, table in data.items():
        group = Group(
            name,
            anywhere=table["where"] == "any",
            marker=bool(table.get("marker")),
            heads_list=bool(table.get("list")),
            incomplete=bool(table.get("incomplete")),
        )
        found |= {bare(folded(line)): group for line in table["lines"].splitlines()}
        for line in table.get("made", "").splitlines():
            columns = [column.split("|") for column in line.split(" + ")]
            made |= {" ".join(filter(None, parts)): group for parts in product(*columns)}
    return made | found  # a line that is written out says more than one made of parts


@cache
def opening_words() -> frozenset[str]:
    """The words that closed lines begin with."""
    return frozenset(map(normal, {line.partition(" ")[0] for line in closed_lines()}))


@cache
def closing_words() -> frozenset[str]:
    """The words that closed lines and counts of comments end with."""
    last = {line.rpartition(" ")[2] for line in closed_lines()}
    return frozenset(map(normal, last)) | {"komentar", "comment", "comments"}


@cache
def closed_beginnings() -> frozenset[str]:
    """The first five characters of the closed lines, three of those that are shorter."""
    return frozenset(line[: 5 if len(line) >= 5 else 3] for line in closed_lines())


def by_first_letters(text: str) -> dict[str, tuple[str, ...]]:
    """What lines may begin with, parted by strokes, under its first two letters; a letter alone under that one."""
    found: dict[str, list[str]] = {}
    for beginning in sorted(text.split("|")):
        known = found.get(beginning[0]) or found.setdefault(beginning[:2], [])
        if not (known and beginning.startswith(known[-1])):
            known.append(beginning)
    return {first: tuple(known) for first, known in found.items()}


def beginnings(found: Mapping[str, tuple[str, ...]], line: str) -> tuple[str, ...]:
    """Of those the few that a line can begin with."""
    return found.get(line[:2]) or found.get(line[:1], ())


def closed_group(block: Block) -> Group | None:
    """The closed list that holds the whole line, if any. Table cells, code and quotes are text of the article."""
    if len(block.text) > LINE_LIMIT or block.kind in VERBATIM:
        return None
    return closed_lines().get(normal(block.text))


# --- what a sentence looks like ---------------------------------------------------------------------------------------

SAYING = re.compile(
    r"\b(?:kata|katanya|ujar|ujarnya|tutur|tuturnya|ucap|ucapnya|imbuh|imbuhnya|jelas|jelasnya|ungkap|ungkapnya|tegas"
    r"|tegasnya|menurut|sebut|sebutnya|meng?aku|mengatakan|menyebut\w*|melaporkan|menyatakan|menambahkan|mengungkap\w*"
    r"|menjelaskan|memberi\w*|menulis|berkata|membantah|membenarkan|menilai|meminta|minta|said|says|told|adalah|ialah"
    r"|merupakan|diduga|menjadi|berada|yaitu|tidak|belum|akan)\b"
)
_WORD = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*")
_SMALL_TEXT = (
    "dan di ke dari yang untuk dengan pada atau dalam saat usai jelang soal oleh bagi para si sang ini itu of the and"
    " to in on for a an vs by at as is ala demi agar bak lewat hingga karena jadi akibat terkait sampai tanpa"
)
SMALL_WORDS = frozenset(_SMALL_TEXT.split())


def words_of(text: str) -> list[str]:
    """The words of a line."""
    return _WORD.findall(text)


def like_headline(text: str) -> bool:
    """Written as a headline: most words that matter begin with a capital, and no full stop ends it."""
    text = text.rstrip(" \"'”’)")
    if not text or text[-1] in ".;,":
        return False
    words = [w for w in words_of(text) if w.casefold() not in SMALL_WORDS]
    capital = sum(1 for w in words if not w[0].islower())
    return bool(words) and capital * 10 >= len(words) * 7


def like_sentence(text: str) -> bool:
    """Prose: a verb of saying or being, or a full stop after more than a few words."""
    low = text.casefold()
    return bool(SAYING.search(low)) or (low.rstrip(" \"'”’)").endswith(".") and len(words_of(low)) > 6)


def is_prose(block: Block) -> bool:
    """A paragraph that can only be article text: where the head of an article ends."""
    return block.kind in (PARAGRAPH, QUOTE) and len(block.text) >= 120 and "." in block.text
