"""The values of one page on its way: Entry -> Page -> Article. Feeds and decisions have modules of their own beside it.

    Feed -> Fetched -> ParsedFeed -> Entry -> Page -> Article -> (+ Known) -> Decision -> rows

Frozen dataclasses with tuples; datetimes are aware; a text field is already clean (see `parsers.text`) unless its
docstring says raw. They cross the sandbox as msgpack, so every field has a plain type.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed as announced.

    `guid` is as written. `url` is absolute http(s) or None. `summary` and `content` are raw HTML fragments (NUL and
    surrogates removed). `published_raw` keeps the string a date came from. `error` says why the entry is unusable; the
    entry is still recorded.
    """

    guid: str | None = None
    url: str | None = None
    title: str | None = None
    author: str | None = None
    published_at: datetime | None = None
    published_raw: str | None = None
    updated_at: datetime | None = None
    summary: str | None = None
    content: str | None = None
    tags: tuple[str, ...] = ()
    error: str | None = None


class Origin(StrEnum):
    """Where the bytes of a page came from."""

    WEB = "web"
    FEED = "feed"
    STORED = "stored"


@dataclass(frozen=True, slots=True)
class Page:
    """Where live polling, backfill and reprocessing meet.

    `html` is bytes after content-decoding; `charset` is what the HTTP header said. `entry` is the feed's own view of
    the article. `zone` is the IANA zone of times without offset. For origin feed, `html` is the entry's fragment in
    UTF-8.
    """

    url: str | None
    html: bytes
    fetched_at: datetime
    origin: Origin = Origin.WEB
    entry: Entry | None = None
    charset: str | None = None
    zone: str = "Asia/Jakarta"


class PageOutcome(StrEnum):
    """What a page turned out to be."""

    ARTICLE = "article"
    INDEX = "index"
    SOFT_404 = "soft_404"
    BLOCK = "block"
    CHALLENGE = "challenge"
    PARKED = "parked"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Caption:
    """A photo caption and who is credited."""

    text: str
    credit: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What a source line said: `kind` is text, image or republished; an unresolved "click here" has no url."""

    label: str | None
    url: str | None
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Credit:
    """A person named by role: reporter, editor, author, contributor, photographer, initials."""

    role: str
    name: str


@dataclass(frozen=True, slots=True)
class Removal:
    """One line that left the text: the step and rule that took it, and the Article field that holds it now."""

    step: str
    rule: str
    text: str
    kept_as: str | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """What a page said, cleaned. `body` is paragraphs joined by a blank line; None when `outcome` is not article.

    `published_precision` is second, minute or day; `published_from` names the candidate that won (feed, jsonld, meta,
    microdata, time, url, text). `canonical_url` is what the page declares, in the one form that its site's rule knows.
    `rule` names the rule that chose the body. `flags` are words for a reader of the row (source_unresolved,
    body_from_feed, cleaning_refused, incomplete and the part_* that says why). `whole_url` and `next_url` are where an
    incomplete article stands whole and where it goes on, when the page tells.
    """

    outcome: PageOutcome
    url: str | None = None
    title: str | None = None
    author: str | None = None
    published_at: datetime | None = None
    published_precision: str | None = None
    published_from: str | None = None
    published_raw: str | None = None
    modified_at: datetime | None = None
    language: str | None = None
    body: str | None = None
    captions: tuple[Caption, ...] = ()
    sources: tuple[Source, ...] = ()
    credits: tuple[Credit, ...] = ()
    tags: tuple[str, ...] = ()
    image: str | None = None
    canonical_url: str | None = None
    site_name: str | None = None
    removed: tuple[Removal, ...] = ()
    rule: str | None = None
    extractor: str = ""
    flags: tuple[str, ...] = ()
    detail: str | None = None
    whole_url: str | None = None
    next_url: str | None = None
