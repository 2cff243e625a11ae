"""Photo captions and whom they credit, told by their markup or by the credit itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kliping.model import Caption
from parsers.block import Block
from parsers.lines import LINE_LIMIT, closed_lines, like_headline, normal, words_of
from parsers.names import is_outlet
from parsers.people import CITED
from parsers.sources import AGENCIES, is_name

LONGEST = 1200  # characters in which a credit is looked for
_REACH = 200  # characters before the end in which the mark before a credit stands
_WHO = r"[^\s|()\[\]][^|()\[\]]{0,60}?"
_TRAILING = re.compile(
    rf"(?P<text>.{{0,600}}?)[\s|/,\-–—]{{0,3}}[|/\-–—(,.][\s|/\-–—(]{{0,3}}"
    rf"(?:(?:courtesy(?: of)?|foto oleh|photo by|image by|dok(?:umentasi)?\.?|dok\. foto|kredit foto|credits?"
    rf"|(?:photo|image|picture) (?:credit|source|courtesy)) ?[:.]?"
    rf"|(?:foto|photo(?:graph)?|image|gambar|kredit|sumber(?: foto| gambar)?) ?:) ?(?P<credit>{_WHO})[\s|)\].]{{0,5}}",
    re.I,
)
_BRACKET = re.compile(
    r"(?P<text>.{0,1200}?)\s?[(\[](?P<credit>(?i:(?:foto(?:-foto)?|photo|sumber|source|dok|dokumentasi|gambar|image|ist"
    r"|istimewa|credit|kredit|ilustrasi|courtesy|doc)\b[^()\[\]]{0,80})|(?=[^()\[\]]{0,100}[A-Za-z]{3})"
    r"(?:[^()\[\]/]{1,40}/[^()\[\]]{1,60}|[A-Z]{2,10}(?: (?:PHOTO|FOTO|Photo|Foto))?))[)\]]\W{0,3}"
)
# A bracket after a full stop that holds a name: "... di balai desa. (Siti Rahma)".
_NAMED_END = re.compile(r".{3,1200}[.!?”\"] ?[(\[](?P<credit>[A-Z][^()\[\]\d]{2,60})[)\]]\W{0,3}")
# A bracket that can be nothing but a credit wherever it stands.
_OFFICE_END = re.compile(
    r".{3,1200}[(\[](?P<credit>(?:[Hh]umas|[Bb]iro|Sekretariat|Setpres|Setkab|Diskominfo|Kominfo|Puspen"
    r"|[Tt]angkapan [Ll]ayar"
    r"|[Ss]creenshot|[Rr]epro|Arsip|Koleksi|Instagram|Twitter|Facebook|YouTube|TikTok|IG|FB|Getty|Shutterstock"
    r"|Freepik|Pixabay|Unsplash|Pexels|iStock|Canva|Reuters|AFP|AP|EPA|Antara|Xinhua|Wikimedia|Wikipedia)\b"
    r"[^()\[\]]{0,60}|[\w-]{2,30}\.(?:com|id|co\.id|net|org)(?:/[^()\[\]]{1,40})?|@\w[^()\[\]]{1,40})"
    r"[)\]]\W{0,3}"
)
_INITIALS_END = re.compile(r".{3,400} \([A-Z]{2,6}/[A-Z][a-z]{2,20}\)\W{0,2}")  # "Gedung MPR (MI/Rina)"
_NETWORK = r"(?:Instagram|Twitter|Facebook|TikTok|YouTube|IG|FB|X)[ /]"
_HANDLE = re.compile(rf"[.!?”\"] {_NETWORK}")
_HANDLE_END = re.compile(rf"(?P<text>.{{3,600}}?)[.!?”\"] (?P<credit>{_NETWORK}@?[\w.]{{2,40}})")
_STROKE_END = re.compile(r"(?P<text>.{3,600}?)[.,]? /(?P<credit>[A-Z][\w.' ]{1,30}(?:/[\w .@']{2,40}){1,2})")
_ALONE_TEXT = """AFP,AP,ANTARA,Antara,REUTERS,Reuters,EPA,Xinhua,Bernama,Getty Images,Istimewa,Shutterstock
Freepik,Pixabay,Unsplash,Pexels"""
_ALONE = tuple(_ALONE_TEXT.replace("\n", ",").split(","))
_AGENCY_ALONE = re.compile(rf"(?P<text>.{{3,600}}?)[.!?”\"] (?P<credit>{'|'.join(_ALONE)})")
_DASHED_PHOTO = re.compile(
    r"(?P<text>.{3,600}?)\s?[-–—|]\s?(?:Foto|FOTO|Gambar|Photo) "
    r"(?P<credit>[A-Z][\w./]{1,30}(?: [A-Z][\w./]{0,30}){0,3})"
)
_AGENCY_END = re.compile(
    r"(?P<text>.{3,600}?)[.,] ?(?P<credit>(?:AFP|AP|ANTARA|REUTERS|Reuters|EPA|Antara)(?: PHOTO| FOTO| Photo|"
    r" Foto)?/[\w ./]{2,40})\.?"
)
_QUOTE_END = re.compile(r"[\"”]\W*$")
_BRACKETED = 120  # characters from the bracket before a credit to the end
_HAS_SIGN = re.compile(r"©|\([cC]\)")
_SIGN = re.compile(r"(?P<text>[^©]{0,600}?)[\s/|\-–—.]{0,3}(?:©|\(c\))\s?(?P<credit>[^©].{1,100})", re.I)
_SLASH_AGENCY = re.compile(
    r"(?P<text>.{3,400}?)\s?[/|\-–—]\s?(?P<credit>(?:Antara|ANTARA|AFP|AP|Reuters|REUTERS|Getty Images?"
    r"|Shutterstock|Freepik|Pixabay|Unsplash|Pexels|Istimewa|istimewa|Net|Ist|Repro|RMOL\w*|EPA|Xinhua|Anadolu"
    r"|iStock(?:photo)?|Wikipedia|Wikimedia)(?: (?:Foto|Photo|Images|Commons|Agency))?(?:/[\w .]{2,40})?)[\s|.]*"
)
_LEADING = re.compile(
    r"(?:foto|photo|gambar|ilustrasi|dok\.?|dokumentasi|image|kredit foto|courtesy)(?: (?:ilustrasi|oleh|by|of))?"
    r" ?[:./] ?(?P<credit>.{2,200})",
    re.I,
)
_LABELLED = re.compile(
    r"(?:(?:keterangan|ket\.?|teks) ?(?:foto|gambar)|foto caption|photo caption|caption(?: foto)?)"
    r" ?: ?(?P<text>(?-i:[A-Z0-9\"“]).{2,400})",
    re.I,
)
_BARE = frozenset(("ilustrasi", "foto ilustrasi", "gambar ilustrasi", "ilustrasi foto", "illustration"))
_LABEL = re.compile(
    r"\W{0,3}(?:foto|photo|gambar|ilustrasi|illustration|dok|tangkapan layar|image|kredit|courtesy|ket|teks|caption)",
    re.I,
)
_LABELS_TEXT = "cap cou dok fot gam ill ilu ima ket kre pho tan tek"
_LABELS_BEGIN = frozenset(_LABELS_TEXT.split())  # its first three letters
_ILLUSTRATION = re.compile(r"(?:foto )?(?:ilustrasi|dokumentasi|dok|tangkapan layar)\b[ .:/(-]?.{1,150}", re.I)
_PREFIX = re.compile(
    r"(?P<credit>[A-Z][A-Z.]{2,20}(?:\.com)?/[\w .]{2,30}?(?= [-–—] [A-Z])"
    r"|[\w.]{2,30}(?:\.com|\.COM)/[A-Z .'/]{3,60}?|ANTARA(?: FOTO)?/[\w .]{3,40}?|"
    r"REUTERS/[\w .]{3,40}?"
    r"|(?:AFP|AP)(?: PHOTO)?(?:/[\w .]{3,40}?)?|Dok\. ?\w+)(?: [-–—])? (?=[A-Z][a-z]).{3,500}"
)
_DESK_END = re.compile(
    r".{3,600}?[.!?] (?P<credit>(?:(?:Foto|Dok)/)?(?:[A-Z][\w.]{1,20} )?[A-Z][\w.]{1,30}/[A-Z][\w .'-]{2,50})"
)
# What the forms with a credit behind a mark have in common: one look that spares prose all of them.
_MARKED = re.compile(
    r"[|/\-–—(,.][\s|/\-–—(]{0,3}+(?:courtesy|foto|photo|image|dok|kredit|credit|gambar|sumber|antara|afp|ap|reuters"
    r"|epa|getty|shutterstock|freepik|pixabay|unsplash|pexels|istimewa|xinhua|anadolu|istock|wikipedia|wikimedia|net"
    r"|ist"
    r"|repro|rmol)"
)
_SET_OFF = (_DASHED_PHOTO, _TRAILING, _SLASH_AGENCY, _AGENCY_END)
_WITHIN = (  # the form, and a sign that it cannot do without
    (_BRACKET, re.compile(r"[)\]]\W{0,3}\Z")),
    (_SIGN, _HAS_SIGN),
    (_PREFIX, None),
    (_LEADING, None),
    (_DESK_END, re.compile("/")),
)
_RATE = re.compile(r"\d ?/")  # "(Rp 5.000/orang)"
_YEAR_IN = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_YEAR = re.compile(r"(?:19|20)\d\d\s+")
_TOLD = re.compile(r":|\s(?:foto|gambar|oleh|by|of|credit|source|courtesy)\W*$")  # behind a word with other meanings
_MASTHEAD = re.compile(r".+[. ].*|[A-Z][a-z]+[A-Z]\w*|[A-Z]{5,}\d?")  # "Kompas.com", "NusaPagi", "SOLOPOS"
_NOBODY_CREDITED = frozenset(("ist", "istimewa", "pribadi", "net", "internet", "dok", "dokumen pribadi", "antara"))
_CREDIT_WORDS = re.compile(
    r"^(?:foto(?:-foto)?|photo|sumber|source|dokumentasi|dok|gambar|image|credit|kredit|courtesy|doc)\b(?: (?:foto"
    r"|gambar"
    r"|oleh|by|of|credit|source|courtesy))? ?[:.]? ?",
    re.I,
)


def parse_caption(text: str) -> Caption:
    """A caption and its credit. A credit set off by a dash or bar leaves the text; one in brackets or after © stays."""
    if len(text) > LONGEST:
        return Caption(text.strip(" |"), None)
    bracketed = text.rstrip().endswith((")", "]"))
    for pattern in _SET_OFF if not bracketed and _is_marked(text) else ():
        m = pattern.fullmatch(text)
        if m and m["text"].strip():
            credit = _CREDIT_WORDS.sub("", m["credit"]).strip(" |.,")
            return Caption(m["text"].strip(" |/-–—,"), credit or None)
    for pattern, sign in _WITHIN:
        start = _last_bracket(text) if pattern is _BRACKET else 0
        m = pattern.fullmatch(text, start) if sign is None or sign.search(text) else None
        if m:
            credit = _YEAR.sub("", _CREDIT_WORDS.sub("", m["credit"])).strip(" |.,()/")
            credited = credit and not (pattern is _LEADING and _describes(credit)) and not _abbreviates(m, credit)
            return Caption(text.strip(" |"), credit if credited else None)
    return _ended(text)


def _ended(text: str) -> Caption:
    """By what ends a caption: a name in brackets, a handle, "/Outlet/Name"."""
    if text.rstrip(" .|").endswith((")", "]")):
        m = _OFFICE_END.fullmatch(text) or _NAMED_END.fullmatch(text)
        return Caption(text.strip(" |"), m["credit"].strip(" .,") if m and is_name(m["credit"]) else None)
    m = _HANDLE_END.fullmatch(text) if _HANDLE.search(text, max(0, len(text) - _REACH)) else None
    m = m or (_STROKE_END.fullmatch(text) if " /" in text else None)
    m = m or (_AGENCY_ALONE.fullmatch(text) if text.endswith(_ALONE) else None)
    return Caption(m["text"].strip(" |/-–—,"), m["credit"].strip(" .,")) if m else Caption(text.strip(" |"), None)


def _describes(text: str) -> bool:
    """ "Foto: Candi Borobudur pada 1872": what is seen, in words without capitals or with a year, and no name."""
    named = "/" in text or "@" in text or is_outlet(text) or text.casefold().strip(".") in _NOBODY_CREDITED
    words = len(words_of(text))
    return not named and (words > 6 or (words > 3 and not like_headline(text)) or _YEAR_IN.search(text) is not None)


def _abbreviates(m: re.Match[str], credit: str) -> bool:
    """ "Badan Nasional Penanggulangan Bencana (BNPB)": the letters of the words before it."""
    if not (credit.isupper() and credit.isalpha()) or "text" not in m.re.groupindex:
        return False
    before = words_of(m.string[: m.end("text")])[-len(credit) :]
    return "".join(word[0] for word in before).casefold() == credit.casefold()


def merged(found: Iterable[Caption]) -> list[Caption]:
    """A caption and the line after it that is nothing but its credit, as one."""
    joined: list[Caption] = []
    for caption in found:
        if joined and joined[-1].credit is None and caption.credit and _is_credit_alone(caption):
            joined[-1] = Caption(joined[-1].text, caption.credit)
        else:
            joined.append(caption)
    return joined


def _is_credit_alone(caption: Caption) -> bool:
    rest = _CREDIT_WORDS.sub("", caption.text.strip(" ()[]|"))
    return rest != caption.text and normal(rest) == normal(caption.credit or "")


def is_told(caption: Caption) -> bool:
    """Whether a caption says anything: words, and not those of a button such as "Perbesar"."""
    group = closed_lines().get(normal(caption.text)) if len(caption.text) <= LINE_LIMIT else None
    return any(map(str.isalnum, caption.text)) and not (group is not None and group.anywhere)


def read_caption(block: Block, at_head: bool) -> Caption | None:
    """A plain line that is a photo caption by its credit; away from the head only by one that cannot be prose."""
    return caption_in(block.text, at_head)


def caption_in(text: str, at_head: bool) -> Caption | None:
    """The same of a text."""
    if len(text) > 2 * LINE_LIMIT or text.endswith(("-", "–", "—")):  # a dateline ends so, a caption never
        return None
    signed = not text.endswith(".") and _has_sign(text) and _SIGN.fullmatch(text) if len(text) <= LINE_LIMIT else None
    if signed or _is_bracket(text) or (at_head and _is_handed(text)):
        return parse_caption(text)
    labelled = text[:3].casefold() in _LABELS_BEGIN or not text[:1].isalnum()
    labelled = labelled and _LABEL.match(text) is not None
    short = labelled and len(words_of(text)) <= (14 if at_head else 5)
    if short and _ILLUSTRATION.fullmatch(text) and not _ends_sentence(text):
        return parse_caption(text)
    if not at_head or len(text) > LINE_LIMIT:
        return None
    if labelled:
        if named := _LABELLED.fullmatch(text):
            return parse_caption(named["text"])
        if normal(text) in _BARE:
            return Caption(text)
        if leading := _LEADING.fullmatch(text):
            return None if _ends_sentence(text) or leading["credit"][0].islower() else parse_caption(text)
    marked = _is_marked(text) and any(form.fullmatch(text) for form in _SET_OFF)
    slashed = "/" in text
    ends = marked or (slashed and _DESK_END.fullmatch(text))
    prefixed = (slashed or text.startswith(("AFP", "AP", "Dok."))) and _PREFIX.fullmatch(text)
    if ends or (prefixed and not _ends_sentence(text)):
        caption = parse_caption(text)
        return caption if caption.credit and _is_creditor(caption.credit) else None
    return None


def _is_marked(text: str) -> bool:
    return _MARKED.search(text[-_REACH:].casefold()) is not None


def _has_sign(text: str) -> bool:
    return "©" in text or ("(" in text and _HAS_SIGN.search(text) is not None)


def _is_creditor(name: str) -> bool:
    """Somebody who can be credited: a name, a handle, or one of the words for nobody in particular."""
    if len(words_of(name)) > 6:
        return False
    return not name[0].islower() or name.casefold().strip(".") in _NOBODY_CREDITED or "." in name.strip(".")


def read_prefixed(block: Block) -> Caption | None:
    """ "OUTLET.com/NAME What the photo shows": a caption that begins with its credit."""
    return parse_caption(block.text) if len(block.text) <= 2 * LINE_LIMIT and _PREFIX.fullmatch(block.text) else None


def _is_bracket(text: str) -> bool:
    if not (")" in text[-4:] or "]" in text[-4:]):
        return False
    m = _BRACKET.fullmatch(text, max(_last_bracket(text), len(text) - _BRACKETED))
    before, credit = (text[: m.end("text")], m["credit"]) if m else ("", "")
    if not before.strip() or CITED.search(credit.casefold()):
        return False
    if not (credit.casefold() in _NOBODY_CREDITED or _says_credit(credit) or _names_outlet(credit, text)):
        return False
    return not _QUOTE_END.search(before) and len(words_of(before)) <= 90


def _last_bracket(text: str) -> int:
    """Where the last bracket opens, or the space before it: a credit holds none, and a closing one follows it."""
    return max(text.rfind("(", 0, -2), text.rfind("[", 0, -2), 1) - 1


def _says_credit(credit: str) -> bool:
    """ "Foto: Rina Dewi", "dok. Pemkab"; but "Gambar 2.1", "sumber primer" and "Sumber: BPS, 2021" are the author's."""
    said = _CREDIT_WORDS.match(credit + " ")
    if said is None:
        return False
    word, who = said[0].casefold(), credit[said.end() :]
    if word.startswith(("sumber", "source", "gambar", "image")) and (_YEAR_IN.search(who) or not _TOLD.search(word)):
        return False
    return not who or ":" in word or "." in word or not who[0].islower() or who.casefold() in _NOBODY_CREDITED


def _names_outlet(credit: str, text: str) -> bool:
    """ "ANTARA/Rina Dewi"; one nobody knows, at the very end, needs a full name behind it: "TNI/Polri" is no credit."""
    outlet, *names = credit.split("/")
    if not 1 <= len(names) <= 2 or not credit[0].isupper() or len(credit) <= 8 or _RATE.search(credit):
        return False
    known = _MASTHEAD.fullmatch(outlet) or is_outlet(outlet) or normal(outlet) in AGENCIES
    return bool(known) or "@" in credit or (text[-1] in ")]" and like_headline(names[-1]) and " " in names[-1].strip())


def _is_handed(text: str) -> bool:
    """At the head also an office, an agency or a handle at the end tells a caption."""
    if len(text) > LINE_LIMIT:
        return False
    if text.rstrip(" .").endswith((")", "]")):
        return _OFFICE_END.fullmatch(text) is not None or _INITIALS_END.fullmatch(text) is not None
    return bool((" /" in text and _STROKE_END.fullmatch(text)) or ("/@" in text and _HANDLE_END.fullmatch(text)))


def _ends_sentence(text: str) -> bool:
    return text.rstrip(" \"”'’)").endswith((".", "?", "!", ":")) and len(words_of(text)) > 4
