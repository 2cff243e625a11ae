"""Calls to follow, subscribe, read on or support: lines that talk to the reader about the site itself."""

from __future__ import annotations

import re

from parsers.block import Block
from parsers.lines import SAYING, like_headline, words_of

_CHANNEL = re.compile(
    r"\b(?:google news|whats?app|wa|telegram|channel|saluran|kanal|aplikasi|apps?|newsletter|facebook|fanpage"
    r"|instagram|twitter|tiktok"
    r"|youtube|line|notifikasi|sosial media|media sosial|medsos|bot|grup|group|ponsel\w*|e?-?mail\w*|podcast|play"
    r" ?store|app ?store|marketplace|shopee|tokopedia|lazada|bukalapak)\b"
)
_CALL = re.compile(
    r"(?:yuk,? |ayo,? |mari,? |jangan lupa (?:untuk )?|segera |silakan |silahkan |atau |anda |kamu |juga |bisa "
    r"|dapat ){0,4}"
    r"(?:ikuti|follow|gabung|join|bergabung(?:lah)?|dapatkan|download|unduh|instal|install|subscribe|berlangganan"
    r"|langganan|cek|kunjungi|like|sukai|add|tambahkan|simak|baca|temukan|intip|pantau|akses|klik|aktifkan|nyalakan"
    r"|update)\b"
)
_CALL_OURS = re.compile(
    r"\b(?:kami|kita|resmi|terbaru|terkini|terupdate|update|sekarang|gratis|berita(?:nya)?|breaking|artikel"
    r"|info(?:rmasi)?|lainnya|menarik"
    r"|channel|saluran|kanal|google news|us|our|news|latest|https?)\b|https?:"
)
# The same in a call that begins as a step of a guide does, "Unduh aplikasi resmi ...": nothing a guide would say.
_OURS_SURELY = re.compile(
    r"\b(?:kami|kita|sekarang|gratis|berita(?:nya)?|breaking|artikel|terkini|terupdate|channel|saluran|kanal"
    r"|google news|us|our|news|latest|https?)\b|https?:"
)
_FETCHES = re.compile(r"(?:unduh|download|instal|install|cek|baca|klik|akses|simak|temukan)\b")  # what a guide says too
_SCROLL = re.compile(r"(?:scroll|gulir|geser|swipe)\b.{0,60}(?:lanjut\w*|melanjutkan|continue|membaca|content|artikel)")
_SUPPORT = re.compile(
    r"(?:tekan|klik|nyalakan|aktifkan) (?:tombol )?(?:subscribe|lonceng|like)\b.{0,60}|baca berita tanpa iklan\b.{0,60}"
    r"|dukung (?:kami|blog ini|penulis) (?:di|via|melalui|lewat|dengan) [^,]{2,60}|pilih saluran andalan\w*\b.{0,160}"
    r"|(?:yuk |ayo |mari |dan )?jangan lupa(?: untuk)?(?:[ ,]+(?:like|likes|comment|komen|komentar|share|subscribe"
    r"|follow|bagikan|dan|ya|juga|tekan|klik|tombol|lonceng|channel|youtube|kami|nya)){2,12}"
)


_SAID = re.compile(r"\b(?:kata|katanya|ujar|ujarnya|imbau|menurut|tutur|ucap)\b")


def is_call(text: str, low: str, block: Block) -> bool:
    """ "Ikuti kami di Google News": an imperative, a channel, our own name for it, and nobody who says it."""
    if not _CALL.match(low) or not _CHANNEL.search(low) or len(words_of(low)) > 60:
        return False
    if _SAID.search(low):
        return False
    if _FETCHES.match(low.removeprefix("anda bisa ").removeprefix("anda dapat ")):
        return _OURS_SURELY.search(low) is not None
    return bool(_CALL_OURS.search(low)) or len(words_of(low)) <= 6


_UPDATES = re.compile(
    r"(?:dapatkan|ikuti|simak|cek|baca|temukan|pantau) .{0,40}\b(?:berita|update|info|artikel|breaking news)\b"
)
_UPDATES_AT = re.compile(
    r"\bklik di ?sini\b|\b(?:setiap hari|di google news|hanya di|dari|di) [\w.]+\.(?:com|co\.id|id|net)\b"
    r"|\bgoogle news\b"
)


def is_update_call(text: str, low: str, block: Block) -> bool:
    return _UPDATES.match(low) is not None and _UPDATES_AT.search(low) is not None


_READ_LINK = re.compile(
    r"(?:jangan lupa|silakan|silahkan|yuk|ayo|mari|anda (?:juga )?(?:bisa|dapat)),?(?: untuk| juga| kita| anda)*"
    r" (?:mem)?baca(?: juga)?"
    r" (?:artikel|berita|tulisan|postingan|info|informasi|panduan)\b.{0,200}"
)


def is_read_link(text: str, low: str, block: Block) -> bool:
    """ "Jangan lupa membaca artikel ... > TITLE": an invitation that ends in a link."""
    return bool(_READ_LINK.fullmatch(low)) and (bool(block.links) or ">" in low) and len(words_of(low)) <= 30


# An imperative, news, what kind of it, and whose: "Simak terus informasi terbaru hanya di Kabar Desa".
_NEWS = re.compile(
    r"(?:yuk,? |ayo,? |jangan lupa )?"
    r"(?:dapatkan|simak|pantau|ikuti|cek|baca|jangan lewatkan|nantikan|temukan|saksikan)"
    r"(?: (?:juga|terus|selalu|pula|semua)){0,2} (?:[\w-]+ ){0,3}?"
    r"(?:berita|informasi|info|artikel|kabar|konten|insight|update)"
    r"(?: [\w-]+){0,3}? (?:terbaru|terkini|terupdate|lainnya|pilihan|terhangat|menarik)\b(?: [\w-]+){0,3}?"
    r" (?:kami|redaksi [\w.]+|terkait .{3,60}|(?:hanya |cuma )?(?:di|pada) (?P<outlet>\w[\w. ]{2,40}))\.?"
)
_HANGING = re.compile(
    r"(?:dapatkan|ikuti|baca|simak|temukan|cek|update|pantau|kunjungi|follow)\b.{0,60}"
    r"\b(?:berita|info|informasi|artikel|update|kami)\b.{0,60}\b(?:di|via|lewat|melalui) ?:?"
)
_MORE_AT = re.compile(r".{0,30}\bselengkapnya ?(?:di|klik|baca)? ?:? ?https?://\S+")
_MORE = re.compile(
    r"(?:(?:baca|simak|lihat|cek|klik|info|informasi|berita|artikel)(?: (?:berita|artikel|info|informasi))? )?"
    r"selengkapnya"
    r" ?(?:(?:klik )?(?:di|pada|melalui|lewat|klik|dalam)\b|:).{1,200}"
)


def is_news_call(text: str, low: str, block: Block) -> bool:
    """ "Pantau terus berita terkini di Kabar Desa": the outlet is written as a name."""
    m = _NEWS.fullmatch(low)
    if m is None or SAYING.search(low):
        return False
    outlet = text[m.start("outlet") : m.end("outlet")] if m["outlet"] and len(text) == len(low) else ""
    return not m["outlet"] or (bool(outlet) and like_headline(outlet) and not text.rstrip().endswith("."))


def is_hanging(text: str, low: str, block: Block) -> bool:
    """ "Dapatkan berita terbaru dari kami di:", whose links stood in the next element."""
    return bool(_HANGING.fullmatch(low)) and not SAYING.search(low)


def is_more(text: str, low: str, block: Block) -> bool:
    """ "Baca selengkapnya di LINK": the link ends the line."""
    if "selengkapnya" not in low:
        return False
    if "://" in low and _MORE_AT.fullmatch(low):
        return True
    ended = bool(block.links) and text.rstrip(" .!»>").endswith(block.links[-1].text.rstrip(" .!»>"))
    return ended and _MORE.fullmatch(low) is not None and len(words_of(low)) <= 20


def is_support(text: str, low: str, block: Block) -> bool:
    """Calls to support the site in money or in clicks."""
    return bool(_SUPPORT.fullmatch(low)) and not SAYING.search(low)


def is_scroll(text: str, low: str, block: Block) -> bool:
    return bool(_SCROLL.match(low)) and len(words_of(low)) <= 10
