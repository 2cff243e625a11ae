"""The language of a cleaned body, by py3langid; a hint for readers, never a reason to drop an entry.

Measured on 400 Indonesian articles: right on all of them from 600 characters on, 3 % called Malay at 120, 10 % wrong at 60.
"""

from __future__ import annotations

from functools import cache
from typing import Any

ENOUGH = 600  # characters
LOOKED_AT = 4000
CLEAR = 0.999  # probability that lets a shorter text through
_SHORTEST = 120
_MALAY_MARGIN = 0.9  # Malay under this probability is Indonesian: the two share most words


@cache
def _identifier() -> Any:
    """The model; imported here because numpy and it cost a start half a second and 80 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=True)


def identify(text: str) -> str | None:
    """ISO 639-1 of 600 or more characters; of fewer only when it is clear, of fewer than 120 never."""
    sample = text[:LOOKED_AT].strip()
    if len(sample) < _SHORTEST or sum(c.isalpha() for c in sample) * 2 < len(sample):
        return None
    code, probability = _identifier().classify(sample)
    if len(sample) < ENOUGH and probability < CLEAR:
        return None
    return "id" if code == "ms" and (probability < _MALAY_MARGIN or len(sample) < ENOUGH) else str(code)
