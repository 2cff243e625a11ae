"""Articles in several pages: whether a page holds only some of its article, and where the rest is.

tree -> parts_of -> None (the page holds all), or Parts: the address of all pages at once, that of the next one
Articles of the pages -> join -> one Article
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from kliping.model import Article
from parsers import marks as mark
from parsers.block import Line, Tree
from parsers.content import Choice
from parsers.links import absolute
from parsers.rules import Rule, Rules

INCOMPLETE = "incomplete"  # flag: the article goes on at an address that was not read
PAGE = 200  # characters of a page that waits for a click
NEAR = 12  # lines after the text in which its pages are numbered
_LABEL = 40  # characters of a link that leads to a page
_OF = re.compile(
    r"(?:halaman|laman|page|hal\.?) ?:? ?(?P<a>\d{1,2}) ?(?:dari|of|/) ?(?P<b>\d{1,2})\W*"
    r"|(?P<c>\d{1,2}) ?(?:dari|of|/) ?(?P<d>\d{1,2}) (?:halaman|laman|pages?)\W*",
    re.IGNORECASE,
)
_OF_BEGINS = frozenset("0123456789hHlLpP")
_PAGED = re.compile(r"=(?:\d{1,2}|all)(?:$|[&#])|/\d{1,2}/?(?:$|[?#])").search
_PAGE_NAMES = frozenset(("page", "p", "hal", "halaman", "paged", "pg"))
_WHOLE = frozenset((("page", "all"), ("single", "1"), ("showpage", "all"), ("view", "all")))
_STEPS = frozenset(("page", "hal", "halaman"))  # /slug/page/2


class Parts(NamedTuple):
    """Where an article goes on: `whole` holds all of it, `next` its next page; None where the page does not tell."""

    whole: str | None = None
    next: str | None = None


def full_page_url(url: str, rules: Rules) -> str | None:
    """The address of all pages of an article at once, as its site's rule says; None where no rule does, or `url` is it.

    The answer is for fetching only: identity stays with `url`.
    """
    return _whole_by(url, rules.rule_for(url))


def _whole_by(url: str, rule: Rule) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if not rule.full_page or not parts.netloc or not rule.is_article_url(url):
        return None
    if not rule.full_page.startswith("?"):
        path = parts.path.rstrip("/")
        return None if path.endswith(rule.full_page) else urlunsplit(parts._replace(path=path + rule.full_page))
    asked = parse_qsl(rule.full_page[1:])
    query = parse_qsl(parts.query, keep_blank_values=True)
    if set(asked) <= set(query):
        return None
    names = {name for name, _ in asked}
    kept = [pair for pair in query if pair[0] not in names]
    return urlunsplit(parts._replace(query=urlencode([*kept, *asked])))


def parts_of(tree: Tree, choice: Choice, url: str | None, rule: Rule, cut_off: bool = False) -> Parts | None:
    """Where the article goes on, when the page says that it does; `cut_off` when its text has said so already."""
    if not choice.elements or _asks_for_all(url, rule):
        return None
    first, last = tree.rows[choice.elements[0]].first, tree.last[choice.elements[-1]]
    lines = tree.lines[first : last + NEAR]
    short = [text for line in lines if len(text := line.text) < _LABEL and text[0] in _OF_BEGINS]
    counted = [m for text in short if (m := _OF.fullmatch(text))]
    if counted:
        cut_off = max(int(m["a"] or m["c"]) for m in counted) < max(int(m["b"] or m["d"]) for m in counted) <= 20
        if not cut_off:
            return None
    linked = list(_linked(tree, lines))
    if not (cut_off or linked):
        return None
    if not counted and (not url or _holds_hidden_pages(tree, choice)):
        return Parts() if cut_off else None
    follows = next((href for href in linked if _is_next(href, url or "")), None)
    if not cut_off and follows is None:
        return None
    whole = _whole_by(url or "", rule) or next((href for href in linked if _is_whole(href, url or "")), None)
    return Parts(absolute(whole, url or "") if whole else None, absolute(follows, url or "") if follows else None)


def join(first: Article, others: Sequence[Article]) -> Article:
    """One article of its pages in order; who wrote it, and when, is what the first one says."""
    pages = (first, *others)
    return replace(
        first,
        body="\n\n".join(page.body for page in pages if page.body),
        language=next((page.language for page in reversed(pages) if page.language), None),
        captions=tuple(dict.fromkeys(caption for page in pages for caption in page.captions)),
        sources=tuple(dict.fromkeys(source for page in pages for source in page.sources)),
        credits=tuple(dict.fromkeys(credit for page in pages for credit in page.credits)),
        tags=first.tags or next((page.tags for page in others if page.tags), ()),
        removed=tuple(line for page in pages for line in page.removed),
        flags=tuple(dict.fromkeys(flag for page in pages for flag in page.flags if flag != INCOMPLETE)),
        whole_url=None,
        next_url=None,
    )


def _linked(tree: Tree, lines: Sequence[Line]) -> Iterator[str]:
    """What leads to a page of the article: rel=next in the head, and short links in and below the text."""
    yield from (href for rel, href in tree.head.links if "next" in rel and "next" in rel.split())
    for line in lines:
        for text, href in line.links:
            if len(text) < _LABEL and _PAGED(href):
                yield href


def _holds_hidden_pages(tree: Tree, choice: Choice) -> bool:
    """Whether the pages that the links lead to are already there, waiting for a click."""
    rows, last = tree.rows, tree.last[choice.elements[-1]]
    for index in range(choice.elements[0], len(rows)):
        row = rows[index]
        if row.first >= last:
            break
        if row.marks & mark.HIDDEN and sum(len(line.text) for line in tree.lines[row.first : tree.last[index]]) > PAGE:
            return True
    return False


def _asks_for_all(url: str | None, rule: Rule) -> bool:
    if not url or (rule.full_page is None and "?" not in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    whole = rule.full_page is not None and not rule.full_page.startswith("?") and parts.path.endswith(rule.full_page)
    return whole or any(pair in _WHOLE for pair in parse_qsl(parts.query))


def _is_whole(href: str, url: str) -> bool:
    """The page's own address, asked for with all its pages."""
    try:
        there, here = urlsplit(urljoin(url, href.strip())), urlsplit(url)
    except ValueError:
        return False
    same = there.hostname == here.hostname and there.path.rstrip("/") == here.path.rstrip("/")
    return same and any(pair in _WHOLE for pair in parse_qsl(there.query))


def _is_next(href: str, url: str) -> bool:
    """An address that is the page's own with the next page's number: /slug/2, /slug?page=2; after /slug/2 it is 3."""
    try:
        there, here = urlsplit(urljoin(url, href.strip())), urlsplit(url)
    except ValueError:
        return False
    if there.hostname != here.hostname or here.path in ("", "/"):
        return False
    path, own = there.path.rstrip("/"), here.path.rstrip("/")
    if path == own:
        before, after = dict(parse_qsl(here.query)), dict(parse_qsl(there.query))
        grown = {name: value for name, value in after.items() if before.get(name) != value}
        following = ((name, str(_count(before.get(name)) + 1)) for name in grown if name.lower() in _PAGE_NAMES)
        return bool(grown) and tuple(grown.items()) == tuple(following)
    (base, number), (origin, count) = _numbered(path), _numbered(own)
    return (number == 2 and base == own) or (base == origin and count > 0 and number == count + 1)


def _numbered(path: str) -> tuple[str, int]:
    """A path without its page number, and the number: /slug/page/2 is /slug and 2; 0 where it ends in none."""
    base, _, last = path.rpartition("/")
    if not last.isdecimal() or len(last) > 2:
        return path, 0
    before, _, word = base.rpartition("/")
    return (before if word in _STEPS else base), int(last)


def _count(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 3 else 1
