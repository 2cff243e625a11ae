"""The bytes of a feed document, turned to text.

    bytes -> gunzip if gzip -> BOM | UTF-8 | HTTP charset | XML declaration | guess -> text

UTF-8 is tried before what the server says: sites often serve UTF-8 under the default charset of their server, and what
decodes as UTF-8 by chance is rare. Only charsets of an allow-list are used: Python's codecs hold names
(unicode_escape, zlib_codec, idna) that no server may choose.
"""

from __future__ import annotations

import codecs
import re
import zlib

from charset_normalizer import from_bytes

from kliping.errors import FeedError
from kliping.feeds import FeedFault
from parsers.decode import codec

MAX_DECODED = 20 * 1024 * 1024  # bytes (house, section 7: feed body decoded)
_GUESS_FROM = 64 * 1024  # bytes of a document that are enough to guess its charset

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its first half is that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# XML 1.0 appendix F: `<?` or `<r` without a BOM.
_BARE_WIDE = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)

_GUESSES = [
    "cp1252", "cp1250", "cp1251", "cp1254", "cp1255", "cp1256", "cp874", "iso8859_2", "iso8859_15", "koi8_r",
    "cp932", "euc_jp", "euc_kr", "gb18030", "big5",
]  # fmt: skip
_TAG = re.compile(rb"<[^<>]*>")
_HTTP_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:\-]{1,40})", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._\-]{1,40})", re.IGNORECASE)


def fault(kind: FeedFault, detail: str) -> FeedError:
    """A FeedError whose first word is from the vocabulary."""
    return FeedError(f"{kind.value}: {detail}")


def decode(body: bytes, content_type: str | None = None) -> tuple[str, str]:
    """The text of a feed document without its BOM, and the charset used. Raises FeedError (empty, malformed)."""
    if body[:2] == b"\x1f\x8b":
        body = _gunzip(body)
    if not body.strip(b"\x00\t\n\r "):
        raise fault(FeedFault.EMPTY, "the document has no content")
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace"), name
    for start, name in _BARE_WIDE:
        if body.startswith(start):
            return body.decode(name, "replace"), name
    return _without_bom(body, content_type)


def _without_bom(body: bytes, content_type: str | None) -> tuple[str, str]:
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass_on = body.decode("utf-8", "replace")
    if _nearly_utf8(pass_on):
        return pass_on, "utf-8"
    declared = _XML_CHARSET.match(body.lstrip()[:300])
    http = _HTTP_CHARSET.search(content_type or "")
    for name in (http and http[1], declared and declared[1].decode("ascii"), _guess(body)):
        if name and (found := _allowed(name)):
            return body.decode(found, "replace"), found
    return body.decode("cp1252", "replace"), "cp1252"


def _nearly_utf8(text: str) -> bool:
    """Whether a text with U+FFFD for every bad byte is UTF-8 with a few of them (a cut or pasted character).

    A windows-1252 text has hardly any byte pair that is good UTF-8, so its good characters do not outnumber the bad.
    """
    bad = text.count("\ufffd")
    good = sum(1 for _ in _NON_ASCII.finditer(text)) - bad
    return good >= bad


_NON_ASCII = re.compile(r"[^\x00-\x7f]")


def _allowed(name: str) -> str | None:
    """The Python codec for a declared charset we use, else None. A wide one without its BOM was looked for before."""
    found = codec(name)
    return None if found is None or found.startswith("utf") else found


def _guess(body: bytes) -> str | None:
    """The likeliest charset of a text that names none: windows-1252 when it is mostly ASCII, as Indonesian is.

    charset-normalizer is asked for the rest only: on a few accents it takes windows-1250 for 1252.
    """
    start = next((match.start() for match in re.finditer(rb"[\x80-\xff]", body)), 0)
    sample = body[max(0, start - 1024) : start + _GUESS_FROM]
    if sum(byte > 0x7F for byte in sample) < len(sample) // 10:
        return "cp1252"
    best = from_bytes(_TAG.sub(b" ", sample), cp_isolation=_GUESSES).best()
    return best.encoding if best else None


def _gunzip(body: bytes) -> bytes:
    """A gzip file served as it is (no Content-Encoding), up to MAX_DECODED."""
    inflate = zlib.decompressobj(31)
    try:
        out = inflate.decompress(body, MAX_DECODED)
    except zlib.error as error:
        raise fault(FeedFault.MALFORMED, f"gzip: {error}") from None
    if inflate.unconsumed_tail or not inflate.eof:
        raise fault(FeedFault.MALFORMED, "gzip: truncated or over the size limit")
    return out
