"""Which whole lines are furniture: closed lists read from data/lines.toml, and a few anchored patterns.

A line is judged whole and normalised, never by a part of it: half of all Indonesian sentences with "komentar", "baca
juga" or "sumber" in them are prose. Where a pattern leaves room for a sentence, a verb of saying keeps the line.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from parsers.block import Block, BlockKind

LINE_LIMIT = 400  # characters; a longer block is a paragraph, whatever it begins with
_EDGES = " \t:.…!?»«›‹>→←<-–—−|•*·\"'“”‘’()[]{}/\\=+~_#▼▲►◄▶◀✓,;🔴👉👇"


def normal(text: str) -> str:
    """Lower case, one space between words, without the marks around the line."""
    return " ".join(text.casefold().split()).strip(_EDGES)


@dataclass(frozen=True, slots=True)
class Group:
    """One table of lines.toml."""

    name: str
    anywhere: bool
    marker: bool
    heads_list: bool
    incomplete: bool


@cache
def closed_lines() -> dict[str, Group]:
    """Every line of data/lines.toml under its normal form."""
    data = tomllib.loads(files("parsers").joinpath("data/lines.toml").read_text("utf-8"))
    found: dict[str, Group] = {}
    for name, table in data.items():
        group = Group(
            name,
            anywhere=table["where"] == "any",
            marker=bool(table.get("marker")),
            heads_list=bool(table.get("list")),
            incomplete=bool(table.get("incomplete")),
        )
        found |= {normal(line): group for line in table["lines"]}
    return found


# --- what a sentence looks like ---------------------------------------------------------------------------------------

SAYING = re.compile(
    r"\b(?:kata|katanya|ujar|ujarnya|tutur|tuturnya|ucap|ucapnya|imbuh|imbuhnya|jelas|jelasnya|ungkap|ungkapnya|tegas"
    r"|tegasnya|menurut|sebut|sebutnya|meng?aku|mengatakan|menyebut\w*|melaporkan|menyatakan|menambahkan|mengungkap\w*"
    r"|menjelaskan|memberi\w*|menulis|berkata|membantah|membenarkan|menilai|meminta|minta|said|says|told|adalah|ialah"
    r"|merupakan|diduga|menjadi|berada|yaitu|tidak|belum|akan)\b"
)
_WORD = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*")
_SMALL = frozenset(
    "dan di ke dari yang untuk dengan pada atau dalam saat usai jelang soal oleh bagi para si sang ini itu of the and"
    " to in on for a an vs by at as is ala demi agar bak lewat hingga karena jadi akibat terkait sampai tanpa".split()  # noqa: SIM905
)


def words_of(text: str) -> list[str]:
    """The words of a line."""
    return _WORD.findall(text)


def like_headline(text: str) -> bool:
    """Written as a headline: most words that matter begin with a capital, and no full stop ends it."""
    text = text.rstrip(" \"'”’)")
    if not text or text[-1] in ".;,":
        return False
    words = [w for w in words_of(text) if w.casefold() not in _SMALL]
    capital = sum(1 for w in words if not w[0].islower())
    return bool(words) and capital * 10 >= len(words) * 7


def like_sentence(text: str) -> bool:
    """Prose: a verb of saying or being, or a full stop after more than a few words."""
    low = text.casefold()
    return bool(SAYING.search(low)) or (low.rstrip(" \"'”’)").endswith(".") and len(words_of(low)) > 6)


def is_prose(block: Block) -> bool:
    """A paragraph that can only be article text: where the head of an article ends."""
    return block.kind in (BlockKind.PARAGRAPH, BlockKind.QUOTE) and len(block.text) >= 120 and "." in block.text


# --- anchored patterns ------------------------------------------------------------------------------------------------

_COUNT = re.compile(
    r"(?:\(?\d{1,6}\)? ?(?:komentar|comments?|tanggapan|balasan|ulasan|replies|reply|respon(?:s|ses)?)"
    r"|(?:komentar|comments?|tanggapan) ?\(? ?\d{1,6} ?\)?|(?:satu|\d{1,4}) (?:pemikiran|tanggapan|komentar) (?:pada|to|untuk|di) [\"“'].{1,200})"
)
_SHARED = re.compile(
    r"(?:(?:berbagi|bagikan|share|kirim(?:kan)?|compartir) (?:ini )?(?:ke|di|via|lewat|dengan|on|to|con|en) "
    r"(?:x|twitter|facebook|pinterest|whatsapp|telegram|google\+|google plus|linkedin|line|email|e-mail|surel|threads|reddit|tumblr)"
    r"|kirimkan ini lewat email|blogthis!?|email this|enviar por correo electrónico|escribe un blog|share this"
    r"|(?:klik|click) (?:untuk|to) (?:berbagi|membagikan|mencetak|mengirim\w*|share|print|email).{0,80})"
)
_GLUE = re.compile(r"(?:[\s|,/·•!.]*|\([^()]{0,60}\))*")
_HALAMAN = re.compile(
    r"(?:halaman|page|laman) ?:? ?\d{1,3}(?: ?(?:dari|of|/) ?\d{1,3})?(?: (?:halaman|pages?))?"
    r"|\d{1,3} ?(?:dari|of|/) ?\d{1,3} (?:halaman|pages?)|(?:halaman|pages?|laman) ?:? ?(?:\d{1,3}[ ,|]*){2,20}(?:selanjutnya|berikutnya|next|lihat semua|show all|all)?"
)
_TURN = re.compile(
    r"(?:(?:baca|simak|lanjut(?:kan)?|klik|lihat|selengkapnya|selanjutnya|bersambung|berlanjut|berita selengkapnya).{0,60}"
    r"(?:halaman|laman) (?:selanjutnya|berikutnya|dua|2).{0,30})"
)
_READ_ALSO = re.compile(
    r"(?:\(|\[)?(?:baca|lihat|simak|tonton|dengarkan|cek)(?: berita| artikel| info)? ?(?:juga|pula|selengkapnya|lainnya|selanjutnya|terkait)? ?[:：>»] ?(?P<rest>.*)"
    r"|(?:berita|artikel|topik|video|foto|tulisan) (?:terkait|lainnya|pilihan|sebelumnya|selanjutnya) ?[:：] ?(?P<rest2>.*)"
    r"|(?:read|see) (?:also|more|next|too) ?[:：] ?(?P<rest3>.*)|(?:also|must) read ?[:：] ?(?P<rest4>.*)|pilihan editor ?: ?(?P<rest5>.*)"
)
_READ_ALSO_LOUD = re.compile(r"(?:BACA (?:JUGA|PULA)|Baca Juga|Baca Pula|READ ALSO|Read Also)\b")
_VIDEO = re.compile(
    r"(?:(?:simak|lihat|tonton|saksikan|cek|nonton|putar)(?:lah)?(?: juga| pula| dulu)?(?: di sini)? (?:[\w-]+ ){0,2}?(?:video|live|vidio|tayangan|siaran)\b"
    r"|(?:simak|lihat|tonton|saksikan)(?: juga| pula)? [\"“'‘])(?P<rest>.*)"
)
_VIDEO_END = re.compile(r"(?:[:\"”'’]|(?:di sini|disini|berikut(?: ini)?|di bawah(?: ini)?)\W*|\])$")
_VIDEO_TITLE = re.compile(
    r"(?:video|foto|infografis|galeri|photo|podcast) ?(?:pilihan|terkait|lainnya|selengkapnya)? ?[:：] ?(?P<rest>.+)",
    re.I,
)
_PLACEHOLDER = re.compile(
    r"\[(?:gambas|video|embed|iklan|ad|ads|gallery|galeri|caption|infografis|image|gambar|youtube|instagram|twitter|tiktok|facebook|audio|foto)\b[^\[\]]{0,120}\]"
)
_PREVNEXT = re.compile(
    r"(?:(?:pos|tulisan|artikel|berita|post|article) )?(?:sebelumnya|selanjutnya|berikutnya|previous|next)(?: (?:pos|post|article|artikel))? ?[:：»>«←→] ?(?P<rest>.{1,200})"
)
_CONTINUE = re.compile(
    r"(?:lanjutkan membaca|continue reading|baca selengkapnya|read more)(?: about| tentang)? ?:? [\"“'‘]?(?P<rest>.{2,200})"
)
_COPYRIGHT = re.compile(
    r"(?:copyright|hak cipta|©|\(c\)|cop?yrights?)[ :]*(?:©|\(c\))? ?.{0,60}(?:19|20)\d\d.{0,80}|©.{0,60}(?:all rights reserved|hak cipta dilindungi).{0,40}"
    r"|(?:copyright|hak cipta) (?:©|\(c\)).{0,100}"
)
_APPEARED = re.compile(
    r"(?:the post|postingan|artikel|pos|tulisan) .{1,300} (?:appeared first on|first appeared on|(?:pertama kali )?(?:tampil|muncul) (?:pertama kali )?(?:di|pada)) .{1,120}"
)
_NOTICE = re.compile(
    r"(?:dilarang (?:keras )?(?:mengambil|mengutip|menyalin|memperbanyak|menyebarluaskan|menggandakan|mencuplik|melakukan).{0,120}(?:izin|ijin|persetujuan|mencantumkan).{0,120}"
    r"|situs ini menggunakan (?:cookie|kuki|akismet).{0,300}|this site uses (?:cookies|akismet).{0,300}"
    r"|(?:website|situs|blog) ini menggunakan (?:cookie|kuki).{0,300}"
    r"|catatan: hanya anggota .{0,80}mengirim komentar)"
)
_CHANNEL = re.compile(
    r"\b(?:google news|whats?app|wa|telegram|channel|saluran|kanal|aplikasi|apps?|newsletter|facebook|fanpage|instagram|twitter|tiktok"
    r"|youtube|line|notifikasi|sosial media|media sosial|medsos|bot|grup|group|ponsel\w*|e?-?mail|podcast|play ?store|app ?store)\b"
)
_CALL = re.compile(
    r"(?:yuk,? |ayo,? |mari,? |jangan lupa (?:untuk )?|segera |silakan |silahkan )?"
    r"(?:ikuti|follow|gabung|join|bergabung(?:lah)?|dapatkan|download|unduh|instal|install|subscribe|berlangganan|langganan|cek|kunjungi|like|sukai|add|tambahkan|simak|baca|temukan|pantau|akses|klik|aktifkan|nyalakan|update)\b"
)
_CALL_OURS = re.compile(
    r"\b(?:kami|kita|resmi|terbaru|terkini|terupdate|update|sekarang|gratis|berita(?:nya)?|breaking|artikel|info(?:rmasi)?|lainnya|menarik"
    r"|channel|saluran|kanal|google news|us|our|news|latest|https?)\b|https?:"
)
_SCROLL = re.compile(r"(?:scroll|gulir|geser|swipe)\b.{0,60}(?:lanjut\w*|continue|membaca|bawah|content|artikel)")
_MENTION = re.compile(
    r"(?:sebuah (?:kiriman|unggahan|postingan) dibagikan oleh|a post shared by|a video posted by|sebuah video kiriman|kiriman dibagikan oleh) .{1,160}"
)
_SHARES = re.compile(r"\d[\d.,]*[kmrbjt]* ?(?:shares?|likes?|dibagikan|suka|retweets?)", re.I)


def closed_group(block: Block) -> Group | None:
    """The closed list that holds the whole line, if any. Table cells, code and quotes are text of the article."""
    if len(block.text) > LINE_LIMIT or block.kind in (BlockKind.CODE, BlockKind.CELL):
        return None
    return closed_lines().get(normal(block.text))


def pattern_rule(block: Block) -> str | None:
    """The name of the anchored pattern that takes the whole line, or None."""
    text = block.text
    if len(text) > LINE_LIMIT or block.kind in (BlockKind.CODE, BlockKind.CELL):
        return None
    if not any(c.isalnum() for c in text):
        return "divider"
    line, low = normal(text), " ".join(text.casefold().split())
    for name, pattern in _WHOLE:
        if pattern.fullmatch(line):
            return name
    for name, test in _TESTS:
        if test(text, low, block):
            return name
    return None


_WHOLE = (
    ("comment_count", _COUNT),
    ("page_number", _HALAMAN),
    ("copyright", _COPYRIGHT),
    ("appeared_first", _APPEARED),
    ("notice", _NOTICE),
    ("embed", _MENTION),
    ("share_count", _SHARES),
)


def _is_share(text: str, low: str, block: Block) -> bool:
    """Share buttons, one or several glued together."""
    rest = _SHARED.sub(" ", low)
    return rest != low and not normal(rest)


def _is_read_also(text: str, low: str, block: Block) -> bool:
    """ "Baca juga: X", with a colon; without one only where the link or the capitals say that it is a headline."""
    m = _READ_ALSO.match(low)
    if m:
        rest = next((g for g in m.groups() if g is not None), "")
        start = len(text) - len(rest)
        return not rest or block.link_share > 0.5 or not _prose_after(text[start:]) or "juga" in low[:12]
    return bool(_READ_ALSO_LOUD.match(text)) and (block.link_share > 0.5 or like_headline(text))


def _prose_after(rest: str) -> bool:
    return not like_headline(rest) and like_sentence(rest)


def _is_video(text: str, low: str, block: Block) -> bool:
    """Promotions of a video: "Simak juga Video: ...", "Tonton juga "..." di sini:"."""
    if _VIDEO.match(low) and _VIDEO_END.search(low.rstrip(" .!")) and not low.rstrip().endswith("bawah ini."):
        return True
    return bool(_VIDEO.match(low)) and ":" in low and (block.link_share > 0.5 or not like_sentence(text))


def _is_video_title(text: str, low: str, block: Block) -> bool:
    m = _VIDEO_TITLE.match(text)
    if m is None or not low.startswith("video"):
        return False
    return len(words_of(m["rest"])) > 2 and like_headline(m["rest"])


def _is_placeholder(text: str, low: str, block: Block) -> bool:
    rest = _PLACEHOLDER.sub(" ", low)
    return rest != low and not normal(rest)


def _is_prevnext(text: str, low: str, block: Block) -> bool:
    m = _PREVNEXT.fullmatch(low)
    return bool(m) and (block.link_share > 0.4 or not text.rstrip().endswith(".")) and not SAYING.search(low)


def _is_continue(text: str, low: str, block: Block) -> bool:
    m = _CONTINUE.fullmatch(low)
    return bool(m) and (block.link_share > 0.5 or like_headline(text))


def _is_turn(text: str, low: str, block: Block) -> bool:
    return bool(_TURN.fullmatch(low)) and not SAYING.search(low)


def _is_call(text: str, low: str, block: Block) -> bool:
    """ "Ikuti kami di Google News": an imperative, a channel, our own name for it, and nobody who says it."""
    if len(words_of(low)) > 60 or not _CALL.match(low) or not _CHANNEL.search(low):
        return False
    if re.search(r"\b(?:kata|katanya|ujar|ujarnya|imbau|menurut|tutur|ucap)\b", low):
        return False
    return bool(_CALL_OURS.search(low)) or len(words_of(low)) <= 6


def _is_update_call(text: str, low: str, block: Block) -> bool:
    return bool(
        re.match(
            r"(?:dapatkan|ikuti|simak|cek|baca|temukan|pantau) .{0,40}\b(?:berita|update|info|artikel|breaking news)\b",
            low,
        )
    ) and bool(
        re.search(
            r"\b(?:setiap hari|di google news|hanya di|dari|di) [\w.]+\.(?:com|co\.id|id|net)\b|\bgoogle news\b", low
        )
    )


def _is_scroll(text: str, low: str, block: Block) -> bool:
    return bool(_SCROLL.match(low)) and len(words_of(low)) <= 10


_TESTS = (
    ("share", _is_share),
    ("read_also", _is_read_also),
    ("video", _is_video),
    ("video_title", _is_video_title),
    ("embed", _is_placeholder),
    ("previous_next", _is_prevnext),
    ("continue", _is_continue),
    ("page_turner", _is_turn),
    ("call", _is_call),
    ("call", _is_update_call),
    ("ads", _is_scroll),
)
