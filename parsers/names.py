"""What stands around a person's name: titles and degrees, which belong to it, and an outlet or a desk, which do not."""

from __future__ import annotations

import re

# "Prof. Dr. H." before a name; after it abbreviations with a full stop inside, or one of those written without.
_TITLES = re.compile(
    r"(?:(?:prof|dr|drs|dra|drg|drh|ir|hj|kh|k\.h|tgh|tgk|ust|ustadz|ustaz|ustadzah|apt|ns|habib|pdt|rm)\b\.? ?"
    r"|(?:h|rr?)\.? )+(?=\S)",
    re.I,
)
_DEGREE = (
    r"(?:[A-Z][a-z]{0,4}\.(?: ?[A-Z][A-Za-z]{0,5}\.?){1,3}|Lc|S[EHTP]|M[MHTA]|MBA|MPA|MSc|[SM]Pd|[SM]Ag|[SM]Kom|SSos"
    r"|MSi|S[IT]P|PhD|Ph\.D|Amd(?:\.\w+)?|Ners|Ns|CPA|Ak|CA|BSc|BA|Jr|Sr)\.?"
)
_BARE_DEGREE = r"(?:(?:[A-Z][a-z]{0,4}\.){2,4}|[A-Z]{2,3}|Lc)\.?"  # without a comma before it
_LAST_DEGREE = re.compile(rf"(?:,? {_BARE_DEGREE}|, ?{_DEGREE})$")
_REACH, _MOST = 24, 8  # characters in which the last degree stands; degrees of one name
_ENDS_IN_DEGREE = re.compile(rf"[ ,]{_DEGREE}$")
_FIRMS = "afp|ap|reuters|antara|bbc|cnn|cnbc|voa|dw|abc|sbs|rri|tvri|metro tv"
_OUTLET = re.compile(
    rf"(?:(?:{_FIRMS})(?: (?:news|indonesia|news indonesia|english|biro [\w ]{{3,20}}))?"
    r"|[\w-]{2,30}\.(?:com|co\.id|id|net|tv|co|org|news)|detik\w{2,12}|tribun ?\w{0,12}|okezone"
    r"|liputan ?6"
    r"|kompas(?:iana)?|tempo|republika|kumparan|sindonews|jpnn|viva|merdeka|suara|tirto|katadata"
    r"|bisnis(?: indonesia)?|kontan|idn times"
    r"|jawa pos|media indonesia|pikiran rakyat|beritasatu|mongabay(?: indonesia)?|republika|inews|grid"
    r"|(?:the )?(?:[\w-]+ ){0,3}(?:news|post|times|online|daily|globe|tribune|herald))",
    re.I,
)
_DESKS_TEXT = """admin,administrator,superadmin,webmaster,operator,redaksi,tim redaksi,staf redaksi,tim liputan,tim
humas,editor,newsroom,the editors,editorial team,staff,staff writer"""
DESKS = frozenset(_DESKS_TEXT.replace("\n", ",").split(","))


def bare_name(name: str) -> str:
    """A name without titles and degrees: what tells whether it is one."""
    for _ in range(_MOST):  # one by one: a pattern of all of them would try every way to part a line of capitals
        last = _LAST_DEGREE.search(name, max(0, len(name) - _REACH))
        if last is None:
            break
        name = name[: last.start()]
    name = name.rstrip(" ,")
    lead = _TITLES.match(name)
    return name[lead.end() :] if lead and lead.end() < len(name) else name


def without_mark(name: str) -> str:
    """A name without a full stop after it, unless a degree ends in one."""
    return name if not name.endswith(".") or _ENDS_IN_DEGREE.search(name) else name.rstrip(".")


def is_outlet(text: str) -> bool:
    """A newspaper, an agency, a host: who published, not who wrote."""
    return _OUTLET.fullmatch(text.strip(" .")) is not None


def without_outlet(name: str) -> str:
    """ "Rina Dewi, Kompas.com" and "Rina Dewi, The Daily Post, Jakarta": the person's name alone."""
    person, *rest = name.split(", ")
    told = next((number for number, part in enumerate(rest) if is_outlet(part)), None)
    return name if told is None else ", ".join((person, *rest[:told]))
