"""Title, author, dates, tags, image, addresses: every candidate considered, the winner and where it came from kept.

The order of trust for the time of publication; the first sane one wins, and a winner that is only a day is sharpened by
the next candidate of the same day:

  feed       the entry's own date
  jsonld     datePublished of the article object
  meta       article:published_time and its kin
  microdata  itemprop=datePublished
  time       <time datetime>, abbr.published
  text       the visible date line
  url        /2019/04/20/ in the path

Offsets are trusted, and a visible clock beside a machine-readable time is never read again: Indonesian blogs keep
Blogger's Pacific default. A date before 1990 or more than 48 hours after the fetch is null; its raw string stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple
from urllib.parse import urlsplit

from kliping.model import Credit, Page
from parsers import metas
from parsers.authors import choose_author
from parsers.block import Head
from parsers.datelines import states_publication
from parsers.dates import SLACK, Moment, parse_date
from parsers.jsonld import Claims, read_claims
from parsers.links import absolute, plain_host, taken_apart
from parsers.text import clean_line, cut
from parsers.titles import choose_title
from parsers.zones import zone_of

TAGS, TAG_CHARS = 50, 100

_NAMES = re.compile(r"\b(?:oleh|by|reporter|penulis|pewarta)\b", re.I)
_UPDATED = re.compile(r"\b(?:diperbar?ui|diperbaharui|update[d]?|terakhir|modified|diedit|edited)\b", re.I)
_URL_DAY = re.compile(
    r"/((?:19|20)\d\d)[/-]?(\d\d)[/-]?(\d\d)(?=[/\-_]|$)|/((?:19|20)\d\d)[/-](\d{1,2})[/-](\d{1,2})(?=[/\-_]|$)"
)


class Metadata(NamedTuple):
    """What is known of the article beside its text; see `model.Article` for the meaning of each field."""

    title: str | None = None
    author: str | None = None
    published_at: datetime | None = None
    published_precision: str | None = None
    published_from: str | None = None
    published_raw: str | None = None
    modified_at: datetime | None = None
    tags: tuple[str, ...] = ()
    image: str | None = None
    canonical_url: str | None = None
    site_name: str | None = None


def describe(
    head: Head,
    page: Page,
    cleaned_published_line: str | None = None,
    base_url: str | None = None,
    named: Sequence[Credit] = (),
) -> Metadata:
    """Choose among all candidates. `named` are the people the text itself named, for a page that names none else."""
    claims = read_claims(head.json_ld)
    base = base_url or page.url or ""
    published, source, raw = _published(head, page, claims, cleaned_published_line)
    site = _site_name(head, claims)
    host = _host(page.url)
    return Metadata(
        title=_title(head, page, claims, site or host),
        author=choose_author(_bylines(head, page, claims), named, f"{site or ''} {host or ''}".strip()),
        published_at=published.at if published else None,
        published_precision=published.precision if published else None,
        published_from=source,
        published_raw=cut(clean_line(raw), 200) if raw else None,
        modified_at=_modified(head, page, claims),
        tags=_tags(head, page, claims),
        image=_image(head, claims, base),
        canonical_url=_canonical(head, base),
        site_name=site,
    )


def _values(head: Head, names: Sequence[str]) -> Iterator[str]:
    """The values of these metas, in the order of `names`."""
    found = head.metas
    return (value for name in names if name in found for value in found[name] if value.strip())


# --- published --------------------------------------------------------------------------------------------------------


def _published(
    head: Head, page: Page, claims: Sequence[Claims], line: str | None
) -> tuple[Moment | None, str | None, str | None]:
    """The moment, where it came from, and its raw string; without a sane one the first raw string that was tried."""
    latest, first_raw = page.fetched_at + SLACK, None
    winner: tuple[Moment, str, str] | None = None
    for source, raw in _date_candidates(head, page, claims, line):
        first_raw = first_raw or raw
        moment = _entry_moment(page) if source == "feed" else parse_date(raw, page.zone, page.fetched_at, latest)
        if moment is None or moment.at > latest:
            continue
        if source in ("jsonld", "meta"):
            moment = _signed(moment, head, page)
        if winner is None or _sharper(moment, winner[0], page.zone):
            winner = moment, source, raw
        if winner[0].precision != "day":
            break
    return winner or (None, None, first_raw)


def _signed(moment: Moment, head: Head, page: Page) -> Moment:
    """The moment with its offset's sign put right: a page of +07:00 that writes -07:00 beside the same visible clock.

    Never on Blogger, where -07:00 is its Pacific default and true, whatever clock is shown.
    """
    offset = moment.at.utcoffset()
    if not offset:
        return moment
    home = moment.at.replace(tzinfo=zone_of(page.zone))
    if -offset != home.utcoffset() or _is_blogger(head, page):
        return moment
    seen = (
        parse_date(line, page.zone) for line in (*head.date_lines, *head.bylines, *(text for _, text in head.times))
    )
    same = any(m and m.precision != "day" and abs(m.at - home) < timedelta(minutes=1) for m in seen)
    return moment._replace(at=home) if same else moment


def _is_blogger(head: Head, page: Page) -> bool:
    generators = " ".join(head.metas.get(metas.GENERATOR, ())).lower()
    guid = (page.entry.guid or "") if page.entry else ""
    return "blogger" in generators or "blogger.com" in guid or ".blogspot." in (_host(page.url) or "")


def _sharper(moment: Moment, day: Moment, zone: str) -> bool:
    """The same day with a time of day."""
    return moment.precision != "day" and moment.at.astimezone(zone_of(zone)).date() == day.at.date()


def _entry_moment(page: Page) -> Moment | None:
    """The feed's date; its precision is seen in the raw string."""
    at = page.entry.published_at if page.entry else None
    if at is None or page.entry is None:
        return None
    read = parse_date(page.entry.published_raw or "", page.zone, page.fetched_at)
    return Moment(at, read.precision if read else "second")


def _date_candidates(head: Head, page: Page, claims: Sequence[Claims], line: str | None) -> Iterator[tuple[str, str]]:
    entry = page.entry
    if entry is not None and entry.published_at is not None:
        yield "feed", entry.published_raw or entry.published_at.isoformat()
    for claim in claims:
        if claim.published:
            yield "jsonld", claim.published
    for name in filter(head.metas.__contains__, metas.PUBLISHED):
        for value in head.metas[name]:
            yield "microdata" if name == "datepublished" else "meta", value
    for stamp, text in head.times:
        if not _UPDATED.search(text):
            yield "time", stamp or text
    for text in _visible(head, line):
        yield "text", text
    day = _url_day(page.url)
    if day:
        yield "url", day


def _visible(head: Head, line: str | None) -> Iterator[str]:
    """Date lines that tell of the page itself, those that speak of an update after the others."""
    lines = [text for text in head.date_lines if states_publication(text)]
    lines = [line, *lines] if line else lines
    yield from sorted(lines, key=lambda text: bool(_UPDATED.search(text)))


def _url_day(url: str | None) -> str | None:
    try:
        m = _URL_DAY.search(taken_apart(url or "")[1])
    except ValueError:
        return None
    return "-".join(part for part in m.groups() if part) if m else None


def _modified(head: Head, page: Page, claims: Sequence[Claims]) -> datetime | None:
    """When the page says it was last changed; the feed's word is the last resort, since it also moves on comments."""
    latest = page.fetched_at + SLACK
    for raw in (*(c.modified for c in claims if c.modified), *_values(head, metas.MODIFIED)):
        moment = parse_date(raw, page.zone, None, latest)
        if moment is not None:
            return moment.at
    return page.entry.updated_at if page.entry else None


# --- title, author, tags ----------------------------------------------------------------------------------------------


def _title(head: Head, page: Page, claims: Sequence[Claims], site: str | None) -> str | None:
    claimed = (c.headline for c in claims if c.headline and not c.page)
    entry_title = page.entry.title if page.entry else None
    return choose_title(head.headlines, entry_title, chain(claimed, _values(head, metas.TITLES)), head.title, site)


def _host(url: str | None) -> str | None:
    try:
        return (plain_host(url) or urlsplit(url).hostname) if url else None
    except ValueError:
        return None


def _bylines(head: Head, page: Page, claims: Sequence[Claims]) -> Iterator[str]:
    """Who may have written it, in order of trust."""
    if page.entry and page.entry.author:
        yield page.entry.author
    yield from filter(_NAMES.match, head.bylines)  # "Oleh X" is whom the reader is told
    yield from (", ".join(claim.authors) for claim in claims if claim.authors)
    yield from (value for value in _values(head, metas.AUTHORS) if not value.startswith(("http", "@", "/")))
    yield from head.bylines
    yield from filter(_NAMES.search, head.date_lines)


def _tags(head: Head, page: Page, claims: Sequence[Claims]) -> tuple[str, ...]:
    """The first source that names any."""
    for tags in _tag_candidates(head, page, claims):
        clean = [cut(text, TAG_CHARS) for tag in tags if (text := clean_line(tag).strip(" #,"))]
        if clean:
            return tuple(dict.fromkeys(clean))[:TAGS]
    return ()


def _tag_candidates(head: Head, page: Page, claims: Sequence[Claims]) -> Iterator[Sequence[str]]:
    """The feed, article:tag, the page's tag links, JSON-LD, keywords."""
    if page.entry:
        yield page.entry.tags
    yield head.metas.get(metas.TAG, ())
    yield head.tags
    yield next((c.tags for c in claims if c.tags), ())
    yield [part for value in _values(head, metas.KEYWORDS) for part in value.split(",")]


# --- addresses --------------------------------------------------------------------------------------------------------


def _image(head: Head, claims: Sequence[Claims], base: str) -> str | None:
    claimed = (c.image for c in claims if c.image)
    linked = (href for rel, href in head.links if rel == "image_src")
    return _first_url(chain(_values(head, metas.IMAGES), claimed, linked), base)


def _canonical(head: Head, base: str) -> str | None:
    """What the page declares its address to be, as data."""
    declared = (href for rel, href in head.links if "canonical" in rel and "canonical" in rel.split())
    return _first_url(chain(declared, head.metas.get(metas.ADDRESS, ())), base)


def _first_url(candidates: Iterable[str], base: str) -> str | None:
    for candidate in candidates:
        url = absolute(candidate, base)
        if url is not None:
            return url
    return None


def _site_name(head: Head, claims: Sequence[Claims]) -> str | None:
    names = chain(_values(head, metas.SITE_NAMES), (c.publisher for c in claims if c.publisher))
    return next((cut(name, 200) for name in map(clean_line, names) if name), None)
