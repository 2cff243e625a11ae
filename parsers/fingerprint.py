"""What a text is known by when it stands elsewhere too."""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

_WORD = re.compile(r"\w+")


def normalised(text: str) -> str:
    """The words of a text, case-folded: what is left when markup, punctuation and spacing are not counted."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def body_key(body: str) -> bytes | None:
    """sha256 of the normalised body; None when it holds no word, for that is no identity."""
    words = normalised(body)
    return sha256(words.encode()).digest() if words else None
