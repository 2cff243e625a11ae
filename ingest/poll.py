"""Poll one feed: ask, read, enter what is new into the ledger, say when to ask again.

Feed -> Request -> Fetched -> Reading (ParsedFeed or a fault) -> rows of the ledger + PollRecord, one transaction
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from db import entries, hosts
from db.entries import NewEntry
from db.polls import FeedUpdate
from ingest import decide, due, gaps, hub, moves, network
from ingest.ask import Permit
from ingest.fetch import Kind, Request
from ingest.health import outlinks
from ingest.ledger import PollWrite
from ingest.shell import Shell
from kliping.decisions import EntryState
from kliping.errors import FeedError, LeaseLost, SandboxCrash, SandboxError, SandboxMemory
from kliping.feeds import Feed, FeedState, Fetched, FetchOutcome, Lease, ParsedFeed, PollRecord
from kliping.model import Entry
from kliping.settings import Settings
from parsers.feed import TRUNCATED
from parsers.links import entry_keys, host_of, site_of, url_key

log = structlog.get_logger()

UNCHANGED = "unchanged"  # a full answer with the bytes of the last one
GOOD = frozenset({FetchOutcome.OK.value, FetchOutcome.NOT_MODIFIED.value, UNCHANGED})


@dataclass(frozen=True, slots=True)
class Reading:
    """What the answer to a poll turned out to be: an outcome word, and the document when there is a new one."""

    outcome: str
    detail: str | None = None
    parsed: ParsedFeed | None = None


@dataclass(frozen=True, slots=True)
class Polled:
    """A poll that is written, and the exchange behind it."""

    record: PollRecord
    request: Request
    fetched: Fetched


async def poll(shell: Shell, lease: Lease, feed: Feed, permit: Permit | None = None) -> Polled:
    """Poll `feed` under `lease`. Raises LeaseLost; every other trouble is the record's outcome."""
    price = await shell.tariff.price()
    request = _request(feed, shell.clock.now())
    fetched = await shell.fetcher.fetch(request, permit)
    shell.metrics.fetched(Kind.FEED.value, fetched.outcome.value)
    ours = await network.lost(shell, feed, fetched)
    reading = await read(shell, feed, fetched)
    rows = await new_rows(shell, feed, reading.parsed) if reading.parsed else ()
    record = _record(feed, fetched, reading, rows)
    gap = await gaps.look(shell, feed, reading.parsed, rows, record.known, fetched.at)
    heard = _heard(gaps.marked(feed, gap, fetched.at), reading, rows, fetched.at)
    update = _update(heard, fetched, reading, rows, Terms(price, ours, shell.clock.now(), shell.settings))
    await write(shell, PollWrite(lease, record, update, rows, read=reading.parsed is not None, gap=gap))
    await hub.discover(shell, feed, fetched, reading.parsed)
    _tell(shell, feed, record, update)
    return Polled(record, request, fetched)


async def write(shell: Shell, item: PollWrite) -> None:
    """Commit a poll, or a page of history; raises LeaseLost when it was refused."""
    strangers = item.hosts() - {item.lease.host}
    if strangers:
        async with shell.engine.begin() as conn:
            await hosts.ensure(conn, strangers)
    if not await (await shell.polls.submit(item)):
        raise LeaseLost(f"the lease of {item.lease.host} was given to somebody else")


def _request(feed: Feed, now: datetime) -> Request:
    if not decide.conditional(feed, now):
        return Request(feed.url, Kind.FEED, feed.user_agent)
    return Request(feed.url, Kind.FEED, feed.user_agent, feed.etag, feed.last_modified, feed.answered_url)


async def read(shell: Shell, feed: Feed, fetched: Fetched) -> Reading:
    """Turn an answer into a document or a fault; the same bytes as last time are not parsed again."""
    if fetched.outcome is not FetchOutcome.OK:
        return Reading(fetched.outcome.value, fetched.detail)
    if hashlib.sha256(fetched.body).digest() == feed.body_sha256:
        return Reading(UNCHANGED)
    try:
        parsed = await shell.sandbox.feed(
            fetched.body,
            fetched.final_url,
            fetched.header("content-type"),
            feed.zone,
            shell.settings.entries_per_poll,
        )
    except FeedError as error:
        fault, _, detail = str(error).partition(": ")
        return Reading(fault, detail or None)
    except SandboxError as error:
        shell.metrics.sandbox_died(death(error))
        return Reading(f"parser_{death(error)}", str(error))
    over = parsed.announced - len(parsed.entries)
    warnings = (*parsed.warnings, *([f"{over} entries over the limit"] if over > 0 else []))
    return Reading(FetchOutcome.OK.value, "; ".join(warnings) or None, parsed)


def death(error: SandboxError) -> str:
    """How a parsing child ended, as a label."""
    if isinstance(error, SandboxMemory):
        return "memory"
    return "crash" if isinstance(error, SandboxCrash) else "timeout"


async def new_rows(shell: Shell, feed: Feed, parsed: ParsedFeed, origin: str = "live") -> tuple[NewEntry, ...]:
    """The rows of the ledger for the entries that are not in it yet, the newest tried first."""
    fresh = await _unknown(shell, feed, parsed.entries)
    oldest = datetime.min.replace(tzinfo=shell.clock.now().tzinfo)
    ordered = sorted(fresh.items(), key=lambda pair: pair[1].published_at or oldest, reverse=True)
    interval = timedelta(seconds=feed.interval or shell.settings.poll_first)
    rows: list[NewEntry] = []
    waiting = 0
    for key, entry in ordered:
        at = decide.first_try(waiting, shell.settings.pages_per_poll, interval, shell.clock.now())
        row = _row(feed, key, entry, at, origin, shell)
        waiting += row.state is EntryState.PENDING and decide.plan(feed, entry) is decide.Plan.FETCH
        rows.append(row)
    return tuple(rows)


async def _unknown(shell: Shell, feed: Feed, announced: Sequence[Entry]) -> dict[bytes, Entry]:
    """The entries that the ledger does not hold, by key.

    Keys are made from the URL the feed began with, since where it is may change. A known GUID that comes with another
    link and another title is another article, by a publisher whose GUIDs do not tell articles apart: it is keyed anew.
    """
    keyed = dict(zip(_keys(feed, announced), announced, strict=True))
    async with shell.engine.connect() as conn:
        known = await entries.known(conn, feed.id, keyed)
        reused = {
            renewed: entry
            for key, entry in keyed.items()
            if key in known and (renewed := decide.renewed_key(key, entry, known[key])) is not None
        }
        known |= await entries.known(conn, feed.id, reused)
    return {key: entry for key, entry in (keyed | reused).items() if key not in known}


def _known(feed: Feed, parsed: ParsedFeed | None, rows: Sequence[NewEntry]) -> int:
    """How many entries of the document were in the ledger before; one that it shows twice counts once."""
    return max(0, len(set(_keys(feed, parsed.entries))) - len(rows)) if parsed else 0


def _keys(feed: Feed, announced: Sequence[Entry]) -> tuple[bytes, ...]:
    return entry_keys(announced, feed.key_url or feed.url)


def _row(feed: Feed, key: bytes, entry: Entry, at: datetime, origin: str, shell: Shell) -> NewEntry:
    """One entry as it enters the ledger: pending on the host that has its page, or decided at once."""
    initial = origin == "live" and feed.first_polled_at is None
    fresh = NewEntry(key, entry, initial=initial, origin=origin)
    if entry.error:
        return replace(fresh, state=EntryState.QUARANTINED, reason=entry.error)
    plan = decide.plan(feed, entry)
    if plan is decide.Plan.NOTHING:
        return replace(fresh, state=EntryState.REJECTED, reason="no_link_no_text")
    try:
        url = entry.url or feed.url
        place = replace(fresh, site=site_of(url), host=host_of(url), url_key=url_key(url) if entry.url else None)
        place = replace(place, outlinks=outlinks(entry.content or entry.summary, entry.url))
    except ValueError:
        return replace(fresh, state=EntryState.REJECTED, reason=FetchOutcome.BAD_URL.value)
    return replace(place, next_try_at=shell.clock.now() if plan is decide.Plan.FEED else at)


def _record(feed: Feed, fetched: Fetched, reading: Reading, rows: Sequence[NewEntry]) -> PollRecord:
    bad = sum(row.state is EntryState.QUARANTINED for row in rows)
    return PollRecord(
        feed_id=feed.id,
        at=fetched.at,
        outcome=reading.outcome,
        status=fetched.status,
        seconds=fetched.seconds,
        bytes=fetched.wire_bytes,
        new=len(rows),
        known=_known(feed, reading.parsed, rows),
        bad=bad,
        detail=reading.detail,
        hops=fetched.hops,
    )


def _heard(feed: Feed, reading: Reading, rows: Sequence[NewEntry], at: datetime) -> Feed:
    """The feed with what a document says of its times."""
    if reading.parsed is None:
        return feed
    known = _known(feed, reading.parsed, rows)
    return due.listen(due.read(feed, reading.parsed), [row.entry for row in rows], at, known)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a poll's next time depends on beside feed and answer. `ours`: a failure of it is no fault of theirs."""

    price: float
    ours: bool
    now: datetime
    settings: Settings


def _update(feed: Feed, fetched: Fetched, reading: Reading, rows: Sequence[NewEntry], terms: Terms) -> FeedUpdate:
    """What the poll changes of the feed. A failure keeps validators, body hash and URL as they were.

    So does a document that breaks off: with its validators, what it did not say would never be asked for.
    """
    now = fetched.at
    good = reading.outcome in GOOD
    cut = reading.parsed is not None and TRUNCATED in reading.parsed.warnings
    full = good and not cut and reading.outcome != FetchOutcome.NOT_MODIFIED.value
    failures, backoff = _failures(feed, reading.outcome, terms.ours)
    answer = due.Answer(due.fresh_for(fetched) if good else 0.0, fetched.retry_after, terms.ours)
    then = due.next_poll(replace(feed, backoff=backoff), answer, terms.now, terms.price, terms.settings)
    retired = decide.gone_for_good(feed, reading.outcome, now)
    parsed = reading.parsed
    etag, last_modified = _validators(feed, fetched, full) if good and not cut else (feed.etag, feed.last_modified)
    sighting, move = moves.follow(feed, fetched, _proof(feed, reading, rows)) if good else (moves.watched(feed), None)
    return FeedUpdate(
        next_poll_at=then.at,
        failures=failures,
        backoff=backoff,
        why=then.why,
        heard=feed if parsed else None,
        state=FeedState.GONE if retired else FeedState.ACTIVE,
        state_reason="410 twice, a day apart" if retired else None,
        gone_at=_gone_at(feed, reading.outcome, now),
        etag=etag,
        last_modified=last_modified,
        answered_url=_answered_url(fetched) if full else feed.answered_url,
        sighting=sighting,
        move=move,
        body_sha256=hashlib.sha256(fetched.body).digest() if full else feed.body_sha256,
        last_full_at=now if full else feed.last_full_at,
        reset_full_text=decide.recheck_due(feed, now),
        facts=_facts(parsed) if parsed else (),
    )


def _gone_at(feed: Feed, outcome: str, now: datetime) -> datetime | None:
    """Since when the feed says 410; a failure in between says nothing else."""
    if outcome == FetchOutcome.GONE.value:
        return feed.gone_at or now
    return None if outcome in GOOD else feed.gone_at


def _failures(feed: Feed, outcome: str, ours: bool) -> tuple[int, float]:
    """Failures in a row and their weight; a fault of ours changes neither."""
    if outcome in GOOD:
        return 0, 0.0
    return (feed.failures, feed.backoff) if ours else (feed.failures + 1, feed.backoff + due.weight_of(outcome))


def _validators(feed: Feed, fetched: Fetched, full: bool) -> tuple[str | None, str | None]:
    """A full answer brings its own or none; a 304 confirms those we have, and may renew either."""
    return moves.validators(fetched, *((None, None) if full else (feed.etag, feed.last_modified)))


def _answered_url(fetched: Fetched) -> str | None:
    return fetched.final_url if fetched.hops else None


def _proof(feed: Feed, reading: Reading, rows: Sequence[NewEntry]) -> moves.Proof:
    """Whether the document is the feed we know: the same bytes, or with an entry that was in the ledger before."""
    if reading.parsed is None:
        return moves.Proof(same=reading.outcome == UNCHANGED, known=reading.outcome == UNCHANGED)
    keys = set(_keys(feed, reading.parsed.entries))
    known = not keys <= {row.key for row in rows}
    return moves.Proof(same=known or feed.first_polled_at is None, known=known)


def _facts(parsed: ParsedFeed) -> tuple[tuple[str, str | None], ...]:
    return (
        ("title", parsed.title),
        ("site_url", parsed.site_url),
        ("version", parsed.version),
        ("language", parsed.language),
    )


def _tell(shell: Shell, feed: Feed, record: PollRecord, update: FeedUpdate) -> None:
    shell.metrics.polled(record.outcome)
    log.info(
        "poll",
        feed=feed.id,
        url=feed.url,
        outcome=record.outcome,
        status=record.status,
        new=record.new,
        known=record.known,
        bad=record.bad,
        seconds=round(record.seconds, 3),
        next_poll_at=update.next_poll_at.isoformat(timespec="seconds"),
        why=update.why,
        detail=record.detail,
    )
