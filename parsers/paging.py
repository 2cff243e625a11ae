"""How a feed's history is walked: Blogger by start-index, WordPress by page number.

Blogger: /feeds/posts/default?start-index=N&max-results=150. How many entries one page holds has shrunk over the years
(500, 150, 100), so the index advances by the number of entries received; the end is openSearch:totalResults, or an
empty page. Its rel=next leads to www.blogger.com, another host, and is not followed.
WordPress: /feed/?paged=N; the end is a 404 or an empty page.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from kliping.feeds import ParsedFeed

BLOGGER_MOST = 150


class Platform(StrEnum):
    """Whose paging a feed follows."""

    BLOGGER = "blogger"
    WORDPRESS = "wordpress"


def platform_of(url: str, parsed: ParsedFeed | None = None) -> Platform | None:
    """The platform by the feed's generator, else by the form of its URL."""
    generator = (parsed.generator or "").lower() if parsed else ""
    path = urlsplit(url).path.lower()
    if "blogger" in generator or "/feeds/posts/" in path or path.endswith("/feeds/posts"):
        return Platform.BLOGGER
    if "wordpress" in generator or path.rstrip("/").endswith("/feed"):
        return Platform.WORDPRESS
    return None


def first_page(url: str, platform: Platform, since: datetime | None, until: datetime | None) -> str:
    """The URL where a walk begins. Blogger is told the dates; elsewhere the walker compares them."""
    if platform is Platform.WORDPRESS:
        return url
    query = {"start-index": "1", "max-results": str(BLOGGER_MOST), "orderby": "published", "redirect": "false"}
    if since:
        query["published-min"] = since.isoformat()
    if until:
        query["published-max"] = (until + timedelta(seconds=1)).isoformat()  # Blogger leaves the bound itself out
    return _with_query(url, query)


def next_page(url: str, platform: Platform, parsed: ParsedFeed) -> str | None:
    """The page after `url`, which said `parsed`; None at the end of the history."""
    if not parsed.announced:
        return None
    query = dict(parse_qsl(urlsplit(url).query))
    if platform is Platform.WORDPRESS:
        return _with_query(url, {"paged": str(_number(query.get("paged")) + 1)})
    after = _number(query.get("start-index")) + parsed.announced
    if parsed.total_results is not None and after > parsed.total_results:
        return None
    return _with_query(url, {"start-index": str(after)})


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 1


def _with_query(url: str, changes: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **changes}
    return urlunsplit(parts._replace(query=urlencode(query), fragment=""))
