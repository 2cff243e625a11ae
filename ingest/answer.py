"""What an answer means: status codes, Retry-After, exceptions and their one line for people. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from kliping.feeds import FetchOutcome
from parsers.text import clean_line, cut

FOLLOWED = frozenset({301, 302, 303, 307, 308})
RESENT = frozenset({307, 308})  # what was posted is posted again; the others would turn it into a GET
WITH_BODY = frozenset({200, 203})
BODILESS = frozenset({*range(100, 200), 204, 205, *range(300, 400)})  # or never read: a redirect's leads nowhere
LONGEST_RETRY = timedelta(hours=24)
TOO_MANY = timedelta(seconds=30)  # the least pause after a 429, whatever Retry-After says
DETAIL = 300  # characters

_NAMED = {
    **dict.fromkeys((401, 403, 407, 451), FetchOutcome.REFUSED),
    404: FetchOutcome.NOT_FOUND,
    410: FetchOutcome.GONE,
    429: FetchOutcome.RATE_LIMITED,
}
_SECONDS = re.compile(r"[0-9]+")
_URL = re.compile(r"([a-z][a-z0-9+.-]*://)(?:[^/\s]*@)?([^\s?#'\"]*)[^\s'\"]*", re.I)


def conclude(status: int, body: bytes, conditional: bool) -> tuple[FetchOutcome, str | None]:
    """The word and the line for a complete answer; `conditional` says that the request carried validators."""
    if status in WITH_BODY and body and not body.isspace():
        return FetchOutcome.OK, None
    if status in WITH_BODY:
        return FetchOutcome.EMPTY, status_line(status)
    if status == 304 and conditional:
        return FetchOutcome.NOT_MODIFIED, None
    return outcome_of(status), status_line(status)


def outcome_of(status: int) -> FetchOutcome:
    """The word for a status that is neither a body, a redirect we follow, nor a 304 we asked for."""
    if status in _NAMED:
        return _NAMED[status]
    if 400 <= status < 500:
        return FetchOutcome.CLIENT_ERROR
    return FetchOutcome.SERVER_ERROR if 500 <= status < 600 else FetchOutcome.UNEXPECTED_STATUS


def status_line(status: int) -> str:
    """`HTTP 404 Not Found`, in our words and not the server's."""
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def retry_after(value: str | None, now: datetime) -> datetime | None:
    """When a Retry-After header (RFC 9110, 10.2.3: seconds or a date) lets us come back, at most 24 h from now.

    None when there is no such header, when it makes no sense, or when its time has passed.
    """
    value = (value or "").strip()
    if _SECONDS.fullmatch(value):
        until = now + min(LONGEST_RETRY, timedelta(seconds=int(value[:9]) if len(value) < 10 else 10**9))
    else:
        until = min(http_date(value) or now, now + LONGEST_RETRY)
    return until if until > now else None


def pause(status: int, value: str | None, now: datetime) -> datetime | None:
    """When a host may be asked again after an error: its Retry-After, and after a 429 at least 30 s."""
    until = retry_after(value, now) if status >= 400 else None
    return max(until or now, now + TOO_MANY) if status == 429 else until


def http_date(value: str) -> datetime | None:
    """A date as headers have it (RFC 9110, 5.6.7), read leniently; None for anything else."""
    try:
        date = parsedate_to_datetime(value)
        return date if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def header_text(value: str) -> str:
    """A header as text: the UTF-8 it should be where it is that, else the latin-1 it was read as."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def one_line(text: str) -> str:
    """A clean line of at most 300 characters; URLs in it lose userinfo, query and fragment, where secrets live."""
    return cut(clean_line(_URL.sub(r"\1\2", text[: 4 * DETAIL])), DETAIL)
