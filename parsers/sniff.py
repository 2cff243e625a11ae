"""Whether bytes can be an HTML page at all: by what the server calls them, and by their first bytes."""

from __future__ import annotations

import re

HEAD = 1024  # bytes looked at
FEWEST = 16  # control characters: fewer can be a slip of an honest page
_OTHER_TYPE = re.compile(
    r"\s*(?:image|audio|video|font)/|\s*application/(?!xhtml|html|xml|octet-stream|x-httpd|x-unknown)", re.IGNORECASE
)
_SIGNATURE = re.compile(
    rb"%PDF-|\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|PK\x03\x04|\x1f\x8b|BZh|7z\xbc\xaf|Rar!|ID3|OggS|RIFF....WEBP|....ftyp"
    rb"|\x00\x00\x01\x00|\x7fELF|wOF[F2]",
    re.DOTALL,
)
_CONTROLS = bytes((*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20)))  # but white space and the escape of ISO-2022
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def is_html(content_type: str | None, body: bytes) -> bool:
    """False for what is plainly something else; a server that says nothing, or plain text, is given the doubt."""
    return not (content_type and _OTHER_TYPE.match(content_type)) and not is_binary(body)


def is_binary(body: bytes) -> bool:
    """A known signature, or a control character in every twenty bytes of the head (UTF-16 and 32 with BOM aside)."""
    head = body[:HEAD]
    if head.startswith(_WIDE):
        return False
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return _SIGNATURE.match(head) is not None or (controls >= FEWEST and 20 * controls > len(head))
