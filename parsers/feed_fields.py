"""The fields of an entry, made from what XML and JSON feeds say alike: cleaned, bounded, dated."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from parsers.dates import parse_date
from parsers.links import absolute
from parsers.text import clean_line, cut

TITLE_CHARS, AUTHOR_CHARS, RAW_DATE_CHARS = 1000, 300, 200  # house, section 7
TAGS, TAG_CHARS = 50, 100
GUID_CHARS = 4096

_TAG = re.compile(r"</?[A-Za-z][^<>]{0,2000}>|<!--.{0,2000}?-->", re.DOTALL)
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
_NOBODY = re.compile(r"(?:noreply|no-reply)@\S+", re.IGNORECASE)  # Blogger's stand-in for a hidden address
_ADDRESS_NAME = re.compile(r"(?P<address>[^\s()@]+@[^\s()@]+)\s*\((?P<name>[^()]*(?:\([^()]*\)[^()]*)*)\)")
_NAME_ADDRESS = re.compile(r"(?P<name>[^<>@]*)[<(]\s*(?:mailto:)?(?P<address>[^\s<>()@]+@[^\s<>()@]+)\s*[>)]")
_DOUBLE_SCHEME = re.compile(r"https?:/{1,2}(?=https?:/)", re.IGNORECASE)
_NO_SCHEME = re.compile(r"www\.[a-z0-9\-]+\.", re.IGNORECASE)
# Markup that was escaped once too often. In a body, any that blogs use; in a title, pairs of what only formats text.
_ESCAPED_TAG = re.compile(
    r"&lt;/?(?:p|br|div|span|a|img|b|i|em|strong|u|ul|ol|li|h[1-6]|blockquote|table|figure|iframe)\b[^<>&]{0,500}"
    r"(?:&quot;[^<>&]{0,500}|&amp;[^<>&]{0,500}){0,40}&gt;",
    re.IGNORECASE,
)
_FORMATTED = re.compile(r"<(b|i|em|strong|u|span|small)(?:\s[^<>]{0,200})?>([^<>]*)</\1>", re.IGNORECASE)
_BLOGGER_KIND = "http://schemas.google.com/blogger/"


def first_line(markup: str | None, plain: bool, limit: int = TITLE_CHARS) -> str | None:
    """One clean line of a title or name; markup is taken off unless the feed says the text is plain."""
    if not markup:
        return None
    text = markup[: limit * 20]  # so much markup around a title is none
    text = text if plain else _TAG.sub(" " if "<br" in text else "", text)
    text = html.unescape(text)
    return cut(clean_line(text if plain else _FORMATTED.sub(r"\2", text)), limit) or None


def author_name(names: Iterable[str | None]) -> str | None:
    """The distinct names in order, joined by a comma: people's names, or an address where there is no name."""
    found = (first_line(_person(name), plain=False) for name in names if name)
    return cut(", ".join(dict.fromkeys(name for name in found if name)), AUTHOR_CHARS) or None


def _person(text: str) -> str:
    """The name in `address (Name)`, `Name (address)` or `Name <address>`; nobody's address is no name."""
    text = text.strip()[: AUTHOR_CHARS * 4]
    if pair := _ADDRESS_NAME.fullmatch(text) or _NAME_ADDRESS.fullmatch(text):
        text = pair["name"].strip() or pair["address"]
    return "" if _NOBODY.fullmatch(text) else text


def tag_names(terms: Iterable[str | None]) -> tuple[str, ...]:
    """The distinct tags in order, at most TAGS of TAG_CHARS, without Blogger's own kind#post."""
    lines = (first_line(term, plain=False, limit=TAG_CHARS) for term in terms if term)
    return tuple(dict.fromkeys(line for line in lines if line and not line.startswith(_BLOGGER_KIND)))[:TAGS]


def guid_text(guid: str | None) -> str | None:
    """The GUID as written; one longer than GUID_CHARS is its beginning and a digest of all of it."""
    text = _NOT_TEXT.sub("", guid or "").strip()
    if len(text) <= GUID_CHARS:
        return text or None
    return f"{text[: GUID_CHARS // 2]}#sha256:{sha256(text.encode('utf-8', 'replace')).hexdigest()}"


def fragment(markup: str | None, plain: bool = False) -> str | None:
    """A raw HTML fragment without NUL and surrogates; plain text becomes one. None when it holds nothing.

    Markup without any tag but with escaped ones was escaped twice: it is unescaped once more.
    """
    text = _NOT_TEXT.sub("", markup or "").strip()
    if not plain and "<" not in text and _ESCAPED_TAG.search(text):
        text = html.unescape(text)
    if plain:
        text = html.escape(text, quote=False).replace("\n", "<br />\n")
    return text or None


def link_url(href: str | None, base: str) -> str | None:
    """The http(s) URL that a feed's link means, None when it means none; two slips of the pen are put right."""
    if not href or not href.strip():
        return None
    href = _DOUBLE_SCHEME.sub("", href.strip())
    return absolute("http://" + href if _NO_SCHEME.match(href) else href, base)


def raw_date(text: str | None) -> str | None:
    """What a date was read from, on one line."""
    return cut(clean_line(text), RAW_DATE_CHARS) or None if text else None


@lru_cache(maxsize=4096)
def moment(raw: str | None, zone: str) -> datetime | None:
    """The time a raw date means, in `zone` when it names none; None when it is no date of 1990 to 2100."""
    found = parse_date(raw, zone, thorough=False) if raw else None
    return found.at if found else None


def newest(dates: Sequence[datetime | None], limit: int) -> list[int]:
    """Indexes of the `limit` newest in document order.

    An undated one counts as as new as its dated neighbour: the one before, or at the start the one after. Among equals,
    and where nothing is dated, the first in the document are the newest.
    """
    if len(dates) <= limit:
        return list(range(len(dates)))
    last = next((date for date in dates if date is not None), datetime.max.replace(tzinfo=UTC))
    ages = []
    for index, date in enumerate(dates):
        last = date or last
        ages.append((last, -index))
    return sorted(-index for _, index in sorted(ages, reverse=True)[:limit])
