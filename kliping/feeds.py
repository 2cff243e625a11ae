"""The values of a feed's life: the exchange that fetched it, what its document said, its row, its lease, its history.

As in `kliping.model`: frozen, aware, plain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kliping.model import Entry


class FetchOutcome(StrEnum):
    """How one exchange ended. A closed vocabulary: it labels metrics, logs and rows."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"
    NOT_FOUND = "not_found"  # 404
    GONE = "gone"  # 410
    REFUSED = "refused"  # 401, 403, 407, 451
    RATE_LIMITED = "rate_limited"  # 429
    CLIENT_ERROR = "client_error"  # other 4xx
    SERVER_ERROR = "server_error"  # 5xx
    UNEXPECTED_STATUS = "unexpected_status"  # 1xx, 204, 205, 206, 300, 305...
    REDIRECT_LOOP = "redirect_loop"  # more than the allowed number
    BAD_REDIRECT = "bad_redirect"  # no or unusable Location, https -> http, another scheme
    BAD_URL = "bad_url"
    BLOCKED_ADDRESS = "blocked_address"  # a name or hop leads to a non-public address
    ROBOTS = "robots"  # robots.txt forbids the page
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    BAD_ENCODING = "bad_encoding"  # a content coding other than gzip/identity, or corrupt
    TRUNCATED = "truncated"
    EMPTY = "empty"  # 200 with no body
    CHALLENGE = "challenge"  # a bot check instead of the document, whatever the status
    ISP_BLOCK = "isp_block"  # our own provider's page, or its DNS: no fault of the site
    PARKED = "parked"  # a domain for sale, a suspended account, a server's default page
    LOGIN = "login"  # a login form instead of the document
    SOFT_404 = "soft_404"  # 200, and the page says that there is none
    OTHER_SITE = "other_site"  # a page on another registrable domain than its feed's
    PROTOCOL = "protocol"  # the answer is not HTTP
    ERROR = "error"  # anything else; detail holds it


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect that was followed: its status, from, to."""

    status: int
    url: str
    location: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """The end of one exchange with its redirects. `body` is after content-decoding and empty unless outcome is ok."""

    url: str
    final_url: str
    outcome: FetchOutcome
    at: datetime
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    detail: str | None = None
    hops: tuple[Hop, ...] = ()
    wire_bytes: int = 0
    seconds: float = 0.0
    retry_after: datetime | None = None
    pool: str | None = None  # the shared platform that was asked last

    def header(self, name: str) -> str | None:
        """The first header of that name (case-insensitive), byte-exact."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


class FeedFault(StrEnum):
    """Why a document is not a feed we can read."""

    EMPTY = "empty"
    HTML = "html"
    NOT_FEED = "not_feed"
    MALFORMED = "malformed"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed document. `version` is the dialect (rss20, atom10, json11, ...). `entries` in document order.

    `update_seconds` is what sy:updatePeriod and sy:updateFrequency say; `skip_hours` (0-23) and `skip_days` (Monday 0)
    are GMT. `announced` counts the items of the document, also those over the limit. `next_url` is rel=next (RFC 5005,
    Blogger), `total_results` openSearch:totalResults.
    """

    version: str
    title: str | None = None
    site_url: str | None = None
    self_url: str | None = None
    hub_url: str | None = None
    next_url: str | None = None
    language: str | None = None
    generator: str | None = None
    ttl_minutes: int | None = None
    update_seconds: int | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    announced: int = 0
    total_results: int | None = None
    entries: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()


class FeedState(StrEnum):
    """Whether a feed is polled."""

    ACTIVE = "active"
    PAUSED = "paused"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed row, as the shell carries it. Times are aware; `interval` is the operator's own, in seconds."""

    id: int
    url: str
    host: str
    state: FeedState = FeedState.ACTIVE
    title: str | None = None
    site_url: str | None = None
    zone: str = "Asia/Jakarta"
    interval: int | None = None
    full_text: bool | None = None  # the operator's word; None leaves it to the check
    user_agent: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: bytes | None = None
    next_poll_at: datetime | None = None
    first_polled_at: datetime | None = None
    last_polled_at: datetime | None = None
    last_full_at: datetime | None = None
    failures: int = 0
    gap_at: datetime | None = None  # since when entries may have been missed, while that is not settled
    gone_at: datetime | None = None
    key_url: str | None = None  # what keys of entries are made from since the feed moved; None: its URL
    answered_url: str | None = None  # where the last full answer came from, if not from `url`; the validators are its
    move_to: str | None = None  # where a permanent redirect leads, since when and how often that was seen to be right
    move_since: datetime | None = None
    move_seen: int = 0
    sites: tuple[str, ...] = ()  # registrable domains beside its own that its pages may be fetched from
    full_text_agreed: int = 0  # pages in a row that said what the feed said
    full_text_verdict: bool | None = None
    full_text_checked_at: datetime | None = None
    backoff: float = 0.0  # weight of the failures in a row
    rhythm: tuple[float, ...] | None = None  # see ingest/rhythm.py: 24 hours, 7 weekdays, 7 of time watched
    rhythm_at: datetime | None = None
    announced: int | None = None  # entries in its last document
    hint_seconds: int | None = None  # the pause that the document asks for
    skip_hours: int | None = None  # bits: GMT hours it asks to skip
    skip_days: int | None = None  # bits: weekdays, Monday first


class AlertKind(StrEnum):
    """What an operator is told of a feed; see `ingest.health`. A closed vocabulary: it labels metrics and rows."""

    FAILING = "failing"
    SILENT = "silent"
    LANGUAGE = "language"
    LINKS = "links"
    GAMBLING = "gambling"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to visit a host until it runs out; `number` fences off writes of an earlier holder."""

    host: str
    number: int
    until: datetime


@dataclass(frozen=True, slots=True)
class PollRecord:
    """One line of a feed's history."""

    feed_id: int
    at: datetime
    outcome: str
    status: int | None = None
    seconds: float = 0.0
    bytes: int = 0
    new: int = 0
    known: int = 0
    bad: int = 0
    detail: str | None = None
    hops: tuple[Hop, ...] = field(default=())
