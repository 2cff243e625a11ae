"""Bylines: lines that say who wrote a text and when, with a stamp, an outlet or a role beside the name."""

from __future__ import annotations

import re

from kliping.model import Credit
from parsers.block import PARAGRAPH, Block
from parsers.dates import WEEKDAYS, is_stamp, may_be_stamp
from parsers.lines import like_headline, normal, words_of
from parsers.names import DESKS, bare_name, is_outlet, without_mark
from parsers.people import CREDIT, PLACED, ROLES, is_person, read_credits

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
# Of the rubrics of newspapers, which stand before a date where a name may stand.
_RUBRIC_TEXT = """hukum kriminal kriminalitas peristiwa kota kabupaten desa daerah regional provinsi nasional
    internasional dunia global pilkada pemilu pilpres pileg serentak politik pemerintahan pemerintah parlemen legislatif
    ekonomi bisnis keuangan finansial industri perbankan pasar saham properti energi pertanian perikanan pangan ukm umkm
    olahraga sport sports sepak bola bulutangkis balap liga teknologi tekno sains iptek gadget otomotif kesehatan medis
    pendidikan edukasi kampus sekolah budaya seni sastra sejarah hiburan selebriti selebritas seleb artis film musik
    gaya hidup lifestyle wisata pariwisata travel kuliner resep agama religi ramadan ramadhan khazanah opini
    kolom editorial tajuk rencana esai artikel berita kabar info informasi warta news terkini terbaru terpopuler
    populer pilihan headline fokus khusus laporan liputan sorotan investigasi cek fakta hoaks video foto galeri
    infografis advertorial pariwara sosial masyarakat lingkungan cuaca bencana hankam pertahanan keamanan militer
    polri metro metropolitan megapolitan nusantara jabodetabek jawa sumatera sumatra kalimantan sulawesi papua bali
    jakarta bandung surabaya solo semarang yogyakarta barat tengah selatan umum lainnya lain ragam serba
    tips trik panduan tutorial catatan cerita kisah profil tokoh wawancara komunitas perempuan anak keluarga remaja"""
_RUBRIC = frozenset(_RUBRIC_TEXT.split())
_DAYS = "|".join(sorted((day for day in WEEKDAYS if len(day) > 3), key=lambda day: (-len(day), day)))
_NAMED_STAMP = re.compile(
    rf"(?P<lead>[^\d]{{2,60}}?)(?P<mark>[\s,|–—•·/-]{{1,4}})"
    rf"(?P<stamp>(?:(?:{_DAYS})[\s,.]{{0,2}})?\d{{1,2}}[ /-].{{6,50}})",
    re.I,
)
_CLOCK = re.compile(r"\d[:.]\d\d")
_LEAD_ROLE = re.compile(r"\b(?:jurnalis|reporter|wartawan|penulis|kontributor|oleh|admin|redaksi|tim)\b", re.I)


_LEADS = frozenset(("di", "po", "pu", "wr", "by", "ol"))


def may_sign(text: str) -> bool:
    """How a blog's byline begins, or a stamp with its marks: away from the head nothing else says who wrote."""
    return text[:2].casefold() in _LEADS or ((":" in text or "." in text) and may_be_stamp(text))


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
    if at_head and dated and ":" in text and (told := _stamped_credits(text)):
        return told
    m = _STAMP_BY.fullmatch(text) if dated else None
    if m and is_stamp(m["stamp"]) and len(words_of(m["name"])) <= 6:
        return Credit("author", m["name"].strip()), m["stamp"]
    m = _BYLINE.fullmatch(text)
    if m and (at_head or _POSTED.match(m["lead"]) or (not m["rest"] and _is_full_name(m["name"].strip()))):
        name = PLACED.sub("", _NAME_END.sub("", m["name"].partition(" / ")[0].strip(" ,-–—|*")))
        bare = bare_name(name)
        signed = like_headline(bare) or _POSTED.match(m["lead"]) or name.casefold() in DESKS
        if is_person(name) and len(words_of(bare)) <= 6 and signed:
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


def _stamped_credits(text: str) -> tuple[Credit, str] | None:
    """ "Rabu 12 Mei 2021 09:30 WIB Rep: Rina/ Red: Budi": the first of them."""
    m = CREDIT.search(text)
    stamp = text[: m.start()].rstrip(" |-–—,") if m else ""
    named = read_credits(Block(PARAGRAPH, text[m.start() :])) if m and is_stamp(stamp) else ()
    return (named[0], stamp) if named else None


def _named_since(text: str) -> tuple[Credit | None, str | None] | None:
    """ "Rina Dewi - 3 jam lalu"."""
    m = _SINCE_AFTER.fullmatch(text)
    told = m is not None and is_stamp(m["since"], relative=True) and _is_full_name(m["name"])
    if m is None or not told:
        return None
    return None if _names_rubric(m["name"]) else Credit("author", m["name"]), m["since"]


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
    if not (role or name or _CLOCK.search(m["stamp"])):
        return None, None
    signed = name and (role or not _names_rubric(name))
    return (Credit("reporter", name) if signed else None), m["stamp"]


def _is_desk(text: str) -> bool:
    """ "Tim Redaksi", "Penulis Admin"."""
    role, _, name = text.casefold().partition(" ")
    return text.casefold() in DESKS or (role in ROLES and name in DESKS) or _REDAKSI.fullmatch(text) is not None


_REDAKSI = re.compile(r"(?:Tim )?Redaksi(?: [A-Z][\w.]+){1,3}")


def _signs(name: str) -> bool:
    return name.strip().casefold() in DESKS or (is_person(name) and like_headline(bare_name(name)))


def _is_full_name(name: str) -> bool:
    """Two to four capitalised words, none of them an outlet's."""
    words = words_of(bare_name(name))
    return 2 <= len(words) <= 4 and all(word[0].isupper() for word in words) and not is_outlet(name) and is_person(name)


def _names_rubric(name: str) -> bool:
    """ "Hukum Kriminal", "Kota Solo": a word of it is a rubric's."""
    return not _RUBRIC.isdisjoint(map(str.casefold, words_of(name)))


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
    said = bare != name.rstrip() and len(words_of(bare)) <= 5 and like_headline(bare) and is_person(bare)
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
