"""Anchored patterns: lines that are furniture by their form, whatever titles, names or figures they hold.

Every pattern is matched against a whole line of at most LINE_LIMIT characters and repeats within bounds, so no text
makes it slow. Where one leaves room for a sentence, a verb of saying or a full stop keeps the line.
"""

from __future__ import annotations

import re
from functools import lru_cache

from parsers import calls
from parsers.block import ITEM, VERBATIM, Block
from parsers.lines import (
    LINE_LIMIT,
    SAYING,
    bare,
    beginnings,
    by_first_letters,
    closed_lines,
    folded,
    like_headline,
    like_sentence,
    normal,
    opening_words,
    words_of,
)
from parsers.worded import worded_rule

_COUNT = (
    r"(?:(?:one|\d{1,4}) thoughts? on [\"“'].{1,200}"
    r"|\(?\d{1,6}\)? ?(?:komentar|comments?|tanggapan|balasan|ulasan|replies|reply|respon(?:s|ses)?)"
    r"|(?:komentar|comments?|tanggapan) ?:? ?\(? ?\d{1,6} ?\)?|(?:satu|\d{1,4}|tidak ada|belum ada|posting|poskan"
    r"|kirim)"
    r" (?:pemikiran|tanggapan|komentar) (?:pada|to|untuk|di) [\"“'].{1,200})"
)
_SHARED = re.compile(
    r"(?:(?:berbagi|bagikan|share|kirim(?:kan)?|kongsi(?:kan)?|compartir) (?:ini |this )?"
    r"(?:ke|di|via|lewat|dengan|on|to|con|en) "
    r"(?:x|twitter|facebook|pinterest|whatsapp|telegram|google\+|google plus|linkedin|line|email|e-mail|surel"
    r"|threads|reddit|tumblr)"
    r"|kirimkan ini lewat email|blogthis!?|email this|enviar por correo electrónico|escribe un blog|share this"
    r"|(?:klik|click) (?:untuk|to) (?:berbagi|membagikan|mencetak|mengirim\w*|share|print|email).{0,80})"
)
_SHARED_BEGINS = re.compile(r"[\W_]*[bskce]")
_HALAMAN = (
    r"(?:halaman|page|laman) ?:? ?\d{1,3}(?: ?(?:dari|of|/) ?\d{1,3})?(?: (?:halaman|pages?))?"
    r"|\d{1,3} ?(?:dari|of|/) ?\d{1,3} (?:halaman|pages?)|\d{1,2} of \d{1,2}"
    r"|(?:halaman|pages?|laman) ?:? ?\d{1,3}(?:[ ,|]{1,3}\d{1,3}){1,20}"
    r"(?: ?(?:selanjutnya|berikutnya|next|(?:lihat|tampilkan) semua|show all|all))?"
    r"|\d{1,2}(?:[ ,|]{1,3}\d{1,2}){0,20} ?(?:(?:lihat|tampilkan) semua|show all)"
)
_TURN = re.compile(
    r"(?:(?:baca|simak|lanjut(?:kan)?|klik|lihat|selengkapnya|selanjutnya|bersambung|berlanjut|berita"
    r" selengkapnya).{0,60}"
    r"(?:halaman|laman) (?:selanjutnya|berikut(?:nya)?|dua|2)\b.{0,30})"
)
_READ_ALSO = re.compile(
    r"(?:\(|\[)?(?:baca|lihat|simak|tonton|dengarkan|cek)(?: berita| artikel| info)? ?(?:juga|pula|selengkapnya"
    r"|lainnya|selanjutnya|terkait)? ?[:：>»] ?(?P<rest>.*)"
    r"|(?:berita|artikel|topik|video|foto|tulisan) (?:terkait|lainnya|pilihan|sebelumnya|selanjutnya) ?[:：]"
    r" ?(?P<rest2>.*)"
    r"|(?:read|see) (?:also|more|next|too) ?[:：] ?(?P<rest3>.*)|(?:also|must) read ?[:：] ?(?P<rest4>.*)|pilihan"
    r" editor ?: ?(?P<rest5>.*)"
)
_MORE_FROM = re.compile(r"More (?:from|by) [A-Z][\w'’.-]*(?: [A-Z][\w'’.-]*){0,4}")
_READ_ALSO_LOUD = re.compile(r"(?:BACA (?:JUGA|PULA)|Baca Juga|Baca Pula|READ ALSO|Read Also)\b")
_VIDEO = re.compile(
    r"(?:(?:simak|lihat|tonton|saksikan|cek|nonton|putar)(?:lah)?(?: juga| pula| dulu)?(?: di sini)? (?:[\w-]+"
    r" ){0,2}?(?:video(?:nya)?|live|vidio|tayangan|siaran)\b"
    r"|(?:simak|lihat|tonton|saksikan)(?: juga| pula)? [\"“'‘])(?P<rest>.*)"
)
_VIDEO_END = re.compile(r"(?:[:\"”'’]|(?:di sini|disini|berikut(?: ini)?|di bawah(?: ini)?)\W*|\])$")
_VIDEO_TITLE = re.compile(
    r"(?:video|foto|infografis|galeri|photo|podcast) ?(?:pilihan|terkait|lainnya|selengkapnya)? ?[:：] ?(?P<rest>.+)",
    re.I,
)
_PLACEHOLDER = re.compile(
    r"\[(?:(?:gambas|video|embed|iklan|ads?|gallery|galeri|caption|infografis|youtube|instagram|twitter|tiktok|facebook"
    r"|audio)\b|(?:image|gambar|foto)\b(?! ?:))[^\[\]]{0,120}\]"  # "[Foto: Setkab]" is a credit
)
_PREVNEXT = re.compile(
    r"(?:(?P<page>halaman|laman)|pos|tulisan|artikel|berita|post|article)?(?:^| )"
    r"(?:sebelumnya|selanjutnya|berikutnya|previous|next)"
    r"(?: (?:pos|post|article|artikel|(?P<page2>page)))? ?[:：»>«←→] ?(?P<rest>.{1,200})"
)
_PREVNEXT_LINKED = re.compile(
    r"(?:pos|tulisan|artikel|berita|post|article) (?:sebelumnya|selanjutnya|berikutnya)\b|(?:previous|next)"
    r" (?:post|article)\b"
)
_CONTINUE = re.compile(
    r"(?:lanjutkan membaca|continue reading|baca selengkapnya|read more)(?: about| tentang)? ?:?"
    r" [\"“'‘]?(?P<rest>.{2,200})"
)
# "©2022 Outlet/Name" with no space is the credit of a photo, "© 2022 Outlet" the foot of a site.
_COPYRIGHT = re.compile(
    r"\W{0,3}(?:copyrights?|hak cipta)\b[ :]*(?:©|\(c\))? ?.{0,60}(?:19|20)\d\d.{0,80}"
    r"|(?:©|\(c\)).{0,60}(?:all rights reserved|hak cipta dilindungi).{0,40}"
    r"|(?:©|\(c\)) (?:[^/]{1,30} )?(?:19|20)\d\d\b[^/]{0,80}|(?:copyright|hak cipta) (?:©|\(c\)).{0,100}"
)
# "Hak cipta diatur dalam undang-undang tahun 2014" is a sentence on rights; a footer holds a sign or no verb.
_OF_RIGHTS = re.compile(
    r"(?!.*(?:©|\(c\)|reserved))\W{0,3}(?:hak cipta\b.{0,80}?\b(?:di(?:atur|peroleh|miliki|jual|alihkan|daftarkan"
    r"|catatkan|berikan|pegang|langgar|lindungi oleh)|adalah|ialah|merupakan|menjadi|berlaku|berakhir|tercatat|tidak"
    r"|sejak|selama)\b"
    r"|copyrights? (?:is|was|were|has|have|laws?|acts?)\b)"
)
_APPEARED = (
    r"(?:the post|postingan|artikel|pos|tulisan) .{1,300} (?:appeared first on|first appeared on"
    r"|(?:pertama kali |lebih dulu )?(?:di)?(?:tampil|muncul)(?:kan)? (?:pertama kali |lebih dulu )?(?:di|pada))"
    r" .{1,120}"
)
_NOTICE = (
    r"(?:dilarang (?:keras )?(?:(?:mengambil|melakukan)\b.{0,60}\b(?:isi|konten|berita|artikel|tulisan|materi|karya"
    r"|situs|website|blog|laman|crawling|sebagian|seluruh|content)\b|mengutip|menyalin|memperbanyak|menyebarluaskan"
    r"|menggandakan|mencuplik).{0,120}(?:izin|ijin|persetujuan|mencantumkan).{0,120}"
    r"|simpan nama.{0,60}(?:peramban|browser) ini.{0,60}"
    r"|(?:konten|artikel|berita|tulisan|isi)\b.{0,40}\bdilarang (?:keras )?(?:di)?(?:salin|kutip|gandakan|perbanyak"
    r"|sebarluaskan|menyalin|mengutip)\b.{0,80}"
    r"|(?:isi |setiap )?komentar .{0,40}(?:menjadi|merupakan|adalah) tanggung jawab"
    r" (?:pengguna|pembaca|pengirim|komentator|pengunjung|penulis komentar|masing-masing).{0,100}"
    r"|(?:(?:entri|pos|kiriman|tulisan) ini|this (?:entry|post) was) (?:posted|di(?:tulis|publikasikan|poskan|posting"
    r"|terbitkan|masukkan)) .{1,100}\b(?:ditandai|tag|tagged|permalink|kaitkata|tandai|bookmark)\b.{0,200}"
    r"|(?:(?:tema|theme) .{1,80}\. ?)?(?:gambar tema oleh .{1,40}|theme images by .{1,40}"
    r"|(?:diberdayakan|dikuasakan) oleh blogger|powered by blogger)"
    r"|average rating\b.{0,60}|vote count\b.{0,30}"
    r"|fakta atau hoaks\?.{0,300}"
    r"|(?:kami|dengan (?:melanjutkan|mengakses|menggunakan)|we|this (?:site|website)|by (?:continuing|using))\b.{0,120}"
    r"\b(?:menggunakan|penggunaan|uses?|using|use of) (?:cookies?|kuki)\b.{0,200}"
    r"|situs ini menggunakan (?:cookie|kuki|akismet).{0,300}|this site uses (?:cookies|akismet).{0,300}"
    r"|(?:website|situs|blog) ini menggunakan (?:cookie|kuki).{0,300}"
    r"|catatan: hanya anggota .{0,80}mengirim komentar)"
)
_MENTION = (
    r"(?:(?:lihat|view) (?:postingan|kiriman|this post) (?:ini )?(?:di|on) instagram )?(?:sebuah (?:kiriman"
    r"|unggahan|postingan) dibagikan oleh|a post shared by|a video posted by|sebuah video"
    r" kiriman|kiriman dibagikan oleh) .{1,160}"
)
_FORM = (
    r"(?:tinggalkan (?:balasan|komentar)|leave a (?:reply|comment)|balas|balasan|reply|comments?)"
    r"(?: (?:ke|to|on|pada|untuk) .{1,150})(?: batalkan balasan| cancel reply)?"
)
_READING = (
    r"\d{1,2}:\d\d ?/ ?\d{1,2}:\d\d"
    r"|(?:(?:estimasi |perkiraan )?(?:waktu |lama )?(?:mem)?baca|reading time) ?:? ?\d{1,3} ?(?:menit"
    r"|min)\w*(?: (?:baca|read))?"
    r"|\d{1,3} ?(?:menit|min(?:ute)?s?) (?:baca|membaca|read)"
)
_SPONSORED = r"(?:sponsored|presented) by [^,]{1,30}"
_NETWORKS = re.compile(
    r"(?:Facebook|Twitter|WhatsApp|Telegram|Pinterest|LinkedIn|Tumblr|Reddit|Instagram|Messenger|Line|LINE|Email|Print"
    r"|Threads|Copy Link|Salin Link|Salin Tautan|X){2,12}"
)
_SCRIPT = re.compile(r"\(adsbygoogle\b.{0,120}|(?:https?://)?pic\.twitter\.com/\w+|tweets? (?:by|oleh) @?\w+")
_SHARES = r"\d[\d.,]*[kmrbjt]* ?(?:shares?|likes?|dibagikan|suka|retweets?)"


_KNOT = re.compile(r"[-~=*_ ]{1,12}[oO0xX]{1,7}[-~=*_ ]{1,12}")  # "--oOo--"
_PAGES = re.compile(
    r"[«‹< ]{0,4}(?:\d{1,3}(?:[ ,|]{1,3}\d{1,3}){0,20}|next|prev|previous|older|newer|selanjutnya|berikutnya"
    r"|sebelumnya)"
    r"[»›> ]{0,4}",
    re.I,
)
_AUTHORS_POSTS = (
    r"(?:lihat|tampilkan|view|see) (?:semua|all) (?:pos|artikel|tulisan|postingan|berita|posts|articles|stories)"
    r" (?:oleh|dari|by|from) .{1,60}"
)
# What any of the patterns can begin with, where it is a letter: one look that spares most prose all of them.
BEGINS = (
    "one thought|reading |sponsored |presented |dukung |dan jangan|pilih |estimasi |waktu |lama |pic.|tweets |https:"
    "|http:|telegram|pinterest|linkedin|instagram|tumblr|reddit|line|messenger|threads|copy|salin|x|c |copyright"
    "|hak |komentar|comment|tanggapan|satu |halaman|page|laman|the post|pos|artikel|article|tulisan|dilarang"
    "|situs|this site|website|blog|catatan|sebuah|a post|a video|kiriman|berbagi|bagikan|share|kirim|compartir"
    "|email|enviar|escribe|klik|click|baca|lihat|simak|tonton|dengarkan|cek |berita|topik|video|vidio|foto|info"
    "|galeri|photo|podcast|read|see |also|must|pilihan|jangan|sila|yuk|ayo|mari|anda |saksikan|nonton|putar"
    "|sebelum|selanjut|berikut|previous|next|lanjut|continue|selengkapnya|bersambung|berlanjut|ikuti|follow"
    "|gabung|join|bergabung|dapatkan|download|unduh|instal|subscribe|berlangganan|langganan|kunjungi|like|sukai"
    "|add|tambahkan|temukan|pantau|akses|aktifkan|nyalakan|update|segera|atau |intip|bisa |dapat |kamu |scroll"
    "|gulir|geser|swipe|tinggalkan|balas|leave|reply|suka|menyukai|facebook|twitter|whatsapp|print|tweet|label"
    "|menu|home|beranda|anonim|unknown|kongsi|tema |theme |entri |this entry |this post |average |vote "
    "|simpan nama|menarik |fakta atau|kami menggunakan|dengan melanjutkan|dengan mengakses|dengan menggunakan"
    "|we use|by continuing|by using|nantikan|tekan tombol|isi komentar|setiap komentar|konten |isi |tidak ada "
    "|belum ada |estimasi|perkiraan|view all|related|rekomendasi|terpopuler|populer|trending|recommended|mungkin "
    "|more |informasi "
)
_BEGINS = by_first_letters(BEGINS)


FIRST = re.compile(r"[^\s:.!?…]*+")  # the first word of closed lines run together
_FETCHED = re.compile(r"download|unduh|pdf|docx?\b|xlsx?\b|zip\b|drive\.google|lampiran|formulir")
_ARROWS = ">»→▶►➡👉"
_BULLETS = " >»*•·-–—→▶►➡👉📌🔗✅"


def _may_begin(line: str, bulleted: bool) -> bool:
    """Whether any pattern begins as the line does; closed lines run together may follow a bullet besides."""
    return line[0].isdecimal() or line.startswith(beginnings(_BEGINS, line)) or (bulleted and _opens(line))


def _opens(line: str) -> bool:
    """Whether the first word is one that closed lines begin with."""
    first = FIRST.match(line)
    return first is not None and bare(first[0]) in opening_words()


@lru_cache(maxsize=256)  # asked for where the end is looked for, and by the step
def pattern_rule(block: Block) -> str | None:
    """The name of the anchored pattern that takes the whole line, or None."""
    text = block.text
    if len(text) > LINE_LIMIT or block.kind in VERBATIM:
        return None
    if not (text[:1].isalnum() or any(map(str.isalnum, text))) or (text[-1] in "-~=*_" and _KNOT.fullmatch(text)):
        return "divider"
    if (text[0] in "«‹<" or text[-1] in "»›>") and _PAGES.fullmatch(text):
        return "page_number"
    line, text = normal(text), text.lstrip(_BULLETS)
    if block.text[0] in _ARROWS and _is_pointed(block):
        return "read_also"
    if text[0].isalnum() and not _may_begin(line, bulleted=len(text) < len(block.text)):
        return _worded(block)
    low = folded(text)
    if (line[:3] in _WHOLE_BEGINS or line[0].isdecimal()) and (whole := _WHOLE.fullmatch(line)):
        return whole.lastgroup
    if _COPYRIGHT.fullmatch(low) and not _OF_RIGHTS.match(low):
        return "copyright"
    for name, test in _BY_FIRST.get(low[:1], _OF_ANY):
        if test(text, low, block):
            return name
    return _worded(block)


def _worded(block: Block) -> str | None:
    """A line of furniture words; a list item may be a step of a guide that names a button."""
    return worded_rule(block.text) if block.kind is not ITEM or block.link_share > 0.5 else None


def _is_pointed(block: Block) -> bool:
    """ ">> HEADLINE": an arrow and one link, a box for another post."""
    if len(block.links) != 1 or block.link_share < 0.7:
        return False
    return len(words_of(block.text)) > 3 and not _FETCHED.search(f"{block.text} {block.links[0].url}".casefold())


_WHOLE = re.compile(  # one look for all of them
    f"(?P<comment_count>{_COUNT})|(?P<page_number>{_HALAMAN})|(?P<appeared_first>{_APPEARED})|(?P<notice>{_NOTICE})"
    f"|(?P<comments>{_FORM})|(?P<embed>{_MENTION})|(?P<share_count>{_SHARES})|(?P<byline_labels>{_AUTHORS_POSTS})"
    f"|(?P<reading_time>{_READING})|(?P<ads>{_SPONSORED})"
)
# Its first three letters, where it begins with no figure.
_WHOLE_TEXT = """art ave bac bal bel ber blo cat com den dib dik dil ent est fak gam hal isi kam kir kom kon lam lea lih
    mem one pag per pos pow pre rea rep sat seb see set sim sit spo tam tan tem the thi tid tin tul vie vot wak web"""
_WHOLE_BEGINS = frozenset(("a p", "a v", "by ", "we ", "we,", "we'", "we’", *_WHOLE_TEXT.split()))


_GLUED = re.compile(r"[:.!?…](?=\w)")


def _is_composite(text: str, low: str, block: Block) -> bool:
    """Closed lines run together, "Suka ini:Suka Memuat...", and nothing else."""
    if not _opens(normal(text)):
        return False
    words = bare(folded(_GLUED.sub(lambda mark: mark[0] + " ", text))).split()
    if not 2 <= len(words) <= 20:
        return False
    closed, at, parts, sure = closed_lines(), 0, 0, False
    if bare(words[0]) not in opening_words():
        return False
    while at < len(words):
        for take in range(min(9, len(words) - at), 0, -1):
            group = closed.get(bare(" ".join(words[at : at + take])))
            if group is not None or not bare(words[at]):
                break
        else:
            return False
        sure = sure or (group is not None and group.anywhere)
        at, parts = at + take, parts + 1
    return sure or parts >= 3


def _is_share(text: str, low: str, block: Block) -> bool:
    """Share buttons, one or several glued together."""
    if _NETWORKS.fullmatch(text):
        return True
    rest = _SHARED.sub(" ", low) if _SHARED_BEGINS.match(low) else low
    return rest != low and not normal(rest)


def _is_read_also(text: str, low: str, block: Block) -> bool:
    """ "Baca juga: X", with a colon; without one only where the link or the capitals say that it is a headline."""
    if ":" in text and _is_labelled(text, block):
        return True
    m = _READ_ALSO.match(low)
    if m:
        rest = next((g for g in m.groups() if g is not None), "")
        start = len(text) - len(rest)
        return not rest or block.link_share > 0.5 or not _prose_after(text[start:]) or "juga" in low[:12]
    if _MORE_FROM.fullmatch(text):
        return True
    loud = _READ_ALSO_LOUD.match(text)
    if loud or low.startswith(("baca juga ", "baca pula ", "lihat juga ", "simak juga ")):
        rest = text.split(None, 2)[2:]
        headline = bool(rest) and not rest[0][0].islower() and len(words_of(rest[0])) >= 4 and like_headline(rest[0])
        return block.link_share > 0.5 or headline or bool(loud and like_headline(text))
    return False


def _is_labelled(text: str, block: Block) -> bool:
    """A closed heading of related links, a colon, and one of them behind it."""
    label, _, rest = text.partition(":")
    group = closed_lines().get(normal(label)) if len(label) <= 40 and rest.strip() else None
    if group is None or group.name not in ("related", "related_weak"):
        return False
    linked = sum(len(link.text) for link in block.links) >= 0.7 * len(rest.strip())
    return linked or (group.name == "related" and like_headline(rest) and len(words_of(rest)) > 2)


def _prose_after(rest: str) -> bool:
    return not like_headline(rest) and like_sentence(rest)


def _is_video(text: str, low: str, block: Block) -> bool:
    """Promotions of a video: "Simak juga Video: ...", "Tonton juga "..." di sini:"."""
    if _VIDEO.match(low) and _VIDEO_END.search(low.rstrip(" .!")) and not low.rstrip().endswith("bawah ini."):
        return True
    if not _VIDEO.match(low) or ":" not in low:
        return False
    return block.link_share > 0.5 or not like_sentence(text) or like_headline(text.partition(":")[2])


def _is_video_title(text: str, low: str, block: Block) -> bool:
    m = _VIDEO_TITLE.match(text)
    if m is None or not low.startswith("video"):
        return False
    return len(words_of(m["rest"])) > 2 and like_headline(m["rest"])


def _is_placeholder(text: str, low: str, block: Block) -> bool:
    rest = _PLACEHOLDER.sub(" ", low) if "[" in low else low
    return rest != low and not normal(rest)


def _is_prevnext(text: str, low: str, block: Block) -> bool:
    m = _PREVNEXT.fullmatch(low)
    if m is None:
        return block.link_share > 0.4 and bool(_PREVNEXT_LINKED.match(low))
    title = text[len(text) - len(m["rest"]) :]
    if m["page"] or m["page2"]:
        return True
    return block.link_share > 0.4 or not (
        title[0].islower() or text.rstrip().endswith(".") or (SAYING.search(low) and not like_headline(title))
    )


def _is_continue(text: str, low: str, block: Block) -> bool:
    m = _CONTINUE.fullmatch(low)
    return bool(m) and (block.link_share > 0.5 or like_headline(text))


def _is_turn(text: str, low: str, block: Block) -> bool:
    return bool(_TURN.fullmatch(low)) and not SAYING.search(low)


def _is_script(text: str, low: str, block: Block) -> bool:
    return bool(_SCRIPT.fullmatch(low))


# What else a line may be by its form, and the characters it then begins with; any where none is named.
FORMS = (
    ("composite", _is_composite, ""),
    ("share", _is_share, ""),
    ("read_also", _is_read_also, ""),
    ("video", _is_video, "slntcp"),
    ("video_title", _is_video_title, "v"),
    ("embed", _is_placeholder, ""),
    ("previous_next", _is_prevnext, "hlptabsn"),
    ("continue", _is_continue, "lcbr"),
    ("page_turner", _is_turn, "bslk"),
    ("call", calls.is_call, "yamjskbdifgcluctpn"),
    ("call", calls.is_update_call, "discbtp"),
    ("call", calls.is_news_call, "yajdspicbnt"),
    ("call", calls.is_hanging, "dibstcupkf"),
    ("continue", calls.is_more, ""),
    ("read_also", calls.is_read_link, "jsyam"),
    ("ads", calls.is_scroll, "sg"),
    ("call", calls.is_support, "tknabdpymj"),
    ("embed", _is_script, "(hpt"),
)
_OF_ANY = tuple((name, test) for name, test, begins in FORMS if not begins)
_BY_FIRST = {
    first: tuple((name, test) for name, test, begins in FORMS if first in begins or not begins)
    for first in frozenset("".join(begins for _, _, begins in FORMS))
}
