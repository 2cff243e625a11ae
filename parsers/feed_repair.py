"""An XML feed as it comes, turned to one that parses: well-formed where it can be, bounded, without a DTD.

    text -> sniff (HTML? JSON? which root?) -> drop the prolog -> characters and references -> bounds -> prefixes
         -> Skeleton: head, items, tail (each item can be parsed alone)

Everything here is linear in the length of the document. What it bounds was measured: feedparser is quadratic in the
length of an author, in the categories of an entry and in the attributes of a tag.
"""

from __future__ import annotations

import html.entities
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from xml.parsers import expat
from xml.sax.saxutils import escape

from kliping.errors import FeedError
from kliping.model import FeedFault
from parsers.feed_decode import fault

AUTHOR_CHARS = 300
ATTRIBUTES = 1000
TAG_CHARS = 16 * 1024
REPEATS = 200  # elements of one name that an entry may have (categories, links, contents)
SNIFF_CHARS = 64 * 1024

_NAME = r"[A-Za-z_][A-Za-z0-9_.\-]*"
_ROOT = re.compile(rf"<(?:({_NAME}):)?(rss|feed|rdf|channel)(?=[\s>/])", re.IGNORECASE)
_HTML = re.compile(
    r"<(?:!doctype\s+html|html|head|body|script|div|meta|title|table|p|a|br|h1)(?=[\s>/])", re.IGNORECASE
)
_DECLARED_HTML = re.compile(r"<(?:!doctype\s+html\b|html[\s>])", re.IGNORECASE)

# Not allowed in XML 1.0: C0 but tab, LF, CR; surrogates; U+FFFE and U+FFFF.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)(#[0-9]+;?|#[xX][0-9A-Fa-f]+;?|[A-Za-z][A-Za-z0-9]{1,31};)?")
_NUMBER_DIGITS = 8  # more digits than any code point has

_LONG_TAG = re.compile(rf"<({_NAME}(?::{_NAME})?)[^<>]{{{TAG_CHARS},}}>")
_ATTRIBUTE = re.compile(rf"""\s({_NAME}(?::{_NAME})?\s*=\s*(?:"[^"<>]{{0,65536}}"|'[^'<>]{{0,65536}}'))""")
_PERSON = re.compile(
    rf"<((?:{_NAME}:)?(?:author|creator|managingeditor|webmaster|publisher|owner))(?:\s[^<>]*)?(?<!/)>", re.IGNORECASE
)
_PERSON_PART = re.compile(r"<(name|email|uri|url|homepage)(?:\s[^<>]*)?>[^<>]*</\1\s*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_HALF_REFERENCE = re.compile(r"&#?\w{0,32}$")
_KEYWORDS = re.compile(r"(<(?:media|itunes):keywords[^<>]*>[^<]{2000})[^<]+", re.IGNORECASE)
_MEDIA_DESCRIPTION = re.compile(r"(</?media:)description\b", re.IGNORECASE)
_COLON_TAG = re.compile(r"</?[A-Za-z_][^<>:]*:[^<>]*>")
_PREFIX = re.compile(rf"(?:</?|\s)({_NAME}):{_NAME}(?=[\s=/>])")
_PREFIX_DECLARED = re.compile(rf"xmlns:({_NAME})\s*=")
_REPEATED = re.compile(
    rf"<((?:{_NAME}:)?(?:category|subject|keywords|encoded|content|link|enclosure|author|creator|tag))(?:\s[^<>]*)?>"
)

_KNOWN_PREFIXES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "media": "http://search.yahoo.com/mrss/",
    "openSearch": "http://a9.com/-/spec/opensearchrss/1.0/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "thr": "http://purl.org/syndication/thread/1.0",
}


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A document in pieces: what stands before the first item, the items, what follows. `root` is rss, feed, rdf..."""

    root: str
    head: str
    items: tuple[str, ...]
    tail: str
    truncated: bool = False

    def document(self, items: tuple[str, ...] | None = None) -> bytes:
        """The whole document, or one with only these items, in UTF-8 with a declaration."""
        chosen = self.items if items is None else items
        text = "".join((self.head, *chosen, self.tail))
        return b"<?xml version='1.0' encoding='utf-8'?>\n" + text.encode("utf-8", "replace")

    def only(self, indexes: Iterable[int]) -> Skeleton:
        """The same document with only these of its items."""
        return replace(self, items=tuple(self.items[i] for i in indexes))

    def without(self, indexes: Iterable[int]) -> Skeleton:
        """The same document with all but these of its items."""
        gone = set(indexes)
        return self.only(i for i in range(len(self.items)) if i not in gone)


def repair(text: str) -> Skeleton:
    """A bounded document in pieces. Raises FeedError (html, not_feed) for what is not an RSS, RDF or Atom document."""
    text = text[_root_start(text) :]
    text = _NOT_XML.sub("", text)
    text = "".join(_repaired(text))
    return _split(_declare_prefixes(text))


# --- what it is -------------------------------------------------------------------------------------------------------


def _root_start(text: str) -> int:
    """Where the root element starts: after a prolog that is skipped by its grammar, or else after junk."""
    at = _skip_prolog(text)
    root = _ROOT.match(text, at)
    if root is None:
        head = text[: at + SNIFF_CHARS]
        if _DECLARED_HTML.search(head):
            raise fault(FeedFault.HTML, "the document is a web page")
        root = _ROOT.search(text, at, at + SNIFF_CHARS)
    if root is None:
        raise _not_a_feed(text[at : at + SNIFF_CHARS])
    return root.start()


def _not_a_feed(head: str) -> FeedError:
    if _HTML.search(head):
        return fault(FeedFault.HTML, "the document is a web page")
    return fault(FeedFault.NOT_FEED, f"no rss, feed or RDF element; it starts with {head.strip()[:40]!r}")


def _skip_prolog(text: str) -> int:
    """The end of white space, declarations, comments and DOCTYPE (internal subset and its entities included)."""
    at, size = 0, len(text)
    while at < size:
        if text[at].isspace() or text[at] == "\ufeff":
            at += 1
        elif text.startswith("<?", at):
            at = _after(text, "?>", at)
        elif text.startswith("<!--", at):
            at = _after(text, "-->", at + 4)
        elif text[at : at + 9].upper() == "<!DOCTYPE" and not _DECLARED_HTML.match(text, at):
            at = _after_doctype(text, at)
        else:
            break
    return at


def _after(text: str, mark: str, at: int) -> int:
    found = text.find(mark, at)
    return len(text) if found < 0 else found + len(mark)


_DOCTYPE_PART = re.compile(r"""<!--(?:.*?-->|.*)|<\?(?:.*?\?>|.*)|"[^"]*"|'[^']*'|[\[\]>]""", re.DOTALL)


def _after_doctype(text: str, at: int) -> int:
    """The end of a DOCTYPE: the first > outside quotes, comments and the internal subset."""
    depth = 0
    for part in _DOCTYPE_PART.finditer(text, at):
        mark = part[0]
        depth += {"[": 1, "]": -1}.get(mark, 0)
        if mark == ">" and depth <= 0:
            return part.end()
    return len(text)


# --- characters, references, bounds -----------------------------------------------------------------------------------


def _repaired(text: str) -> Iterator[str]:
    """The text with its markup repaired and its CDATA sections untouched."""
    at = 0
    while at < len(text):
        start = text.find("<![CDATA[", at)
        end = text.find("]]>", start) if start >= 0 else -1
        if start < 0 or end < 0:
            yield _repair_markup(text[at:])
            return
        yield _repair_markup(text[at:start])
        yield text[start : end + 3]
        at = end + 3


def _repair_markup(text: str) -> str:
    if "&" in text:
        text = _REFERENCE.sub(_reference, text)
    text = _LONG_TAG.sub(_shorter_tag, text)
    text = _KEYWORDS.sub(r"\1", text)
    return _MEDIA_DESCRIPTION.sub(r"\1caption", text)


def _reference(match: re.Match[str]) -> str:
    """A reference as XML knows it: HTML's names and good numbers as characters, bad numbers gone, a bare & escaped."""
    name = match[1]
    if not name:
        return "&amp;"
    if name[0] == "#":
        return _character(name[1:].rstrip(";"))
    text = html.entities.html5.get(name)
    return f"&amp;{name}" if text is None else escape(text)


def _character(number: str) -> str:
    """The character of a numeric reference; none for a surrogate, a control or a number that is no code point."""
    digits = number.lstrip("xX").lstrip("0")
    if len(digits) > _NUMBER_DIGITS or not digits:
        return ""
    code = int(digits, 16 if number[0] in "xX" else 10)
    if code > 0x10FFFF or _NOT_XML.match(chr(code)):
        return ""
    return f"&#{code};" if code in (9, 10, 13, 34, 38, 39, 60, 62) else chr(code)


def _shorter_tag(match: re.Match[str]) -> str:
    """A start tag of a size no feed needs: its first attributes, none of them huge."""
    kept = islice((found[1] for found in _ATTRIBUTE.finditer(match[0])), ATTRIBUTES)
    return f"<{' '.join((match[1], *kept))}{'/' if match[0].endswith('/>') else ''}>"


def _declare_prefixes(text: str) -> str:
    """Namespace prefixes that are used but not declared, declared on the root (expat refuses them otherwise)."""
    tags = {match[0] for match in _COLON_TAG.finditer(text)}
    used = {match[1] for tag in tags for match in _PREFIX.finditer(tag)} - {"xml", "xmlns"}
    missing = sorted(used - {match[1] for match in _PREFIX_DECLARED.finditer(text)})[:100]
    root = _ROOT.match(text)
    if not missing or root is None:
        return text
    declared = "".join(f' xmlns:{name}="{_KNOWN_PREFIXES.get(name, "urn:undeclared:" + name)}"' for name in missing)
    return text[: root.end()] + declared + text[root.end() :]


# --- items ------------------------------------------------------------------------------------------------------------

_ITEM = re.compile(rf"<((?:{_NAME}:)?(?:item|entry))(?=[\s>/])[^<>]*>", re.IGNORECASE)


def _split(text: str) -> Skeleton:
    """The document in pieces; an item that the document's end cuts off is left out (its text would be half)."""
    root = _ROOT.match(text)
    name = root[0][1:] if root else ""
    spans = tuple(_item_spans(text))
    start, end = (spans[0][0], spans[-1][1]) if spans else (len(text), len(text))
    truncated = f"</{name}" not in text[end if spans else 0 :]
    items = tuple(_few(_short_people(text[first:last])) for first, last in spans)
    head = _ITEM.split(text, maxsplit=1)[0] if truncated and not spans else text[:start]
    tail = _closing(head, name) if truncated else text[end:]
    return Skeleton(name, _short_people(head), items, _short_people(tail), truncated)


def _closing(head: str, root: str) -> str:
    channel = re.search(rf"<((?:{_NAME}:)?channel)[\s>]", head)
    inside = channel and f"</{channel[1]}" not in head
    return (f"</{channel[1]}>" if channel and inside else "") + f"</{root}>"


def _item_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each finished item; what stands between two items is nobody's."""
    opened = _ITEM.search(text)
    while opened:
        end = _element_end(text, opened)
        if end < 0:
            return
        yield opened.start(), end
        opened = _ITEM.search(text, end)


def _element_end(text: str, opened: re.Match[str]) -> int:
    """The end of the element whose start tag is `opened`: after its end tag, outside CDATA; -1 when there is none."""
    at, closing = opened.end(), f"</{opened[1]}"
    if opened[0].endswith("/>"):
        return at
    while (end := text.find(closing, at)) >= 0:
        start = text.find("<![CDATA[", at, end)
        if start < 0:
            return text.find(">", end) + 1 or -1
        at = text.find("]]>", start)
        if at < 0:
            return -1
    return -1


def _short_people(text: str) -> str:
    """The text with every author, editor or publisher cut to AUTHOR_CHARS of plain text."""
    pieces, at = [], 0
    for opened in _PERSON.finditer(text):
        end = text.find(f"</{opened[1]}", opened.end())
        end = end if end >= 0 else len(text)
        if opened.start() >= at and end - opened.end() > AUTHOR_CHARS:
            pieces += [text[at : opened.end()], _short_person(text[opened.end() : end])]
            at = end
    return "".join((*pieces, text[at:])) if pieces else text


def _short_person(inner: str) -> str:
    """What an author element holds beside its name and email, when short; else its first characters alone."""
    rest = _PERSON_PART.sub("", inner).replace("<![CDATA[", "").replace("]]>", "")
    plain = _TAG.sub("", rest).strip()
    if len(plain) <= AUTHOR_CHARS:
        return inner
    cut = _HALF_REFERENCE.sub("", plain[:AUTHOR_CHARS])
    return _REFERENCE.sub(_reference, cut).replace("<", "&lt;")


def _few(item: str) -> str:
    """The item with at most REPEATS elements of one name among those that feedparser compares with each other."""
    counts = Counter(opened[1] for opened in _REPEATED.finditer(item))
    many = {name: item.rfind(f"</{name}") for name, count in counts.items() if count > REPEATS}
    if not many:
        return item
    seen: Counter[str] = Counter()
    kept, at = [], 0
    for opened in _REPEATED.finditer(item):
        name = opened[1]
        seen[name] += 1
        if name in many and seen[name] > REPEATS and opened.start() >= at:
            kept.append(item[at : opened.start()])
            at = _element_end(item, opened) if opened.end() <= many[name] else opened.end()
    return "".join((*kept, item[max(at, 0) :]))


# --- well-formedness --------------------------------------------------------------------------------------------------


def well_formed(document: bytes) -> bool:
    """Whether expat, with namespaces, reads it to the end."""
    parser = expat.ParserCreate(namespace_separator=" ")
    try:
        parser.Parse(document, True)
    except expat.ExpatError:
        return False
    return True


def malformed_items(skeleton: Skeleton) -> tuple[int, ...] | None:
    """The items without which the document is well-formed, or None when it is not well-formed without them either."""
    if well_formed(skeleton.document()):
        return ()
    if not well_formed(skeleton.document(())):
        return None
    bad = tuple(i for i, item in enumerate(skeleton.items) if not well_formed(skeleton.document((item,))))
    good = skeleton.without(bad)
    return bad if well_formed(good.document()) else None
