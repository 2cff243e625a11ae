"""What an operator may set for a feed, as text -> values. Pure; each raises InputError with one line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kliping.errors import InputError
from parsers.links import site_of
from parsers.text import clean_line

_INTERVAL = re.compile(r"(\d{1,9})\s*(s|m|min|h|d)?", re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_WORDS: dict[str, bool | None] = {"yes": True, "no": False, "auto": None}
LEAST, MOST = 60, 30 * 86400  # seconds
MAX_AGENT = 300
MAX_SITES = 50


def interval_seconds(given: str) -> int:
    """Seconds of `900`, `15m`, `2h` or `1d`; a minute at least, 30 days at most."""
    match = _INTERVAL.fullmatch(given.strip())
    if match is None:
        raise InputError(f"not an interval: {given} (wanted seconds, or 15m, 2h, 1d)")
    seconds = int(match[1]) * _UNITS[(match[2] or "").lower()]
    if not LEAST <= seconds <= MOST:
        raise InputError(f"an interval is from 1m to 30d: {given}")
    return seconds


def known_zone(given: str) -> str:
    """An IANA time zone that this machine knows."""
    try:
        return ZoneInfo(given.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"not a time zone: {given} (wanted a name such as Asia/Jakarta)") from None


def yes_no_auto(given: str) -> bool | None:
    """The operator's word on full text; auto leaves it to the check."""
    word = given.strip().lower()
    if word not in _WORDS:
        raise InputError(f"wanted yes, no or auto: {given}")
    return _WORDS[word]


def agent(given: str) -> str | None:
    """A User-Agent of printable ASCII; empty takes the default back."""
    text = clean_line(given)
    if not text:
        return None
    if len(text) > MAX_AGENT or not text.isascii() or not text.isprintable():
        raise InputError(f"a user agent is at most {MAX_AGENT} printable ASCII characters")
    return text


def sites(given: str) -> list[str]:
    """The registrable domains of a list with commas; empty for none."""
    names = [part.strip() for part in given.split(",") if part.strip()]
    if len(names) > MAX_SITES:
        raise InputError(f"at most {MAX_SITES} sites")
    try:
        return sorted({site_of(name if "//" in name else f"https://{name}/") for name in names})
    except ValueError:
        raise InputError(f"not a list of domains: {given}") from None


def moment(given: str, zone: str, end: bool = False) -> datetime:
    """A day (`2024-03-01`, its first instant or with `end` its last, in `zone`) or an ISO 8601 time, made aware."""
    text = given.strip()
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"not a date: {given} (wanted 2024-03-01 or 2024-03-01T08:00+07:00)") from None
    if len(text) <= len("2024-03-01") and end:
        parsed += timedelta(days=1) - timedelta(microseconds=1)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=ZoneInfo(zone))


def span(since: datetime | None, until: datetime | None) -> None:
    """Raise InputError for a span that ends before it begins."""
    if since is not None and until is not None and since > until:
        raise InputError("--since is after --until")
