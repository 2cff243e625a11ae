"""The headline of an article: what the page shows, confirmed by what its head and its feed say.

visible headlines (h1, .entry-title, itemprop=headline) that a witness agrees with
-> the feed's title -> JSON-LD and OpenGraph -> <title> without the site's name
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

from parsers.lines import words_of
from parsers.text import clean_line, cut

TITLE_CHARS = 1000
AGREED = 0.6  # share of words two titles must have in common
_SEPARATOR = re.compile(r"\s+[|\-–—:»«·•~/]+\s+|\s*[|»•]\s*|:\s(?=[^:]{1,40}$)")
_DIVIDES = re.compile(r"[|»•]|\s[\-–—:«·~/]|:\s")  # what no separator can do without
_HOST = re.compile(r"[\w.-]+\.(?:com|co\.id|net|org|id|news|tv)")
_ENDING = re.compile(r"\.(?:co\.id|com|net|org|id|blogspot\.com|wordpress\.com)$")


def choose_title(
    headlines: Sequence[str], entry_title: str | None, claimed: Iterable[str], page_title: str | None, site: str | None
) -> str | None:
    """The best title; `claimed` are JSON-LD headline, og:title and the like, in order of trust."""
    visible = [line for line in map(clean_line, headlines) if line]
    witnesses: list[str] = []
    own = (strip_site(line, site) for line in chain(claimed, (page_title or "",)))
    for witness in filter(None, chain((entry_title,), own)):
        if visible and witness == visible[0] and any(map(str.isalnum, witness)):
            return cut(witness, TITLE_CHARS)  # nothing is more alike
        witnesses.append(witness)
    best = _best_visible(visible, witnesses)
    if best is None and not witnesses and visible:
        best = visible[0]
    title = best or _most_said(witnesses)
    return cut(title, TITLE_CHARS) if title else None


def _most_said(witnesses: Sequence[str]) -> str | None:
    """The title that most of them say alike; the first of equals."""
    counts = Counter(line.casefold() for line in witnesses)
    return max(witnesses, key=lambda line: counts[line.casefold()]) if witnesses else None


def _best_visible(visible: Sequence[str], witnesses: Sequence[str]) -> str | None:
    """The visible headline most alike to any witness; the first of equals."""
    told, best, most = list(dict.fromkeys(witnesses)), None, 0.0
    for line in dict.fromkeys(visible):
        same = line in told and _word_set(line)
        alike = 1.0 if same else max((likeness(line, witness) for witness in told), default=0.0)
        if alike > most:
            best, most = line, alike
        if most == 1.0:
            break
    return best if most >= AGREED else None


def likeness(one: str, other: str) -> float:
    """The share of words in common, 0 to 1, of the longer of the two."""
    a, b = _word_set(one), _word_set(other)
    return len(a & b) / max(len(a), len(b)) if a and b else 0.0


@lru_cache(maxsize=128)  # a title is compared with every other
def _word_set(text: str) -> frozenset[str]:
    return frozenset(words_of(text.casefold()))


@lru_cache(maxsize=128)  # most pages repeat their title in every meta
def strip_site(title: str, site: str | None) -> str:
    """The title without the site's name before or after it. `site` is a name or host."""
    title = clean_line(title)
    if not _DIVIDES.search(title):
        return title
    title = _strip_lead(title, site)
    parts = _parts(title)
    while len(parts) > 1:
        if _names_site(parts[-1][1], site):
            title = title[: parts[-1][0]]
        elif _names_site(parts[0][1], site):
            title = title[parts[1][2] :]
        else:
            break
        parts = _parts(title) if _DIVIDES.search(title) else []
    if len(parts) == 2 and _is_suffix(parts[0][1], parts[1][1]):
        title = title[: parts[1][0]]
    return title.strip()


def _strip_lead(title: str, site: str | None) -> str:
    """ "Outlet.com: TITLE" without the outlet, which a colon alone would not tell from a title's own."""
    lead, colon, rest = title.partition(": ")
    return rest.strip() if colon and rest.strip() and _names_site(lead, site) else title


def _parts(title: str) -> list[tuple[int, str, int]]:
    """(where its separator begins, text, where it begins) of each part."""
    found, begin, cut_at = [], 0, 0
    for m in _SEPARATOR.finditer(title):
        found.append((cut_at, title[begin : m.start()], begin))
        cut_at, begin = m.start(), m.end()
    found.append((cut_at, title[begin:], begin))
    return [part for part in found if part[1].strip()]


def _names_site(part: str, site: str | None) -> bool:
    """The part is the site's name, or the host's without its ending."""
    if "." in part and _HOST.fullmatch(part.strip().lower()):
        return True
    name, own = _squeeze(part), _own_name(site or "")
    if not name or not own:
        return False
    return name == own or (len(own) > 4 and name.startswith(own)) or (len(name) > 4 and own.startswith(name))


@lru_cache(maxsize=16)
def _own_name(site: str) -> str:
    return _squeeze(_ENDING.sub("", site))


def _squeeze(text: str) -> str:
    return "".join(words_of(text.casefold().removeprefix("www."))).replace(".", "").replace("-", "")


def _is_suffix(first: str, last: str) -> bool:
    """An unknown ending of at most three words after a title of at least five is the site's."""
    return len(words_of(last)) <= 3 and len(words_of(first)) >= 5 and not last.strip().endswith(("?", "!"))
