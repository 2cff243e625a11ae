"""Which lines no step of cleaning can take by their words, told from their beginning, length and end at one look.

Every pattern for furniture is anchored at the first word of a line, every closed line is known, every credit stands in
brackets, behind a sign or after a role. A line without any of that is passed over by the steps that judge a line by its
words; those that judge the first lines of a text look at them all the same.
"""

from __future__ import annotations

import re
from itertools import product

from parsers.lines import LONGEST_LINE, by_first_letters, closed_beginnings, closed_lines, normal, opening_words
from parsers.patterns import BEGINS, FIRST
from parsers.people import BRIEF_ROLES, LAST_ROLES, ROLES
from parsers.worded import OPENINGS, worded_rule

_LEAST = LONGEST_LINE + 12  # characters: longer than any closed line
_SHORTEST = 10  # characters: of a longer one, marks around it left out, at least three remain
_POINTS = ":→»›"
_FEW, _MANY = 7, 24  # spaces: more than in names with a role; more than in any run of closed lines
_QUOTES = frozenset("\"“”'‘’")
_LONGEST_BEGINNING = 40  # characters
# What a source line, a notice, tags, a caption or a credit begins with; what an anchored pattern does is in BEGINS.
_BEGINS = by_first_letters(
    f"{BEGINS}|{'|'.join(ROLES.keys() - BRIEF_ROLES)}"
    "|sumber|sourc|src|ref|rujukan|via|link|tautan|url|bersumber|melansir|mengutip|copas|repost|adapted|taken"
    "|quoted|courtesy|dikutip|disadur|dilansir|diolah|disarikan|diambil|diterjemahkan|dihimpun|dirangkum"
    "|diadaptasi|disalin|dinukil|dipos|ditulis|dicatat|diterbitkan|ditandai|dikategorikan|dari berbagai|naskah"
    "|opini|kolom|laporan|esai|cerita|informasi|konten|this article|this story|this post|ilustrasi|dok|tag"
    "|kategori|categor|topic|kata kunci|keyword|filed under|posted|published|original|first |reprint|republish"
    "|terjemahan|saduran|adaptasi|buka |rep :|rep:|red :|red:"
)
# What a short line may begin with besides: counters, credits of photos, a site's own addresses.
_NETWORKS = ("fb", "ig", "wa", "line", "fanpage", "instagram", "tiktok", "youtube", "telegram", "whatapp")
_ADDRESSES = ["".join(parts) for parts in product(_NETWORKS, ("", " kami"), (":", " :", "：", " ："))]
_BEGINS_BRIEFLY = by_first_letters(
    "telah |sudah |jumlah |total |pengunjung|kunjungan|visitor|viewer|dibaca|dilihat|ditonton|view|page view|hit"
    "|pembaca|tayangan|gambar|image|kredit|credit|selain|juga |hubungi|kontak|berbagai |sebagian |isi artikel|visited"
    f"|sedetik|semenit|sejam|sehari|seminggu|sebulan|setahun|{'|'.join(_ADDRESSES)}"
)


# What follows a figure in a counter, the number of a page or telephone, or how long ago something was.
_COUNTS = re.compile(
    r"[\d.,:/ ()|+-]+(?:$|komentar|comment|tanggapan|balasan|ulasan|repl|respon|pemikiran|thought|min|menit|dari|of"
    r"|halaman|page|next|selanjutnya|berikutnya|lihat semua|tampilkan semua|show all"
    r"|[»›>]|(?:detik|menit|jam|hari|minggu|bulan|tahun) (?:yang )?lalu"
    r"|(?:[kmrbjtx]|ribu|juta|kali){0,3} ?(?:share|like|dibagikan|suka|retweet|view|dibaca|dilihat|hit|read|pembaca"
    r"|tayangan))"
)


def is_plain(text: str) -> bool:
    """Text that may stay wherever it stands, but for what is judged by its place or glued to its end."""
    start, end = 0 if text[:1].isalnum() else _start(text), text[-4:]
    if start < 0 or ")" in end or "]" in end or end[-1] in _POINTS:
        return False
    if not (end[0].isalnum() or any(map(str.isalnum, end))):
        return False
    low = text[start:_LONGEST_BEGINNING].casefold()
    begins = _BEGINS.get(low[:2]) or _BEGINS.get(low[0])
    if (begins is not None and low.startswith(begins)) or (low[0].isdecimal() and _COUNTS.match(low)):
        return False
    if "  " in low or not low.isprintable():
        return False
    if "©" in text or ("(" in text and ("(c)" in text or "(C)" in text)):
        return False
    if start and text.count(" ") < _MANY and (first := FIRST.match(text)) and normal(first[0]) in opening_words():
        return False
    if len(text) < _LEAST:
        return _is_plain_briefly(text, low)
    return text.count(" ", 0, _LEAST // 2) >= _FEW or text.count(" ", 0, _LEAST) >= _FEW  # half is enough for most


def _start(text: str) -> int:
    """Where the first word or figure begins after at most two quotation marks; -1 when something else comes first."""
    if text[:1] not in _QUOTES:
        return -1
    if text[1:2].isalnum():
        return 1
    return 2 if text[1:2] in _QUOTES and text[2:3].isalnum() else -1


def _is_plain_briefly(text: str, low: str) -> bool:
    """A short line may also be a closed one, a count, a reader's "X mengatakan...", or end in a role or initials."""
    if ("|" in text and text.isupper()) or ("berkontribusi" in text and text.rstrip(".").endswith(" ini")):
        return False  # names in capitals, those who helped
    begins = _BEGINS_BRIEFLY.get(low[:2])
    if (begins is not None and low.startswith(begins)) or text.endswith(("...", "…")):
        return False
    if text[-1] != "." and text.rstrip("([*-–—|• ").endswith(LAST_ROLES):
        return False
    if " " not in text and "/" in text:
        return False
    known = closed_beginnings()
    if (len(text) <= _SHORTEST or low[:5] in known or low[:3] in known) and normal(text) in closed_lines():
        return False
    return low[:4] not in OPENINGS or worded_rule(text) is None
