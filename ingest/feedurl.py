"""The URL of a feed or site as an operator types it -> the URL we ask, its key and its host. Pure.

A feed is one whatever the letters of its host and whether http or https; its path and query are kept as written, since
a query may choose the feed (`?mib=rss`, `?alt=rss`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from kliping.errors import InputError
from parsers import links
from parsers.text import clean_line, cut

MAX_URL = 2048
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d+(?:/|$))", re.IGNORECASE)
_USERINFO = re.compile(r"https?://[^/?#]*@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FeedUrl:
    """A normalised URL; `key` is the sha256 that makes a feed row unique, `host` its row in hosts."""

    url: str
    key: bytes
    host: str


def feed_url(given: str) -> FeedUrl:
    """Normalise what an operator gave; a name without a scheme is taken as https. Raises InputError."""
    text = clean_line(given)
    if len(text) > MAX_URL:
        raise InputError(f"a URL has at most {MAX_URL} characters: {cut(text, 80)}")
    text = re.sub(r"^feed:(?=https?:)|^feed:(?://)?(?!https?:)", "", text, flags=re.IGNORECASE)
    if not _SCHEME.match(text):
        text = f"https://{text.lstrip('/')}"
    if _USERINFO.match(text):
        raise InputError("a URL with a user name or password cannot be stored")
    url = links.absolute(text, "")
    if url is None or not _host(url):
        raise InputError(f"not an http or https URL: {cut(clean_line(given), 200)}")
    url = url.partition("#")[0]
    return FeedUrl(url, sha256(url.partition(":")[2].encode()).digest(), _host(url))


def _host(url: str) -> str:
    try:
        return links.host_of(url)
    except ValueError:
        return ""
