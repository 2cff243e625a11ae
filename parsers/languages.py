"""Languages that their commonest words or their letters tell without doubt, at a thirtieth of the model's cost.

Each table holds words that make up a quarter or more of running text. A verdict needs a share of them that prose of
another language does not reach, and no other table near it; everything else is for the model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain

from parsers.marks import vocabulary

SHARE = 0.22  # of all words: prose of the language has more, of its nearest relative less
LEAD = 1.5  # times the next table's share
_LETTERS = 0.3  # share of the letters that makes a script the text's own

_HANGUL = re.compile("[\uac00-\ud7a3]+")
_KANA = re.compile("[\u3040-\u30ff]+")
_CYRILLIC = re.compile("[\u0400-\u04ff]+")
_NOT_RUSSIAN = re.compile("[іїєґўјњљћђџѓќәөүұқғңһҷӣӯ]", re.IGNORECASE)
_RUSSIAN = vocabulary("и в не на что с по как из это для от его у за но к так или при о")

_TABLES = {
    "en": vocabulary(
        """the of and to that with for from this which are were they has had is was it you your we our his her have been
        will would can not but by as at be their about said who when what there if more out up she he i my"""
    ),
    "de": vocabulary(
        """der die das und ist nicht den dem des ein eine einen einer eines mit von auf für sich auch wird werden sind
        im zu zum zur es an aus bei nach wie dass oder noch über nur wir ich sie haben hat war als durch"""
    ),
    "fr": vocabulary(
        """le la les des du et est une un que qui dans pour pas sur avec au aux ce cette sont par plus il elle nous vous
        ils été ont mais leur ses être fait comme"""
    ),
    "es": vocabulary(
        """el la los las de del y en que un una por con para se su sus es al lo como más pero fue ha este esta son desde
        hasta muy también sobre cuando donde hay"""
    ),
    "pt": vocabulary(
        """o a os as de do da dos das e em no na nos nas um uma que para com não por se ao à mais como foi são seu sua
        ou pelo pela ele ela também mas até isso muito já você"""
    ),
    "it": vocabulary(
        """il lo la gli le di del della dei delle dello che e è un una uno per non con sono si al alla nel nella da dal
        dalla come più anche ma questo questa ha ho hanno essere stato chi ci"""
    ),
    "nl": vocabulary(
        """de het een van en dat niet zijn met voor op aan er ook naar maar bij nog uit wordt worden door over heeft
        hebben deze dit hij zij wij ik te om als is in die was"""
    ),
    # Near relatives, told by nobody here: they keep a neighbour's verdict from being theirs.
    "af": vocabulary("die en van het nie wat vir is 'n met aan dat sy om te ek hulle ook"),
    "ca": vocabulary("el la els les de del dels i en que un una per amb no es al als més com va són aquest aquesta"),
    "ro": vocabulary("și de la în cu pe nu că un din pentru care este mai au sau al ale lui"),
    "da": vocabulary("og i at det er en til på som den af for med de ikke har et fra"),
}
_TABLES_OF: dict[str, list[str]] = {}
for _name, _table in _TABLES.items():
    for _word in _table:
        _TABLES_OF.setdefault(_word, []).append(_name)
# Galician shares most of Portuguese: these it writes otherwise.
_PORTUGUESE = vocabulary("em uma mais também pelo pela você muito até isso às foram numa")
_OWN_WORDS = 3  # different ones
_TOLD = frozenset(("en", "de", "fr", "es", "pt", "it", "nl"))


def by_table(words: Sequence[str]) -> str | None:
    """The language whose table leads clearly. `words` are in lower case."""
    count, known = len(words), filter(_TABLES_OF.__contains__, words)
    counts = Counter(chain.from_iterable(map(_TABLES_OF.__getitem__, known)))
    (most, best), (next_most, _) = sorted([(counts.get(name, 0), name) for name in _TABLES], reverse=True)[:2]
    if best == "pt" and sum(word in _PORTUGUESE or "ã" in word or "õ" in word for word in set(words)) < _OWN_WORDS:
        return None
    return best if best in _TOLD and most >= SHARE * count and most >= LEAD * next_most else None


def by_script(sample: str, words: Sequence[str]) -> str | None:
    """Korean and Japanese by their letters, Russian by its words where no other language's letter stands."""
    letters = sum(map(len, words))
    if _count(_HANGUL, sample) >= _LETTERS * letters:
        return "ko"
    if _count(_KANA, sample) >= _LETTERS * letters:
        return "ja"
    if _count(_CYRILLIC, sample) < 2 * _LETTERS * letters or _NOT_RUSSIAN.search(sample) or "ы" not in sample:
        return None
    return "ru" if sum(map(_RUSSIAN.__contains__, words)) >= 0.15 * len(words) else None


def _count(script: re.Pattern[str], sample: str) -> int:
    """The letters of a script; its pattern finds runs of them, which are far fewer."""
    return sum(map(len, script.findall(sample)))
