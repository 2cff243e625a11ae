"""Lines that name people, tags or counts: each reader takes a whole line and gives its values, or nothing."""

from __future__ import annotations

import re

from kliping.model import Credit
from parsers.block import Block
from parsers.dates import WEEKDAYS, is_stamp
from parsers.lines import LINE_LIMIT, SAYING, like_headline, normal, words_of
from parsers.names import DESKS, bare_name, is_outlet, without_mark
from parsers.sources import URL, is_name

_ROLE_WORDS = {
    "author": "penulis,author,writer,oleh,by,ditulis oleh,diposting oleh,diposkan oleh,posted by,written by,teks"
    ",naskah,teks dan foto,foto dan teks,naskah dan foto,penulis dan fotografer,foto/teks,teks/foto",
    "reporter": "reporter,repoter,pewarta,wartawan,jurnalis,liputan,laporan,peliput,koresponden,laporan reporter"
    ",laporan wartawan,laporan jurnalis,laporan kontributor,rep",
    "editor": "editor,penyunting,redaktur,redaktur pelaksana,redpel,sunting,uploader,penyelaras,produser,edited by,red",
    "contributor": "kontributor,contributor,penyumbang",
    "translator": "penerjemah,alih bahasa,translator",
    "photographer": "fotografer,pewarta foto,photographer,juru foto,foto oleh",
    "illustrator": "ilustrator,infografis",
    "videographer": "videografer,kameramen",
}
ROLES = {word: role for role, words in _ROLE_WORDS.items() for word in words.split(",")}
BRIEF_ROLES = frozenset(("rep", "red"))  # Republika's; also how other words begin
_ROLE = "|".join(sorted(ROLES, key=len, reverse=True))
# "Editor Bahasa:", "Kontributor Malang:", "Editor / Penulis:"
_BESIDE_ROLE = (
    r"(?: ?/ ?(?:{role}))?(?: (?:naskah|bahasa|foto|video|pelaksana|berita|artikel|konten|web|online|daerah|muda|senior"
    r"|utama|(?-i:[A-Z])[\w.]{{2,20}})){{0,2}}"
)
_CREDIT = re.compile(rf"(?P<role>{_ROLE}){_BESIDE_ROLE.format(role=_ROLE)} ?[:：] ?", re.I)
LAST_ROLES = ("Editor", "Author", "Reporter", "Penulis", "Redaktur", "Jurnalis", "Wartawan")
_ROLE_LAST = re.compile(
    rf"(?P<name>[A-Z][\w.'’-]+(?: [A-Z][\w.'’-]*){{0,4}})(?:,| ?[-–|])? (?P<role>{'|'.join(LAST_ROLES)})"
)
_NAME = re.compile(r"[^\W\d_][\w.'’&@/-]*(?:(?:, ?| )(?:[^\W\d_][\w.'’&@/-]*|&)){0,11}\.?")
_BYLINE = re.compile(
    r"(?P<lead>oleh|by|ditulis oleh|diposting oleh|diposkan oleh|dicatat oleh|diterbitkan oleh|dipublikasikan oleh"
    r"|diunggah oleh|diupload oleh|posted by|published by|written by|dibuat oleh|disusun oleh|dikirim oleh"
    r"|dirangkum oleh"
    r"|dilaporkan oleh|(?:story|text|words|reported|report|article) by)"
    r"[: ]\s?(?P<name>[^\d|:]{2,60})(?P<rest>.*)",
    re.I,
)
_DESKED = re.compile(
    r"(?P<name>[A-Z][\w.'’-]{0,20}(?: [A-Z][\w.'’-]{0,20}){0,4}|[Tt]im [\w ]{2,20}) ?[-–—|/,•·] ?"
    r"(?P<desk>[^\d–—|/,•·]{2,40}?(?<! )|Liputan ?6(?:\.com)?)(?P<rest>(?: ?[-–—|/,•·] ?.{3,60})?)"
)
_STAMPED_BY = re.compile(r"(?P<stamp>.{6,60}?)[ ,|–—•·-]{1,3}(?:by|oleh):? (?P<name>[^\d|:]{2,60})", re.I)
_SINCE_AFTER = re.compile(r"(?P<name>[A-Z][^\d|]{2,40}?) ?[-–—|•·] ?(?P<since>[\w ]{4,40})")
_STAMP_FIRST = re.compile(r"(?P<stamp>.{6,60}?) ?[|–—•·] ?(?P<name>[^\d|:]{2,40})")
_SET_OFF = re.compile(r"[|–—•·/-]")
_POSTED = re.compile(r"di(?!buat|susun|kirim|rangkum|lapor)|posted|published|written", re.I)  # a form of a blog's own
_DAYS = "|".join(sorted((day for day in WEEKDAYS if len(day) > 3), key=len, reverse=True))
_NAMED_STAMP = re.compile(
    rf"(?P<lead>[^\d]{{2,60}}?)(?P<mark>[\s,|–—•·/-]{{1,4}})"
    rf"(?P<stamp>(?:(?:{_DAYS})[\s,.]{{0,2}})?\d{{1,2}}[ /-].{{6,50}})",
    re.I,
)
_LEAD_ROLE = re.compile(r"\b(?:jurnalis|reporter|wartawan|penulis|kontributor|oleh|admin|redaksi|tim)\b", re.I)
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
    r"\([a-z]{2,9}(?:/[a-z0-9][a-z0-9.]{0,9}){1,3}\)"
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
    if not (":" in text or "：" in text) or not _CREDIT.match(text):
        return _role_last(text) if text.endswith(LAST_ROLES) else ()
    heads = [m for m in _CREDIT.finditer(text) if _starts_role(text, m)]
    ends = [m.start() for m in heads[1:]] + [len(text)]
    found = []
    for m, end in zip(heads, ends, strict=True):
        name = text[m.end() : end].strip(" |;,/-–—")
        if not name:
            continue
        if not _is_person(name) or (m["role"].casefold() in BRIEF_ROLES and not like_headline(name)):
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


_PLACED = re.compile(r"(?<=\w) ?\([^()\d]{2,40}\)$")  # "Rina Dewi (Malang)"


def _is_person(name: str) -> bool:
    plain = _PLACED.sub("", URL.sub(" ", name).strip())
    if not _NAME.fullmatch(plain) or SAYING.search(plain.casefold()):
        return False
    words = words_of(plain)
    return like_headline(plain.rstrip(".")) or len(words) <= 3 or like_headline(bare_name(plain))


def _role_last(text: str) -> tuple[Credit, ...]:
    m = _ROLE_LAST.fullmatch(text)
    return (Credit(ROLES[m["role"].casefold()], m["name"]),) if m else ()


def may_sign(text: str) -> bool:
    """The figures of a date, or how a blog's byline begins: away from the head nothing else says who wrote."""
    return text[:2].casefold() in ("di", "po", "pu", "wr", "by", "ol") or _DATED.search(text) is not None


def read_byline(
    block: Block, at_head: bool = True, author: str | None = None, site: str | None = None
) -> tuple[Credit | None, str | None]:
    """ "Oleh Budi Santoso pada 3 Juni 2022, 18:45 WIB": the author and date; away from the head a blog's form only.

    At the head also the bare name of the page's `author`, and a name before that of the `site`.
    """
    text = block.text
    if at_head and len(text) <= 80 and (name := _known(text, author, site)):
        return Credit("author", name), None
    if len(text) > 140:
        return None, None
    if at_head and _is_desk(text):
        return Credit("author", text), None
    dated = _DATED.search(text) is not None
    m = _STAMP_BY.fullmatch(text) if dated else None
    if m and is_stamp(m["stamp"]) and len(words_of(m["name"])) <= 6:
        return Credit("author", m["name"].strip()), m["stamp"]
    m = _BYLINE.fullmatch(text)
    if m and (at_head or _POSTED.match(m["lead"]) or (not m["rest"] and _is_full_name(m["name"].strip()))):
        name = _PLACED.sub("", _NAME_END.sub("", m["name"].partition(" / ")[0].strip(" ,-–—|*")))
        bare = bare_name(name)
        signed = like_headline(bare) or _POSTED.match(m["lead"]) or name.casefold() in DESKS
        if _is_person(name) and len(words_of(bare)) <= 6 and signed:
            return Credit("author", without_mark(name)), m["rest"].strip() or None
    if not at_head:
        return None, None
    if desked := _desked(text) or _named_since(text):
        return desked
    return _named_stamp(text) if dated else (None, None)


def _desked(text: str) -> tuple[Credit, str | None] | None:
    """ "Rina Dewi - detikNews", "Rina Dewi, Kompas.com - 3 jam lalu": a name, an outlet, at most a stamp."""
    m = _DESKED.fullmatch(text) if len(text) <= 100 else None
    if m is None or not is_outlet(m["desk"]):
        return None
    rest = m["rest"].strip(" -–—|/,•·")
    return (Credit("author", m["name"]), rest or None) if not rest or is_stamp(rest, relative=True) else None


def _named_since(text: str) -> tuple[Credit, str | None] | None:
    """ "Rina Dewi - 3 jam lalu"."""
    m = _SINCE_AFTER.fullmatch(text)
    told = m is not None and is_stamp(m["since"], relative=True) and _is_full_name(m["name"])
    return (Credit("author", m["name"]), m["since"]) if m and told else None


def _named_stamp(text: str) -> tuple[Credit | None, str | None]:
    """ "Budi Santoso, Jurnalis-Jum'at 3 Juni 2022 18:45 WIB": a stamp with a name or a place before it, and a time.

    Without a time the name must be set off by a stroke: "Jakarta, 3 Juni 2022" is how a letter begins.
    """
    if (by := _STAMPED_BY.fullmatch(text)) and is_stamp(by["stamp"]) and _signs(by["name"]):
        return Credit("author", by["name"].strip()), by["stamp"]
    if (on := _STAMP_FIRST.fullmatch(text)) and is_stamp(on["stamp"]) and _is_full_name(on["name"].strip()):
        return None, on["stamp"]  # a name or a rubric: only the date is sure
    m = _NAMED_STAMP.fullmatch(text)
    if m is None or not is_stamp(m["stamp"]) or len(words_of(m["lead"])) > 6 or not like_headline(bare_name(m["lead"])):
        return None, None
    role, set_off = _LEAD_ROLE.search(m["lead"]), _SET_OFF.search(m["mark"]) is not None
    name = _LEAD_ROLE.sub("", m["lead"]).strip(" ,-–—|") if role else m["lead"] if set_off else ""
    name = name if role or _is_full_name(name) else ""
    if not (role or name or re.search(r"\d[:.]\d\d", m["stamp"])):
        return None, None
    return (Credit("reporter", name) if name else None), m["stamp"]


def _is_desk(text: str) -> bool:
    """ "Tim Redaksi", "Penulis Admin"."""
    role, _, name = text.casefold().partition(" ")
    return text.casefold() in DESKS or (role in ROLES and name in DESKS) or _REDAKSI.fullmatch(text) is not None


_REDAKSI = re.compile(r"(?:Tim )?Redaksi(?: [A-Z][\w.]+){1,3}")


def _signs(name: str) -> bool:
    return name.strip().casefold() in DESKS or (_is_person(name) and like_headline(bare_name(name)))


def _is_full_name(name: str) -> bool:
    """Two to four capitalised words, none of them an outlet's."""
    words = words_of(bare_name(name))
    return (
        2 <= len(words) <= 4 and all(word[0].isupper() for word in words) and not is_outlet(name) and _is_person(name)
    )


_STAMP_BY = re.compile(
    r"(?:posted|published|diposting(?:kan)?|diposkan|diterbitkan|dipublikasikan|diunggah|ditulis)(?: on| at| pada"
    r"| tanggal| tgl){0,2}:? (?P<stamp>.{6,60}?)[ ,|–-]{1,3}(?:by|oleh):? (?P<name>[^\d|:]{2,60})",
    re.I,
)


def _known(text: str, author: str | None, site: str | None) -> str | None:
    """The name in a line that is the author's, between roles and a stamp, or a name and the site's after it."""
    line = normal(text)
    told = normal(author or "")
    if told and told in line and _says_no_more(line.replace(told, " | ", 1), site):
        return author
    own = normal(site or "")
    if not own or not line.endswith(own):
        return None
    name = text[: len(text) - len(site or "")] if text.endswith(site or "") else ""
    bare = name.rstrip(" ,-–—|/")
    said = bare != name.rstrip() and len(words_of(bare)) <= 5 and like_headline(bare) and _is_person(bare)
    return bare if said else None


def _says_no_more(rest: str, site: str | None) -> bool:
    """Whether what stands beside a name is a role, the site's own name, an outlet or a stamp."""
    parts = [part.strip(" .,:;-–—/•·") for part in rest.split("|")]
    own = normal(site or "")
    return all(
        not part
        or part in ROLES
        or part == own
        or is_outlet(part)
        or part.endswith(" oleh")
        or is_stamp(part, relative=True)
        for part in parts
    )


_DATED = re.compile(r"\d\D*+\d\D*+\d")  # the least figures of a date
_NAME_END = re.compile(r"\s(?:pada|on|di|at|-|,|senin|selasa|rabu|kamis|jumat|jum'at|sabtu|minggu)\s*$", re.I)


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


def read_photo_credit(block: Block) -> Credit | None:
    """ "(Foto: Antara)" by itself: whose the photo is."""
    m = _PHOTO_CREDIT.fullmatch(block.text.strip())
    name = (m["name"] or m["name2"] or m["name3"]).strip() if m else ""
    if not name or not is_name(name) or (name[0].islower() and len(words_of(name)) > 2):
        return None
    return Credit("photographer", name)


def is_desk_line(text: str) -> bool:
    """Initials with a stroke, "(wsw/wsw)": so plain that they may stand anywhere, as before a second page."""
    return len(text) <= 24 and bool(_DESK_MARK.fullmatch(text))


# --- tags and counters ------------------------------------------------------------------------------------------------

_PILE = 8000  # characters of a pile of search words
_TAGS = re.compile(
    r"(?:label|labels|tags?|tagar|kategori|categor(?:y|ies)|topik|topics?|kata kunci|keywords?|ditandai|tagged"
    r"|dikategorikan dalam|filed under)(?: (?:terkait|artikel|berita|with|seputar [^:]{3,80}))? ?[:：#] ?"
    r"|(?:ditandai(?: dengan)?|dikategorikan (?:dalam|pada|di|sebagai)|posted in|tagged(?: with| as)?"
    r"|filed under) (?=\S)",
    re.I,
)
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


def split_tags(text: str) -> tuple[str, ...]:
    """The parts of a list of short terms; none when it reads as anything else."""
    parts = [p for part in re.split(r"[,;|•·#]", text) if (p := part.strip(" #."))]
    if (text.rstrip().endswith((".", "?", "!")) and len(parts) < 10) or SAYING.search(text.casefold()):
        return ()
    longest = 12 if len(parts) >= 20 else 7
    return () if any(len(words_of(p)) > longest for p in parts) else tuple(parts)


def read_views(block: Block) -> str | None:
    """ "Dibaca 1.234 kali": the count as written."""
    m = _VIEWS.fullmatch(block.text.strip(" .|()")) if len(block.text) <= 60 else None
    return (m["a"] or m["b"] or m["c"]).strip() if m else None
