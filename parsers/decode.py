"""Bytes of an HTML page to UTF-8: BOM, valid UTF-8, HTTP charset, meta, detector, in that order; then defused.

    html --decode, or presumed--> UTF-8 --defuse--> UTF-8 that the HTML parser reads in linear time

The HTML parser is quadratic in nesting depth and in attributes per tag (measured: 50,000 nested div take 5 s), so what
is beyond the limits of the house is cut before it sees them.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import accumulate, islice, repeat

DEPTH = 512
ATTRIBUTES = 1000
# Bytes that ATTRIBUTES of different names need: some 200 names are of one byte, the others of more, and all set off.
LONG = 2700

# Charsets a page may name (WHATWG encodings that Python has). Others, such as utf-7 or idna, are never believed.
_ALLOWED_NAMES = """utf-8 ascii iso8859-1
    iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9
    iso8859-10 iso8859-13 iso8859-14 iso8859-15 iso8859-16 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256
    cp1257 cp1258 cp874 tis-620 koi8-r koi8-u mac-roman gbk gb2312 gb18030 hz big5 big5hkscs shift_jis cp932
    euc_jp iso2022_jp euc_kr cp949 utf-16 utf-16-le utf-16-be"""
_ALLOWED = frozenset(_ALLOWED_NAMES.split())
# WHATWG: what says latin-1 or ascii means windows-1252.
_WIDENED = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932"}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META = re.compile(rb"""<meta\b[^>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:\-]{2,40})""", re.IGNORECASE)
_META_WINDOW = 4096  # bytes; HTML asks for 1024, pages are lax
_DETECT_WINDOW = 32_768

_MANY = 4000  # tags: fewer cannot nest deep enough to cost more than 20 ms, and the walk stops at DEPTH anyway
_NAME = re.compile(rb"<(/?[a-zA-Z][a-zA-Z0-9]*)")
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CHILDLESS = (b"br", b"BR", b"img", b"IMG", b"inp", b"INP", b"met", b"lin", b"hr", b"HR", b"sou", b"pat", b"use")

_OPENS = re.compile(rb"(/?)([a-zA-Z][^\s/>]*+)")
_TAG_NAME = re.compile(rb"[a-zA-Z][^\s/>]*+")  # a quote in it is a letter like any other
_ENDS = re.compile(rb"""[>"']""")
_TAG_END = re.compile(rb"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_UNREAD = re.compile(rb"""(script|style)(?:\s(?:[^>"']++|"[^"]*+"|'[^']*+')*+)?>""")
_LONG_SCRIPT = 131_072  # bytes in which its end is looked for
_EDGE = 100  # bytes at either end of a script in which a mark that ends a comment is looked for
_OPENING = re.compile(rb"<[a-zA-Z]")
_ATTRIBUTE = re.compile(rb"""[^\s/=>"']++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'>]++))?+""")
_TOO_MANY = re.compile(
    rb"""(?:[\s/="']*+[^\s/=>"']++(?:\s*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s"'>]++))?+){%d}+"""
    % (ATTRIBUTES + 1)
)
_BETWEEN = b" \t\n\r\f/\"'"  # one of these ends an attribute that another follows
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())
_IMPLIED = frozenset(b"p li td th tr dt dd option".split())
_RAW = frozenset(b"script style textarea title xmp noembed noframes iframe".split())
_RAW_END = {name: re.compile(rb"</" + name + rb"(?=[\s/>])", re.IGNORECASE) for name in _RAW}


def codec(name: str | None) -> str | None:
    """The Python codec of an allowed charset label, else None."""
    if not name:
        return None
    try:
        found = codecs.lookup(name.strip().strip("\"'")).name
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return None
    return _WIDENED.get(found, found) if found in _ALLOWED else None


def decode(html: bytes, charset: str | None) -> bytes:
    """The page as UTF-8 bytes, which is what the parser takes; a wrong byte becomes U+FFFD."""
    html = presumed(html)
    return html if _is_utf8(html) else _recode(html, _other(html, charset))


def presumed(html: bytes) -> bytes:
    """The page as its BOM says, else as it is: nearly all are UTF-8, and where one is not, U+FFFD is read of it.

    To check every page beforehand costs a hundredth of its extraction; whoever reads U+FFFD asks `redecoded`.
    """
    for bom, name in _BOMS:
        if html.startswith(bom):
            return _recode(html[len(bom) :], name)
    return html


def redecoded(html: bytes, charset: str | None) -> bytes | None:
    """The page decoded from what it is in; None when it is UTF-8, be it with a few broken bytes."""
    html = presumed(html)
    name = "utf-8" if _is_utf8(html) else _other(html, charset)
    return None if name == "utf-8" else _recode(html, name)


def _is_utf8(html: bytes) -> bool:
    try:
        html.decode()
    except UnicodeDecodeError:
        return False
    return True


def _other(html: bytes, charset: str | None) -> str:
    """What a page that is not valid UTF-8 is in."""
    return codec(charset) or _declared(html) or _detected(html)


def _recode(html: bytes, name: str) -> bytes:
    return html.decode(name, "replace").encode("utf-8", "replace")


def _declared(html: bytes) -> str | None:
    match = _META.search(html[:_META_WINDOW])
    name = codec(match[1].decode("ascii")) if match else None
    # A meta that could be read is ASCII-compatible, so it cannot mean UTF-16 (WHATWG: such a meta means UTF-8).
    return "utf-8" if name and name.startswith("utf-16") else name


def _detected(html: bytes) -> str:
    """The detector's guess; a page that is UTF-8 but for a few broken bytes is UTF-8."""
    if html.decode("utf-8", "replace").count("\ufffd") * 1000 < len(html):
        return "utf-8"
    from charset_normalizer import from_bytes  # only the rare page pays for its import

    best = from_bytes(html[:_DETECT_WINDOW]).best()
    return (codec(best.encoding) if best else None) or "cp1252"


def defuse(html: bytes) -> bytes:
    """The page without what makes the parser slow: tags nested over DEPTH, attributes after the first ATTRIBUTES.

    An honest page is only measured, few of its tags are open at once and none is a giant; but its long scripts and
    styles are emptied: they are a third of most pages and a quarter of their parsing.
    """
    html, giant = _emptied(html)
    many = b"<" in html.replace(b"<", b">", _MANY)  # at half the price of `count`
    deep = many and _may_nest(html)
    return _Scan(html).result() if giant or deep or _hides_giant(html) else html


def _emptied(html: bytes) -> tuple[bytes, bool]:
    """The page without the text of long scripts and styles, and whether one of its tags is a giant.

    JSON-LD stays, and what may end a comment that a script stands in.
    """
    kept, at, giant, view = [], 0, False, memoryview(html)  # of which slices cost no copy
    for start, end in _stretches(html, b"<"):
        if start < at:
            continue
        tag = _UNREAD.match(html, start, end) or _opened(html, at, start)
        if tag is None or tag.end() > start + 2 * ATTRIBUTES:
            giant = giant or _is_giant(html, start, end)
        if tag is not None and b"ld" not in tag[0].lower() and (close := _end_of(html, tag, start, end)) >= 0:
            kept.append(view[at : tag.end()])
            at = close
    return (b"".join((*kept, view[at:])) if kept else html), giant


def _opened(html: bytes, first: int, start: int) -> re.Match[bytes] | None:
    """The tag of the script or style that began shortly before `start`, as those with `<!--` or `i<n` in them do."""
    begin = html.rfind(b"<s", max(first, start - 2 * ATTRIBUTES), start)
    tag = _UNREAD.match(html, begin + 1, start) if begin >= 0 else None
    return tag if tag and html.find(b"</", tag.end(), start) < 0 else None


def _end_of(html: bytes, tag: re.Match[bytes], start: int, end: int) -> int:
    """Where the text of a script or style ends that has no `<` from `start` to `end`; -1 where that is not sure.

    Its end must be the next that is closed, or it is only quoted: in a script, an attribute, a comment.
    """
    first, close = tag.end(), html.find(b"</", end, end + _LONG_SCRIPT)
    if not html.startswith(tag[1], close + 2):
        return -1
    head, tail = html[first : first + _EDGE], html[close - _EDGE : close]
    if b"-->" in head or (b"-->" in tail and b"<!--" not in head):
        return -1
    another = html.find(b"<script", first, start) >= 0 or html.find(b"<script", end, close) >= 0
    return -1 if another else close


def _may_nest(html: bytes) -> bool:
    """Whether tags may nest too deep: more of them open at once, or closed under names that never opened."""
    names = _NAME.findall(html)
    if max(accumulate(map(_steps().get, (name[:3] for name in names), repeat(1))), default=0) > DEPTH:
        return True
    counts = Counter(names)
    return sum(max(0, n - counts[name[1:]]) for name, n in counts.items() if name[:1] == b"/") > DEPTH // 2


@cache
def _steps() -> dict[bytes, int]:
    """How much deeper a tag leads, by the beginning of its name; 1 is not listed. Few pages have so many tags."""
    closing = {b"/" + bytes((one, two)): -1 for one in _LETTERS for two in _LETTERS + b"123456"}
    return closing | {b"/" + bytes((one,)): -1 for one in _LETTERS} | dict.fromkeys(_CHILDLESS, 0)


def _is_giant(html: bytes, start: int, end: int) -> bool:
    """Whether what has no `<` from `start` to `end` is a tag with more than ATTRIBUTES attributes, two bytes each."""
    name = _TAG_NAME.match(html, start, end)
    if name is None or not _has_places(html, name.end(), end):
        return False
    if _TAG_END.match(html, name.end(), start + 2 * ATTRIBUTES) or _in_program(html, start):
        return False
    tag = _TAG_END.match(html, name.end(), end)
    return _has_many(html, name.end(), tag.end() if tag else end)


def _in_program(html: bytes, start: int) -> bool:
    """Whether a script stands open there, in which `i<n` is no tag. One that is only quoted deceives, and what it then
    hides is left to the child's CPU limit."""
    script = html.rfind(b"<script", 0, start)
    return script >= 0 and html.find(b"</script", script, start) < 0 and _UNREAD.match(html, script + 1) is not None


def _hides_giant(html: bytes) -> bool:
    """Whether such a tag hides a `<` in a value, but no `>`; one that hides both is left to the child's CPU limit."""
    for start, end in _stretches(html, b">"):
        at = html.find(b"<", start, end - LONG)
        opening = _OPENING.search(html, at, end - LONG) if at >= 0 else None
        if opening is None or html.find(b"<", opening.end(), end) < 0:
            continue  # one that hides none has been judged already
        if _has_many(html, opening.end(), end) and not _in_program(html, start):
            return True
    return False


def _has_many(html: bytes, start: int, end: int) -> bool:
    """Whether a tag has more than ATTRIBUTES attributes."""
    return _has_places(html, start, end) and _TOO_MANY.match(html, start, end) is not None


def _has_places(html: bytes, start: int, end: int) -> bool:
    """Whether so many attributes could end there; most of what is long has too few places."""
    return end - start - len(html[start:end].translate(None, _BETWEEN)) >= ATTRIBUTES


def _stretches(html: bytes, mark: bytes) -> Iterator[tuple[int, int]]:
    """Where the page goes without `mark` for LONG bytes; looked for from the far end of that length."""
    start, last = 0, len(html) - LONG
    while start <= last:
        found = html.rfind(mark, start, start + LONG)
        if found < 0:
            found = html.find(mark, start + LONG)
            found = found if found >= 0 else len(html)
            yield start, found
        start = found + 1


def _after(html: bytes, what: bytes, position: int) -> int:
    found = html.find(what, position)
    return found + len(what) if found >= 0 else len(html)


class _Scan:
    """One pass over the tags that keeps a stack of open elements, roughly as the parser would."""

    def __init__(self, html: bytes) -> None:
        self.html = html
        self.out: list[bytes] = []
        self.at = 0
        self.stack: list[bytes] = []
        self.open: dict[bytes, int] = {}

    def result(self) -> bytes:
        html, position = self.html, 0
        while (start := html.find(b"<", position)) >= 0:
            if html.startswith(b"<!--", start):
                position = _after(html, b"-->", start + 4)
                continue
            tag = _OPENS.match(html, start + 1)
            if tag is None:
                position = start + 1
                continue
            position = self._tag_end(tag.end())
            position = self._tag(start, position, tag[1] == b"/", tag[2].lower())
        self.out.append(html[self.at :])
        return b"".join(self.out)

    def _tag_end(self, position: int) -> int:
        """Just after the tag's `>`: one in a quoted value does not end it, and only `=` begins such a value."""
        html = self.html
        while found := _ENDS.search(html, position):
            position = found.end()
            if found[0] == b">":
                return position
            if html[max(0, position - 16) : position - 1].rstrip().endswith(b"="):
                position = _after(html, found[0], position)
        return len(html)

    def _tag(self, start: int, end: int, closes: bool, name: bytes) -> int:
        """Keep or drop a tag; returns where to go on."""
        if not (self._close(name) if closes else self._opens(name, start, end)):
            self._replace(start, end, b"")
        elif name in _RAW and not closes:
            raw_end = _RAW_END[name].search(self.html, end)
            return raw_end.start() if raw_end else len(self.html)
        return end

    def _replace(self, start: int, end: int, by: bytes) -> None:
        self.out += (self.html[self.at : start], by)
        self.at = end

    def _opens(self, name: bytes, start: int, end: int) -> bool:
        """Whether the opening tag stays."""
        if end - start > 2 * ATTRIBUTES:
            self._trim(name, start, end)
        if name in _VOID or name in _RAW:
            return True
        if not (name in _IMPLIED and self.stack and self.stack[-1] == name):
            self.stack.append(name)
            self.open[name] = self.open.get(name, 0) + 1
        return len(self.stack) <= DEPTH

    def _trim(self, name: bytes, start: int, end: int) -> None:
        found = islice(_ATTRIBUTE.finditer(self.html, start + 1 + len(name), end), ATTRIBUTES + 1)
        attributes = [match[0] for match in found]
        if len(attributes) > ATTRIBUTES:
            self._replace(start, end, b"<" + name + b" " + b" ".join(attributes[:ATTRIBUTES]) + b">")

    def _close(self, name: bytes) -> bool:
        """Whether the closing tag stays: it does when the element it closes did."""
        if not self.open.get(name):
            return True
        while self.stack:
            depth, popped = len(self.stack), self.stack.pop()
            self.open[popped] -= 1
            if popped == name:
                return depth <= DEPTH
        return True
