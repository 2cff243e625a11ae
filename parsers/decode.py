"""Bytes of an HTML page to text: BOM, valid UTF-8, HTTP charset, meta, detector, in that order; then defused.

    html --decode--> text --defuse--> text that the HTML parser reads in linear time

The HTML parser is quadratic in nesting depth and in attributes per tag (measured: 50,000 nested div take 5 s), so what
is beyond the limits of the house is cut before it sees them.
"""

from __future__ import annotations

import codecs
import re
from operator import methodcaller

DEPTH = 512
ATTRIBUTES = 1000

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

_MANY = 3000  # tags: fewer cannot nest deep enough to cost more than 10 ms, and the walk stops at DEPTH anyway
_CLOSES = methodcaller("startswith", b"/")

_TAG = re.compile(
    rb"""<(/?)([a-zA-Z][^\s/>]*+)((?:[^>"']++|"[^"]*+"|'[^']*+'|["'])*?)>""".replace(b"*?)>", b"*+)>"), re.DOTALL
)
_TAG_END = re.compile(rb"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_ATTRIBUTE = re.compile(rb"""[^\s/=>"']+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?""")
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
    except LookupError:
        return None
    return _WIDENED.get(found, found) if found in _ALLOWED else None


def decode(html: bytes, charset: str | None) -> bytes:
    """The page as UTF-8 bytes, which is what the parser takes; a wrong byte becomes U+FFFD."""
    for bom, name in _BOMS:
        if html.startswith(bom):
            return _recode(html[len(bom) :], name)
    try:
        html.decode("utf-8")
    except UnicodeDecodeError:
        return _recode(html, codec(charset) or _declared(html) or _detected(html))
    return html


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

    An honest page is only measured: it has few more opening than closing tags, and no giant tag.
    """
    pieces = html.split(b"<")
    deep = len(pieces) > _MANY and len(pieces) - 2 * sum(map(_CLOSES, pieces)) > DEPTH
    if deep or any(map(_giant, [piece for piece in pieces if len(piece) > 2 * ATTRIBUTES])):
        return _Scan(html).result()
    return html


def _giant(piece: bytes) -> bool:
    """Whether a long piece after a `<` may be one tag of more than ATTRIBUTES attributes."""
    end = _TAG_END.match(piece)
    if not piece[:1].isalpha() or (end and end.end() < 2 * ATTRIBUTES):
        return False
    return piece.count(b"=") > ATTRIBUTES or piece.count(b"/") > ATTRIBUTES or len(piece.split()) > ATTRIBUTES


class _Scan:
    """One pass over the tags that keeps a stack of open elements, roughly as the parser would."""

    def __init__(self, html: bytes) -> None:
        self.html = html
        self.out: list[bytes] = []
        self.at = 0
        self.stack: list[bytes] = []
        self.open: dict[bytes, int] = {}

    def result(self) -> bytes:
        position = 0
        while tag := _TAG.search(self.html, position):
            position = tag.end()
            name = tag[2].lower()
            if not (self._close(name) if tag[1] else self._opens(name, tag)):
                self._replace(tag, b"")
            elif name in _RAW and not tag[1]:
                position = self._raw_end(name, position)
        self.out.append(self.html[self.at :])
        return b"".join(self.out)

    def _raw_end(self, name: bytes, position: int) -> int:
        """Where the text of a script or its like ends: nothing in it is a tag."""
        end = _RAW_END[name].search(self.html, position)
        return end.start() if end else len(self.html)

    def _replace(self, tag: re.Match[bytes], by: bytes) -> None:
        self.out += (self.html[self.at : tag.start()], by)
        self.at = tag.end()

    def _opens(self, name: bytes, tag: re.Match[bytes]) -> bool:
        """Whether the opening tag stays."""
        if len(tag[3]) > 2 * ATTRIBUTES:
            self._trim(tag)
        if name in _VOID or name in _RAW:
            return True
        if not (name in _IMPLIED and self.stack and self.stack[-1] == name):
            self.stack.append(name)
            self.open[name] = self.open.get(name, 0) + 1
        return len(self.stack) <= DEPTH

    def _trim(self, tag: re.Match[bytes]) -> None:
        attributes = [match[0] for match in _ATTRIBUTE.finditer(tag[3])]
        if len(attributes) > ATTRIBUTES:
            self._replace(tag, b"<" + tag[2] + b" " + b" ".join(attributes[:ATTRIBUTES]) + b">")

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
