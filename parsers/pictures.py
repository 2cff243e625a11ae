"""Captions told by where they stand: the one line that shares a wrapper with a picture.

Inside the body such a line is a caption and no paragraph; above the body it is the caption of the lead picture, which
belongs to the article although it stands outside its text.
"""

from __future__ import annotations

from parsers.block import CAPTION, CELL, HEADING, ITEM, Tree
from parsers.content import Choice, numbers_of

LONGEST = 500  # characters of a caption
_OTHERS = (HEADING, CELL, ITEM)
ABOVE = 25  # lines above the text in which the lead picture is looked for
_HEADLINES = numbers_of("h1 h2 h3")
_ALONE = numbers_of("body html a td p li")


def lines_beside_pictures(tree: Tree, choice: Choice) -> frozenset[int]:
    """The numbers of lines that stand alone with a picture in an element, or in the one around it: of those in the text
    and just above it."""
    if not choice.elements or not tree.images:
        return frozenset()
    first, last = tree.rows[choice.elements[0]].first - ABOVE, tree.last[choice.elements[-1]]
    return frozenset([at for at, owner in tree.images if first <= at < last and _stands_with(tree, at, owner)])


def _stands_with(tree: Tree, number: int, owner: int) -> bool:
    for _ in range(3):
        if owner < 0:
            return False
        parent, tag, attributes, _, _, first = tree.rows[owner]
        last = tree.last[owner]
        if last - first > 1 or tag in _ALONE or "media-text" in (attributes.get("class") or ""):
            return False  # WordPress's block of a paragraph beside a picture
        if first <= number < last:
            line = tree.lines[number]
            return len(line.text) <= LONGEST and 3 * line.linked < len(line.text) and line.kind not in _OTHERS
        owner = parent
    return False


def lead_captions(tree: Tree, choice: Choice, beside: frozenset[int]) -> tuple[str, ...]:
    """The captions between the headline and the text, as written."""
    if not choice.elements:
        return ()
    first = tree.rows[choice.elements[0]].first
    start = max(0, first - ABOVE)
    told = [n for n in range(start, first) if tree.lines[n].kind is CAPTION or n in beside]
    if not told:
        return ()
    headlines = [n for n in range(start, first) if tree.rows[tree.lines[n].owner].tag in _HEADLINES]
    after = headlines[-1] + 1 if headlines else max(start, first - ABOVE // 3)
    texts = [tree.lines[n].text for n in told if n >= after]
    return tuple([text for text in texts if len(text) <= LONGEST])
