"""The feed entry as a prior: where its first words stand on the page, there is the article.

Asked only when the chosen container does not hold them. A standfirst or a teaser holds them too, so the place counts
only with about as much running text around it as the container that was chosen.
"""

from __future__ import annotations

from kliping.model import Entry
from parsers.block import CELL, ITEM, PARAGRAPH, QUOTE, Tree
from parsers.content import Choice, climb
from parsers.feedtext import plain
from parsers.lines import words_of
from parsers.rules import Rule
from parsers.sums import Sums

SHINGLE = 6  # words of the entry's text that must stand together
_HEAD = 4000  # characters of the entry's text that are looked at
_KINDS = (PARAGRAPH, QUOTE, ITEM, CELL)


def first_words(entry: Entry | None) -> str:
    """The first words of the entry's text, after a dateline or a label of a few words; empty when it has too few."""
    text = (entry.content or entry.summary or "") if entry else ""
    words = words_of(plain(text[:_HEAD]).casefold()) if text else ()
    start = 4 if len(words) >= 2 * SHINGLE else 0
    return " ".join(words[start : start + SHINGLE]) if len(words) >= SHINGLE else ""


def corrected(tree: Tree, sums: Sums, choice: Choice, entry: Entry | None, rule: Rule) -> Choice:
    """The choice, or the container of the entry's first words when they stand elsewhere."""
    probe = first_words(entry)
    if not probe or not choice.elements or (rule.verified and choice.by != "generic"):
        return choice
    first, last = tree.rows[choice.elements[0]].first, tree.last[choice.elements[-1]]
    places = [number for number, line in enumerate(tree.lines) if line.kind in _KINDS and _holds(line.text, probe)]
    if not places or any(first <= number < last for number in places):
        return choice
    found = [_around(tree, sums, number) for number in places]
    best = max(found, key=lambda one: one.prose)
    return best if best.prose >= max(250, 0.5 * choice.prose) else choice


def _holds(text: str, probe: str) -> bool:
    return len(text) >= len(probe) and probe in " ".join(words_of(text[:_HEAD].casefold()))


def _around(tree: Tree, sums: Sums, number: int) -> Choice:
    owner = tree.lines[number].owner
    index = climb(tree, sums, max(tree.rows[owner].parent, 0))
    prose = sums.over(sums.prose, tree.rows[index].first, tree.last[index])
    return Choice((index,), "entry", prose)
