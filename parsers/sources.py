"""Lines that say where a text comes from: source lines, credits, captions, tags, counters, republish notices.

Each reader takes a whole line and gives the value it holds, or None when the line is not one of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kliping.model import Caption, Credit, Source
from parsers.block import Block, Link
from parsers.lines import LINE_LIMIT, SAYING, like_headline, normal, words_of

URL = re.compile(r"(?:https?://|www\.)[^\s<>\"“”]{3,600}")
DOMAIN = re.compile(
    r"(?:[a-z0-9-]{1,63}\.){1,4}(?:com|net|org|id|co|info|tv|news|uk|my|sg|au|me|io|edu|gov|int|xyz|site|de|jp|blog)(?:/\S{0,300})?",
    re.I,
)
CLICK = re.compile(
    r"(?:silakan |silahkan )?(?:klik|click|klick|lihat|baca|buka|cek|kunjungi|di ?sini|here|link|tautan|sumber|source|selengkapnya)"
    r"(?:\W+(?:di ?sini|disini|sini|here|ini|this|link|tautan|asli|nya|aslinya|sumber|source|berita|artikel|selengkapnya|di|untuk|pada|berikut)){0,4}\W*",
    re.I,
)
_LABEL = re.compile(
    r"[(\[*•\-–— ]{0,4}(?P<label>"
    r"(?:sumber|source|sources|src|referensi|rujukan|reference|references|ref|via|link|tautan|link asli|url|artikel asli|berita asli|asal)"
    r"(?: (?:berita|artikel|tulisan|foto|gambar|video|data|informasi|info|referensi|rujukan|asli|link|tautan|terkait|utama|lain|teks|materi|photo|image|images|article|news|url|dari)){0,2}"
    r"|(?:artikel ini )?(?:dikutip|disadur|dilansir|diolah|disarikan|diambil|diterjemahkan|dihimpun|dirangkum|diadaptasi|disalin|dinukil|bersumber|melansir|mengutip|copas|repost|reposted|diposting ulang|adapted|taken|quoted|courtesy)"
    r"(?: (?:dari|of|from|oleh|kembali dari|ulang dari)(?: (?:laman|situs|website|web|blog|berbagai sumber))?)?"
    r") ?(?P<colon>[:：=]|(?=https?://|www\.)|(?<=\S) (?=\S)|$) ?(?P<value>.*)",
    re.I,
)
_IMAGE_LABEL = re.compile(r"\b(?:foto|gambar|photo|images?|ilustrasi)\b", re.I)
_REFERENCE = re.compile(r"^(?:referensi|rujukan|references?|ref)\b", re.I)
_NAME_LABEL = re.compile(r"^(?:sumber|sources?|src|via|asal)\b|\b(?:dari|from|of)\b", re.I)
_AGENCIES = frozenset(
    "afp ap reuters antara ant ap/afp bbc cnn voa dw xinhua bernama anadolu aa ltr kompas tempo detik republika tribun"
    " tribunnews okezone sindonews jpnn viva liputan6 merdeka suara kumparan tirto dpa efe tass sputnik rt aljazeera"
    " bloomberg wikipedia youtube istimewa".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """What a source line said; `waiting` when the label stands alone and its link may be in the next block."""

    sources: tuple[Source, ...]
    waiting: bool = False
    strong: bool = False  # an address, a click-here phrase or a link: enough to go wherever it stands


def read_source(block: Block) -> SourceLine | None:
    """A line that is nothing but a label and where the text came from."""
    text = block.text
    if len(text) > LINE_LIMIT:
        return None
    bare = normal(text)
    if bare in ("sumber", "source", "sumber asli", "sumber berita", "sumber artikel", "link sumber"):
        return _alone(block, bare, bracketed=text.strip()[:1] in "[(")
    if text[:1] == "(" and bare in _AGENCIES:
        return SourceLine((Source(text.strip("() "), None),))
    m = _LABEL.fullmatch(text)
    if not m or not m["value"].strip(" .:)]"):
        return None
    return _valued(block, m["label"], bool(m["colon"].strip()), m["value"].strip(" )]"))


def _alone(block: Block, label: str, bracketed: bool) -> SourceLine | None:
    """ "[sumber]" or "Sumber:" with nothing after it."""
    linked = tuple(link for link in block.links if link.url)
    if linked:
        return SourceLine(tuple(Source(link.text or label, link.url) for link in linked), strong=True)
    if bracketed or block.text.rstrip().endswith((":", "：")):
        return SourceLine((Source(block.text.strip("[]() :："), None),), waiting=not bracketed, strong=bracketed)
    return None


def _valued(block: Block, label: str, colon: bool, value: str) -> SourceLine | None:
    kind = "image" if _IMAGE_LABEL.search(label) else "text"
    links = tuple(link for link in block.links if link.url and link.text and link.text in value)
    addresses = URL.findall(value)
    rest = URL.sub(" ", value).strip(" ,;.dan&|-")
    if addresses and (len(words_of(rest)) <= 6 or _linked(rest, links)) and not SAYING.search(rest.casefold()):
        return SourceLine(_by_address(addresses, rest, links, kind), strong=True)
    if CLICK.fullmatch(value) and (colon or links or _NAME_LABEL.search(label)):
        url = next((link.url for link in block.links if link.url), None)
        return SourceLine((Source(value.strip(" ."), url, kind),), strong=True)
    if DOMAIN.fullmatch(value.rstrip(".")):
        return SourceLine((Source(value.rstrip("."), _link_url(links), kind),), strong=True)
    if links and _covered(value, links):
        return SourceLine(tuple(Source(link.text, link.url, kind) for link in links), strong=colon)
    if colon and _NAME_LABEL.search(label) and not _REFERENCE.match(label) and _is_name(value):
        return SourceLine((Source(value.rstrip(" ."), _link_url(links), kind),))
    return None


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
        found.append(Source(rest if rest and len(addresses) == 1 else address, url or written, kind))
    return tuple(found)


def _is_name(value: str) -> bool:
    """At most six words that name somebody: no verb, no sentence, no figure list."""
    words = words_of(value)
    if not 1 <= len(words) <= 6 or SAYING.search(value.casefold()) or re.search(r"[;!?]|\d\. ", value):
        return False
    return not (value.rstrip().endswith(".") and len(words) > 4 and not like_headline(value.rstrip(" .")))


def read_link_line(block: Block) -> tuple[Source, ...]:
    """A line that is nothing but links or addresses: what a lone "Sumber:" was waiting for."""
    links = tuple(link for link in block.links if link.url and link.text)
    if links and _covered(block.text, links):
        return tuple(Source(link.text, link.url) for link in links)
    addresses = URL.findall(block.text)
    if addresses and not words_of(URL.sub(" ", block.text)):
        return _by_address(addresses, "", links, "text")
    return (Source(block.text, None),) if DOMAIN.fullmatch(block.text) else ()


def is_empty_label(label: str) -> bool:
    """A label that names nobody: "click disini", "Sumber"."""
    return not normal(label) or bool(CLICK.fullmatch(label)) or normal(label) in ("sumber", "source")


# --- republish notices ------------------------------------------------------------------------------------------------

_REPUBLISHED = re.compile(
    r"[(\[*]{0,2}(?:catatan:? )?(?:artikel|berita|tulisan|pos|postingan|konten|naskah|opini|kolom|laporan|esai|cerita|this (?:article|story|post)|informasi)"
    r"(?: (?:ini|asli|tersebut|berjudul .{1,200}))? .{0,60}?"
    r"(?:telah|sudah|pernah|pertama kali|lebih dulu|lebih dahulu|sebelumnya|terlebih dahulu|merupakan|was|has been|juga)\b.{0,60}?"
    r"\b(?:tayang|naik|terbit|dimuat|dipublikasikan|diterbitkan|ditayangkan|tampil|diunggah|diposting|disiarkan|published|appeared|posted|republikasi|kerja sama|kerjasama)\b"
    r"(?P<rest>.{0,20}\b(?:di|pada|oleh|dari|dengan judul|in|on|at|by)\b.{1,600}|\W*(?:selengkapnya|klik).{0,200})",
    re.I | re.S,
)
_READ_ORIGINAL = re.compile(
    r"(?:baca|simak|lihat) (?:artikel|berita|selengkapnya)(?: asli| selengkapnya)?(?: (?:dari|di))? ?[\w.]{2,40},? [\"“'‘].{1,250}[\"”'’]? (?:selengkapnya|di sini|disini)\b.{0,300}",
    re.I,
)
_OUTLET = re.compile(
    r"\b(?:di|pada|oleh|dari|in|on|at|by)\s+(?:laman |situs |portal |website |media )?(?P<name>\w[\w\-]{1,40}(?:\.[\w\-]{2,30}){0,3}(?: [A-Z][\w\-]{1,30}(?:\.[a-z]{2,6})?){0,3})"
)


def read_republished(block: Block) -> Source | None:
    """ "Artikel ini telah tayang di X dengan judul ...": where the text stood first, with its address when given."""
    text = block.text
    if len(text) > 2 * LINE_LIMIT or not (_REPUBLISHED.fullmatch(text) or _READ_ORIGINAL.fullmatch(text)):
        return None
    address = URL.search(text)
    url = next((link.url for link in block.links if link.url), None)
    url = url or (address.group().rstrip(".,;:)]}'\"") if address else None)
    m = _OUTLET.search(text)
    name = m["name"].rstrip(".") if m else None
    if url is None and (
        name is None or not (DOMAIN.fullmatch(name) or name[0].isupper() or re.search(r"klik|dengan judul", text))
    ):
        return None
    return Source(name, url, "republished")


# --- credits ----------------------------------------------------------------------------------------------------------

_ROLES = {
    "penulis": "author", "author": "author", "writer": "author", "oleh": "author", "by": "author", "ditulis oleh": "author",
    "diposting oleh": "author", "diposkan oleh": "author", "posted by": "author", "teks": "author", "naskah": "author",
    "reporter": "reporter", "pewarta": "reporter", "wartawan": "reporter", "jurnalis": "reporter", "liputan": "reporter",
    "laporan": "reporter", "peliput": "reporter", "koresponden": "reporter", "repoter": "reporter",
    "editor": "editor", "penyunting": "editor", "redaktur": "editor", "redaktur pelaksana": "editor", "uploader": "editor",
    "redpel": "editor", "sunting": "editor", "penyelaras": "editor", "penanggung jawab": "editor", "produser": "editor",
    "kontributor": "contributor", "contributor": "contributor", "penyumbang": "contributor",
    "penerjemah": "translator", "alih bahasa": "translator", "translator": "translator",
    "fotografer": "photographer", "pewarta foto": "photographer", "photographer": "photographer", "juru foto": "photographer",
    "ilustrator": "illustrator", "videografer": "videographer", "kameramen": "videographer", "infografis": "illustrator",
}  # fmt: skip
_ROLE = "|".join(sorted(_ROLES, key=len, reverse=True))
_CREDIT = re.compile(rf"(?P<role>{_ROLE})(?:/(?:{_ROLE}))? ?[:：] ?", re.I)
_ROLE_LAST = re.compile(
    r"(?P<name>[A-Z][\w.'’-]+(?: [A-Z][\w.'’-]*){0,4}) (?P<role>Editor|Author|Reporter|Penulis|Redaktur|Jurnalis|Wartawan)"
)
_NAME = re.compile(r"[^\W\d_][\w.'’&@/-]*(?:,? (?:[^\W\d_][\w.'’&@/-]*|&)){0,11}\.?")
_BYLINE = re.compile(
    r"(?:oleh|by|ditulis oleh|diposting oleh|diposkan oleh|posted by)[: ]\s?(?P<name>[^\d|:]{2,60})(?P<rest>.*)", re.I
)
_DESK = re.compile(r"[(\[]\s?[A-Za-z]{2,5}\d{0,3}(?:\s?[/|\-,]\s?[A-Za-z]{2,6}\d{0,3}){0,3}\s?[)\]]\.?")
_DESK_SLASH = re.compile(r"[a-z]{2,4}/[a-z]{2,4}(?:/[a-z]{2,4})?")
_BRACKETED = re.compile(r"\((?P<name>[A-Z][\w'’-]+\.?(?: [A-Z][\w'’-]*\.?){1,3}) ?\)")
_CITED = re.compile(
    r"\b(?:hr|qs|h\.?r|q\.?s|hadis|hadits|hadist|riwayat|surat|surah|imam|al|an|as|ash|at|ar|az|muttafaq|muslim|bukhari|tirmidzi|abu|ibnu?|bin|kitab"
    r"|mazmur|yohanes|matius|lukas|markus|kejadian|amsal|red|ayat|wallahu|aamiin|amin|bersambung|tamat|selesai|habis|end|foto|bab|pasal|lihat|baca|ali)\b"
)


def read_credits(block: Block) -> tuple[Credit, ...]:
    """ "Editor: X", "(Reporter: A | Editor: B)", "Pewarta: AEditor: B": the people of a whole line."""
    text = block.text.strip(" ()[]*-–—|•")
    if len(text) > LINE_LIMIT:
        return ()
    heads = [m for m in _CREDIT.finditer(text) if _starts_role(text, m)]
    if not heads or heads[0].start() != 0:
        return _role_last(text)
    ends = [m.start() for m in heads[1:]] + [len(text)]
    found = []
    for m, end in zip(heads, ends, strict=True):
        name = text[m.end() : end].strip(" |;,/-–—")
        if not name:
            continue
        if not _is_person(name):
            return ()
        found.append(Credit(_ROLES[m["role"].casefold()], name))
    return tuple(found)


def _starts_role(text: str, m: re.Match[str]) -> bool:
    """A role starts the line, follows a mark, or is glued to a name as a capital after a small letter."""
    before = text[m.start() - 1] if m.start() else " "
    return not before.isalnum() or (m["role"][0].isupper() and before.islower())


def _is_person(name: str) -> bool:
    plain = URL.sub(" ", name).strip()
    if not _NAME.fullmatch(plain) or SAYING.search(plain.casefold()):
        return False
    words = words_of(plain)
    return like_headline(plain.rstrip(".")) or len(words) <= 3


def _role_last(text: str) -> tuple[Credit, ...]:
    m = _ROLE_LAST.fullmatch(text)
    return (Credit(_ROLES[m["role"].casefold()], m["name"]),) if m else ()


def read_byline(block: Block) -> tuple[Credit | None, str | None]:
    """ "Oleh Budi Santoso pada 3 Juni 2022, 18:45 WIB" at the head: the author and what follows the name."""
    m = _BYLINE.fullmatch(block.text) if len(block.text) <= 140 else None
    if not m:
        return None, None
    name = re.sub(
        r"\s(?:pada|on|di|at|-|,|senin|selasa|rabu|kamis|jumat|jum'at|sabtu|minggu)\s*$",
        "",
        m["name"].strip(" ,-–—|"),
        flags=re.I,
    )
    if not _is_person(name) or len(words_of(name)) > 6 or not like_headline(name):
        return None, None
    return Credit("author", name), m["rest"].strip() or None


def read_initials(block: Block) -> Credit | None:
    """Desk initials that close an article, "(wsw/wsw)", "(kha)", or an editor's name in brackets."""
    text = block.text.strip()
    if len(text) > 60 or _CITED.search(text.casefold()):
        return None
    if _DESK.fullmatch(text) or _DESK_SLASH.fullmatch(text):
        return Credit("initials", text.strip("()[]. "))
    m = _BRACKETED.fullmatch(text)
    return Credit("editor", m["name"].strip()) if m else None


# --- tags and counters ------------------------------------------------------------------------------------------------

_TAGS = re.compile(
    r"(?:label|labels|tags?|tagar|kategori|categor(?:y|ies)|topik|topics?|kata kunci|keywords?|ditandai|dikategorikan dalam|filed under|tagged)(?: (?:terkait|artikel|berita|with))? ?[:：#] ?(?P<value>.+)",
    re.I,
)
_HASHTAGS = re.compile(r"(?:#[\w-]{2,40}[ ,]*){1,30}")
_VIEWS = re.compile(
    r"(?:telah |sudah )?(?:dibaca|dilihat|ditonton|views?|hits?|pembaca|tayangan|read)\s?:?\s(?:sebanyak )?(?P<a>[\d.,]+\s?(?:k|rb|ribu|jt|juta)?)\s?(?:x|kali|orang|times|views?|pembaca)?"
    r"|(?P<b>[\d.,]+\s?(?:k|rb|ribu|jt|juta)?)\s?(?:x|kali)?\s?(?:views?|dibaca|dilihat|hits?|reads?|pembaca|tayangan|kali dibaca|kali dilihat)",
    re.I,
)


def read_tags(block: Block) -> tuple[str, ...]:
    """ "Label: a, b" or a line of hashtags."""
    text = block.text
    if len(text) > 2 * LINE_LIMIT:
        return ()
    if _HASHTAGS.fullmatch(text):
        return tuple(t.strip("#, ") for t in text.split("#") if t.strip("#, "))
    m = _TAGS.fullmatch(text)
    if not m or m["value"].rstrip().endswith((".", "?", "!")):
        return ()
    parts = [p.strip(" #.") for p in re.split(r"[,;|•·#]", m["value"])]
    parts = [p for p in parts if p]
    if not parts or any(len(words_of(p)) > 6 for p in parts) or SAYING.search(m["value"].casefold()):
        return ()
    return tuple(parts)


def read_views(block: Block) -> str | None:
    """ "Dibaca 1.234 kali": the count as written."""
    m = _VIEWS.fullmatch(block.text.strip(" .|()")) if len(block.text) <= 60 else None
    return (m["a"] or m["b"]).strip() if m else None


# --- captions ---------------------------------------------------------------------------------------------------------

_WHO = r"[^\s|()\[\]][^|()\[\]]{0,60}?"
_TRAILING = re.compile(
    rf"(?P<text>.{{0,600}}?)[\s|/,\-–—]*[|/\-–—(,.][\s|/\-–—(]*(?:courtesy(?: of)?|foto(?: oleh)?|photo(?: by)?|image|gambar|kredit(?: foto)?|credit|dok(?:umentasi)?\.?|sumber(?: foto| gambar)?)(?: by| of| oleh)? ?[:.]? (?P<credit>{_WHO})[\s|)\].]*",
    re.I,
)
_BRACKET = re.compile(
    r"(?P<text>.{0,1200}?)\s?[(\[](?P<credit>(?:(?:foto|photo|sumber|source|dok|dokumentasi|gambar|image|ist|istimewa|credit|kredit|ilustrasi|courtesy|doc)\b[^()\[\]]{0,80}"
    r"|[^()\[\]/]{1,40}/[^()\[\]]{1,60}|[A-Z]{2,10}(?: (?:PHOTO|FOTO|Photo|Foto))?))[)\]]\W{0,3}",
)
_SIGN = re.compile(r"(?P<text>[^©]{0,600}?)[\s/|\-–—.]*(?:©|\(c\))\s?(?P<credit>[^©].{1,100})", re.I)
_SLASH_AGENCY = re.compile(
    r"(?P<text>.{3,400}?)\s?[/|\-–—]\s?(?P<credit>(?:Antara|ANTARA|AFP|AP|Reuters|REUTERS|Getty Images?|Shutterstock|Freepik|Pixabay|Unsplash|Pexels|Istimewa|istimewa|EPA|Xinhua|Anadolu|iStock(?:photo)?|Wikipedia|Wikimedia)(?: (?:Foto|Photo|Images|Commons|Agency))?(?:/[\w .]{2,40})?)[\s|.]*"
)
_LEADING = re.compile(
    r"(?:foto|photo|gambar|ilustrasi|dok\.?|dokumentasi|image|kredit foto|courtesy)(?: (?:ilustrasi|oleh|by|of))? ?[:./] ?(?P<credit>.{2,200})",
    re.I,
)
_ILLUSTRATION = re.compile(r"(?:foto )?(?:ilustrasi|dokumentasi|dok)\b[ .:/(-]?.{1,150}", re.I)
_PREFIX = re.compile(
    r"(?P<credit>[\w.]{2,30}(?:\.com|\.COM)/[A-Z .'/]{3,60}?|ANTARA(?: FOTO)?/[\w .]{3,40}?|REUTERS/[\w .]{3,40}?|(?:AFP|AP)(?: PHOTO)?(?:/[\w .]{3,40}?)?|Dok\. ?\w+) (?=[A-Z][a-z]).{3,500}"
)
_CREDIT_WORDS = re.compile(
    r"^(?:foto|photo|sumber|source|dok|dokumentasi|gambar|image|credit|kredit|courtesy|doc)(?: (?:foto|gambar|oleh|by|of))? ?[:.]? ?",
    re.I,
)


def parse_caption(text: str) -> Caption:
    """A caption and its credit. A credit set off by a dash or bar leaves the text; one in brackets or after © stays."""
    for pattern in (_TRAILING, _SLASH_AGENCY):
        m = pattern.fullmatch(text)
        if m and m["text"].strip() and not text.rstrip().endswith((")", "]")):
            return Caption(m["text"].strip(" |/-–—,"), m["credit"].strip(" |.,") or None)
    for pattern in (_BRACKET, _SIGN, _PREFIX, _LEADING):
        m = pattern.fullmatch(text)
        if m:
            return Caption(text.strip(" |"), _CREDIT_WORDS.sub("", m["credit"]).strip(" |.,()") or None)
    return Caption(text.strip(" |"), None)


def read_caption(block: Block, at_head: bool) -> Caption | None:
    """A plain line that is a photo caption by its credit. Away from the head only a credit that cannot be prose counts."""
    text = block.text
    if len(text) > 2 * LINE_LIMIT:
        return None
    if _SIGN.fullmatch(text) and len(text) <= LINE_LIMIT and not text.endswith(".") or _is_bracket(text):
        return parse_caption(text)
    if _ILLUSTRATION.fullmatch(text) and len(words_of(text)) <= (14 if at_head else 5) and not _ends_sentence(text):
        return parse_caption(text)
    if not at_head or len(text) > LINE_LIMIT:
        return None
    leading = _LEADING.fullmatch(text)
    if leading:
        return None if _ends_sentence(text) or leading["credit"][0].islower() else parse_caption(text)
    if (
        _TRAILING.fullmatch(text)
        or _SLASH_AGENCY.fullmatch(text)
        or (_PREFIX.fullmatch(text) and not _ends_sentence(text))
    ):
        caption = parse_caption(text)
        return caption if caption.credit and len(words_of(caption.credit)) <= 6 else None
    return None


def _is_bracket(text: str) -> bool:
    m = _BRACKET.fullmatch(text)
    if not m or not m["text"].strip() or _CITED.search(m["credit"].casefold()):
        return False
    credit = m["credit"]
    marked = _CREDIT_WORDS.match(credit + " ") or ("/" in credit and credit[0].isupper() and len(credit) > 8)
    return bool(marked) and not re.search(r"[\"”]\W*$", m["text"]) and len(words_of(m["text"])) <= 90


def _ends_sentence(text: str) -> bool:
    return text.rstrip(" \"”'’)").endswith((".", "?", "!", ":")) and len(words_of(text)) > 4


_PHOTO_CREDIT = re.compile(
    r"[(\[]?\s?(?:foto|photo|gambar|kredit foto|photo credit|image)(?: (?:oleh|by|ilustrasi))? ?[:/] ?(?P<name>[^()\[\]:]{2,60}?)\s?[)\]]?\.?",
    re.I,
)


def read_photo_credit(block: Block) -> Credit | None:
    """ "(Foto: Antara)" by itself: whose the photo is."""
    m = _PHOTO_CREDIT.fullmatch(block.text.strip())
    if not m or not _is_name(m["name"]) or m["name"][0].islower() and len(words_of(m["name"])) > 2:
        return None
    return Credit("photographer", m["name"].strip())
