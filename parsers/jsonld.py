"""What JSON-LD says about an article: read as data, however carelessly it was written.

Comments and trailing commas are tolerated (Blogger templates write both); a block that still is no JSON gives the few
fields a plain pattern finds in it. Never an exception, and bounded on hostile input.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

_NODES = 4000  # objects and lists looked at in one block
_STRING = r'("(?:[^"\\]++|\\.?)*+(?:"|$))'
_LINE_COMMENT = r"(?<![:\w])//[^\n]*"
_STRING_OR_LINE = re.compile(rf"{_STRING}|{_LINE_COMMENT}", re.DOTALL)
_STRING_OR_COMMENT = re.compile(rf"{_STRING}|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|{_LINE_COMMENT}", re.DOTALL)
_STRING_OR_COMMA = re.compile(rf"{_STRING}|,(?=\s{{0,200}}[}}\]])", re.DOTALL)
_JSON = json.JSONDecoder(strict=False)
_FIELD = re.compile(r'"(datePublished|dateModified|headline)"\s{0,20}:\s{0,20}"([^"\\]{1,500})"')
_ARTICLE_ENDS = ("Article", "Posting", "Report", "Review", "Recipe", "Story")
_ARTICLE_BEGINS = ("Report", "Quiz", "HowTo")
# What a block must hold to be worth reading: the name of a kind or of a field that the pattern above finds.
_TELLS = re.compile(
    r"Article|Posting|Report|Review|Recipe|Story|Quiz|HowTo|WebPage|ItemPage|AboutPage|CreativeWork|WebSite"
    r"|datePublished|dateModified|headline"
)
_PAGE = frozenset(("WebPage", "ItemPage", "AboutPage", "CreativeWork", "WebSite"))


class Claims(NamedTuple):
    """The fields of the article object, raw; `page` marks what only a WebPage object said."""

    headline: str | None = None
    published: str | None = None
    modified: str | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    image: str | None = None
    publisher: str | None = None
    page: bool = False


def read_claims(blocks: Sequence[str]) -> tuple[Claims, ...]:
    """What the blocks say, articles first and pages after them, each in document order."""
    found = [claims for block in blocks for claims in _of_block(block)]
    return tuple(sorted(found, key=lambda claims: claims.page))


def _of_block(block: str) -> Iterator[Claims]:
    if not _TELLS.search(block):
        return
    data = _load(block)
    if data is None:
        fields = dict(reversed(_FIELD.findall(block)))
        if fields:
            yield Claims(fields.get("headline"), fields.get("datePublished"), fields.get("dateModified"))
        return
    ids: dict[str, dict[str, Any]] = {}
    things = list(_objects(data))
    for thing in things:
        if "name" in thing and isinstance(thing.get("@id"), str):
            ids.setdefault(thing["@id"], thing)
    for thing in things:
        kinds = _texts(thing["@type"]) if "@type" in thing else ()
        article = any(map(_is_article, kinds))
        if article or not _PAGE.isdisjoint(kinds):
            yield _claims(thing, ids, page=not article)


def _is_article(kind: str) -> bool:
    return kind.endswith(_ARTICLE_ENDS) or kind.startswith(_ARTICLE_BEGINS)


def _load(block: str) -> Any:
    """The JSON value, after repair when it must be; None when it is beyond that."""
    text = block.strip().removeprefix("<!--").removesuffix("-->").strip().rstrip("; \t\r\n")
    for repair in (False, True):
        text = _repaired(text).strip() if repair else text
        try:
            data, end = _JSON.raw_decode(text)
        except (ValueError, RecursionError):
            continue
        if end == len(text):
            return data
    return None


def _repaired(text: str) -> str:
    end = text.rfind("*/") + 2  # past the last closed comment no opening one is looked for: that keeps this linear
    head, rest = (text[:end], text[end:]) if end > 1 else ("", text)
    plain = _strings_and_rest(_STRING_OR_COMMENT, head) + _strings_and_rest(_STRING_OR_LINE, rest)
    plain = plain.replace("<![CDATA[", "").replace("]]>", "")
    return _strings_and_rest(_STRING_OR_COMMA, plain)


def _strings_and_rest(pattern: re.Pattern[str], text: str) -> str:
    """The text without what `pattern` matches beside strings."""
    return "".join(filter(None, pattern.split(text)))


def _objects(data: Any) -> Iterator[dict[str, Any]]:
    """Every object, outer before inner, in document order."""
    queue, seen = [data], 0
    while queue and seen < _NODES:
        seen += 1
        value = queue.pop(0) if len(queue) < 64 else queue.pop()
        if isinstance(value, dict):
            yield value
            queue += [v for v in value.values() if isinstance(v, (dict, list))]
        elif isinstance(value, list):
            queue += value


def _claims(thing: dict[str, Any], ids: dict[str, dict[str, Any]], page: bool) -> Claims:
    get = thing.get
    return Claims(
        headline=_first(get("headline")) or _first(get("name")),
        published=_first(get("datePublished")) or _first(get("dateCreated")),
        modified=_first(get("dateModified")),
        authors=() if page else tuple(_names(get("author") or get("creator"), ids)),
        tags=() if page else _tags(get("keywords")),
        image=_image(get("image")) or _first(get("thumbnailUrl")),
        publisher=next(_names(get("publisher"), ids), None),
        page=page,
    )


def _texts(value: Any) -> list[str]:
    values = value[:100] if isinstance(value, list) else (value,)
    return [text for v in values if isinstance(v, str) and (text := v.strip())]


def _first(value: Any) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    return next(iter(_texts(value)), None) if isinstance(value, list) else None


def _names(value: Any, ids: dict[str, dict[str, Any]]) -> Iterator[str]:
    for person in value[:20] if isinstance(value, list) else (value,):
        if isinstance(person, dict):
            known = ids.get(person["@id"]) if isinstance(person.get("@id"), str) and "name" not in person else None
            name = _first((known or person).get("name"))
        else:
            name = _first(person)
        if name:
            yield name


def _tags(value: Any) -> tuple[str, ...]:
    texts = _texts(value)
    if len(texts) == 1:
        texts = [part.strip() for part in texts[0].split(",")]
    return tuple(filter(None, texts))


def _image(value: Any) -> str | None:
    for image in value[:5] if isinstance(value, list) else (value,):
        found = _first(image.get("url") or image.get("contentUrl")) if isinstance(image, dict) else _first(image)
        if found:
            return found
    return None
