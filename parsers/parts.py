"""Articles in several pages: what asks for all of them at once, and whether a page holds only some of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from parsers import marks as mark
from parsers.content import Choice
from parsers.rules import Rule, Rules
from parsers.tree import Tree

PAGE = 200  # characters of a page that waits for a click
NEAR = 12  # lines after the text in which its pages are numbered
_OF = re.compile(
    r"(?:halaman|laman|page|hal\.?) ?:? ?(?P<a>\d{1,2}) ?(?:dari|of|/) ?(?P<b>\d{1,2})\W*"
    r"|(?P<c>\d{1,2}) ?(?:dari|of|/) ?(?P<d>\d{1,2}) (?:halaman|laman|pages?)\W*",
    re.IGNORECASE,
)
_PAGED = re.compile(r"=[23](?:$|[&#])|/2/?(?:$|[?#])").search  # spares most links being taken apart
_PAGE_NAMES = frozenset(("page", "p", "hal", "halaman", "paged", "pg"))
_WHOLE = frozenset((("page", "all"), ("single", "1"), ("showpage", "all"), ("view", "all")))


def full_page_url(url: str, rules: Rules) -> str | None:
    """The address of all pages of an article at once, as its site's rule says; None where no rule does, or `url` is it.

    The answer is for fetching only: identity stays with `url`.
    """
    rule = rules.rule_for(url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if not rule.full_page or not parts.netloc or (rule.article_url and not re.search(rule.article_url, parts.path)):
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


def is_part(tree: Tree, choice: Choice, url: str | None, rule: Rule) -> bool:
    """Whether the page says that the article goes on at another address."""
    if not choice.elements or _asks_for_all(url, rule):
        return False
    first, last = tree.rows[choice.elements[0]].first, tree.last[choice.elements[-1]]
    lines = tree.lines[first : last + NEAR]
    counted = [m for line in lines if len(line.text) < 40 and (m := _OF.fullmatch(line.text))]
    if counted:
        return max(int(m["a"] or m["c"]) for m in counted) < max(int(m["b"] or m["d"]) for m in counted) <= 20
    if not url or _holds_hidden_pages(tree, choice):
        return False
    linked = (href for line in lines if line.links for text, href in line.links if len(text) < 40 and _PAGED(href))
    return any(_is_next(href, url) for href in (*_announced(tree), *linked))


def _holds_hidden_pages(tree: Tree, choice: Choice) -> bool:
    """Whether the pages that the links lead to are already there, waiting for a click."""
    begin, end = choice.elements[0], choice.elements[-1]
    hidden = (i for i in range(begin, len(tree.rows)) if tree.rows[i].marks & mark.HIDDEN)
    near = (i for i in hidden if tree.rows[i].first < tree.last[end])
    return any(sum(len(line.text) for line in tree.lines[tree.rows[i].first : tree.last[i]]) > PAGE for i in near)


def _announced(tree: Tree) -> Iterator[str]:
    """rel=next, in the head of a page."""
    return (href for rel, href in tree.head.links if "next" in rel.split())


def _asks_for_all(url: str | None, rule: Rule) -> bool:
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return False
    whole = rule.full_page is not None and not rule.full_page.startswith("?") and parts.path.endswith(rule.full_page)
    return whole or any(pair in _WHOLE for pair in parse_qsl(parts.query))


def _is_next(href: str, url: str) -> bool:
    """An address that is the page's own with a page number after it: /slug/2, /slug?page=2."""
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
        return bool(grown) and all(n.lower() in _PAGE_NAMES and v in ("2", "3") for n, v in grown.items())
    rest = path[len(own) :] if path.startswith(own) else ""
    return re.fullmatch(r"/(?:page/|hal/|halaman/)?2", rest) is not None
