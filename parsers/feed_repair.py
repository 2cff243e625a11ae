"""An XML feed as it comes, turned to one that parses: without prolog and DTD, its references repaired, bounded.

    text -> sniff (HTML? which root?) -> drop the prolog -> drop what is no XML character -> Skeleton
    each kept piece -> references -> bounds; then prefixes nobody declared are declared on the root

Everything here is linear in the length of the document. What it bounds was measured: feedparser is quadratic in the
length of an author, in the categories of an entry and in the attributes of a tag.
"""

from __future__ import annotations

import html.entities
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from xml.sax.saxutils import escape

from kliping.errors import FeedError
from kliping.feeds import FeedFault
from parsers.feed_decode import fault
from parsers.feed_split import NAME, ROOT, Finder, Places, Skeleton, split

AUTHOR_CHARS = 300
ATTRIBUTES = 1000
TAG_CHARS = 16 * 1024
REPEATS = 200  # elements of one name that an entry may have (categories, links, contents)
PREFIXES = 100  # that are declared for a document
SNIFF_CHARS = 64 * 1024

_HTML = re.compile(
    r"<(?:!doctype\s+html|html|head|body|script|div|meta|title|table|p|a|br|h1)(?=[\s>/])", re.IGNORECASE
)
_OTHER_XML = re.compile(r"<(?:opml|urlset|sitemapindex|svg|error)(?=[\s>/])", re.IGNORECASE)
_DECLARED_HTML = re.compile(r"<(?:!doctype\s+html\b|html[\s>])", re.IGNORECASE)

# Not allowed in XML 1.0: C0 but tab, LF, CR; surrogates; U+FFFE and U+FFFF.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)(#[0-9]+;?|#[xX][0-9A-Fa-f]+;?|[A-Za-z][A-Za-z0-9]{1,31};)?")
_NUMBER_DIGITS = 8  # more digits than any code point has

_LONG_TAG = re.compile(rf"<({NAME}(?::{NAME})?)[^<>]{{{TAG_CHARS},}}>")
_ATTRIBUTE = re.compile(rf"""\s({NAME}(?::{NAME})?\s*=\s*(?:"[^"<>]{{0,65536}}"|'[^'<>]{{0,65536}}'))""")
# After junk a root must be one that no web page has by chance.
_JUNK_ROOT = re.compile(rf"<(?:{NAME}:)?(?:rss|feed|rdf|channel)(?=[\s>/])", re.IGNORECASE)
_PERSON = re.compile(
    rf"<((?:{NAME}:)?(?:author|creator|managingeditor|webmaster|publisher|owner))(?:\s[^<>]*)?(?<!/)>", re.IGNORECASE
)
_PERSON_END = re.compile(
    rf"</(?:{NAME}:)?(?:author|creator|managingeditor|webmaster|publisher|owner)(?=[\s>])", re.IGNORECASE
)
_PERSON_PART = re.compile(r"<(name|email|uri|url|homepage)(?:\s[^<>]*)?>[^<>]*</\1\s*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_HALF_REFERENCE = re.compile(r"&#?\w{0,32}$")
_KEYWORDS = re.compile(r"(<(?:media|itunes):keywords[^<>]*>[^<]{2000})[^<]+", re.IGNORECASE)
_MEDIA_DESCRIPTION = re.compile(r"(</?media:)description\b", re.IGNORECASE)
_OWN_DESCRIPTION = re.compile(r"<(?:description|summary|content)(?=[\s>])|<content:encoded", re.IGNORECASE)
_COLON_TAG = re.compile(r"</?[A-Za-z_][^<>:]*:[^<>]*>")
_PREFIX = re.compile(rf"(?:</?|\s)({NAME}):{NAME}(?=[\s=/>])")
_PREFIX_DECLARED = re.compile(rf"""xmlns:({NAME})\s*=\s*(?:"([^"<>&]{{1,300}})"|'([^'<>&]{{1,300}})')""")
_MANY = rf"((?:{NAME}:)?(?:category|subject|keywords|encoded|content|link|enclosure|author|creator|tag))(?=[\s>/])"
_REPEATED, _REPEATED_END = re.compile(rf"<{_MANY}[^<>]*>"), re.compile(rf"</{_MANY}[^<>]*>")

_NEVER_CLOSED = re.compile(r"<!\[CDATA\[|<!--")

_KNOWN_PREFIXES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "media": "http://search.yahoo.com/mrss/",
    "openSearch": "http://a9.com/-/spec/opensearchrss/1.0/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rss": "http://backend.userland.com/rss",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "thr": "http://purl.org/syndication/thread/1.0",
}


def skeleton_of(text: str) -> Skeleton:
    """The pieces of a document, not yet repaired. Raises FeedError (html, not_feed) for what is no RSS, RDF or Atom."""
    return split(_NOT_XML.sub("", text[_root_start(text) :]))


def repaired(skeleton: Skeleton) -> Skeleton:
    """The pieces with their markup repaired and bounded, and all prefixes declared."""
    start, head, tail, cut = (
        _repaired(piece) for piece in (skeleton.start, skeleton.head, skeleton.tail, skeleton.cut)
    )
    items = tuple(_few(_repaired(item)) for item in skeleton.items)
    return _declared(replace(skeleton, start=start, head=head, items=items, tail=tail, cut=cut))


# --- what it is -------------------------------------------------------------------------------------------------------


def _root_start(text: str) -> int:
    """Where the root element starts: after a prolog that is skipped by its grammar, or else after junk."""
    at = _skip_prolog(text)
    root = ROOT.match(text, at)
    if root is None:
        head = text[: at + SNIFF_CHARS]
        if _DECLARED_HTML.search(head):
            raise fault(FeedFault.HTML, "the document is a web page")
        root = _JUNK_ROOT.search(text, at, at + SNIFF_CHARS)
    if root is None:
        raise _not_a_feed(text[at : at + SNIFF_CHARS])
    return root.start()


def _not_a_feed(head: str) -> FeedError:
    if _HTML.search(head) and not _OTHER_XML.match(head):
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


def _repaired(piece: str) -> str:
    """A piece with its markup repaired and bounded; in CDATA sections only what would end or start another is gone."""
    text = "".join(_parts(piece))
    description = _MEDIA_DESCRIPTION if "<media:" in text and _OWN_DESCRIPTION.search(text) else None
    return _short_people(description.sub(r"\1caption", text) if description else text)


def _parts(piece: str) -> Iterator[str]:
    at = 0
    while (start := piece.find("<![CDATA[", at)) >= 0 and (end := piece.find("]]>", start)) >= 0:
        yield _repair_markup(piece[at:start])
        yield "<![CDATA[" + piece[start + 9 : end + 3].replace("<![CDATA[", "")
        at = end + 3
    closed = piece.rfind("-->", at) + 1 or at
    yield _repair_markup(piece[at:closed].replace("<![CDATA[", ""))
    yield _repair_markup(_NEVER_CLOSED.sub("", piece[closed:]))


def _repair_markup(text: str) -> str:
    if "&" in text:
        text = _REFERENCE.sub(_reference, text)
    text = _LONG_TAG.sub(_shorter_tag, text)
    return _KEYWORDS.sub(r"\1", text.replace("]]>", ""))


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


def _declared(skeleton: Skeleton) -> Skeleton:
    """Namespace prefixes that are used but not declared, declared on the root (expat refuses them otherwise)."""
    pieces = (skeleton.head, *skeleton.items, skeleton.tail, skeleton.cut)
    tags = {match[0] for piece in pieces for match in _COLON_TAG.finditer(piece)}
    used = {match[1] for tag in tags for match in _PREFIX.finditer(tag)} - {"xml", "xmlns"}
    missing = used - {match[1] for match in _PREFIX_DECLARED.finditer(skeleton.start)}
    if not missing:
        return skeleton
    elsewhere = {match[1]: match[2] or match[3] for tag in tags for match in _PREFIX_DECLARED.finditer(tag)}
    known = elsewhere | _KNOWN_PREFIXES
    chosen = sorted(missing)[:PREFIXES]
    added = "".join(f' xmlns:{name}="{known.get(name, "urn:undeclared:" + name)}"' for name in chosen)
    return replace(skeleton, start=_inside_root(skeleton.start, added), head=_inside_root(skeleton.head, added))


def _inside_root(text: str, added: str) -> str:
    root = re.match(r"<[^\s<>/]+", text)
    return text[: root.end()] + added + text[root.end() :] if root else text


# --- what feedparser would be slow at ---------------------------------------------------------------------------------


def _short_people(text: str) -> str:
    """The text with every author, editor or publisher cut to AUTHOR_CHARS of plain text."""
    pieces, at, ends = [], 0, Finder(_PERSON_END, text)
    for opened in _PERSON.finditer(text):
        end = ends.after(opened.end())
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
    if max(counts.values(), default=0) <= REPEATS:
        return item
    seen: Counter[str] = Counter()
    kept, at, ends = [], 0, Places(_REPEATED_END, item)
    for opened in _REPEATED.finditer(item):
        name = opened[1]
        seen[name] += 1
        if seen[name] > REPEATS and opened.start() >= at:
            kept.append(item[at : opened.start()])
            end = ends.next(name, opened.end()) if not opened[0].endswith("/>") else len(item)
            at = item.find(">", end) + 1 if end < len(item) else opened.end()
    return "".join((*kept, item[at:]))
