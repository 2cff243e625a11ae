"""Dates as Indonesian, Malay and English pages write them.

  text -> normalise -> absolute form (year, month or day first, with figures or a month name) | relative form
       -> time and zone beside it -> Moment; dateparser only when our own layer finds nothing.

A date without day, month and year is no date. WIB, WITA and WIT are +7, +8 and +9; a time without offset is read in the
zone given (the feed's). Every pattern is linear and the input is cut, so no text can make this slow.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from parsers.text import one_line
from parsers.zones import offset_zone, zone_after, zone_of

LIMIT = 200  # characters of text that are looked at
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
SLACK = timedelta(hours=48)  # what a page may lie in the future of its fetch


class Moment(NamedTuple):
    """A point in time, aware. `precision` is second, minute or day; a day is its first instant in its own zone."""

    at: datetime
    precision: str


_MONTH_NAMES = (
    "januari january jan jänner januar",
    "februari february feb pebruari peb febuari pebuari",
    "maret march mar mrt maart mac",
    "april apr",
    "mei may",
    "juni june jun",
    "juli july jul julai",
    "agustus august aug agu agt ags agust agus agts ogos",
    "september sep sept septembar",
    "oktober october okt oct",
    "november nov nopember nop novembar",
    "desember december des dec disember dis desembar",
)
MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WEEKDAYS = _words(
    "senin selasa rabu kamis jumat jum'at jumaat sabtu minggu ahad isnin khamis sen sel rab kam jum sab min ming mgg"
    " isn kha monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun"
    " legi pahing paing pon wage kliwon"
)
_MONTH = "(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")(?![a-z])\.?"
_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_ANY_YEAR = r"(?P<year>(?:19|20)\d\d|'?\d\d)(?![\d:]|\.\d)"
_DAY = r"(?<![\d.,:])(?P<day>\d{1,2})"
_GAP = r"[ .,/\-]{0,3}"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?<!\d)(?<!^-)" + _YEAR + r"(?P<sep>[-/.]) ?(?P<monthno>\d{1,2})(?P=sep) ?(?P<day>\d{1,2})(?!\d)",
        r"(?<!\d)" + _YEAR + r"[ \-/,]{1,3}" + _MONTH + r"[ \-/,]{1,3}(?P<day>\d{1,2})(?!\d)",
        _DAY + r"(?:st|nd|rd|th|hb)?" + _GAP + r"(?:of |bulan )?" + _MONTH + _GAP + r"(?:tahun )?" + _ANY_YEAR,
        r"(?<![a-z])" + _MONTH + r"[ \-]{0,2}(?P<day>\d{1,2})(?:st|nd|rd|th)?[ ,]{1,3}" + _YEAR,
        r"(?<![a-z])"
        + _MONTH
        + r" {1,2}(?P<day>\d{1,2}),? (?P<clock>\d\d:\d\d(?::\d\d)?)(?P<after> [a-z]{1,4})? "
        + _YEAR,
        _DAY + r" ?(?P<sep>[/.\-]) ?(?P<monthno>\d{1,2}) ?(?P=sep) ?" + _YEAR,
        _DAY + r"(?P<sep>[/\-])(?P<monthno>\d{1,2})(?P=sep)(?P<year>\d\d)(?![\d:.])",
    )
)
_ISO = re.compile(  # with the year 1, which is how programs write that they know none
    r"([0-2]\d{3}-\d\d-\d\d)(?:[t ](\d\d:\d\d:\d\d)(?:\.\d{1,9})?(z|[+-](?:0\d|1[0-3]):?[0-5]\d)?)?", re.ASCII
)
_COMPACT = re.compile(r"(?P<year>(?:19|20)\d\d)(?P<monthno>\d\d)(?P<day>\d\d)(?:t?(\d\d)(\d\d)(\d\d)?)?(z|[+-]\d{4})?")
_TIME = re.compile(
    r"(?<![\d:.])(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,]\d{1,9})?)?(?![\d])"
    r" ?(?P<half>a\.?m\b\.?|p\.?m\b\.?|pagi|siang|sore|petang|malam)?"
)
_HOUR = re.compile(
    r"(?:pukul|jam|pkl\.?|@|at) (?P<hour>\d{1,2})(?![\d:.]) ?(?P<half>pagi|siang|sore|petang|malam|[ap]\.?m\b)?"
)
_HOUR_HALF = re.compile(r"(?<![\d:.])(?P<hour>\d{1,2}) ?(?P<half>[ap]\.?m\b)")
# Between a date and its time: these words and marks only, so that a figure further on is not read as a time.
_BETWEEN = re.compile(r"(?:[\s,|/@()\[\]·•–—-]|t(?=\d)|at |pukul |jam |pkl\.? |time |wib )*")

_NUMBERS = {
    "se": 1, "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9,
    "sepuluh": 10, "sebelas": 11, "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "setengah": 0.5, "lapan": 8,
}  # fmt: skip
_UNITS = {
    "detik": "seconds", "saat": "seconds", "menit": "minutes", "minit": "minutes", "jam": "hours", "hari": "days",
    "minggu": "weeks", "pekan": "weeks", "bulan": "months", "tahun": "years", "second": "seconds", "sec": "seconds",
    "minute": "minutes", "min": "minutes", "hour": "hours", "hr": "hours", "day": "days", "week": "weeks",
    "month": "months", "year": "years", "mnt": "minutes", "dtk": "seconds",
}  # fmt: skip
_AGO = re.compile(
    r"(?<![\w.,])(?P<count>\d{1,4}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + r") ?"
    r"(?P<unit>" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")s?"
    r"(?: (?P<count2>\d{1,2}) (?P<unit2>menit|minutes?|detik|seconds?|jam|hours?|hari|days?))?"
    r" (?:yang |yg )?(?:lalu|lepas|silam|ago)\b"
)
_NOW = re.compile(r"\b(?:baru saja|baru-baru ini|just now|sebentar tadi|beberapa (?:detik|saat) (?:yang )?lalu)\b")
_DAYS_BACK = (
    (re.compile(r"\b(?:kemarin (?:dulu|lusa)|kelmarin dulu|2 hari kemarin|day before yesterday)\b"), 2),
    (re.compile(r"\b(?:kemarin|kemaren|semalam|kelmarin|yesterday)\b"), 1),
    (re.compile(r"\b(?:hari ini|hari ni|today|tadi (?:pagi|siang|sore|malam))\b"), 0),
)


def parse_date(
    text: str,
    zone: str = "Asia/Jakarta",
    reference: datetime | None = None,
    latest: datetime | None = None,
    thorough: bool = True,
) -> Moment | None:
    """The first full date in `text`, or None; never an exception.

    `zone` (IANA) holds for times without offset. `reference` is what "kemarin" and "3 jam lalu" count from; without it
    they are None. A date before 1990 or after `latest` (default 2100) is None: a caller that knows when the page was
    fetched passes that time plus `SLACK`. Without `thorough` dateparser (2 ms a text) is not asked.
    """
    home = zone_of(zone)
    line = _normal(text)
    try:
        found = _iso(line, home) or _compact(line, home) or _absolute(line, home) or _relative(line, home, reference)
        found = found or (_last_resort(line, zone, home) if thorough else None)
        return found if found and _plausible(found.at, latest) else None
    except (ValueError, OverflowError):  # a day, hour or offset that does not exist
        return None


_SINCE = re.compile(
    r"(?:(?:diperbarui|diterbitkan|dipublikasikan|tayang|terbit|update[d]?|posted|published|sekitar"
    r"|kurang lebih|about) ?:? )?"
    r"(?:(?:\d{1,3} ?|se|an? |one |two |three |satu |dua |tiga |setengah )"
    r"(?:detik|menit|jam|hari|minggu|pekan|bulan|tahun|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?)"
    r"(?: \d{1,2} (?:menit|minutes?|jam|hours?))? (?:(?:yang |yg )?lalu|ago)"
    r"|(?:hari ini|kemarin|today|yesterday)(?:[ ,|-]{1,3}|,? at )(?:pukul |jam )?\d{1,2}[:.]\d\d"
    r"(?: ?(?:wib|wita|wit|am|pm))?|baru saja|just now)"
)


def may_be_stamp(text: str) -> bool:
    """Whether a line has the figures of a date and begins with none of the words that no stamp does, as prose does."""
    first = text.partition(" ")[0]
    if first.isalpha() and first.isascii() and first.lower() not in _STAMP_BEGINS:
        return False
    return _THREE_DIGITS.search(text) is not None


def is_stamp(text: str, relative: bool = False) -> bool:
    """Whether the whole line is a date stamp: a date, a time, and at most words such as "Diperbarui" or a site name.

    With `relative` also "3 jam yang lalu".
    """
    if relative and len(text) < 40 and _SINCE.fullmatch(_normal(text)):
        return True
    if len(text) > _LONGEST_RAW_STAMP or not may_be_stamp(text):
        return False
    line = _normal(text)
    if len(line) > _LONGEST_STAMP or ((word := _LONG_WORD.search(line)) and not _may_stamp(word[0], line)):
        return False
    rest = _without_date(line)
    if rest is None:
        return False
    if _SECOND.search(line):
        rest = _without_date(rest) or rest  # "Tayang: ... | Diperbarui: ..."
    for pattern in (_HIJRI, _TIME, _HOUR, _HOUR_HALF):
        rest = pattern.sub(" ", rest)
    words = [w for w in _STAMP_WORD.findall(_OFFSET.sub(" ", rest)) if w.strip(".'")]
    return all(w.strip(".") in STAMP_WORDS or w in STAMP_WORDS for w in words if not _SITE.fullmatch(w))


_LONGEST_STAMP, _LONGEST_RAW_STAMP = 90, 120  # characters; as written it may have some white space more
_OFFSET = re.compile(r"\b(?:utc|gmt)? ?[+-]\d{1,2}(?::?\d\d)?(?!\d)")
_STAMP_WORD = re.compile(r"[a-z0-9'.]+")
_SECOND = re.compile(r"diperba|update|modified|terakhir")


def _without_date(line: str) -> str | None:
    return next((line[: m.start()] + " " + line[m.end() :] for f in _FORMS if (m := f.search(line))), None)


def _may_stamp(word: str, line: str) -> bool:
    """Whether a stamp may hold this word: most lines with figures are told from their first long word."""
    return word.strip("'") in STAMP_WORDS or word in _DATE_WORDS or _HIJRI.search(line) is not None


_LONG_WORD = re.compile(r"(?<![a-z0-9.'])[a-z']{5,}(?![a-z0-9.'])")  # by itself: no part of a host
_DATE_WORDS = _words("bulan tahun siang petang malam") | MONTHS.keys()
_THREE_DIGITS = re.compile(r"\d\D*+\d\D*+\d")  # a day and a year of two
STAMP_WORDS = WEEKDAYS | _words(
    "diterbitkan diperbarui diperbaharui diposting diposkan dipublikasikan dipublikasi publikasi ditayangkan diunggah"
    " dimuat dirilis dibuat ditulis tayang terbit rilis update updated modified published posted created date tanggal"
    " tgl pada hari on at pukul jam pkl last terakhir wib wita wit am pm kali"
)
_STAMP_BEGINS = STAMP_WORDS | MONTHS.keys() | _words("utc gmt")
_HIJRI = re.compile(
    r"\d{1,2} (?:muharram|safar|shafar|rabi\W?ul (?:awal|akhir)|jumadil (?:awal|akhir|ula|tsani)|rajab|sya\W?ban|"
    r"ramadh?an|syawal|d[zh]ul\W?qa\W?i?dah|d[zh]ul\W?hijj?ah) 1[34]\d\d ?h?\b"
)
_SITE = re.compile(r"[a-z0-9-]{2,30}\.(?:com|co\.id|id|net|org|co|news|tv)")


def _normal(text: str) -> str:
    line = text[:LIMIT]
    if line.isascii():
        line = line.lower().replace("`", "'")
    else:
        line = unicodedata.normalize("NFKC", line).lower().translate(_MARKS)
    return one_line(line)[:LIMIT]


_MARKS = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "–": "-", "—": "-", "−": "-"})


def _plausible(at: datetime, latest: datetime | None) -> bool:
    return EARLIEST <= at <= (latest or LATEST)


def _iso(line: str, home: tzinfo) -> Moment | None:
    """What is written for machines, as nearly all times are, at one look; None also for a day that does not exist."""
    m = _ISO.fullmatch(line)
    try:
        at = datetime.fromisoformat(f"{m[1]}T{m[2] or '00:00:00'}{(m[3] or '').upper()}") if m else None
    except ValueError:
        return None
    return Moment(at if at.tzinfo else at.replace(tzinfo=home), "second" if m and m[2] else "day") if at else None


def _compact(line: str, home: tzinfo) -> Moment | None:
    """20230420, 20230420T073000Z: only when it is the whole text."""
    m = _COMPACT.fullmatch(line)
    if not m:
        return None
    hour, minute, second, offset = m.group(4), m.group(5), m.group(6), m.group(7)
    day = datetime(int(m["year"]), int(m["monthno"]), int(m["day"]), tzinfo=home)
    if hour is None:
        return Moment(day, "day")
    at = day.replace(hour=int(hour), minute=int(minute), second=int(second or 0))
    if offset:
        at = at.replace(tzinfo=offset_zone("+0000" if offset == "z" else offset) or home)
    return Moment(at, "second" if second else "minute")


def _absolute(line: str, home: tzinfo) -> Moment | None:
    iso = _FORMS[0].match(line)
    if iso and (day := _day(iso)):
        return _with_time(day, line, iso, home)
    found = sorted((m for form in _FORMS for m in form.finditer(line)), key=lambda m: m.start())
    for m in found:
        if day := _day(m):
            return _with_time(day, line, m, home)
    return None


def _day(m: re.Match[str]) -> datetime | None:
    """The naive midnight of a match, or None when there is no such day. 04/20/2023 can only be month first."""
    groups = m.groupdict()
    year_text = groups["year"].lstrip("'")
    year = int(year_text) if len(year_text) == 4 else _century(int(year_text))
    month = MONTHS[groups["month"]] if groups.get("month") else int(groups["monthno"])
    day = int(groups["day"])
    if month > 12 >= day:
        month, day = day, month
    try:
        return datetime(year, month, day)  # noqa: DTZ001 - the zone is known only after the time has been read
    except ValueError:
        return None


def _century(year: int) -> int:
    return 2000 + year if year < 70 else 1900 + year


def _with_time(day: datetime, line: str, m: re.Match[str], home: tzinfo) -> Moment:
    """The time right after the date, else right before it, else none."""
    inside = m.groupdict().get("clock")
    if inside:
        clock = _TIME.match(inside)
        tail = m["after"] or line[m.end() :]
        return _at(day, clock, tail, home) if clock else Moment(day.replace(tzinfo=home), "day")
    tail = line[m.end() :]
    gap = _BETWEEN.match(tail)
    start = gap.end() if gap else 0
    clock = _TIME.match(tail, start) or _HOUR_HALF.match(tail, start) or _HOUR.search(tail[: start + 8])
    if clock:
        return _at(day, clock, tail[clock.end() :], home)
    before = list(_TIME.finditer(line[: m.start()]))
    if before and not _BEFORE.sub("", line[before[-1].end() : m.start()]):
        return _at(day, before[-1], line[before[-1].end() : m.start()], home)
    return Moment(day.replace(tzinfo=home), "day")


_BEFORE = re.compile(r"[\s,|/()\[\]-]|\b(?:wib|wita|wit|on|pada|hari|tanggal|" + "|".join(sorted(WEEKDAYS)) + r")\b")


def _at(day: datetime, clock: re.Match[str], after: str, home: tzinfo) -> Moment:
    groups = clock.groupdict()
    hour, minute = _hour(int(groups["hour"]), groups.get("half")), int(groups.get("minute") or 0)
    second = groups.get("second")
    if hour > 24 or minute > 59 or int(second or 0) > 60 or (hour == 24 and minute):
        return Moment(day.replace(tzinfo=home), "day")
    at = day.replace(tzinfo=zone_after(after) or home) + timedelta(hours=hour, minutes=minute)
    if second is not None:
        return Moment(at + timedelta(seconds=min(int(second), 59)), "second")
    return Moment(at, "minute")


def _hour(hour: int, half: str | None) -> int:
    """The hour of the day; "siang" is noon to three, "malam" six to midnight, each also said with 24-hour figures."""
    half = (half or "").replace(".", "")
    if half in ("pm", "sore", "petang") or (half == "siang" and hour < 5) or (half == "malam" and 6 <= hour < 12):
        return hour + 12 if hour < 12 else hour
    if half == "am" or half == "malam":
        return 0 if hour == 12 else hour
    return hour


def _relative(line: str, home: tzinfo, reference: datetime | None) -> Moment | None:
    """Forms that count from `reference`: "3 jam yang lalu", "sejam lalu", "Kemarin, 13:05 WIB"."""
    if reference is None:
        return None
    now = reference.astimezone(home) if reference.tzinfo else reference.replace(tzinfo=home)
    ago = _AGO.search(line)
    if ago:
        return _ago(ago, now)
    if _NOW.search(line):
        return Moment(now.replace(microsecond=0), "minute")
    for pattern, days in _DAYS_BACK:
        m = pattern.search(line)
        if m and _ENDS_DAY.match(line, m.end()):
            day = (now - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
            return _with_time(day, line, m, home)
    return None


# "Kemarin, 20:15" and "Hari ini | Rina", but no "Hari Ini Dalam Sejarah".
_ENDS_DAY = re.compile(r" ?(?:$|[^\w ]|\d|(?:pukul|jam|pkl|at|malam|pagi|siang|sore|wib|wita|wit|oleh|by)\b)")


def _ago(m: re.Match[str], now: datetime) -> Moment:
    count = int(m["count"]) if m["count"].isdecimal() else _NUMBERS[m["count"]]
    unit = _UNITS[m["unit"]]
    now = now.replace(microsecond=0)
    if unit in ("months", "years"):
        months = int(count * 12) if unit == "years" else int(count)
        return Moment(_midnight(_months_back(now, months)), "day")
    at = now - timedelta(**{unit: count})
    if m["count2"]:
        at -= timedelta(**{_UNITS[m["unit2"].removesuffix("s")]: int(m["count2"])})
    return Moment(_midnight(at), "day") if unit in ("days", "weeks") else Moment(at, "minute")


def _months_back(now: datetime, months: int) -> datetime:
    """The same day `months` earlier, or the last day of a shorter month."""
    index = now.year * 12 + now.month - 1 - months
    for day in range(now.day, now.day - 4, -1):
        try:
            return now.replace(year=index // 12, month=index % 12 + 1, day=day)
        except ValueError:
            continue
    raise ValueError("no such month")


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


_A_YEAR, _A_DAY = re.compile(r"(?:19|20)\d\d(?!\d)"), re.compile(r"(?<![\d:])\d{1,2}(?![\d:])")


def _last_resort(line: str, zone: str, home: tzinfo) -> Moment | None:
    """dateparser, for forms we do not know. Imported here: it costs half a second that most starts never need."""
    if len(line) > 60 or not _A_YEAR.search(line) or not _A_DAY.search(line):
        return None
    import dateparser

    settings = {
        "DATE_ORDER": "DMY", "REQUIRE_PARTS": ["day", "month", "year"], "PARSERS": ["absolute-time"],
        "TIMEZONE": zone, "RETURN_AS_TIMEZONE_AWARE": True, "RELATIVE_BASE": datetime(2000, 1, 1),  # noqa: DTZ001
    }  # fmt: skip
    at = dateparser.parse(line, languages=["id", "en"], settings=settings)
    if at is None:
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=home)
    return Moment(aware, "minute" if (at.hour, at.minute, at.second) != (0, 0, 0) else "day")
