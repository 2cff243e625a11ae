"""What is asked for, and the headers that ask for it. Pure."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from ingest.gate import Target
from kliping.feeds import FetchOutcome

Headers = list[tuple[bytes, bytes]]

_SENDABLE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class Kind(StrEnum):
    """What is asked for; chooses the byte limits and the Accept header."""

    FEED = "feed"
    PAGE = "page"
    ROBOTS = "robots"
    HUB = "hub"


ACCEPT = {
    Kind.FEED: "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1",
    Kind.PAGE: "text/html, application/xhtml+xml;q=0.9, */*;q=0.1",
    Kind.ROBOTS: "text/plain, */*;q=0.1",
    Kind.HUB: "*/*",
}


Permit = Callable[[str], Awaitable[FetchOutcome | None]]
"""Whether a redirect may be followed to a URL on another host; the word for why not."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask for. The validators are sent back byte-exact (latin-1, as headers are read).

    They go to the URL that gave them: `answered_url`, or `url` itself.
    """

    url: str
    kind: Kind = Kind.PAGE
    user_agent: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    answered_url: str | None = None
    form: tuple[tuple[str, str], ...] = ()  # sent by POST

    def content(self) -> bytes:
        """The body to send; empty for what is asked for by GET."""
        return urlencode(self.form).encode()


def headers_for(request: Request, first: Target, target: Target, user_agent: str) -> Headers:
    """The headers for one hop of a request that began at `first`.

    Validators go to the URL they came from, credentials to the origin they were written for.
    """
    sent = {
        "Host": target.authority,
        "User-Agent": request.user_agent or user_agent,
        "Accept": ACCEPT[request.kind],
        "Accept-Encoding": "gzip",
        "Connection": "close",
    }
    if target.url == (request.answered_url or first.url):
        sent |= {"If-None-Match": request.etag or "", "If-Modified-Since": request.last_modified or ""}
    if request.form:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    if target.origin == first.origin and first.credentials:
        sent["Authorization"] = first.credentials
    pairs = ((name.encode(), _as_sent(value)) for name, value in sent.items())
    return [(name, value) for name, value in pairs if value]


def is_conditional(headers: Headers) -> bool:
    """Whether a 304 would answer them."""
    return any(name.startswith(b"If-") for name, _ in headers)


def _as_sent(value: str) -> bytes:
    """A value as it came in an earlier answer; empty, so not sent, when it cannot have come in one."""
    if not _SENDABLE.fullmatch(value):
        return b""
    return value.strip().encode("latin-1")
