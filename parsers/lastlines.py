"""Anchored patterns for lines that are furniture among the last of a text only."""

from __future__ import annotations

import re
from functools import lru_cache

from parsers.block import Block, BlockKind
from parsers.lines import words_of

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
)


_FIND_US = re.compile(
    r"(?:atau |anda |kamu |juga |bisa |dapat ){0,4}temukan (?:juga )?kami (?:juga )?(?:di|via|melalui)\b.{0,160}"
)
_ALSO_OURS = re.compile(
    r"selain .{3,120}, (?:kami|blog ini|situs ini|website ini) juga (?:mem|men|meng|me|ber)?\w{3,12} .{0,60}"
    r"\b(?:artikel|tulisan|info|informasi|berita|tips|tutorial|konten|produk|jasa|layanan)\b.{0,80}"
)


# What the patterns for last lines begin with, but for a reader's name.
_CLOSES = re.compile(
    r"[\d+(]|f(?:acebook|b|anpage|ollow)|i(?:nstagram|g|kuti)|t(?:witter|iktok|elegram|emukan)|y(?:outube|uk)|wh?a"
    r"|line|s(?:egera|il|elain|e|atu)|a(?:yo|tau|nda)|hubungi|k(?:ontak|unjungi|amu)|juga|bisa|dapat"
)


@lru_cache(maxsize=256)
def closing_rule(block: Block) -> str | None:
    """What only counts among the last lines: a site's own addresses and numbers, page numbers, a reader's name."""
    text = block.text
    if not (_CLOSES.match(text[:20].casefold()) or text.endswith(("...", "…", ":"))):
        return None
    text = " ".join(text.casefold().split())
    if len(text) > 200 or block.kind in (BlockKind.CODE, BlockKind.CELL):
        return None
    if _CONTACT.fullmatch(text) and len(words_of(text)) <= 9:
        return "contact"
    if _FIND_US.fullmatch(text):
        return "contact"
    if _ALSO_OURS.fullmatch(text):
        return "call"
    reader = _SAID.fullmatch(text) or _AGO.fullmatch(text)
    number = block.kind is not BlockKind.ITEM and _NUMBERS.fullmatch(text)
    if len(text) > 100 or not (reader or number) or len(words_of(text)) > 20:
        return None
    return "comments" if reader else "page_number"
