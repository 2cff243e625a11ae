"""Between which lines of a page its article can stand: below its headline, above its readers' comments and the headline
of the next article.

Told by words and places alone, so that it holds on pages whose class names say nothing. A bound is believed only with
enough running text on its inner side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from parsers import marks as mark
from parsers.block import HEADING, Line
from parsers.tree import Tree

FEW = 500  # characters of running text below which a page's post is told by its markup
LEAST = 150  # characters of running text that the article has inside a bound
_SHORTEST = 15  # characters of a headline that is told by the page's title
_NEXT = 80  # characters of running text from which a second article is one
_NEAR = 4  # lines around a headline in which its date stands
_HOME = re.compile(r"(?:https?://[^/]*)?/?(?:index\.\w+)?")
_FOLD = str.maketrans("‘’“”–—", "''\"\"--")  # what titles and headlines write differently
_COMMENTS = re.compile(
    r"(?:(?:\d{1,5}|satu|one) |\(\d{1,5}\) ?)"
    r"(?:komentar|comments?|replies|balasan|tanggapan|responses?|pemikiran|thoughts?)"
    r"(?: (?:on|pada|untuk|to|terhadap) .{1,200})?"
    r"|(?:komentar|comments?|replies|balasan|tanggapan) ?\(?\d{1,5}\)?"
    r"|komentar(?: pembaca| anda| teratas| terpopuler| terbaru)?"
    r"|(?:(?:facebook|disqus|reader|user|top|top rated|best|featured|all) )?comments"
    r"|(?:belum|tidak) ada komentar|no comments(?: yet)?"
    r"|(?:tinggalkan|tulis|beri|kirim|tambahkan|berikan) (?:sebuah )?(?:komentar|balasan|tanggapan)(?: anda)?"
    r"|(?:leave|post|add|write) a (?:comment|reply)(?: .{1,60})?"
)
_SAID = ("omment", "omentar", "repl", "anggapan", "respons", "alasan", "emikiran", "thought")
_DATED = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.]\d\d wi[bt]"
    r"|\b\d{1,2} (?:detik|menit|jam|hari|minggu|pekan|hours?|mins?|minutes?|days?)\b",
    re.IGNORECASE,
)


def bounds_of(tree: Tree, prose: Sequence[int]) -> tuple[int, int]:
    """The first line below the page's headline, and the line at which comments or another article begin.

    `prose` are the running sums of running text over the lines.
    """
    lines = tree.lines
    headings = [number for number, line in enumerate(lines) if line.kind is HEADING]
    title = _headline(tree, headings)
    if title < 0:  # old pages set their headline in anything
        title = _headline(tree, range(len(lines)))
    begin = title + 1 if title >= 0 and _heads(tree, prose, title) else 0
    tag = tree.rows[lines[title].owner].tag if begin else -1
    above = prose[begin] + LEAST if begin else max(LEAST, 0.4 * prose[-1])
    for number in headings:
        if number < begin or prose[number] < above:
            continue
        text, owner = lines[number].text, lines[number].owner
        if tree.rows[owner].tag == tag and _is_another(tree, prose, title, number):
            return begin, number
        if (len(text) < 60 or text[0].isdigit() or "“" in text) and heads_comments(text):
            return begin, number
    return begin, len(lines)


def heads_comments(text: str) -> bool:
    """Whether a line names or counts the readers' comments, or asks for one."""
    low = text[:250].lower()
    return any(word in low for word in _SAID) and _COMMENTS.fullmatch(low.strip(" :.!»")) is not None


def _headline(tree: Tree, numbers: Sequence[int]) -> int:
    """Of these lines the one that says most of the page's title, the first of equals, -1 without one. A link heads
    another article, but where its class or its level says headline and it does not lead home."""
    titles = [value for name, value in tree.head.metas if name == "og:title"]
    titles = [_folded(title) for title in dict.fromkeys((*titles, tree.head.title or ""))]
    longest, best, most = max(map(len, titles)), -1, _SHORTEST - 1
    for number in numbers:
        line = tree.lines[number]
        size = len(line.text)
        if not most < size <= longest or (2 * line.linked > size and not _is_own_link(tree, line)):
            continue
        text = _folded(line.text)
        for title in titles:
            if text in title and (2 * size >= len(title) or title.startswith(text) or title.endswith(text)):
                best, most = number, size
                break
        if most == longest:
            break
    return best


def _is_own_link(tree: Tree, line: Line) -> bool:
    return _is_loud(tree, line.owner) and _HOME.fullmatch(line.links[0][1]) is None


def _folded(text: str) -> str:
    return text if text.isascii() else text.translate(_FOLD)


def _is_loud(tree: Tree, index: int) -> bool:
    return bool(tree.rows[index].marks & mark.HEADLINE) or tree.name(index) == "h1"


def _heads(tree: Tree, prose: Sequence[int], title: int) -> bool:
    """Whether a headline stands above the text: above most of it, or, when it is the page's loudest or a date follows,
    above some. Where nothing on the page reads like a text, the loudest is believed."""
    total, loud = prose[-1], _is_loud(tree, tree.lines[title].owner)
    if loud and total < FEW:
        return True
    most = total - max(LEAST, 0.6 * total)
    if prose[title + 1] <= most:
        return True
    sure = loud or any(is_dated(line.text) for line in tree.lines[title + 1 : title + 1 + _NEAR])
    return sure and total - prose[title + 1] >= max(LEAST, 0.2 * total)


def _is_another(tree: Tree, prose: Sequence[int], title: int, number: int) -> bool:
    """Whether a heading is the headline of a second article, built as the first is: the elements side by side that hold
    the two headlines have one name and class, hold running text each, and the second has a date near its headline."""
    lines, rows = tree.lines, tree.rows
    own, other = lines[title].owner, lines[number].owner
    if _shape(tree, own) != _shape(tree, other):
        return False
    while rows[own].parent != rows[other].parent:
        own, other = rows[own].parent, rows[other].parent
        if own < 0 or other < 0 or own == other or _shape(tree, own) != _shape(tree, other):
            return False
    if any(prose[tree.last[index]] - prose[rows[index].first] < _NEXT for index in (own, other)):
        return False
    near = lines[max(rows[other].first, number - _NEAR) : min(tree.last[other], number + _NEAR + 1)]
    return any(is_dated(line.text) for line in near if line is not lines[number])


def is_dated(text: str) -> bool:
    """Whether a short line holds a year, a time of day with its zone, or how long ago something was."""
    return len(text) < 120 and _DATED.search(text) is not None


def standfirst(tree: Tree, begin: int) -> int:
    """The line right below the headline that the page's own summary repeats and that a date follows, or -1."""
    lines = tree.lines
    if not 0 < begin < len(lines) - 1 or not any(is_dated(line.text) for line in lines[begin + 1 : begin + 1 + _NEAR]):
        return -1
    text = lines[begin].text
    told = (value for name, value in tree.head.metas if name in ("description", "og:description"))
    return begin if any(text in value for value in told) else -1


def _shape(tree: Tree, index: int) -> tuple[int, str | None]:
    row = tree.rows[index]
    return row.tag, row.attributes.get("class")
