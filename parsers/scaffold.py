"""A page as the author of a rule looks at it: its article, and selectors that would name the element of its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kliping.errors import RuleError
from kliping.model import Article, Page
from parsers.article import extract
from parsers.block import Tree
from parsers.content import choose
from parsers.decode import decode, defuse
from parsers.platforms import detect
from parsers.rules import Rule, Rules
from parsers.selector import compile_selector
from parsers.sums import sums_of
from parsers.tree import read

SELECTORS = 4
_OWN = re.compile(r"[A-Za-z][A-Za-z_-]{2,60}")  # no number: the next page of the site has another


@dataclass(frozen=True)
class SiteLook:
    """`html` is the page as UTF-8, `platform` what it is built with, `body` the selectors, the most trusted first."""

    article: Article
    html: bytes
    platform: str | None
    body: tuple[str, ...]


def look(page: Page, rules: Rules) -> SiteLook:
    """Look at a page. Raises PageError."""
    html = decode(page.html, page.charset)
    defused = defuse(html)
    tree = read(defused)
    found = choose(tree, Rule(), sums_of(tree)).elements
    selectors = dict.fromkeys(name for row in found for name in _names(tree, row) if _is_own(tree, name, found))
    return SiteLook(extract(page, rules), html, detect(defused), tuple(selectors)[:SELECTORS])


def _names(tree: Tree, row: int) -> Iterator[str]:
    """Selectors of an element: by its meaning, its id, its classes."""
    tag, attributes = tree.name(row), tree.rows[row].attributes
    for value in (attributes.get("itemprop") or "").split():
        yield f"[itemprop~={value}]"
    if _OWN.fullmatch(own := attributes.get("id") or ""):
        yield f"#{own}"
    for value in (attributes.get("class") or "").split():
        if _OWN.fullmatch(value):
            yield f"{tag}.{value}"
    if tag in ("article", "main"):
        yield tag


def _is_own(tree: Tree, name: str, found: tuple[int, ...]) -> bool:
    """Whether a selector names these elements and no other."""
    try:
        selector = compile_selector("", name)
    except RuleError:
        return False
    rows = range(len(tree.rows))
    return {row for row in rows if selector.matches(tree.name(row), tree.rows[row].attributes)} <= set(found)
