"""The zones of time that pages and settings name."""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo

_ZONES = {
    "wib": 7, "wita": 8, "wit": 9, "z": 0, "utc": 0, "gmt": 0, "ut": 0, "sgt": 8, "myt": 8, "ict": 7, "jst": 9,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "bst": 1, "cet": 1,
    "cest": 2,
}  # fmt: skip
# Indonesian zones have not moved since 1988: no zone file is read for them.
_HOURS = {"Asia/Jakarta": 7, "Asia/Pontianak": 7, "Asia/Makassar": 8, "Asia/Ujung_Pandang": 8, "Asia/Jayapura": 9}
_FIXED = {name: timezone(timedelta(hours=hours)) for name, hours in _HOURS.items()}

_OFFSET = re.compile(
    r"[ (]{0,3}(?:(?:utc|gmt) ?(?P<far>[+-]\d{1,2}(?::?\d\d)?)|(?P<near>[+-]\d\d(?::?\d\d)?)(?![\d:])"
    r"|(?P<name>[a-z]{1,4})(?![a-z]))"
)


def zone_of(name: str) -> tzinfo:
    """The zone of that IANA name; an unknown one is Jakarta's, since a wrong setting must not cost the article."""
    return _zone(name) or _FIXED["Asia/Jakarta"]


def is_zone(name: str) -> bool:
    """Whether there is a zone of that IANA name."""
    return _zone(name) is not None


def _zone(name: str) -> tzinfo | None:
    if name in _FIXED:
        return _FIXED[name]
    from zoneinfo import ZoneInfo  # late: 2 ms of every start, and Indonesian pages need none

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def zone_after(after: str) -> tzinfo | None:
    """The zone named or told by its offset where `after`, the text behind a time, begins."""
    m = _OFFSET.match(after)
    if not m:
        return None
    if m["name"]:
        hours = _ZONES.get(m["name"])
        return None if hours is None else timezone(timedelta(hours=hours))
    return offset_zone(m["far"] or m["near"])


def offset_zone(text: str) -> tzinfo | None:
    """+7, +07, +0700, +07:00; None beyond 14 hours, which no zone has."""
    digits = text[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    if hours > 14 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
