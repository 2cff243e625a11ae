"""A malformed item made well-formed: its fields are found by name, and what is not XML in them becomes text.

    item -> fields (title, link, description, ...) -> each well-formed? as it stands : start tag rebuilt, text escaped

Markup that a feed forgot to escape becomes what it would have been escaped: nothing of it is lost, nothing is invented.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from xml.parsers import expat

from parsers.feed_split import NAME, ROOT, Finder, Places, Skeleton

_FIELDS = (
    "title|link|guid|id|pubdate|published|updated|issued|modified|created|date|description|summary|content|encoded"
    "|author|creator|contributor|managingeditor|category|subject|source|enclosure|comments|origlink|image|group"
    "|thumbnail|body|subtitle|tagline|language|generator|ttl|totalresults|keywords|credit"
)
_FIELD = re.compile(rf"<((?:{NAME}:)?(?:{_FIELDS}))((?:\s[^<>]*?)?)(/?)>", re.IGNORECASE)
_OPENS, _CLOSES = (re.compile(rf"{mark}((?:{NAME}:)?(?:{_FIELDS}))(?=[\s>/])", re.IGNORECASE) for mark in ("<", "</"))
_CDATA = re.compile(r"\s*<!\[CDATA\[")
_CHANNEL = re.compile(rf"</?((?:{NAME}:)?channel)(?=[\s>])[^<>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(rf"""(?<![\w:.\-])({NAME}(?::{NAME})?)\s*=\s*("[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+)""")
_PEOPLE = re.compile(r"(?:.*:)?(?:author|contributor|creator)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_ESCAPED_MARKUP = re.compile(r"&lt;/?[A-Za-z]")
_XHTML = re.compile(r"""(\stype\s*=\s*)(?:"(?:application/xhtml\+xml|xhtml)"|'(?:application/xhtml\+xml|xhtml)')""")


def well_formed(document: bytes, namespaces: bool = True) -> bool:
    """Whether expat reads it to the end."""
    parser = expat.ParserCreate(namespace_separator=" " if namespaces else None)
    try:
        parser.Parse(document, True)
    except expat.ExpatError:
        return False
    return True


def mended(skeleton: Skeleton) -> tuple[Skeleton, tuple[int, ...], bool]:
    """The document, well-formed where it could be; the indexes of malformed items; whether its frame was well-formed.

    Its neighbours are not touched by what is wrong with an item.
    """
    if well_formed(skeleton.document()):
        return skeleton, (), True
    framed = well_formed(skeleton.document(()))
    if not framed:
        skeleton = _mended_frame(skeleton)
    bad = tuple(i for i, item in enumerate(skeleton.items) if not well_formed(skeleton.alone(item)))
    items = list(skeleton.items)
    for index in bad:
        items[index] = mended_item(items[index], skeleton.name)
    return replace(skeleton, items=tuple(items)), bad, framed


def mended_item(item: str, name: str) -> str:
    """The item with only its known fields, each of them well-formed."""
    opened = re.match(rf"<{re.escape(name)}(?=[\s>/])([^<>]*)>", item, re.IGNORECASE)
    inner = item[opened.end() if opened else 0 :]
    return f"<{name}{_attributes(opened[1] if opened else '')}>{''.join(fields(inner))}</{name}>"


def unfinished_item(cut: str, name: str, model: str) -> str | None:
    """What the document's end left of an item, without the field it cuts; None when that cannot tell which it is.

    It must have its title and link, and an identity like `model`, another item of the document.
    """
    inner = cut[cut.find(">") + 1 :]
    whole = list(fields(inner, finished=True))
    names = {match[1].rpartition(":")[2].lower() for field in whole if (match := _FIELD.match(field))}
    needs = {"title", "link"} | ({"guid", "id"} & {match[1].lower() for match in _FIELD.finditer(model)})
    return f"<{name}>{''.join(whole)}</{name}>" if needs <= names else None


def fields(text: str, finished: bool = False) -> Iterator[str]:
    """The known fields of an item or channel, well-formed; with `finished`, those that have their end tag."""
    tags = _Tags(text)
    opened = _FIELD.search(text)
    while opened:
        name, at = opened[1], opened.end()
        if opened[3]:
            yield _field(name, opened[2], "")
        else:
            end, closed = tags.end_of(name, at)
            if closed or not finished:
                yield _field(name, opened[2], text[at:end])
            at = end
        opened = _FIELD.search(text, at)


class _Tags:
    """Where the fields of a text start and end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.opens, self.closes = Places(_OPENS, text), Places(_CLOSES, text)
        self.cdata_end = Finder(re.compile("]]>"), text)

    def end_of(self, name: str, at: int) -> tuple[int, bool]:
        """Where the content of a field ends that starts at `at`, and whether at its end tag.

        One whose end tag comes after another field of its name was never closed: it ends where any field starts next.
        """
        size = len(self.text)
        inside = self.cdata_end.after(at) if _CDATA.match(self.text, at) else at
        inside = at if inside == size else inside
        end = self.closes.next(name, inside)
        if end < size and end < self.opens.next(name, inside):
            return end, True
        return self.opens.next_of_any(inside), False


def _field(name: str, attributes: str, content: str) -> str:
    as_it_stands = f"<{name}{attributes}>{content}</{name}>"
    if well_formed(as_it_stands.encode("utf-8", "replace"), namespaces=False):
        return as_it_stands
    tag = name + _XHTML.sub(r'\1"html"', _attributes(attributes))
    if _PEOPLE.fullmatch(name):
        content = _TAG.sub(" ", content)
    return f"<{tag}>{_escaped(content)}</{name}>"


def _escaped(content: str) -> str:
    """Content as text: CDATA sections stay, other markup is escaped like the rest of it is."""
    parts, at = [], 0
    while (start := content.find("<![CDATA[", at)) >= 0 and (end := content.find("]]>", start)) >= 0:
        parts += [_text(content[at:start]), content[start : end + 3]]
        at = end + 3
    return "".join((*parts, _text(content[at:].replace("<![CDATA[", ""))))


def _text(markup: str) -> str:
    if "<" in markup and not _ESCAPED_MARKUP.search(markup):
        markup = markup.replace("&", "&amp;")
    return markup.replace("<", "&lt;").replace("]]>", "]]&gt;")


def _attributes(text: str) -> str:
    """The attributes of a start tag, each once and quoted."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text):
        value = match[2] if match[2][0] in "\"'" else f'"{match[2].rstrip("/")}"'
        found.setdefault(match[1], value)
    return "".join(f" {name}={value}" for name, value in found.items())


def _mended_frame(skeleton: Skeleton) -> Skeleton:
    """The document with a head and tail of known fields only."""
    start = "".join(f"<{tag[1]}{_attributes(tag[2])}>" for tag in _START.finditer(skeleton.start))
    root = ROOT.match(skeleton.head)
    inner = skeleton.head[root.end() if root else 0 :]
    head = start + "".join(fields(inner))
    if start.count("<") == 1 and (channel := _CHANNEL.search(inner)):  # RSS 1.0: the channel ends before its items
        head = f"{start}<{channel[1]}>{''.join(fields(inner))}</{channel[1]}>"
    return replace(skeleton, start=start, head=head, tail="".join(fields(skeleton.tail)) + skeleton.end)


_START = re.compile(rf"<({NAME}(?::{NAME})?)([^<>]*)>?")
