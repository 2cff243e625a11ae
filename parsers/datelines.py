"""Short lines beside the article that hold a year: where a page states its date in words."""

from __future__ import annotations

import re

from parsers.block import CAPTION, Tree
from parsers.content import Choice
from parsers.dates import MONTHS, STAMP_WORDS, is_stamp
from parsers.tree import expand

LONGEST = 100  # characters
ELEMENTS = 10  # of those that were not entered
BEFORE, INTO, AFTER, MOST = 15, 4, 4, 20  # lines
# Of these patterns what stands before is asked last: that spares most lines.
_TIME = re.compile(r"[:.](?:(?<=\d.)(?<!\d\d.)|(?<=[0-2]\d.)(?<!\d\d\d.))[0-5]\d(?!\d)")
_YEAR = re.compile(r"(?:19[89]|20[0-4])\d(?<!\d{5})(?!\d)")
_SINCE_WORDS = ("lalu", "ago", "kemarin", "yesterday", "hari ini", "today", "baru saja")
_SINCE = re.compile("|".join(rf"{word}\b(?<=\b{word})" for word in _SINCE_WORDS))
_STROKES = re.compile(r"\s+[-–—|•·/]\s+")
SINCE_BEFORE = 6  # lines before the text in which "3 jam lalu" tells of it and not of another post


def date_lines(tree: Tree, choice: Choice) -> tuple[str, ...]:
    """Lines just before the text, at its beginning, and just after it, nearest to its beginning first.

    Those with a time of day go before those without; captions tell of their pictures.
    """
    if not choice.elements:
        return ()
    first, last = tree.rows[choice.elements[0]].first, tree.last[choice.elements[-1]]
    lines = tree.lines
    near = (*lines[max(0, first - BEFORE) : first][::-1], *lines[first : first + INTO], *lines[last : last + AFTER])
    texts = [text for line in near if len(text := line.text) < LONGEST and line.kind is not CAPTION]
    dated = [text for text in texts if ("20" in text or "19" in text) and _YEAR.search(text)]
    if len(dated) > 1:
        dated.sort(key=_without_time)
    above = [text for line in near[:SINCE_BEFORE] if len(text := line.text) < LONGEST and not line.linked]
    return (*dated[:MOST], *[text for text in above if _SINCE.search(text.lower()) and _tells_since(text)])


def _tells_since(text: str) -> bool:
    """ "3 jam lalu", "Rina Dewi, Kompas.com - 3 jam lalu"."""
    return any(is_stamp(part, relative=True) for part in (*_STROKES.split(text), *text.split(", ")))


def states_publication(text: str) -> bool:
    """Whether a line with a date says when the page was published, and not when something else was.

    What stands beside the date are names, rubrics and the words of stamps: a word in small letters that is none of
    these makes a sentence of it, and a copyright or a source line tells its own year.
    """
    if _OTHERS.search(text) or (text.endswith(".") and text.count(" ") > 6 and not text.endswith(".m.")):
        return False
    before = ""
    for word in _WORDS.findall(text):
        if word.islower() and word not in _STAMP and before not in _NAMING and not word.startswith("publi"):
            return False
        before = word.casefold()
    return True


_OTHERS = re.compile(
    r"©|\(c\)"
    r"|^\W*(?:copyright|hak cipta|sumber|source|foto|photo|dikutip|disadur|dilansir|referensi)\b",
    re.I,
)
_WORDS = re.compile(r"(?<![.\w])[^\W\d_]{3,}")  # by itself: no part of a host
_NAMING_TEXT = "oleh by in di penulis author reporter editor pewarta posted under on category kategori"
_NAMING = frozenset(_NAMING_TEXT.split())
_BESIDE_TEXT = (
    "oleh by in di penulis author reporter editor pewarta wartawan jurnalis kontributor redaksi admin posted under"
    " category kategori dan and the of for dibaca kali views view menit baca min read komentar comments"
    " comment dilihat"
    " yang detik menit jam hari minggu bulan tahun minutes hours days lalu ago hari ini kemarin siang sore malam pagi"
    " petang lihat von por del den"
)
_STAMP = STAMP_WORDS | MONTHS.keys() | frozenset(_BESIDE_TEXT.split())


def _without_time(text: str) -> bool:
    """Whether a line says no time of day: one that does is the page's own stamp before any other date is."""
    return _TIME.search(text) is None


def unread_date_lines(tree: Tree, choice: Choice) -> tuple[str, ...]:
    """The same of elements above the text that were not entered: some portals keep the date in the bar to share by."""
    if not choice.elements:
        return ()
    first = tree.rows[choice.elements[0]].first
    near = [i for i in tree.pruned if first - BEFORE <= tree.rows[i].first <= first and i < choice.elements[0]]
    dated = [node for i in near[-ELEMENTS:] if _YEAR.search((node := tree.pruned[i]).text())]
    texts = [line.text for node in dated for line in expand(node).lines]
    return tuple(text for text in texts if len(text) < LONGEST and _YEAR.search(text))[:MOST]
