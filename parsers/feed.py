"""Feed bytes -> ParsedFeed, for RSS 0.9x, 1.0, 2.0, Atom 0.3, 1.0 and JSON Feed.

    bytes -> decode -> JSON? jsonfeed
                    -> head, items, tail -> the newest items -> repaired, and mended where malformed
                    -> feedparser (an item beyond mending by itself, loosely) -> Entry

feedparser gets bytes in a BytesIO only: a bare string or bytes object it would take for a file name or an URL first.
A document that breaks it is given to it item by item, so that one bad item costs one entry.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import feedparser

from kliping.feeds import FeedFault, ParsedFeed
from kliping.model import Entry
from parsers import jsonfeed
from parsers.feed_decode import decode, fault
from parsers.feed_fields import (
    author_name,
    first_line,
    fragment,
    guid_text,
    link_url,
    moment,
    newest,
    raw_date,
    tag_names,
)
from parsers.feed_mend import mended, unfinished_item, well_formed
from parsers.feed_repair import repaired, skeleton_of
from parsers.feed_split import Skeleton
from parsers.feed_times import with_times
from parsers.links import host_of

TRUNCATED = "truncated"  # the warning that the document breaks off inside an item: what follows was not seen
_HEADERS = {"content-type": "application/xml; charset=utf-8"}
_TOLD = 20  # malformed items that are named in the warnings; the rest are counted
_DATED_ITEMS = 50_000  # items of one document that are compared by date; in a longer one, the first and the last

_ITEM_DATE = re.compile(
    r"<(?:\w+:)?(?:pubdate|published|issued|date|updated|modified)(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[)?([^<>\]]{4,80})",
    re.IGNORECASE,
)
_PROXY_HOST = re.compile(r"(?:.+\.)?(?:feedburner\.com|feedproxy\.google\.com)(?::\d+)?")
_PERMALINK = re.compile(r"\s*(?:https?:)?//?[^\s]", re.IGNORECASE)
_HTML_TYPES = ("text/html", "application/xhtml+xml")


def parse(
    body: bytes, url: str, content_type: str | None = None, zone: str = "Asia/Jakarta", limit: int = 2000
) -> ParsedFeed:
    """Read a feed document that came from `url`. Times without offset are in `zone` (IANA).

    At most `limit` entries are kept, the newest. Raises FeedError whose first word is a `FeedFault`.
    """
    text, _ = decode(body, content_type)
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return jsonfeed.parse(text, url, zone, limit)
    skeleton = skeleton_of(text)
    announced = len(skeleton.items)
    skeleton = repaired(skeleton.only(_newest(skeleton.items, zone, limit)))
    if half := _unfinished(skeleton):
        skeleton, announced = replace(skeleton, items=(*skeleton.items, half)[-limit:]), announced + 1
    document, results, warnings = _read(skeleton)
    if not document.get("version") and not results:
        raise fault(FeedFault.NOT_FEED, "the document has no version and no entries")
    if skeleton.truncated:
        warnings = (*warnings, TRUNCATED if skeleton.cut or not results else "unclosed")
    if warnings and not results:  # a good document may have no entries; one that breaks off says nothing of them
        raise fault(FeedFault.MALFORMED, f"no entry can be read ({warnings[0]})")
    feed = _feed(document, results, url, zone, max(announced, len(results)), warnings)
    return with_times(feed, skeleton.head + skeleton.tail)


def _newest(items: tuple[str, ...], zone: str, limit: int) -> Sequence[int]:
    """Indexes of the items that are taken, chosen before the costly parse."""
    if len(items) <= limit:
        return range(len(items))
    if len(items) <= _DATED_ITEMS:
        return newest([_item_date(item, zone) for item in items], limit)
    first, last = _item_date(items[0], zone), _item_date(items[-1], zone)
    return range(len(items))[-limit:] if first and last and first < last else range(limit)


def _item_date(item: str, zone: str) -> datetime | None:
    found = _ITEM_DATE.search(item)
    return moment(found[1].strip(), zone) if found else None


def _unfinished(skeleton: Skeleton) -> str | None:
    """What can be told of the item that the document's end cuts off."""
    if not skeleton.cut:
        return None
    return unfinished_item(skeleton.cut, skeleton.name, skeleton.items[0] if skeleton.items else "")


# --- documents and their items ----------------------------------------------------------------------------------------

_Result = dict[str, Any] | Entry


def _read(skeleton: Skeleton) -> tuple[dict[str, Any], list[_Result], tuple[str, ...]]:
    """The feed's own fields, and a result per item in order: a feedparser entry, or an Entry that says what failed."""
    skeleton, bad, framed = mended(skeleton)
    hopeless = {i for i in bad if not well_formed(skeleton.alone(skeleton.items[i]))}
    kept = skeleton.only(i for i in range(len(skeleton.items)) if i not in hopeless)
    document, results = _parse_or_split(kept)
    for index in sorted(hopeless):
        results.insert(index, _alone(skeleton, skeleton.items[index]))
    told = [f"malformed item {index + 1}" for index in bad[:_TOLD]]
    told += [f"{len(bad) - _TOLD} more malformed items"] if len(bad) > _TOLD else []
    return document, results, (*([] if framed else ["malformed"]), *told)


def _parse_or_split(skeleton: Skeleton) -> tuple[dict[str, Any], list[_Result]]:
    """Parse in one go, or item by item where feedparser fails on the whole or finds another number of items."""
    document = _attempt(skeleton.document())
    if isinstance(document, dict) and len(document["entries"]) == len(skeleton.items):
        return document, list(document["entries"])
    results = [_alone(skeleton, item) for item in skeleton.items]
    frame = _attempt(skeleton.document(()))
    if isinstance(frame, dict):
        return frame, results
    if not results:
        raise fault(FeedFault.MALFORMED, frame)
    return {"feed": {}, "version": ""}, results


def _alone(skeleton: Skeleton, item: str) -> _Result:
    """One item parsed by itself."""
    document = _attempt(skeleton.alone(item))
    if isinstance(document, str):
        return Entry(error=f"malformed: {document}")
    entries = document["entries"]
    return dict(entries[0]) if entries else Entry(error="malformed: the item cannot be read")


def _attempt(document: bytes) -> dict[str, Any] | str:
    """What feedparser reads, or why it failed.

    Without its two costly passes (sanitising, resolving: 3x the time); links are resolved here.
    """
    try:
        parsed: dict[str, Any] = feedparser.parse(
            io.BytesIO(document), response_headers=_HEADERS, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # feedparser has no error set of its own: what a hostile document raises is open-ended
        return f"{type(error).__name__}: {str(error)[:200]}"
    return parsed


# --- the feed ---------------------------------------------------------------------------------------------------------


def _feed(
    document: dict[str, Any], results: list[_Result], url: str, zone: str, announced: int, warnings: tuple[str, ...]
) -> ParsedFeed:
    feed: dict[str, Any] = document.get("feed") or {}
    version = str(document.get("version") or "xml")
    site = link_url(_get(feed, "link"), url)
    entries = tuple(_entry(result, feed, version, site or url, zone) for result in results)
    return ParsedFeed(
        version=version,
        title=_title(feed, version),
        site_url=site,
        self_url=_rel(feed, "self", url),
        hub_url=_rel(feed, "hub", url),
        next_url=_rel(feed, "next", url),
        language=first_line(_get(feed, "language"), plain=True, limit=40),
        generator=first_line(_get(feed, "generator"), plain=True, limit=200),
        ttl_minutes=_number(_get(feed, "ttl")),
        announced=announced,
        total_results=_number(_get(feed, "opensearch_totalresults")),
        entries=entries,
        warnings=warnings,
    )


def _rel(holder: dict[str, Any], rel: str, base: str) -> str | None:
    hrefs = (_get(link, "href") for link in _dicts(holder, "links") if _get(link, "rel") == rel)
    return next((found for href in hrefs if (found := link_url(href, base))), None)


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text.strip()) else None


# --- entries ----------------------------------------------------------------------------------------------------------


def _entry(result: _Result, feed: dict[str, Any], version: str, base: str, zone: str) -> Entry:
    """One entry; whatever is wrong with it stays its own."""
    if isinstance(result, Entry):
        return result
    try:
        return _values(result, feed, version, base, zone)
    except Exception as error:  # the promise is that one bad entry costs one entry, whatever is bad about it
        guid = result.get("id")
        written = guid_text(guid) if isinstance(guid, str) else None
        return Entry(guid=written, error=f"malformed: {type(error).__name__}: {str(error)[:200]}")


def _values(item: dict[str, Any], feed: dict[str, Any], version: str, base: str, zone: str) -> Entry:
    published, updated = _raw_dates(item, version, zone)
    atom = version.startswith("atom")
    entry = Entry(
        guid=guid_text(_get(item, "id")),
        url=_link(item, base),
        title=_title(item, version),
        author=_author(feed if atom and not dict.get(item, "authors") else item, atom),
        published_at=moment(published, zone),
        published_raw=published,
        updated_at=moment(updated, zone),
        summary=_summary(item, atom),
        content=_content(item),
        tags=tag_names(_get(tag, "label") or _get(tag, "term") for tag in _dicts(item, "tags")),
    )
    if any((entry.guid, entry.url, entry.title, entry.summary, entry.content)):
        return entry
    return Entry(published_at=entry.published_at, published_raw=published, error="malformed: the item says nothing")


def _get(holder: dict[str, Any], key: str) -> str | None:
    """A text field as it stands: feedparser's own lookup answers with other fields where one is missing."""
    value = dict.get(holder, key)
    return value if isinstance(value, str) else None


def _dicts(holder: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    values = dict.get(holder, key)
    return (value for value in values if isinstance(value, dict)) if isinstance(values, list) else iter(())


def _title(holder: dict[str, Any], version: str) -> str | None:
    detail = dict.get(holder, "title_detail")
    plain = version.startswith("atom") and isinstance(detail, dict) and detail.get("type") == "text/plain"
    return first_line(_get(holder, "title"), plain=plain)


def _author(holder: dict[str, Any], atom: bool) -> str | None:
    """Atom names its authors; elsewhere an author is one text of an address and a name, which we take apart.

    feedparser's own taking apart breaks on top-level domains of more than four letters.
    """
    authors = tuple(_dicts(holder, "authors"))
    if atom:
        return author_name(_get(one, "name") or _get(one, "email") for one in authors)
    named = (_get(one, "name") for one in authors if not _get(one, "email"))
    return author_name((*named, _get(holder, "author")))


def _link(item: dict[str, Any], base: str) -> str | None:
    """The page of an entry: its link, but what FeedBurner's own link stands for (feedburner:origLink).

    A GUID that is taken for the link (isPermaLink is true unless said otherwise) must look like one.
    """
    own = _get(item, "link")
    if own and own == _get(item, "id") and dict.get(item, "guidislink") and not _PERMALINK.match(own):
        own = None
    alternates = (_get(link, "href") for link in _dicts(item, "links") if _get(link, "rel") == "alternate")
    link = _first_url((own, *(href for href in alternates if own or href != _get(item, "id"))), base)
    original = link_url(_get(item, "feedburner_origlink"), base)
    return original if original and (link is None or _PROXY_HOST.fullmatch(host_of(link))) else link


def _first_url(hrefs: Iterable[str | None], base: str) -> str | None:
    return next((found for href in hrefs if (found := link_url(href, base))), None)


def _raw_dates(item: dict[str, Any], version: str, zone: str) -> tuple[str | None, str | None]:
    """What the entry says of when it was published and updated.

    In RSS, the only date that can be read says when it was published (dc:date beside no or a bad pubDate).
    """
    published = raw_date(_get(item, "published") or _get(item, "created"))
    updated = raw_date(_get(item, "updated"))
    if published and (moment(published, zone) or not moment(updated, zone)):
        return published, updated
    if not version.startswith("atom"):
        return updated or published, None
    return published, updated


def _summary(item: dict[str, Any], atom: bool) -> str | None:
    """The summary the feed wrote; feedparser's copy of the content is none (it has no detail)."""
    detail = dict.get(item, "summary_detail")
    if not isinstance(detail, dict):
        return None
    return fragment(_get(item, "summary"), plain=atom and detail.get("type") == "text/plain")


def _content(item: dict[str, Any]) -> str | None:
    """The longest content in HTML, or else the longest in plain text."""
    parts = [(part.get("type") in _HTML_TYPES, _get(part, "value") or "") for part in _dicts(item, "content")]
    texts = [part for part in parts if part[1].strip()]
    if not texts:
        return None
    is_html, text = max(texts, key=lambda part: (part[0], len(part[1])))
    return fragment(text, plain=not is_html)
