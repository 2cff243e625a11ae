"""Short lines beside the article that hold a year: where a page states its date in words."""

from __future__ import annotations

import re

from parsers.block import CAPTION
from parsers.content import Choice
from parsers.tree import Tree, expand

LONGEST = 100  # characters
ELEMENTS = 10  # of those that were not entered
BEFORE, INTO, AFTER, MOST = 15, 4, 4, 20  # lines
_TIME = re.compile(r"(?<!\d)[0-2]?\d[:.][0-5]\d(?!\d)")
_YEAR = re.compile(r"(?:19[89]|20[0-4])\d(?<!\d{5})(?!\d)")  # what stands before is asked last: that spares most lines


def date_lines(tree: Tree, choice: Choice) -> tuple[str, ...]:
    """Lines just before the text, at its beginning, and just after it, nearest to its beginning first.

    Those with a time of day go before those without; captions tell of their pictures.
    """
    if not choice.elements:
        return ()
    first, last = tree.rows[choice.elements[0]].first, tree.last[choice.elements[-1]]
    order = (*range(first - 1, first - BEFORE - 1, -1), *range(first, first + INTO), *range(last, last + AFTER))
    near = [tree.lines[number] for number in order if 0 <= number < len(tree.lines)]
    texts = [line.text for line in near if len(line.text) < LONGEST and line.kind is not CAPTION]
    return tuple(sorted(filter(_YEAR.search, texts), key=_without_time))[:MOST]


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
