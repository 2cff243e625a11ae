"""Lines that say where a text comes from: source lines and notices of first publication.

Each reader takes a whole line and gives the value it holds, or None when the line is not one of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kliping.model import Source
from parsers.block import HEADING, ITEM, Block, Link
from parsers.dates import MONTHS, WEEKDAYS
from parsers.lines import LINE_LIMIT, SAYING, like_headline, normal, words_of
from parsers.names import is_outlet

URL = re.compile(r"(?:https?://|www\.)[^\s<>\"“”]{3,600}")
DOMAIN = re.compile(
    r"(?:[a-z0-9-]{1,63}\.){1,4}(?:com|net|org|id|co|info|tv|news|uk|my|sg|au|me|io|edu|gov|int|xyz|site|de|jp"
    r"|blog)(?:/\S{0,300})?",
    re.I,
)
CLICK = re.compile(
    r"(?:silakan |silahkan )?(?:klik|click|klick|lihat|baca|buka|cek|kunjungi|di ?sini|here|link|tautan|sumber"
    r"|source|selengkapnya)"
    r"(?:\W+(?:di ?sini|disini|sini|here|ini|this|link|tautan|asli|nya|aslinya|sumber|source|berita|artikel"
    r"|selengkapnya|di|untuk|pada|berikut)){0,4}\W*",
    re.I,
)
_LABEL = re.compile(
    r"[(\[*•\-–—~» ]{0,4}(?P<label>"
    r"(?:sumber|source|sources|src|referensi|rujukan|reference|references|refer|ref\.?|via|artikel asli|berita asli"
    r"|(?:link|tautan|url) (?:asli|sumber|berita|artikel))"
    r"(?: (?:berita|artikel|tulisan|foto|gambar|video|data|informasi|info|referensi|rujukan|asli|link|tautan"
    r"|ilustrasi|kutipan|grafis|infografis|peta|tabel|naskah|cerita|kisah|resep|terkait|utama|lain|teks|materi"
    r"|terjemahan|bacaan|photo|image|images|article|news|url|dari)){0,2}"
    r"|(?:artikel ini )?(?:dikutip|disadur|dilansir|diolah|disarikan|diambil|diterjemahkan|dihimpun|dirangkum"
    r"|diadaptasi|disalin|dinukil|disunting|diunduh|terjemahan|saduran|adaptasi|bersumber|melansir|mengutip|copas"
    r"|repost|reposted|diposting ulang|adapted|taken"
    r"|quoted|courtesy)"
    r"(?: (?:dari|of|from|oleh|kembali dari|ulang dari)(?: (?:laman|situs|website|web|blog|berbagai sumber))?)?"
    r") ?(?P<colon>[:：=]|(?=https?://|www\.)|(?<=\S) (?=\S)|$) ?(?P<value>.*)",
    re.I,
)
_IMAGE_LABEL = re.compile(r"\b(?:foto|gambar|photo|images?|ilustrasi)\b", re.I)
_REFERENCE = re.compile(r"^(?:referensi|rujukan|references?|ref)\b", re.I)
_NAME_LABEL = re.compile(r"^(?:sumber|sources?|src|refer|via)\b|\b(?:dari|from|of)\b", re.I)
_AGENCIES_TEXT = (
    "afp ap reuters antara ant ap/afp bbc cnn voa dw xinhua bernama anadolu aa ltr kompas tempo detik republika tribun"
    " tribunnews okezone sindonews jpnn viva liputan6 merdeka suara kumparan tirto dpa efe tass sputnik rt aljazeera"
    " bloomberg wikipedia youtube istimewa"
)
AGENCIES = frozenset(_AGENCIES_TEXT.split())


# Labels that may stand alone over their links; those of a reference list only over a single one.
_LONE_TEXT = """sumber,sumber-sumber,source,sources,sumber asli,sumber berita,sumber artikel,sumber tulisan
link sumber,tautan sumber,sumber link,sumber informasi,sumber data,sumber foto,sumber gambar,via"""
_REFERENCES_TEXT = """referensi,referensi artikel,rujukan,reference,references,refs,ref,sumber referensi,sumber rujukan
sumber bacaan,daftar pustaka,daftar referensi,sumber pustaka,bibliografi"""
LONE_LABELS, REFERENCE_LABELS = (
    frozenset(text.replace("\n", ",").split(",")) for text in (_LONE_TEXT, _REFERENCES_TEXT)
)
_LABELS_ALONE = LONE_LABELS | REFERENCE_LABELS
# A label of any words before nothing but an address.
_ADDRESSED = re.compile(
    r"\W{0,4}(?P<label>[a-z ]{0,30}?\b(?:sumber|source|referensi|rujukan|kutipan|asli|dikutip|disadur|diambil"
    r"|dilansir)\b"
    r"[a-z ]{0,30}?) ?[:：=] ?(?P<value>(?:https?://|www\.)\S+)",
    re.I,
)
_ORIGINAL = re.compile(
    r"(?:baca|simak|lihat|kunjungi|buka|klik|read|see|view)(?: juga)? (?:the |this )?"
    r"(?:(?:artikel|berita|tulisan|naskah|teks|versi|article|story|post|version|full) ){0,2}"
    r"(?:asli|aslinya|sumber|sumbernya|original|source)"
    r"(?: (?:aslinya|asli|artikel|berita|article|story|post|version|here|di sini|disini|selengkapnya)){0,2}"
    r"(?: (?:di|dari|pada|on|at|from|in) (?P<outlet>[^.,:;]{2,60}(?:\.[a-z]{2,5}){0,2}))?[.!]?"
    r"|(?:artikel|berita) (?:asli|aslinya|sumber)(?:nya)?(?: (?:dapat|bisa) (?:anda )?(?:dibaca|baca|dilihat|lihat"
    r"|diakses"
    r"|disimak|simak) (?:di|pada) (?P<place>[^.,:;]{2,60}(?:\.[a-z]{2,5}){0,2})[.!]?)?|original (?:article|story|post)",
    re.I,
)
_LIST = re.compile(r" ?[,;&] ?| dan ")
_FROM = re.compile(
    r"^(?:dikutip|disadur|dilansir|diolah|disarikan|diambil|diterjemahkan|disalin|dinukil|diadaptasi|dirangkum"
    r"|bersumber"
    r"|disunting|diunduh|terjemahan|saduran|adaptasi)"
    r"\b.*\bdari\b",
    re.I,
)
_VARIOUS = re.compile(
    r"(?:(?:(?:diolah|dikutip|dirangkum|dihimpun|disarikan|disadur|diambil) )?dari )?berbagai (?:sumber|media"
    r"|referensi)"
    r"|(?:(?:diolah|dikutip|dirangkum|dihimpun|disarikan|disadur|diambil) )?dari (?:beberapa|sejumlah|aneka|banyak)"
    r" (?:sumber|media|referensi)"
)
_TAKEN = re.compile(
    r"(?:artikel|berita|tulisan|naskah|konten|informasi|materi) ini (?:telah |sudah )?(?:dikutip|disadur|diolah|diambil"
    r"|diterjemahkan|dilansir|disarikan|dirangkum|bersumber|diadaptasi|ditulis ulang)(?: kembali| ulang)? dari"
    r"(?: (?:artikel|berita|tulisan|laman|situs|website|blog|media|buku|jurnal|kanal))? (?P<value>[^,;:]{2,160})",
    re.I,
)

# The first three letters of all of these, but for a label of any words.
_BEGIN_TEXT = """ada art bac ber buk cop cou dar dia dih dik dil din dio dip dir dis dit diu inf kli kon kun lih lin mat
    mel men nas ori quo rea ref rep ruj sad see sim sou src sum tak tau ter tul url via vie"""
_BEGIN = frozenset(_BEGIN_TEXT.split())

_MANY = 20
_JOINING = re.compile(r"^(?:[\s,;.&|()\[\]:-]|\b(?:dan|and)\b)+|(?:[\s,;.&|()\[\]:-]|\b(?:dan|and)\b)+$")


class SourceLine(NamedTuple):
    """What a source line said; `waiting` when the label stands alone and its link may be in the next block.

    `only_over` names how many links it must then have under it to be a source line at all: any, or a single one.
    """

    sources: tuple[Source, ...]
    waiting: bool = False
    only_over: int | None = None
    strong: bool = False  # an address, a click-here phrase or a link: enough to go wherever it stands


def read_source(block: Block) -> SourceLine | None:
    """A line that is nothing but a label and where the text came from."""
    text = block.text
    if len(text) > LINE_LIMIT:
        return None
    bare = normal(text)
    if bare in _LABELS_ALONE:
        return _alone(block, bare, bracketed=text.strip()[:1] in "[(")
    if text[:1] in "([" and (bare in AGENCIES or DOMAIN.fullmatch(bare)):
        return SourceLine((Source(text.strip("()[] "), _link_url(block.links)),))
    if text[:5].casefold() in ("(via ", "[via ") and is_name(bare[4:]) and like_headline(text[5:].strip("()[] ")):
        return SourceLine((Source(text[5:].strip("()[] "), _link_url(block.links)),))
    addressed = "://" in text or "www." in text
    if bare[:3] not in _BEGIN and not addressed:
        return None
    if (taken := _TAKEN.fullmatch(text)) and like_headline(taken["value"].rstrip(".")):
        name = block.links[0].text if len(block.links) == 1 else taken["value"]
        return SourceLine((Source(name.rstrip("."), _link_url(block.links)),))
    if original := _ORIGINAL.fullmatch(text):
        url = _link_url(block.links)
        return SourceLine(
            (Source((original["outlet"] or original["place"] or text).strip(" ."), url),), strong=bool(url)
        )
    if addressed and (m := _ADDRESSED.fullmatch(text)):
        return _valued(block, m["label"], True, m["value"])
    if _VARIOUS.fullmatch(bare):
        return SourceLine((Source(text.strip("()[] .*"), None),))
    m = _LABEL.fullmatch(text)
    if not m or not m["value"].strip(" .:)]"):
        return None
    return _valued(block, m["label"], bool(m["colon"].strip()), m["value"].strip(" )]"))


def _alone(block: Block, label: str, bracketed: bool) -> SourceLine | None:
    """ "[sumber]" or "Sumber:" with nothing after it; a heading "Sumber" or "Referensi" needs its links under it."""
    linked = tuple(link for link in block.links if link.url)
    told = (Source(block.text.strip("[]() :："), None),)
    if label in REFERENCE_LABELS:
        return None if bracketed or linked else SourceLine(told, waiting=True, only_over=1)
    if linked:
        return SourceLine(tuple(Source(link.text or label, link.url) for link in linked), strong=True)
    if bracketed or block.text.rstrip().endswith((":", "：")):
        return SourceLine(told, waiting=not bracketed, strong=bracketed)
    headed = block.kind is HEADING or block.emphasis
    return SourceLine(told, waiting=True, only_over=_MANY) if headed else None


def _valued(block: Block, label: str, colon: bool, value: str) -> SourceLine | None:
    kind = "image" if _IMAGE_LABEL.search(label) else "text"
    links = tuple(link for link in block.links if link.url and link.text and link.text in value)
    addresses = URL.findall(value)
    rest = _JOINING.sub("", URL.sub(" ", value))
    direct = colon or bool(URL.match(value))
    if (
        addresses
        and direct
        and (len(words_of(rest)) <= 6 or _linked(rest, links))
        and not SAYING.search(rest.casefold())
    ):
        return SourceLine(_by_address(addresses, rest, links, kind), strong=True)
    if CLICK.fullmatch(value) and (colon or links or _NAME_LABEL.search(label)):
        url = next((link.url for link in block.links if link.url), None)
        return SourceLine((Source(value.strip(" ."), url, kind),), strong=True)
    if not links and len(block.links) == 1 and block.links[0].text.endswith(value):  # the label is part of the link
        links = (Link(value, block.links[0].url),)
    if DOMAIN.fullmatch(value.rstrip(".")):
        return SourceLine((Source(value.rstrip("."), _link_url(links), kind),), strong=True)
    if (parts := _LIST.split(value.rstrip("."))) and all(map(DOMAIN.fullmatch, parts)):
        return SourceLine(tuple(Source(part, None, kind) for part in parts), strong=True)
    if links and _covered(value, links):
        return SourceLine(tuple(Source(link.text, link.url, kind) for link in links), strong=colon)
    if not colon and (
        (_FROM.match(label) and (_is_title(value) or is_outlet(value)))
        or (label.casefold() == "via" and _is_agency(value))
    ):
        return SourceLine((Source(value, _link_url(links), kind),))
    known = normal(value) in AGENCIES or not _REFERENCE.match(label) or (len(label) == 3 and _is_title(value))
    if colon and (_NAME_LABEL.search(label) or _REFERENCE.match(label)) and known and is_name(value):
        value = f"{value})" if value.count("(") > value.count(")") else value
        name = links[0].text if len(links) == 1 else value.rstrip(" .")
        return SourceLine((Source(name, _link_url(links), kind),))
    return None


def _is_agency(value: str) -> bool:
    return value[:1].isupper() and normal(value) in AGENCIES


def _is_title(value: str) -> bool:
    """The name of an outlet or a book: capitals, no full stop, no "bahasa Jepang"."""
    return value[:1].isupper() and is_name(value) and like_headline(value) and not value.startswith("Bahasa")


def _linked(rest: str, links: Sequence[Link]) -> bool:
    return bool(links) and _covered(rest, links)


def _covered(value: str, links: Sequence[Link]) -> bool:
    """The links make up the value, but for a few joining words."""
    rest = value
    for link in links:
        rest = rest.replace(link.text, " ", 1)
    return len(words_of(rest)) <= 2


def _link_url(links: Sequence[Link]) -> str | None:
    return next((link.url for link in links), None)


def _by_address(addresses: list[str], rest: str, links: Sequence[Link], kind: str) -> tuple[Source, ...]:
    """One source per written address; the link behind it, when there is one, is the truer address."""
    found = []
    for address in addresses:
        address = address.rstrip(".,;:)]}'")
        url = next((link.url for link in links if address in link.text or link.text in address), None)
        written = address if address.startswith("http") else f"http://{address}"
        found.append(Source(rest if rest and len(addresses) == 1 else None, url or written, kind))
    return tuple(found)


_NO_NAME = re.compile(r"[;!?]|\d\. ")


def is_name(value: str) -> bool:
    """At most six words that name somebody: no verb, no sentence, no figure list."""
    words = words_of(value)
    if not 1 <= len(words) <= 6 or SAYING.search(value.casefold()) or _NO_NAME.search(value):
        return False
    return not (value.rstrip().endswith(".") and len(words) > 4 and not like_headline(value.rstrip(" .")))


def read_link_line(block: Block) -> tuple[Source, ...]:
    """A line that is nothing but links or addresses: what a lone "Sumber:" was waiting for."""
    links = tuple(link for link in block.links if link.url and link.text)
    if links and _covered(block.text, links):
        return tuple(Source(link.text, link.url) for link in links)
    addresses = URL.findall(block.text)
    named = URL.sub(" ", block.text).strip(" .,:;|-–—()") if addresses else ""
    if addresses and len(words_of(named)) <= 12 and not SAYING.search(named.casefold()):
        return _by_address(addresses, named, links, "text")
    if DOMAIN.fullmatch(block.text):
        return (Source(block.text, None),)
    item = block.kind is ITEM and (is_outlet(block.text) or _is_agency(block.text))  # no other name: "Data Primer"
    return (Source(block.text, None),) if item else ()


_TEXT_LABEL = re.compile(r"\W{0,3}(?:sumber|source)(?: (?!foto|gambar|photo|image)\w+){0,2} ?[:：]", re.I)


def is_labelled(text: str) -> bool:
    """ "Sumber: X": at the end of a text whence it comes, where a caption would say the same of its picture."""
    return _TEXT_LABEL.match(text) is not None


def is_empty_label(label: str | None) -> bool:
    """A label that names nobody: "click disini", "Sumber"."""
    return label is None or not normal(label) or bool(CLICK.fullmatch(label)) or normal(label) in ("sumber", "source")


# --- republish notices ------------------------------------------------------------------------------------------------

_REPUBLISHED = (
    r"(?s:[(\[*]{0,2}(?:catatan:? )?(?:(?:sebagian|isi) )?(?:artikel|berita|tulisan|pos|postingan|konten|naskah|opini"
    r"|kolom|laporan|esai|cerita|this (?:article|story|post)|informasi|kolom)"
    r"(?: (?:ini|asli|tersebut|berjudul .{1,200}))? .{0,60}?"
    r"(?:telah|sudah|pernah|pertama kali|lebih dulu|lebih dahulu|sebelumnya|terlebih dahulu|merupakan|adalah|was|has"
    r" been|juga)\b.{0,60}?"
    r"\b(?:tayang|naik|terbit|dimuat|dipublikasikan|diterbitkan|ditayangkan|tampil|diunggah|diposting|disiarkan"
    r"|published|appeared|posted|republikasi|kerja sama|kerjasama)\b"
    r"(?P<rest>.{0,20}\b(?:di|pada|oleh|dari|dengan|antara|in|on|at|by)\b.{1,600}|\W*(?:selengkapnya|klik).{0,200}))"
)
_FIRST_IN = (
    r"(?:(?:this|the|a version of this) (?:article|story|post|piece|essay)\b.{0,30}\b(?:first|originally)"
    r"|(?:originally|first)) (?:published|appeared|posted|printed|ran)\b.{0,20}?\b(?:in|on|at|by)\b.{1,200}"
    r"|re(?:published|printed|posted) (?:with permission )?(?:from|by|of|courtesy of) .{1,120}"
)
_FIRST_AT = (
    r"(?:(?:diterbitkan|dimuat|tayang|ditayangkan|dipublikasikan|terbit) pertama kali|pertama kali (?:diterbitkan"
    r"|dimuat"
    r"|tayang|ditayangkan|dipublikasikan|terbit)) (?:di|pada|oleh) .{2,80}"
)
_READ_ORIGINAL = (
    r"(?:baca|simak|lihat) (?:artikel|berita|selengkapnya)(?: asli| selengkapnya)?(?: (?:dari|di))?"
    r" ?[\w.]{2,40},? [\"“'‘].{1,250}[\"”'’]? (?:selengkapnya|di sini|disini)\b.{0,300}"
)
_NOTICE = re.compile("|".join((_REPUBLISHED, _READ_ORIGINAL, _FIRST_IN, _FIRST_AT)), re.I)  # one look for all of them
_NOTICE_TEXT = """art bac ber cat cer dim dip dit esa fir inf isi kol kon lap lih nas opi ori per pos rep seb sim tay
    ter the thi tul"""
_NOTICE_BEGINS = frozenset(("a v", *_NOTICE_TEXT.split()))  # its first three letters
_OUTLET = re.compile(
    r"\b(?:di|pada|oleh|dari|dengan|in|on|at|by|from)\s+(?:laman |situs |portal |website |media |majalah |harian |koran"
    r"|surat kabar |tabloid |jurnal )?(?P<name>\w[\w\-]{1,40}(?:\.[\w\-]{2,30}){0,3}(?:"
    r" [A-Z][\w\-]{1,30}(?:\.[a-z]{2,6})?){0,3})"
)


_DAYS = MONTHS.keys() | WEEKDAYS  # "originally published on November 18"


def read_republished(block: Block) -> Source | None:
    """ "Artikel ini telah tayang di X dengan judul ...": where the text stood first, with its address when given."""
    text = block.text
    if len(text) > 2 * LINE_LIMIT or text.lstrip("([*")[:3].casefold() not in _NOTICE_BEGINS:
        return None
    if not _NOTICE.fullmatch(text):
        return None
    address = URL.search(text)
    url = next((link.url for link in block.links if link.url), None)
    url = url or (address.group().rstrip(".,;:)]}'\"") if address else None)
    m = _OUTLET.search(text)
    name = m["name"].rstrip(".") if m else None
    name = None if name and name.casefold().split()[0] in _DAYS else name
    if url is None and (
        name is None or not (DOMAIN.fullmatch(name) or name[0].isupper() or "klik" in text or "dengan judul" in text)
    ):
        return None
    return Source(name, url, "republished")
