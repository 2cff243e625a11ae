"""What is known of an exchange while it goes on, and the word for an end that an exception made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ingest import answer, gate
from ingest.gate import Target
from ingest.inflate import BadEncoding, TooLarge, Truncated
from ingest.line import NoTls, Unreachable
from kliping.feeds import FetchOutcome, Hop


class End(Exception):
    """The exchange is over, for a reason that already has its word."""

    def __init__(self, outcome: FetchOutcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome


@dataclass(slots=True)
class Trail:
    """What is known so far of an exchange. `content` is sent by POST, `glimpse` is the beginning of an error's body."""

    url: str
    content: bytes = b""
    conditional: bool = False
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    glimpse: bytes = b""
    hops: list[Hop] = field(default_factory=list)
    retry_after: datetime | None = None
    seconds: float = 0.0
    wire_bytes: int = 0
    pool: str | None = None
    cut_off: bool = False  # the other side stopped sending

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]

    def value(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)


def next_hop(base: Target, trail: Trail, most: int) -> Target:
    """Where a redirect leads, written down. Raises End for one that leads nowhere, around, down to http or too far."""
    location = trail.value("location")
    if not location:
        raise End(FetchOutcome.BAD_REDIRECT, f"{answer.status_line(trail.status or 0)} without Location")
    try:
        target = gate.join(base, answer.header_text(location))
    except ValueError as error:
        raise End(FetchOutcome.BAD_REDIRECT, f"{error}: {location}") from None
    if base.scheme == "https" and target.scheme == "http":
        raise End(FetchOutcome.BAD_REDIRECT, f"from https to {target.url}")
    if len(trail.hops) >= most:
        raise End(FetchOutcome.REDIRECT_LOOP, f"more than {most} redirects")
    if target.url == base.url or any(target.url == hop.url for hop in trail.hops):
        raise End(FetchOutcome.REDIRECT_LOOP, f"back to {target.url}")
    trail.hops.append(Hop(trail.status or 0, base.url, target.url))
    return target


def explain(error: Exception, trail: Trail) -> tuple[FetchOutcome, str]:
    """The word and the line for whatever went wrong; the HTTP library's own errors are told before."""
    text = str(error) or type(error).__name__
    answered = trail.status is not None
    match error:
        case End():
            return error.outcome, text
        case TooLarge():
            return FetchOutcome.TOO_LARGE, text
        case BadEncoding():
            return FetchOutcome.BAD_ENCODING, text
        case Truncated():
            return FetchOutcome.TRUNCATED, text
        case TimeoutError():
            return FetchOutcome.TIMEOUT, str(error) or ("in the body" if answered else "before the answer")
        case Unreachable():
            return FetchOutcome.TIMEOUT if error.slow else FetchOutcome.CONNECT, text
        case NoTls():
            return FetchOutcome.TLS, text
        case UnicodeError():
            return FetchOutcome.BAD_URL, text
        case OSError():
            return FetchOutcome.TRUNCATED if answered else FetchOutcome.CONNECT, text
    return FetchOutcome.ERROR, f"{type(error).__name__}: {text}"
