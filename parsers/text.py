"""One cleaning of text for everything that is stored, logged or shown."""

from __future__ import annotations

import re
import unicodedata

BREAK = "\x1e"  # a single line break within a text: white space to str.split, and in no honest page
# C0 and C1 controls (but not tab, LF, CR), surrogates, non-characters, bidi overrides and isolates, zero-width marks,
# soft hyphen, BOM. U+200C/U+200D stay: they join Arabic and Indic letters and emoji.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff]"
)


def clean_text(text: str) -> str:
    """NFC without controls, surrogates, bidi overrides or zero-width marks; line breaks are kept."""
    if not text.isprintable():  # nothing that is unwanted is
        text = _UNWANTED.sub("", text.replace("\x85", "\n"))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def clean_line(text: str) -> str:
    """`clean_text` on one line: every run of white space, line breaks included, is one space."""
    clean = clean_text(text)  # white space that is printable is a space
    return clean.strip() if clean.isprintable() and "  " not in clean else " ".join(clean.split())


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, ending in an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def one_line(raw: str) -> str:
    """`clean_line`, not yet NFC. No white space but the space is printable, so most text is only looked at."""
    text = raw.strip()
    if text.isprintable() and "  " not in text:
        return text
    text = " ".join(text.split())
    return text if text.isprintable() else " ".join(_UNWANTED.sub("", text).split())


def composed(text: str) -> str:
    """`clean_line` of what `one_line` gave."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def broken_lines(raw: str) -> tuple[str, ...]:
    """What the breaks of a text divide, each on one line; nothing where there are fewer than two."""
    found = tuple(line for line in map(one_line, raw.split(BREAK)) if line)
    return found if len(found) > 1 else ()
