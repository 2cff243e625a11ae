"""The whole story of one poll, for people: what was asked, what came back, what became of it, when is the next.

the exchange (when we were there: `Polled`) + the rows it left (db.stories) -> Story
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from db import stories
from db.stories import LastPoll, Next
from ingest import gate
from ingest.ask import Request, headers_for, is_conditional
from ingest.poll import Polled
from kliping import __version__
from kliping.feeds import Fetched, Hop
from kliping.settings import Settings

ENTRIES = 50  # shown
TOLD = (
    *("etag", "last-modified", "date", "age", "cache-control", "expires", "retry-after", "content-type"),
    *("content-encoding", "content-length", "location", "link", "server", "x-robots-tag", "cf-mitigated"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The request as it was sent; `conditional` says that a 304 would answer it."""

    method: str
    url: str
    conditional: bool
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer: `headers` are those that decide something, `bytes` what came over the wire."""

    outcome: str
    status: int | None
    final_url: str
    hops: tuple[Hop, ...]
    headers: tuple[tuple[str, str], ...]
    bytes: int
    seconds: float
    at: datetime
    retry_after: datetime | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """One poll from its request to the next due time. Without request and answer when it was not made just now."""

    request: Asked | None
    answer: Answered | None
    poll: LastPoll | None
    next: Next


async def story(conn: AsyncConnection, feed_id: int, settings: Settings, polled: Polled | None = None) -> Story:
    """The story of the poll that was made just now, or of the last one."""
    return Story(
        request=asked(polled.request, settings) if polled else None,
        answer=answered(polled.fetched) if polled else None,
        poll=await stories.last_poll(conn, feed_id, ENTRIES),
        next=await stories.next_poll(conn, feed_id),
    )


def asked(request: Request, settings: Settings) -> Asked | None:
    """The first request of the exchange, by the same function that made its headers; None for a URL that has none."""
    try:
        target = gate.parse(request.url)
    except ValueError:
        return None
    sent = headers_for(request, target, target, settings.user_agent(__version__))
    shown = tuple((name.decode(), value.decode("latin-1")) for name, value in sent)
    hidden = tuple((name, "(not shown)" if name == "Authorization" else value) for name, value in shown)
    return Asked("GET", target.url, is_conditional(sent), hidden)


def answered(fetched: Fetched) -> Answered:
    """What is worth telling of an answer."""
    return Answered(
        outcome=fetched.outcome.value,
        status=fetched.status,
        final_url=fetched.final_url,
        hops=fetched.hops,
        headers=tuple((name, value) for name, value in fetched.headers if name.lower() in TOLD),
        bytes=fetched.wire_bytes,
        seconds=fetched.seconds,
        at=fetched.at,
        retry_after=fetched.retry_after,
        detail=fetched.detail,
    )
