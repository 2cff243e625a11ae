"""The language of a cleaned body, by py3langid; a hint for readers, never a reason to drop an entry.

Measured on 400 Indonesian articles: right on all from 600 characters on, 3 % called Malay at 120, 10 % wrong at 60.
"""

from __future__ import annotations

from functools import cache
from typing import Any

ENOUGH = 600  # characters
LOOKED_AT = 1200  # more costs time and changes nothing
CLEAR = 0.98  # probability that lets a shorter text through
_SHORTEST = 120
_MALAY = 0.9  # Malay under this probability is Indonesian: the two share most of their words


@cache
def _identifier() -> Any:
    """The model; imported here because it and numpy cost a start almost a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def identify(text: str) -> str | None:
    """ISO 639-1 of 600 or more characters; of fewer only when it is clear, of fewer than 120 never."""
    sample = text[:LOOKED_AT].strip()
    if len(sample) < _SHORTEST or sum(c.isalpha() for c in sample) * 2 < len(sample):
        return None
    ranks: dict[str, float] = dict(_identifier().rank(sample))
    code = max(ranks, key=lambda name: ranks[name])
    if code in ("id", "ms"):
        return _indonesian_or_malay(ranks, len(sample) >= ENOUGH)
    return code if len(sample) >= ENOUGH or ranks[code] >= CLEAR else None


def _indonesian_or_malay(ranks: dict[str, float], enough: bool) -> str | None:
    """A short text is Indonesian when nothing but Malay competes, and never Malay: half of that verdict is wrong."""
    if enough:
        return "ms" if ranks["ms"] >= _MALAY else "id"
    return "id" if ranks["id"] + ranks["ms"] >= CLEAR and ranks["ms"] < _MALAY else None
