"""Lines made of nothing but the words of a site's furniture, however it strings them together.

"Tinggalkan komentar Anda di bawah ini" and "Beri komentar" are one call in different words. A closed list holds the
wordings that were seen; here every word of a line must be of one closed vocabulary and a core word must be among them.
A single word outside it ("Tinggalkan komentar seperlunya, pesan ibunya.") makes a sentence of the line, and it stays.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

LONGEST = 100  # characters
_MOST = 14  # words
_WORDS = re.compile(r"[^\W\d_]+")
_INVITE = (
    "tinggalkan beri berikan tulis tuliskan kirim kirimkan batal batalkan leave cancel post write add muat load view"
    " lihat tampilkan show"
)
# Words of sentences, and the phrases in which furniture has them.
_SENTENCE = re.compile(r"\b(?:yang(?! (?:pertama|lain\w*)\b)|(?:tidak|belum)(?! (?:ada|mengandung)\b))")
_STEP = re.compile(
    r"\W*(?:klik|click|tap|tekan)\b(?!.*\b(?:di ?sini|here|untuk baca|untuk membaca)\b)"
)  # of a guide, naming a button


class _Vocabulary(NamedTuple):
    """`core` words make a line of these words furniture; a `weak` one does beside a word of `invites`."""

    name: str
    words: frozenset[str]
    core: frozenset[str]
    weak: frozenset[str] = frozenset()
    invites: frozenset[str] = frozenset()


def _vocabulary(name: str, words: str, core: str, weak: str = "", invites: str = "") -> _Vocabulary:
    parts = [frozenset(text.split()) for text in (words, core, weak, invites)]
    return _Vocabulary(name, frozenset().union(*parts), *parts[1:])


_VOCABULARIES = (
    _vocabulary(
        "comments",
        "semua lain lainnya yang anda kamu kalian di bawah ini sini disini kolom belum tidak tiada ada jadilah jadi"
        " pertama silakan silahkan login log in masuk daftar terlebih dahulu untuk sebuah a an your to be the first one"
        " all more hide no yet there are is on this article artikel berita postingan pos tulisan you must logged harus"
        " mengirim memberi memberikan menulis meninggalkan menambahkan sembunyikan ditutup closed disabled dengan via"
        " terbaru terlama sort by newest oldest buat tambah tambahkan yuk dan baru lanjutan berikutnya tindak lanjut"
        " akan melalui lewat surel email beritahu tahu saya notify me of new follow up posts catat mohon sopan santun"
        " bijak"
        " baik dimoderasi moderasi oleh admin mengandung sara spam relevan sesuai topik gunakan bahasa",
        "berkomentarlah komentar komen komentarmu berkomentar comment comments commenting mengomentari",
        "balasan tanggapan reply membalas",
        _INVITE,
    ),
    _vocabulary(
        "subscription",
        "sign up for to the our a your by via now free anda kamu daily weekly latest news updates in get daftar"
        " daftarkan email"
        " mail lewat melalui surel kami blog ini gratis sekarang dan dapatkan berita artikel terbaru terkini update di"
        " dengan untuk setiap hari alamat masukkan enter address of new posts notifications receive kotak masuk",
        "newsletter newsletters subscribe buletin inbox",
        "berlangganan langganan",
        "lewat via email surel kami gratis sekarang newsletter buletin blog",
    ),
    _vocabulary(
        "ads",
        "ke atas bawah untuk bacaan artikel berita to with down up ini kami kamu anda setelah berlanjut dilanjutkan"
        " below after story by promosi post the di terus hubungi ruang space your google layar",
        "adsense bersponsor sponsored pariwara",
        "iklan ad ads advertisement advertisements scroll gulir geser swipe",
        "melanjutkan lanjut lanjutkan membaca baca konten content continue resume reading read pasang tutup lewati"
        " laporkan report close skip here disini sini",
    ),
    _vocabulary(
        "self_links",
        "klik click tap tekan di sini disini here ini this link tautan untuk to lengkap lengkapnya detail detailnya"
        " video videonya"
        " beritanya artikelnya info informasi full story article berita artikel the pada halaman laman versi about it"
        " ada bisa dapat anda kamu silakan silahkan lebih menarik lainnya juga",
        "",
        "selengkapnya membaca baca read reading continue lihat simak cek tonton saksikan",
        "klik click sini disini here lanjut lanjutkan",
    ),
    _vocabulary(
        "share",
        "ini ke kepada dengan lewat di teman temanmu sahabat keluarga kerabat sosial anda kamu orang lain to with your"
        " on"
        " yuk ya",
        "",
        "bagikan sebarkan share kirim kirimkan bagi berbagi kongsi kongsikan",
        "artikel berita postingan tulisan halaman kiriman teman teman-teman sahabat media this post article friends via"
        " melalui",
    ),
    _vocabulary(
        "player",
        "ini this the a to audio versi version in dalam bentuk suara berita story",
        "",
        "dengarkan listen putar play",
        "artikel article audio story berita",
    ),
    _vocabulary(
        "copyright",
        "hak oleh undang seluruh semua segala all konten isi by law",
        "",
        "cipta rights",
        "dilindungi reserved",
    ),
)
# Words that begin so much prose that no line is held against the vocabularies for them.
_COMMON_TEXT = (
    "the a an to on is more there this it by in of up one first are with after below your now new get our its for from"
    " di ke ini untuk dan ada dengan akan dari yang baru berita artikel saya kami kamu juga menarik hari"
    " versi suara oleh setelah"
)
_OPENING = frozenset().union(*(v.words for v in _VOCABULARIES)) - frozenset(
    _COMMON_TEXT.split()
)  # what a line of such words begins with
OPENINGS = frozenset((word + " ")[:4] for word in _OPENING)  # the first four characters of such a line


@lru_cache(maxsize=512)
def worded_rule(text: str) -> str | None:
    """The vocabulary that all words of this line are of, or None."""
    low = text.casefold() if len(text) <= LONGEST else ""
    first = _WORDS.search(low)
    if first is None or first[0] not in _OPENING or any(map(str.isdecimal, text)):
        return None
    words = _WORDS.findall(low)
    if not 2 <= len(words) <= _MOST or _SENTENCE.search(low) or _STEP.match(low):
        return None
    held = frozenset(words)
    return next((v.name for v in _VOCABULARIES if v.words >= held and _is_call(v, held)), None)


def _is_call(vocabulary: _Vocabulary, held: frozenset[str]) -> bool:
    if held & vocabulary.core:
        return True
    return bool(held & vocabulary.weak) and len(held & (vocabulary.weak | vocabulary.invites)) > 1
