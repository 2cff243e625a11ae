"""Anchored patterns for lines that are furniture among the last of a text only."""

from __future__ import annotations

import re
from functools import lru_cache

from parsers.block import ITEM, PARAGRAPH, VERBATIM, Block
from parsers.lines import folded, like_headline, words_of

_LONGEST = 200  # characters
_SAID = re.compile(r"[^.,:]{1,60} (?:mengatakan|berkata|said|says|menulis|wrote)(?:\.{3}|…|:)")
_NUMBERS = re.compile(r"\d{1,2}(?: \d{1,2}){1,15}(?: (?:next|selanjutnya|berikutnya|»|›|>))?|\d{1,2}/\d{1,2}")
_AGO = re.compile(r"(?:\d{1,3}|se|satu) ?(?:detik|menit|jam|hari|minggu|bulan|tahun) (?:yang )?lalu")
_CONTACT = re.compile(
    r"(?:facebook|fb|fanpage|instagram|ig|twitter|tiktok|youtube|whats?app|wa|telegram|line)(?: kami)?"
    r" ?[:：] ?\S.{1,60}"
    r"|(?:(?:segera|silakan|silahkan|ayo|yuk) )?(?:hubungi|kontak|kunjungi|follow|ikuti)"
    r" (?:kami|admin|sosmed kami|media sosial kami|akun kami)(?: (?:di|ke|via|melalui|lewat|segera|sekarang))*\W*"
    r"(?:[+(]?\d[\d ()./-]{6,18}\d)?\W*"
    r"|[+(]?\d[\d ()./-]{6,18}\d"
    r"|(?:e-?mail|surel)(?: kami)? ?: ?(?:redaksi|admin|iklan|marketing)\w*@\S{3,60}"
)


_FIND_US = re.compile(
    r"(?:atau |anda |kamu |juga |bisa |dapat ){0,4}temukan (?:juga )?kami (?:juga )?(?:di|via|melalui)\b.{0,160}"
)
_ALSO_OURS = re.compile(
    r"selain .{3,120}, (?:kami|blog ini|situs ini|website ini) juga (?:mem|men|meng|me|ber)?\w{3,12} .{0,60}"
    r"\b(?:artikel|tulisan|info|informasi|berita|tips|tutorial|konten|produk|jasa|layanan)\b.{0,80}"
)


# The posts before and after this one: an arrow or "Artikel sebelumnya", and a headline.
_NEIGHBOUR = re.compile(
    r"[←«‹⟵] ?(?P<back>[^.:]{3,150})|(?P<on>[^.:]{3,150}?) ?[→»›⟶]"
    r"|(?:(?:artikel|berita|pos|tulisan|postingan|post|article) )?(?:sebelumnya|selanjutnya|berikutnya)"
    r" (?P<named>[^.:]{8,150})|(?:previous|prev|next) (?:article|post|story) (?P<after>[^.:]{8,150})",
    re.I,
)
_BACKWARDS, _FORWARDS = frozenset("←«‹⟵"), frozenset("→»›⟶")
_NEIGHBOUR_BEGINS = frozenset(("art", "ber", "nex", "pos", "pre", "seb", "sel", "tul"))  # without an arrow
_ONWARDS = re.compile(r"(?:[→⟶]|->) ?[^\W_]")  # an arrow inside: steps of a process
# What the patterns for last lines begin with, but for a reader's name.
_CLOSES = re.compile(
    r"[\d+(←«‹⟵]|sebelum|selanjut|berikut|artikel |berita |pos|pre|next|tulisan |e-?mail"
    r"|f(?:acebook|b|anpage|ollow)|i(?:nstagram|g|kuti)|t(?:witter|iktok|elegram|emukan)|y(?:outube|uk)|wh?a"
    r"|line|s(?:egera|il|elain|e|atu|urel)|a(?:yo|tau|nda)|hubungi|k(?:ontak|unjungi|amu)|juga|bisa|dapat"
)


@lru_cache(maxsize=256)
def closing_rule(block: Block) -> str | None:
    """What only counts among the last lines: a site's own addresses and numbers, page numbers, a reader's name."""
    text = block.text
    if len(text) > _LONGEST or block.kind in VERBATIM:
        return None
    if not (_CLOSES.match(text[:20].casefold()) or text.endswith(("...", "…", ":", "→", "»", "›", "⟶"))):
        return None
    if block.kind is PARAGRAPH and _is_neighbour(text):
        return "previous_next"
    text = folded(text)
    if _CONTACT.fullmatch(text) and len(words_of(text)) <= 9:
        return "contact"
    if _FIND_US.fullmatch(text):
        return "contact"
    if _ALSO_OURS.fullmatch(text):
        return "call"
    reader = _SAID.fullmatch(text) or _AGO.fullmatch(text)
    number = block.kind is not ITEM and _NUMBERS.fullmatch(text)
    if len(text) > 100 or not (reader or number) or len(words_of(text)) > 20:
        return None
    return "comments" if reader else "page_number"


def _is_neighbour(text: str) -> bool:
    pointed = text[0] in _BACKWARDS or text[-1] in _FORWARDS
    m = _NEIGHBOUR.fullmatch(text) if pointed or text[:3].casefold() in _NEIGHBOUR_BEGINS else None
    title = (m["back"] or m["on"] or m["named"] or m["after"]).strip() if m else ""
    return (
        bool(title)
        and not _ONWARDS.search(title)
        and title[0].isupper()
        and like_headline(title)
        and len(words_of(title)) > (2 if m and m["named"] else 1)
    )
