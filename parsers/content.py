"""Which blocks are the article: the container of the body, and what inside it is not body.

    tree --site rule--> --platform rule--> --generic score, climbing--> container --sift--> blocks, removed lines

Everything is sums over the arrays of the tree: nothing is parsed or matched again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from typing import NamedTuple

from parsers import marks as mark
from parsers import metas
from parsers.block import HEADING, PARAGRAPH, Row, Tree
from parsers.bounds import FEW
from parsers.rules import Rule
from parsers.selector import Selector
from parsers.sums import SENTENCE, Sums
from parsers.tree import TAG_NAMES

OWN_POST = "post"  # how a post is chosen that is told by its markup alone
_SHORT_POST = 200  # characters from which it is believed against any other reading of the page
_LEAD_SHARE = 0.06  # of the prose that a lead has
_NEAR, _FAR = 8, 25  # lines below the headline
_LEADING = frozenset((PARAGRAPH, HEADING))
_FULL_LINE = 40  # characters of a line that is more than a name or a date
_LEAD, _LEAD_LINES = 60, 30  # characters of a lead, and how many lines below the headline it is looked for
_NAMED = mark.BODY | mark.PROPERTY
_MOST_VOTES = 600  # characters of a line that count
_MOST_BONUS = 1.2  # for an element that is named the text
_WIDE, _NARROW = 7, 5  # of a grid's twelve columns: the main one, and one beside it
_COLUMNS = re.compile(
    r"(?<![\w-])(?:vc_)?(?:col|span|column|large|medium)-?(?:(xs|sm|md|lg|xl|xxl)-)?(\d{1,2})(?![\w-])"
)
_DOUBTED = mark.WEAK | mark.HIDDEN | mark.COMMENTS | mark.JUNK


def numbers_of(names: str) -> frozenset[int]:
    """The parser's numbers of tags: a row has its own at hand, its name is looked up."""
    return frozenset(number for number, name in TAG_NAMES.items() if name in names.split())


_LEAVES = numbers_of("p li h1 h2 h3 h4 h5 h6 pre blockquote td dd dt span font a b")
_FRAME, _ARTICLE, LOUDEST, _SECTION = map(numbers_of, ("body html", "article", "h1", "section"))
_BARS = numbers_of("ul ol nav aside figure footer form table")


def ancestors(tree: Tree, index: int) -> Iterator[int]:
    """The element itself and everything it stands in, outwards."""
    while index >= 0:
        yield index
        index = tree.rows[index].parent


def best_element(tree: Tree, sums: Sums) -> int:
    """The element that the page's prose points to, or -1. Paragraphs vote for their parent and grandparent."""
    scores: dict[int, float] = {}
    rows = tree.rows
    for index, vote in _votes(tree, sums).items():
        weight = 1.0
        while index >= 0 and weight >= 0.2:
            row = rows[index]
            if row.marks & _DOUBTED:
                vote *= 0.0 if row.marks & mark.COMMENTS else 1.0 if row.marks & mark.POST else 0.3
            scores[index] = scores.get(index, 0.0) + vote * weight
            weight *= 0.6
            index = row.parent
    best, most = -1, float("-inf")
    for index, score in scores.items():
        if score * _MOST_BONUS > most and (worth := score * _bonus(tree, sums, index)) > most:
            best, most = index, worth
    return best


def _votes(tree: Tree, sums: Sums) -> dict[int, float]:
    """What the lines of prose give to the elements that they stand in, paragraphs to what those stand in."""
    votes: dict[int, float] = {}
    rows, before = tree.rows, 0
    for line, after in zip(tree.lines, islice(sums.prose, 1, None), strict=True):
        if after != before:
            prose, before = after - before, after
            index = line.owner
            row = rows[index]
            if row.tag in _LEAVES and row.parent >= 0:
                index = row.parent
            votes[index] = votes.get(index, 0.0) + (prose if prose < _MOST_VOTES else _MOST_VOTES) / 100 + 1
    return votes


def _bonus(tree: Tree, sums: Sums, index: int) -> float:
    row, last = tree.rows[index], tree.last[index]
    text, linked = sums.over(sums.text, row.first, last), sums.over(sums.linked, row.first, last)
    marks = row.marks
    bonus = _MOST_BONUS if marks & _NAMED else 1.1 if marks & (mark.AREA | mark.POST) else 1.0
    return bonus * (1 - linked / text) if text else 0.0


def climb(tree: Tree, sums: Sums, index: int) -> int:
    """The outermost element around `index` that adds mostly prose: sections of one article stand side by side."""
    best, at = index, index
    rows, last = tree.rows, tree.last

    def measure(element: int) -> tuple[int, int]:
        first, end = rows[element].first, last[element]
        return sums.prose[end] - sums.prose[first], sums.text[end] - sums.text[first]

    prose, text = measure(index)
    least = 0.25  # of the prose that is there: what a step must add; out of a post, as much again
    while not rows[best].marks & mark.PROPERTY:
        if (rows[at].marks & mark.ENTRY or rows[at].tag in _ARTICLE) and _has_headline(tree, sums, at):
            least = 1.0
        if (at := rows[at].parent) < 0 or rows[at].tag in _FRAME:
            break
        more_prose, more_text = measure(at)
        gain, added = more_prose - prose, more_text - text
        named = rows[at].marks & mark.PROPERTY and gain >= 0.5 * added
        loose = least < 1 and gain > 0.7 * added and _own_prose(tree, sums, at, rows[best].first, gain > 0.85 * added)
        if named or loose or (gain > least * prose and gain > 0.7 * added):
            if not named and _has_side_column(tree, at, best):
                break
            best, prose, text = at, more_prose, more_text
    return best


def _has_headline(tree: Tree, sums: Sums, index: int) -> bool:
    """Whether an element holds the page's headline, or, where that is not known, any of the loudest."""
    first = tree.rows[index].first
    if sums.begin > 0:
        return first < sums.begin
    inside = tree.lines[first : tree.last[index]]
    return any(line.kind is HEADING and tree.rows[line.owner].tag in LOUDEST for line in inside)


def _has_side_column(tree: Tree, index: int, inner: int) -> bool:
    """Whether an element is a row of a grid whose wide column holds `inner` and whose narrow one holds text too."""
    column = next(step for step in ancestors(tree, inner) if tree.rows[step].parent == index)
    if _width(tree.rows[column]) < _WIDE:
        return False
    beside = range(index + 1, len(tree.rows))
    inside = takewhile(lambda i: tree.rows[i].first < tree.last[index], beside)
    narrow = (i for i in inside if tree.rows[i].parent == index and 0 < _width(tree.rows[i]) <= _NARROW)
    return any(_text_between(tree, i) for i in narrow)


def _text_between(tree: Tree, index: int) -> bool:
    return tree.last[index] > tree.rows[index].first


def _width(row: Row) -> int:
    """How many of a grid's twelve columns a class takes on a large screen, 0 when it says nothing."""
    found = _COLUMNS.findall(row.attributes.get("class") or "")
    wide = [int(count) for size, count in found if size in ("md", "lg", "xl")] or [int(count) for _, count in found]
    return max(wide, default=0)


def _own_prose(tree: Tree, sums: Sums, index: int, before: int, anywhere: bool) -> bool:
    """Whether running text stands in the element itself, in none of its children, `anywhere` or `before` a line."""
    numbers = range(tree.rows[index].first, tree.last[index] if anywhere else before)
    return any(tree.lines[n].owner == index and sums.prose[n + 1] > sums.prose[n] for n in numbers)


class Choice(NamedTuple):
    """Where the article's text is: elements in document order, and what led there."""

    elements: tuple[int, ...]
    by: str
    prose: int


NOTHING = Choice((), "none", 0)


def choose(tree: Tree, rule: Rule, sums: Sums) -> Choice:
    """The container of the body: the rule's where it holds, else what the prose points to."""
    best = best_element(tree, sums)
    elements = _with_lead(tree, sums, climb(tree, sums, best)) if best >= 0 else ()
    generic = Choice(elements, "generic", _over(tree, sums, sums.prose, elements)) if elements else NOTHING
    if generic.prose < 2 * FEW:
        own = _own_post(tree, sums, generic) if generic.prose < FEW else None
        generic = own or _under_headline(tree, sums, generic) or _right_below(tree, sums, generic) or generic
    having: dict[str, tuple[str, list[str]]] = {}
    for selector in rule.body:
        matches = _matches(tree, selector, having)
        if matches and (parts := _own_text(tree, sums, matches, rule.deepest)):
            ruled = Choice(parts, f"{rule.name} {selector.source}", _over(tree, sums, sums.prose, parts))
            if _holds(tree, sums, ruled, generic, rule.verified):
                return ruled
    return generic if generic.elements else _any_text(tree, sums)


def _with_lead(tree: Tree, sums: Sums, index: int) -> tuple[int, ...]:
    """The container, with the paragraphs that stand between it and the headline in elements of their own: a lead, or
    the text above the first picture. One alone right under the headline, or one that the page's own summary repeats, is
    a standfirst and stays out."""
    first = tree.rows[index].first
    numbers = range(sums.begin, first) if sums.begin > 0 and first - sums.begin <= _LEAD_LINES else range(0)
    lead = [n for n in numbers if sums.prose[n + 1] - sums.prose[n] >= _LEAD and _is_paragraph(tree, n)]
    if not lead or lead == [sums.begin]:
        return (index,)
    inner = set(ancestors(tree, index))
    told = [value for name in metas.DESCRIPTIONS for value in tree.head.metas.get(name, ())[:1]]
    told += [line.text for line in tree.lines[first : tree.last[index]]]
    lead = [n for n in lead if not any(tree.lines[n].text in text for text in told)]
    heads = (
        [n for n in range(lead[0], first) if tree.lines[n].kind is HEADING and _is_paragraph(tree, n)] if lead else []
    )
    owners = [tree.lines[n].owner for n in sorted((*lead, *heads))]
    if sum(sums.prose[n + 1] - sums.prose[n] for n in lead) < _LEAD_SHARE * _over(tree, sums, sums.prose, (index,)):
        return (index,)  # a call to sign up, a word about the writer
    return (*(owner for owner in owners if owner not in inner), index)


def _is_paragraph(tree: Tree, number: int) -> bool:
    """Whether a line fills an element of its own and is no link, in no list, bar, picture or junk."""
    line = tree.lines[number]
    if (
        line.kind not in _LEADING
        or 2 * line.linked > len(line.text)
        or tree.last[line.owner] - tree.rows[line.owner].first > 1
    ):
        return False
    return not any(_is_idle(tree, step) for step in ancestors(tree, line.owner))


def _is_idle(tree: Tree, index: int) -> bool:
    """Whether an element is named junk, or is a list, a bar or a picture."""
    row = tree.rows[index]
    return bool(row.marks & _DOUBTED and not row.marks & mark.POST) or row.tag in _BARS


def _own_post(tree: Tree, sums: Sums, generic: Choice) -> Choice | None:
    """On a page with next to no prose the post itself: the one that holds the headline, or the only one; in it, the
    element that names itself its text."""
    rows = tree.rows
    posts = [i for i, row in enumerate(rows) if row.marks & mark.ENTRY or row.tag in _ARTICLE]
    if sums.begin:
        posts = [i for i in posts if rows[i].first < sums.begin <= tree.last[i]]
    else:
        posts = [i for i in posts if not any(_is_idle(tree, step) for step in ancestors(tree, i))]
    if not posts or not (sums.begin or len(posts) == 1):
        return None
    post = posts[-1]
    inside = takewhile(lambda i: i == post or rows[i].parent >= post, range(post, len(rows)))
    body = max((i for i in inside if rows[i].marks & _NAMED), key=lambda i: _text(tree, sums, i), default=post)
    least = _over(tree, sums, sums.text, generic.elements) if body in _around(tree, generic) else 0
    size = _text(tree, sums, body)
    if size <= max(SENTENCE, 2 * least):
        return None
    return Choice((body,), OWN_POST if size >= _SHORT_POST else "generic", _over(tree, sums, sums.prose, (body,)))


def _under_headline(tree: Tree, sums: Sums, generic: Choice) -> Choice | None:
    """On such a page what stands with the headline, where another heading or nothing follows it; not a section of more
    that are built alike."""
    rows, lines = tree.rows, tree.lines
    if sums.begin <= 0:
        return None
    for index in ancestors(tree, rows[lines[sums.begin - 1].owner].parent):
        end = tree.last[index]
        text, linked = sums.over(sums.text, sums.begin, end), sums.over(sums.linked, sums.begin, end)
        if text < _SHORT_POST // 2 or 2 * linked > text:
            continue
        ends = end == len(lines) or lines[end].kind is HEADING
        ends = ends and sum(len(line.text) - line.linked >= _FULL_LINE for line in lines[sums.begin : end]) >= 2
        if rows[index].tag in _FRAME or not ends or _has_likes(tree, index):
            return None
        if index in (*generic.elements, *(step for element in generic.elements for step in ancestors(tree, element))):
            return None
        return Choice((index,), "generic", _over(tree, sums, sums.prose, (index,)))
    return None


def _right_below(tree: Tree, sums: Sums, generic: Choice) -> Choice | None:
    """On such a page the text that begins right below the headline, before a longer one that begins far from it."""
    first = tree.rows[generic.elements[0]].first if generic.elements else 0
    if sums.begin <= 0 or first - sums.begin < _FAR:
        return None
    near = [n for n in range(sums.begin, sums.begin + _NEAR) if sums.prose[n + 1] > sums.prose[n]]
    if sums.over(sums.prose, sums.begin, sums.begin + _NEAR) < max(_SHORT_POST, 0.35 * generic.prose):
        return None
    owner = tree.lines[near[0]].owner
    index = climb(tree, sums, tree.rows[owner].parent if tree.rows[owner].tag in _LEAVES else owner)
    return Choice((index,), "generic", _over(tree, sums, sums.prose, (index,)))


def _has_likes(tree: Tree, index: int) -> bool:
    """Whether an element's next sibling is built as it is: of one name and one class, or both sections."""
    row = tree.rows[index]
    after = next((i for i in range(index + 1, len(tree.rows)) if tree.rows[i].first >= tree.last[index]), None)
    if after is None or tree.rows[after].parent != row.parent or tree.rows[after].tag != row.tag:
        return False
    name = row.attributes.get("class")
    return row.tag in _SECTION or (bool(name) and name == tree.rows[after].attributes.get("class"))


def _around(tree: Tree, choice: Choice) -> set[int]:
    return set(ancestors(tree, choice.elements[-1])) if choice.elements else set()


def _matches(tree: Tree, selector: Selector, having: dict[str, tuple[str, list[str]]]) -> list[int]:
    """The elements that a selector means; `having` keeps the values of an attribute for the next."""
    rows = tree.rows
    if not selector.tests:
        return [i for i in range(len(rows)) if tree.name(i) == selector.tag]
    name, _, wanted = selector.tests[0]
    if name not in having:
        values = [row.attributes.get(name) or "" for row in rows]
        having[name] = (" ".join(values), values)
    everything, values = having[name]
    if wanted not in everything:  # as most are: one look tells
        return []
    found = (i for i, value in enumerate(values) if wanted in value)
    return [i for i in found if selector.matches(tree.name(i), rows[i].attributes)]


def _any_text(tree: Tree, sums: Sums) -> Choice:
    """A page whose text never reads like prose: the element that names itself body, else nothing."""
    named = [i for i, row in enumerate(tree.rows) if row.marks & (mark.BODY | mark.PROPERTY) and _text(tree, sums, i)]
    if not named:
        return NOTHING
    return Choice((max(named, key=lambda i: _text(tree, sums, i)),), "named body", 0)


def _over(tree: Tree, sums: Sums, of: list[int], elements: Sequence[int]) -> int:
    return sum([sums.over(of, tree.rows[i].first, tree.last[i]) for i in elements])


def _own_text(tree: Tree, sums: Sums, matches: list[int], deepest: bool) -> tuple[int, ...]:
    """Of nested matches the outermost, or the innermost with most of its text; of those side by side the one with the
    most prose, with the others in the same post."""
    outer: list[int] = []
    for index in matches:
        if not outer or tree.last[outer[-1]] <= tree.rows[index].first:
            outer.append(index)
        elif deepest and _text(tree, sums, index) >= 0.5 * _text(tree, sums, outer[-1]):
            outer[-1] = index
    outer = [index for index in outer if _text(tree, sums, index)]
    if not outer:
        return ()
    main = max(outer, key=lambda index: (_over(tree, sums, sums.prose, (index,)), _text(tree, sums, index)))
    post = _post_of(tree, main)
    return tuple(index for index in outer if index == main or (post >= 0 and _post_of(tree, index) == post))


def _post_of(tree: Tree, index: int) -> int:
    """The article or post that an element stands in, or what its parent is: parts of one text share it."""
    for step in ancestors(tree, tree.rows[index].parent):
        if tree.rows[step].marks & mark.POST or tree.rows[step].tag in _ARTICLE:
            return step
    return tree.rows[index].parent


def _text(tree: Tree, sums: Sums, index: int) -> int:
    return sums.over(sums.text, tree.rows[index].first, tree.last[index])


def _holds(tree: Tree, sums: Sums, ruled: Choice, generic: Choice, verified: bool) -> bool:
    """Whether a rule's container is believed beside what the prose points to."""
    if not verified:
        return ruled.prose >= 0.7 * generic.prose
    text = _over(tree, sums, sums.text, ruled.elements)
    return ruled.prose >= 250 or (text >= 20 and generic.prose < 5 * text + 500)
