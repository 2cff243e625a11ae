"""Between which lines of a page its article can stand: below its headline, above its readers' comments and the headline
of the next article.

Told by words and places alone, so that it holds on pages whose class names say nothing. A bound is believed only with
enough running text on its inner side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from parsers import marks as mark
from parsers import metas
from parsers.block import CELL, HEADING, ITEM, Block, Line, Tree

FEW = 500  # characters of running text below which a page's post is told by its markup
LEAST = 150  # characters of running text that the article has inside a bound
_SHORTEST = 15  # characters of a headline that is told by the page's title
_NEXT = 80  # characters of running text from which a second article is one
_NEAR = 4  # lines around a headline in which its date stands
AROUND = 60  # lines above or below a heading in which the text it stands in is looked for
_PARAGRAPH = 120  # characters of a paragraph that no list of other articles holds two of in a row
_HOME = re.compile(r"(?:https?://[^/]*)?/?(?:index\.\w+)?")
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
_FULL_DATE = re.compile(
    r"\b\d{1,2}(?:[ ./-]\d{1,2}[ ./-]| [a-z]{3,9}\.?,? )(?:19|20)\d\d\b|\b(?:19|20)\d\d-\d{1,2}-\d{1,2}"
    r"|\b[a-z]{3,9}\.? \d{1,2}, (?:19|20)\d\d\b",
    re.IGNORECASE,
)


def bounds_of(tree: Tree, prose: Sequence[int], headings: Sequence[int]) -> tuple[int, int]:
    """The first line below the page's headline, and the line at which comments or another article begin.

    `prose` are the running sums of running text over the lines, `headings` the lines that are.
    """
    lines = tree.lines
    title = _headline(tree, headings)
    if title < 0:  # old pages set their headline in anything
        title = _headline(tree, range(len(lines)))
    begin = title + 1 if title >= 0 and _heads(tree, prose, title) else 0
    begin = _above_intro(tree, prose, begin)
    tag = tree.rows[lines[title].owner].tag if begin else -1
    above = prose[begin] + LEAST if begin else max(LEAST, 0.4 * prose[-1])
    for number in headings:
        if number < begin or prose[number] < above:
            continue
        text, owner = lines[number].text, lines[number].owner
        if tree.rows[owner].tag == tag and _is_another(tree, prose, title, number):
            return begin, number
        short = len(text) < 60 or text[0].isdigit() or "“" in text
        if short and heads_comments(text) and not _is_section(tree, prose, number):
            return begin, number
    return begin, len(lines)


def heads_comments(text: str) -> bool:
    """Whether a line names or counts the readers' comments, or asks for one."""
    low = text[:250].lower()
    for word in _SAID:
        if word in low:
            return _COMMENTS.fullmatch(low.strip(" :.!»")) is not None
    return False


def _above_intro(tree: Tree, prose: Sequence[int], begin: int) -> int:
    """The bound moved above running text that stands right beside the headline, in the element that holds it: a heading
    of the text that repeats the page's title."""
    if not begin:
        return 0
    holder = tree.rows[tree.lines[begin - 1].owner].parent
    first = tree.rows[holder].first if holder >= 0 else begin
    beside = _prose_beside(tree, prose, holder, range(first, begin - 1))
    if sum(prose[n + 1] - prose[n] for n in beside) < LEAST:
        return begin
    heads = (n + 1 for n in range(beside[0] - 1, first - 1, -1) if tree.lines[n].kind is HEADING)
    return next(heads, beside[0])


def _is_section(tree: Tree, prose: Sequence[int], number: int) -> bool:
    """Whether a heading stands among the paragraphs of one text: right beside it, above and below, in one element."""
    holder = tree.rows[tree.lines[number].owner].parent
    if holder < 0:
        return False
    first, last = max(tree.rows[holder].first, number - AROUND), min(tree.last[holder], number + AROUND)
    parts = (range(first, number), range(number + 1, last))
    beside = (_prose_beside(tree, prose, holder, part) for part in parts)
    return all(sum(prose[n + 1] - prose[n] for n in part) >= _NEXT for part in beside)


def _prose_beside(tree: Tree, prose: Sequence[int], holder: int, numbers: Sequence[int]) -> list[int]:
    """Of these lines those of running text that stand in an element itself or in a child that holds nothing else."""
    rows, lines = tree.rows, tree.lines
    texts = [n for n in numbers if prose[n + 1] > prose[n]]
    return [n for n in texts if holder in (lines[n].owner, rows[lines[n].owner].parent)]


def _headline(tree: Tree, numbers: Sequence[int]) -> int:
    """Of these lines the one that says most of the page's title, the first of equals, -1 without one. A link heads
    another article, but where its class or its level says headline and it does not lead home."""
    told = tree.head.metas.get(metas.TITLE, ())[:1]
    titles = [_folded(title) for title in dict.fromkeys((*told, tree.head.title or ""))]
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
    """Without what titles and headlines write differently; a table of characters takes five times as long."""
    if text.isascii():
        return text
    text = text.replace("‘", "'").replace("’", "'").replace("“", '"').replace("”", '"')
    return text.replace("–", "-").replace("—", "-")


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
    the two headlines have one name and class, hold running text each, and the second has a date near its headline; a
    time of day or a year alone, where that is no link, is a section's."""
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
    if tree.name(other) != "article" and not rows[other].attributes.get("class"):
        return False
    near = lines[max(rows[other].first, number - _NEAR) : min(tree.last[other], number + _NEAR + 1)]
    dated = [line.text for line in near if line is not lines[number] and is_dated(line.text)]
    return bool(dated and lines[number].linked) or any(map(_FULL_DATE.search, dated))


def is_dated(text: str) -> bool:
    """Whether a short line holds a year, a time of day with its zone, or how long ago something was."""
    return len(text) < 120 and _DATED.search(text) is not None


def standfirst(tree: Tree, begin: int) -> int:
    """The line right below the headline that the page's own summary repeats and that a date follows, or -1."""
    lines = tree.lines
    if not 0 < begin < len(lines) - 1:
        return -1
    text = lines[begin].text
    told = [value for name in metas.DESCRIPTIONS for value in tree.head.metas.get(name, ())[:1] if text in value]
    return begin if told and any(is_dated(line.text) for line in lines[begin + 1 : begin + 1 + _NEAR]) else -1


def _shape(tree: Tree, index: int) -> tuple[int, str | None]:
    row = tree.rows[index]
    return row.tag, row.attributes.get("class")


def counts_comments(blocks: Sequence[Block]) -> bool:
    """Whether a line counts comments and the next is short, as a reader's name is. Tables and lists count too."""
    counts = blocks[0].kind not in (CELL, ITEM) and blocks[0].text[:1].isdigit() and heads_comments(blocks[0].text)
    return counts and len(blocks) > 1 and len(blocks[1].text) < 40 and not blocks[1].text.endswith((".", "!", "?", ":"))


def reads_on(blocks: Sequence[Block]) -> bool:
    """Whether the article goes on after a few links: a sentence that ends in no dots, and no more links after it."""
    first = next((number for number, block in enumerate(blocks) if block.link_share < 0.8), len(blocks))
    rest = blocks[first:]
    ends = (block.text.rstrip("\"”’')") for block in rest if len(block.text) >= 60 and block.link_share < 0.3)
    sentence = any(text.endswith((".", "!", "?")) and not text.endswith("..") for text in ends)
    return first > 0 and sentence and all(block.link_share < 0.8 for block in rest)


def goes_on(blocks: Sequence[Block], gaps: Sequence[bool]) -> bool:
    """Whether paragraphs of a text follow, two in a row or with a heading or points between them, where a list of other
    articles has a link. `gaps` says of each block, and maybe of more, whether a link that stood above it is gone."""
    before = False
    for block, gap in zip(blocks, gaps, strict=False):
        before = before and not gap
        if _is_long(block):
            if before:
                return True
            before = True
        elif block.kind not in (HEADING, ITEM) or block.link_share >= 0.3:
            before = False
    return False


def _is_long(block: Block) -> bool:
    text = block.text.rstrip("\"”’')")
    sentence = text.endswith((".", "!", "?")) and not text.endswith("..")
    return sentence and len(text) >= _PARAGRAPH and block.link_share < 0.3
