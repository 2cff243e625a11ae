"""JSON Feed 1.0 and 1.1 (jsonfeed.org) -> ParsedFeed. An item that cannot be read costs that item."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from kliping.feeds import FeedFault, ParsedFeed
from kliping.model import Entry
from parsers.feed_decode import fault
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

_DECODER = json.JSONDecoder(strict=False)  # a line break inside a string is a slip, not the end of the feed
_ITEMS = re.compile(r'"items"\s*:\s*\[\s*')
_PAIR = re.compile(r'"(version|title|home_page_url|feed_url|language)"\s*:\s*("(?:[^"\\\n]|\\["\\/bfnrt])*")')
_COMMA = re.compile(r"[\s,]*")


def parse(text: str, url: str, zone: str, limit: int) -> ParsedFeed:
    """Read a JSON Feed document. Raises FeedError (malformed, not_feed)."""
    feed, warnings = _document(text)
    version = str(feed.get("version", ""))
    items = feed["items"]
    kept = newest([_date(item, "date_published", zone) for item in items], limit)
    site = _url(feed.get("home_page_url"), url)
    hubs = feed.get("hubs")
    return ParsedFeed(
        version="json11" if version.endswith("/1.1") else "json10" if version.endswith("/1") else "json",
        title=first_line(_text(feed.get("title")), plain=True),
        site_url=site,
        self_url=_url(feed.get("feed_url"), url),
        hub_url=_url(hubs[0].get("url"), url)
        if isinstance(hubs, list) and hubs and isinstance(hubs[0], dict)
        else None,
        next_url=_url(feed.get("next_url"), url),
        language=first_line(_text(feed.get("language")), plain=True, limit=40),
        announced=len(items),
        warnings=warnings,
        entries=tuple(_entry(items[i], feed, site or url, zone) for i in kept),
    )


def _document(text: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The feed object and warnings. What breaks off, or breaks between two items, keeps the items before that."""
    text = text.lstrip("\ufeff")
    try:
        feed, why = _DECODER.decode(text), None
    except (ValueError, RecursionError) as error:
        feed, why = _salvaged(text), f"malformed: JSON: {str(error)[:100]}"
        if not feed["items"]:
            raise fault(FeedFault.MALFORMED, f"JSON: {str(error)[:100]}") from None
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise fault(FeedFault.NOT_FEED, "JSON without a list of items")
    return feed, (why,) if why else ()


def _salvaged(text: str) -> dict[str, Any]:
    """The items of a broken document up to the first that cannot be read, and the texts that stand before them."""
    start = _ITEMS.search(text)
    head = dict(_PAIR.findall(text[: start.start()] if start else ""))
    feed: dict[str, Any] = {name: _DECODER.decode(value) for name, value in head.items()}
    return feed | {"items": list(_whole_items(text, start.end() if start else len(text)))}


def _whole_items(text: str, at: int) -> Iterator[Any]:
    while text[at : at + 1] == "{":
        try:
            item, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return  # here it breaks off
        yield item
        at = _COMMA.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing too


def _entry(item: Any, feed: dict[str, Any], base: str, zone: str) -> Entry:
    if not isinstance(item, dict):
        return Entry(error="malformed: the item is not an object")
    identity = item.get("id")
    written = str(identity) if isinstance(identity, int | float) else _text(identity)
    content = fragment(_text(item.get("content_html"))) or fragment(_text(item.get("content_text")), plain=True)
    tags = item.get("tags")
    entry = Entry(
        guid=guid_text(written),
        url=_url(item.get("url"), base) or _url(item.get("external_url"), base),
        title=first_line(_text(item.get("title")), plain=True),
        author=_authors(item) or _authors(feed),
        published_at=_date(item, "date_published", zone),
        published_raw=raw_date(_text(item.get("date_published"))),
        updated_at=_date(item, "date_modified", zone),
        summary=fragment(_text(item.get("summary")), plain=True),
        content=content,
        tags=tag_names(_text(tag) for tag in tags) if isinstance(tags, list) else (),
    )
    return entry if any((entry.guid, entry.url, entry.title, content, entry.summary)) else _nothing()


def _nothing() -> Entry:
    return Entry(error="malformed: the item says nothing")


def _authors(holder: dict[str, Any]) -> str | None:
    """`authors` (1.1), else `author` (1.0)."""
    authors = holder.get("authors")
    listed = authors if isinstance(authors, list) and authors else [holder.get("author")]
    return author_name(_text(author.get("name")) for author in listed if isinstance(author, dict))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _url(value: Any, base: str) -> str | None:
    return link_url(_text(value), base)


def _date(item: Any, key: str, zone: str) -> Any:
    return moment(raw_date(_text(item.get(key))), zone) if isinstance(item, dict) else None
