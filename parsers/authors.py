"""Names of authors as bylines write them, without what stands around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain

from kliping.model import Credit
from parsers.lines import normal, words_of
from parsers.names import without_mark, without_outlet
from parsers.text import clean_line, cut

AUTHOR_CHARS = 300
_LEAD = re.compile(
    r"(?:posted (?:on|in) .{3,60}? (?=by )|[^\d]{0,20}\d.{3,50}? (?=(?:by|oleh)\b))?(?:\W*(?:(?:di\w{3,14} )?oleh|by"
    r"|posted by|submitted by|published by|written by"
    r"|penulis"
    r"|author|reporter|pewarta|wartawan|jurnalis|editor|redaktur|kontributor|laporan|publicado por|view all posts by"
    r"|lihat semua pos oleh|semua pos oleh|tulisan oleh|article by|story by|byline|admin ?:)\b[\s:：,-]*)+",
    re.I,
)
_WHEN = (
    r"(?:(?:pada|on|di|at)\s|(?:senin|selasa|rabu|kamis|jum['’]?at|sabtu|minggu|ahad"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b|(?:jan|feb|mar|apr|may|mei|jun|jul|aug|agu|sep|oct|okt|nov|dec|des)"
    r"[a-z]{0,6}\.? \d)"
)
_ROLES = ("editor", "penulis", "reporter", "author", "jurnalis", "wartawan", "kontributor")
# Where a tail begins is all that is asked; branches that begin with one character are those that are tried fast.
_TAIL = re.compile(
    rf"[|•·(]|\s(?:/\s|(?:editor|redaktur|penyunting|penulis|reporter|fotografer)\b\s?[:|]|[-–—]\s|{_WHEN}"
    rf"|(?:updated|published|{'|'.join(_ROLES)})$)|,\s{_WHEN}|\d{{1,2}}[/ ]|lihat profil|view my|lihat semua|view all"
    rf"|follow|ikuti|[-–—,]\s?(?:{'|'.join(_ROLES)})$|{'|'.join(f'{role}$' for role in _ROLES)}"
)
_EDITOR = re.compile(r"\W*(?:(?:editor|redaktur|penyunting)\b ?[:|]|(?:dok|foto|photo)\b)", re.I)
_OWN_HOST = re.compile(r"https?://|/|\b[\w-]+\.(?:blogspot|wordpress)\.com")  # a blog is its author's
_MAIL_NAME = re.compile(r"\S{1,100}@\S{1,200} ?\((?P<name>[^()]{1,100})\)")
_NAMED = re.compile(r"\b(?:reporter|penulis|pewarta|oleh|author) ?: ?(?P<name>.+)", re.I)
_REPORTED = re.compile(
    r"laporan (?:langsung )?(?:wartawan|reporter|jurnalis|kontributor) [^,:]{2,40}[,:] (?P<name>.+)", re.I
)
_MAIL = re.compile(r"\S{1,100}@\S{1,200}|https?://\S+|www\.\S+", re.I)
_NOBODY_TEXT = """unknown anonymous anonim none null author penulis noreply no-reply n/a oleh by login register
    daftar masuk home follow ikuti share tweet facebook twitter instagram"""
_NOBODY = frozenset(("", *_NOBODY_TEXT.split()))
_DESK = re.compile(
    r"\b(?:admin|administrator|superadmin|webmaster|redaksi|editor|redaktur|newsroom|newsdesk|tim|team|media"
    r"|publisher)\b"
    r"|\.(?:com|co\.id|id|net|org)\b"
)
# What may stand before or after a name of nothing but letters.
_BESIDE_TEXT = """oleh by ditulis diposting diposkan dikirim dicatat posted submitted published written
    penulis author reporter pewarta wartawan jurnalis editor redaktur kontributor laporan publicado view lihat semua
    tulisan article story byline admin pada on di at senin selasa rabu kamis jumat sabtu minggu ahad"""
_BESIDE = frozenset(_BESIDE_TEXT.split())


def clean_author(text: str) -> str | None:
    """The name in a byline, or None when it names nobody: a stand-in address, "Unknown", a whole sentence."""
    name = clean_line(text[:400])
    addressed = _MAIL_NAME.fullmatch(name) if "@" in name else None  # RSS 2.0: address (name)
    name = addressed["name"] if addressed else _without_addresses(name)
    named = (_NAMED.search(name) if ":" in name else None) or (_REPORTED.match(name) if name[:1] in "Ll" else None)
    name = named["name"] if named else name
    # What stood before the date in "Rina Dewi, Jurnalis Sabtu 06 Mei 2023" may itself be a tail.
    for without in (_without_lead, _without_tail, _without_lead, _without_tail):
        if _is_bare(name):
            break
        name = without(name)
    name = without_outlet(name) if "," in name else name
    words = words_of(name)
    if (
        name.casefold() in _NOBODY
        or not words
        or (len(words) > 10 and sum("." not in word for word in words) > 10)
        or "@" in name
        or not any(map(str.isalpha, name))
    ):
        return None
    return cut(name, AUTHOR_CHARS)


def _without_addresses(name: str) -> str:
    return _MAIL.sub(" ", name) if "@" in name or "://" in name or "www." in name.casefold() else name


def _without_lead(name: str) -> str:
    lead = _LEAD.match(name)
    return name[lead.end() if lead else 0 :].strip(" :,-–—|/*)\"'")


def _without_tail(name: str) -> str:
    low = name.lower()
    tail = _TAIL.search(low if len(low) == len(name) else name)
    return without_mark(name[: tail.start() if tail else None].strip(" :,-–—|/*)\"'"))


def _is_bare(name: str) -> bool:
    """Letters and spaces that hold nothing of what stands beside names, as most are."""
    low = name.casefold()
    words = low.split()
    if "follow" in low or "ikuti" in low or low.endswith(_ROLES):
        return False
    return "".join(words).isalpha() and _BESIDE.isdisjoint(words)


def is_desk(name: str | None, site: str | None = None) -> bool:
    """Nobody in person: an admin, an outlet, the site itself. `site` holds its names, hosts among them."""
    if not name or _DESK.search(name.casefold()):
        return True
    own, name = normal((site or "").removeprefix("www.")), normal(name)
    if not own or name == own or name.replace(" ", "") not in own:
        return bool(own) and name == own
    labels = _OWN_HOST.sub(" ", own).replace(".", " ").split() if "." in own else own.split(".")
    return name.replace(" ", "") in labels


def _without_desk(name: str, site: str | None) -> str:
    """ "Rina Dewi, Harian Sukamaju": a person's name without the site's own after it."""
    person, _, desk = name.rpartition(", ")
    return person if person and is_desk(desk, site) and not is_desk(person, site) else name


def choose_author(candidates: Iterable[str], named: Sequence[Credit] = (), site: str | None = None) -> str | None:
    """The first candidate that names a person; a desk such as "Admin" only when nobody better is named."""
    written = (c.name for role in ("author", "reporter", "contributor") for c in named if c.role == role)
    first: str | None = None
    seen: set[str] = set()
    for text in chain(candidates, written):
        if text in seen:
            continue
        seen.add(text)
        name = clean_author(text) if text and not _EDITOR.match(text) else None
        if name and not is_desk(name, site):
            return _without_desk(name, site) if "," in name else name
        first = first or name
    return first
