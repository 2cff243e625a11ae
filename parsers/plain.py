"""Which paragraphs no step of cleaning can take, told from their first word, length and end: most prose, at one look.

Every pattern for furniture is anchored at the first word of a line, every closed line is short, every credit stands in
brackets or behind a sign. A paragraph without any of that is passed over by the steps that judge a line by its words;
those that judge the first lines of a text look at them all the same.
"""

from __future__ import annotations

import re
from functools import lru_cache

from parsers.lines import LONGEST_LINE
from parsers.patterns import BEGINS
from parsers.people import ROLES

_LEAST = LONGEST_LINE + 12  # characters: longer than any closed line
_FEW, _MANY = 7, 24  # spaces: more than in names with a role; more than in any run of closed lines
_FIRST = re.compile(r"[\"“”'‘’]{0,2}(?=[^\W\d_])")
_LONGEST_BEGINNING = 40  # characters
# What a source line, a notice, tags, a caption or a credit begins with; what an anchored pattern does is in BEGINS.
_SAYS = re.compile(
    r"sumber|sourc|src|ref|rujukan|via|link|tautan|url|bersumber|melansir|mengutip|copas|repost|adapted|taken|quoted"
    r"|courtesy|di(?:kutip|sadur|lansir|olah|sarikan|ambil|terjemahkan|himpun|rangkum|adaptasi|salin|nukil|pos|tulis"
    r"|catat|terbitkan|tandai|kategorikan)|dari berbagai|naskah|opini|kolom|laporan|esai|cerita|informasi|konten"
    r"|this (?:article|story|post)|ilustrasi|dok|label|tag|kategori|categor|topi[ck]|kata kunci|keyword|filed under"
    r"|posted|published|" + "|".join(re.escape(role) for role in sorted(ROLES))
)


@lru_cache(maxsize=4096)  # every step asks for the same paragraphs
def is_plain(text: str) -> bool:
    """Prose that may stay wherever it stands, but for what is judged by its place or glued to its end."""
    spaces = text.count(" ")
    if len(text) < _LEAST or spaces < _FEW or "©" in text or not text.isprintable() or "  " in text:
        return False
    first, end = _FIRST.match(text), text[-4:]
    if first is None or ")" in end or "]" in end or end.endswith(":") or not any(map(str.isalnum, end)):
        return False
    if first.end() and spaces < _MANY:
        return False
    low = text[first.end() : _LONGEST_BEGINNING].casefold()
    return not (BEGINS.match(low) or _SAYS.match(low) or "(c)" in text.casefold())
