"""Lines that name people, tags or counts: each reader takes a whole line and gives its values, or nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kliping.model import Credit
from parsers.block import Block
from parsers.lines import LINE_LIMIT, SAYING, like_headline, words_of
from parsers.names import bare_name
from parsers.sources import URL, is_name

_ROLE_WORDS = {
    "author": "penulis,author,writer,oleh,by,ditulis oleh,diposting oleh,diposkan oleh,posted by,written by,teks"
    ",naskah,teks dan foto,foto dan teks,naskah dan foto,penulis dan fotografer,foto/teks,teks/foto",
    "reporter": "reporter,repoter,pewarta,wartawan,jurnalis,liputan,laporan,peliput,koresponden,tim liputan"
    ",laporan reporter"
    ",laporan wartawan,laporan jurnalis,laporan kontributor,rep",
    "editor": "editor,penyunting,redaktur,redaktur pelaksana,redpel,sunting,uploader,penyelaras,produser,edited by,red",
    "contributor": "kontributor,contributor,penyumbang,pengirim,narasi",
    "translator": "penerjemah,alih bahasa,translator",
    "photographer": "fotografer,pewarta foto,photographer,juru foto,foto oleh",
    "illustrator": "ilustrator,infografis,infografik,grafis,desain grafis",
    "videographer": "videografer,kameramen",
}
ROLES = {word: role for role, words in _ROLE_WORDS.items() for word in words.split(",")}
BRIEF_ROLES = frozenset(("rep", "red"))  # Republika's; also how other words begin
_LOUD_ONLY = BRIEF_ROLES | {"grafis", "narasi", "pengirim", "infografik"}  # only before a name in capitals
_ROLE = "|".join(sorted(ROLES, key=len, reverse=True))
# "Editor Bahasa:", "Kontributor Malang:", "Editor / Penulis:"
_BESIDE_ROLE = (
    r"(?:(?: ?[/&] ?| dan )(?:{role}))?(?: (?:naskah|bahasa|foto|video|pelaksana|berita|artikel|konten|web|online"
    r"|daerah|muda|senior"
    r"|utama|(?-i:[A-Z])[\w.]{{2,20}})){{0,2}}"
)
CREDIT = re.compile(rf"(?P<role>{_ROLE}){_BESIDE_ROLE.format(role=_ROLE)} ?[:：] ?", re.I)
_ROLES_BEGIN = frozenset(role[:2] for role in ROLES)
LAST_ROLES = ("Editor", "Author", "Reporter", "Penulis", "Redaktur", "Jurnalis", "Wartawan")
_ROLE_LAST = re.compile(
    rf"(?P<name>[A-Z][\w.'’-]+(?: [A-Z][\w.'’-]*){{0,4}})(?:,| ?[-–|])? (?P<role>{'|'.join(LAST_ROLES)})"
)
_NAME = re.compile(r"[^\W\d_][\w.'’&@/-]*(?:(?:, ?| )(?:[^\W\d_][\w.'’&@/-]*|&)){0,11}\.?")
_REPORT = re.compile(
    r"laporan (?:langsung )?(?:wartawan|reporter|kontributor|jurnalis|koresponden) "
    r"(?P<outlet>[\w. ]{2,40}?)(?:[,:]|(?<=\.com)(?= )|(?<=\.id)(?= ))"
    r" ?(?P<name>[^,.:]{3,50})\.?",
    re.I,
)
_BRACKET_NAMES = re.compile(r"\((?:[A-Z*][\w.' *-]{0,25}/){1,3}[\w.' *-]{1,25}\)|\(\*/[\w ]{2,20}\)")
_ROLE_BRACKET = re.compile(
    r"[(\[](?P<role>kontributor|reporter|wartawan|jurnalis|penulis|editor) (?P<name>[^():\[\]]{3,60})[)\]]", re.I
)
_HELPED = re.compile(
    r"(?P<name>[^.,:;]{3,60}(?:(?:,| dan) [^.,:;]{3,60}){0,3}) (?:turut |ikut |juga )?berkontribusi (?:dalam|pada"
    r"|untuk) (?:penulisan |pembuatan |penyusunan |peliputan )?(?:artikel|laporan|berita|tulisan|liputan) ini\.?",
    re.I,
)
_LOUD_NAMES = re.compile(
    r"[A-Z][A-Z.' -]{2,40}(?: ?\| ?[A-Z][A-Z.' -]{2,40}){1,4}|[A-Z][A-Z.' -]{2,40} \(KONTRIBUTOR\)"
)
_DESK = re.compile(
    r"\([a-z]{2,9}(?:/[A-Za-z0-9][A-Za-z0-9.]{0,9}){1,3}\)"
    r"|[(\[]\s?[A-Za-z]{2,5}\d{0,3}(?:\s?[/|\-,]\s?(?:[A-Za-z]{2,6}\d{0,3}|\*)){0,3}\s?[)\]]\.?|\([A-Z]{1,3}-\d{1,2}\)"
)
_DESK_MARK = re.compile(r"\([a-z]{2,5}(?:/[a-z]{2,5}){1,2}\)")
_DESK_SLASH = re.compile(r"[a-z]{2,4}/[a-z]{2,4}(?:/[a-z]{2,4})?")
_BRACKETED = re.compile(r"\((?P<name>[A-Z][\w'’-]+\.?(?: [A-Z][\w'’-]*\.?){1,3}) ?\)")
CITED = re.compile(
    r"\b(?:atau|hr|qs|h\.?r|q\.?s|hadis|hadits|hadist|riwayat|surat|surah|imam|al|an|as|ash|at|ar|az|muttafaq|muslim"
    r"|bukhari|tirmidzi|abu|ibnu?|bin|kitab"
    r"|mazmur|yohanes|matius|lukas|markus|kejadian|amsal|ayat|wallahu|aamiin|amin|bersambung|tamat|selesai"
    r"|habis|end|bab|pasal|ali)\b"
)


def read_credits(block: Block) -> tuple[Credit, ...]:
    """ "Editor: X", "(Reporter: A | Editor: B)", "Pewarta: AEditor: B": the people of a whole line."""
    if len(block.text) > LINE_LIMIT:
        return ()
    text = block.text.strip(" ()[]*-–—|•")
    text = f"{text})" if text.count("(") > text.count(")") else text
    report = _REPORT.fullmatch(text) if text[:7].casefold() == "laporan" else None
    if report and like_headline(report["name"]):
        return (Credit("reporter", report["name"].strip()),)
    if told := _told_otherwise(block.text.strip()):
        return told
    named = (":" in text or "：" in text) and text[:2].casefold() in _ROLES_BEGIN and CREDIT.match(text) is not None
    if not named:
        return _role_last(text) if text.endswith(LAST_ROLES) else ()
    heads = [m for m in CREDIT.finditer(text) if _starts_role(text, m)]
    ends = [m.start() for m in heads[1:]] + [len(text)]
    found = []
    for m, end in zip(heads, ends, strict=True):
        name = text[m.end() : end].strip(" |;,/-–—")
        if not name:
            continue
        if not is_person(name) or (m["role"].casefold() in _LOUD_ONLY and not like_headline(name)):
            return ()
        found.append(Credit(ROLES[m["role"].casefold()], name))
    return tuple(found)


def _told_otherwise(text: str) -> tuple[Credit, ...]:
    """ "(Kontributor Demak, X)", "X berkontribusi dalam penulisan artikel ini", "X | Y" in capitals: no colon."""
    bracket = _ROLE_BRACKET.fullmatch(text) if text.startswith(("(", "[")) else None
    if bracket and like_headline(bracket["name"]):
        return (Credit(ROLES[bracket["role"].casefold()], bracket["name"].strip()),)
    helped = _HELPED.fullmatch(text) if "berkontribusi" in text.casefold() else None
    if helped and like_headline(helped["name"]):
        return (Credit("contributor", helped["name"].strip()),)
    return (Credit("reporter", text),) if text.isupper() and _LOUD_NAMES.fullmatch(text) else ()


def _starts_role(text: str, m: re.Match[str]) -> bool:
    """A role starts the line, follows a mark, or is glued to a name as a capital after a small letter."""
    before = text[m.start() - 1] if m.start() else " "
    return not before.isalnum() or (m["role"][0].isupper() and before.islower())


PLACED = re.compile(r"(?<=\w) ?\([^()\d]{2,40}\)$")  # "Rina Dewi (Malang)"


def is_person(name: str) -> bool:
    plain = PLACED.sub("", URL.sub(" ", name).strip())
    if not _NAME.fullmatch(plain) or SAYING.search(plain.casefold()):
        return False
    words = words_of(plain)
    return like_headline(plain.rstrip(".")) or len(words) <= 3 or like_headline(bare_name(plain))


def _role_last(text: str) -> tuple[Credit, ...]:
    m = _ROLE_LAST.fullmatch(text)
    return (Credit(ROLES[m["role"].casefold()], m["name"]),) if m else ()


def read_initials(block: Block) -> Credit | None:
    """Desk initials that close an article, "(wsw/wsw)", "(kha)", or an editor's name in brackets."""
    text = block.text.strip()
    if len(text) > 60 or not (text.startswith(("(", "[")) or "/" in text) or CITED.search(text.casefold()):
        return None
    if any(form.fullmatch(text) for form in (_DESK, _DESK_SLASH, _BRACKET_NAMES)):
        return Credit("initials", text.strip("()[]. "))
    m = _BRACKETED.fullmatch(text)
    return Credit("editor", m["name"].strip()) if m else None


_PHOTO_CREDIT = re.compile(
    r"[(\[]?\s?(?:foto(?:/ilustrasi|/gambar|-foto)?|photo|gambar|kredit foto|photo credit|image|ilustrasi|illustration"
    r"|infografis|grafis)"
    r"(?: (?:oleh|by|ilustrasi|source|credit))? ?[:/]"
    r" ?(?P<name>[^()\[\]:]{2,60}?)\s?[)\]]?\.?"
    r"|(?:kredit|credits?) ?: ?(?P<name2>[^()\[\]:]{2,60})"
    r"|[(\[]?(?:foto|photo|image|gambar|picture|ilustrasi|illustration) (?:oleh|by|from)"
    r" (?P<name3>[^()\[\]:]{2,60})[)\]]?",
    re.I,
)


_PHOTO_BEGINS = frozenset("([cfgikpCFGIKP")
_DOK = re.compile(r"^dok(?:umentasi)?\b[. :]*(?=[A-Z])")


def read_photo_credit(block: Block) -> Credit | None:
    """ "(Foto: Antara)" by itself: whose the photo is."""
    text = block.text.strip()
    m = _PHOTO_CREDIT.fullmatch(text) if text[:1] in _PHOTO_BEGINS else None
    if m is None:
        return None
    name = _DOK.sub("", (m["name"] or m["name2"] or m["name3"]).strip())
    if not name or not is_name(name) or (name[0].islower() and len(words_of(name)) > 2):
        return None
    return Credit("photographer", name)


def is_desk_line(text: str) -> bool:
    """Initials with a stroke, "(wsw/wsw)": so plain that they may stand anywhere, as before a second page."""
    return len(text) <= 24 and bool(_DESK_MARK.fullmatch(text))


# What is said of a book or a film beside who made it. A producer may be the page's own.
_WORK = re.compile(
    r"\W{0,3}(?:(?:judul|penerbit|tahun terbit|tebal|isbn|pemain|pemeran|sutradara|durasi|genre|rilis|cetakan)\b"
    r"[^:：.]{0,30}[:：]|(?:jumlah )?halaman ?[:：] ?\d{2,4}\b)",
    re.I,
)
_LABELLED = re.compile(r"[^:：.]{2,40}[:：]")
_WORK_LINES = 6  # lines of a work's data between one and the next that is told from the page's own credits


def tells_work(text: str) -> bool:
    """ "Penerbit: Pustaka Desa": a line of the data of a book or a film."""
    return len(text) <= LINE_LIMIT and _WORK.match(text) is not None


def is_of_work(blocks: Sequence[Block], index: int) -> bool:
    """Whether lines with labels that the line stands among tell of a work, whose writer the line then names."""
    for way in (-1, 1):
        for at in range(index + way, index + way * (_WORK_LINES + 1), way):
            if not 0 <= at < len(blocks) or not _LABELLED.match(blocks[at].text) or len(blocks[at].text) > LINE_LIMIT:
                break
            if tells_work(blocks[at].text):
                return True
    return False


# --- tags and counters ------------------------------------------------------------------------------------------------

_PILE = 8000  # characters of a pile of search words
_TAGS = re.compile(
    r"(?:label|labels|tags?|tagar|kategori|categor(?:y|ies)|topik|topics?|kata kunci|keywords?|ditandai|tagged"
    r"|dikategorikan dalam|filed under)(?: (?:terkait|artikel|berita|with|seputar [^:]{3,80}))? ?[:：#] ?"
    r"|(?:ditandai(?: dengan)?|dikategorikan (?:dalam|pada|di|sebagai)|posted in|tagged(?: with| as)?"
    r"|filed under) (?=\S)",
    re.I,
)
_TAGS_BEGIN = frozenset("#cdfklptCDFKLPT")  # and where posts are filed
_FILED = re.compile(r"(?i:ditulis|diposting|dipublikasikan|dimasukkan|posted) (?:dalam|in) (?P<where>[A-Z][^.:]{2,60})")
_HASHTAGS = re.compile(r"(?:#[\w-]{2,40}[ ,]*){1,30}")
_VIEWS = re.compile(
    r"(?:telah |sudah |jumlah |total )?(?:dibaca|dilihat|ditonton|(?:post |page ?)?views?|hits?|pembaca|tayangan"
    r"|pengunjung|kunjungan|visitors?|viewers?|read)\s?:?\s(?:sebanyak"
    r" )?(?P<a>[\d.,]+\s?(?:k|rb|ribu|jt|juta)?)\s?(?:x|kali|orang|times|views?|pembaca)?"
    r"|visited (?P<c>\d[\d.,]*) times?, \d[\d.,]* visit\W?s\W? today"
    r"|(?P<b>[\d.,]+\s?(?:k|rb|ribu|jt|juta)?)\s?(?:x|kali)?\s?(?:views?|dibaca|dilihat|hits?|reads?|pembaca"
    r"|tayangan|kali dibaca|kali dilihat)",
    re.I,
)


def read_tags(block: Block) -> tuple[str, ...]:
    """ "Label: a, b", a line of hashtags, or the search words some sites pile up after "Tag ... :"."""
    if block.text[:1] not in _TAGS_BEGIN:
        return ()
    text = block.text[:_PILE]
    if _HASHTAGS.fullmatch(text):
        return tuple(t.strip("#, ") for t in text.split("#") if t.strip("#, "))
    if (filed := _FILED.fullmatch(text)) and like_headline(filed["where"]):
        return split_tags(filed["where"])
    m = _TAGS.match(text)
    if not m:
        return _tags_unmarked(text) if text[:3].casefold() in ("tag", "lab") else ()
    parts = split_tags(text[m.end() :])
    return parts if len(text) <= LINE_LIMIT or len(parts) >= 10 else ()


def _tags_unmarked(text: str) -> tuple[str, ...]:
    """ "Tags Resep, Camilan": two terms or more, each with a capital."""
    word, _, rest = text.partition(" ")
    parts = split_tags(rest) if word.casefold() in ("tag", "tags", "label", "labels") and "," in rest else ()
    return parts if len(parts) > 1 and all(part[0].isupper() for part in parts) else ()


_PARTS = re.compile(r"[,;|•·#]")


def split_tags(text: str) -> tuple[str, ...]:
    """The parts of a list of short terms; none when it reads as anything else."""
    parts = [p for part in _PARTS.split(text) if (p := part.strip(" #."))]
    if (text.rstrip().endswith((".", "?", "!")) and len(parts) < 10) or SAYING.search(text.casefold()):
        return ()
    longest = 12 if len(parts) >= 20 else 7
    return () if any(len(words_of(p)) > longest for p in parts) else tuple(parts)


def read_views(block: Block) -> str | None:
    """ "Dibaca 1.234 kali": the count as written."""
    m = _VIEWS.fullmatch(block.text.strip(" .|()")) if len(block.text) <= 60 else None
    return (m["a"] or m["b"] or m["c"]).strip() if m else None
