"""The two transactions that write: what a poll found, and what became of an entry.

Each takes a batch, locks the host rows first and drops what comes from a lease that is no longer ours (the fence), so
that a stale holder's writes are refused. Both can be repeated: a poll is known by its time, an entry by its state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from db import articles, entries, hosts, polls, unchanged
from db.articles import NewArticle, RawPage
from db.entries import NewEntry, Settling
from db.polls import FeedUpdate
from ingest import gaps
from ingest.decide import Verdict, decide
from ingest.gaps import Finding
from kliping.decisions import Decision, Duplicate, EntryState, Identity, Insert, Quarantine, Reject, Retry
from kliping.feeds import Lease, PollRecord
from kliping.model import Article, Origin


@dataclass(frozen=True, slots=True)
class PollWrite:
    """What one poll leaves behind. `read` says that the document's entries were read, `gap` what they say of gaps."""

    lease: Lease
    record: PollRecord
    update: FeedUpdate
    rows: tuple[NewEntry, ...] = ()
    read: bool = False
    gap: Finding | None = None

    def hosts(self) -> set[str]:
        """The hosts that get work by it, or the feed itself."""
        moved = {self.update.move.host} if self.update.move else set()
        return moved | {row.host for row in self.rows if row.host}


@dataclass(frozen=True, slots=True)
class Found:
    """An article on its way to be stored."""

    identity: Identity
    article: Article
    body_from: Origin
    initial: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of one try at an entry: an article to be decided on, or a decision reached before (`instead`)."""

    lease: Lease
    entry_id: int
    feed_id: int
    at: datetime
    found: Found | None = None
    instead: Decision | None = None
    page: RawPage | None = None
    parts: tuple[RawPage, ...] = ()  # further pages of the same article, in order
    full_text: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided; None when the lease was no longer ours or the entry had been settled before."""

    decision: Decision | None
    article_id: int | None = None


# --- polls ------------------------------------------------------------------------------------------------------------


async def write_polls(conn: AsyncConnection, items: Sequence[PollWrite]) -> Sequence[bool]:
    """Write polls with their entries and validators; False for one whose lease is lost."""
    others = set().union(*(item.hosts() for item in items))
    held = await hosts.fence(conn, [item.lease for item in items], others)
    written = [item.lease.host in held for item in items]
    ours = [item for item, is_held in zip(items, written, strict=True) if is_held]
    calm = {item.record.feed_id: item for item in ours if item.gap is None and unchanged.fits(item.update, item.record)}
    if calm:
        await unchanged.save(conn, [(item.update, item.record) for item in calm.values()])
    for item in ours:
        if calm.get(item.record.feed_id) is not item:
            await _write_poll(conn, item)
    return written


async def _write_poll(conn: AsyncConnection, item: PollWrite) -> None:
    if not await polls.first_time(conn, item.record.feed_id, item.record.at):
        return
    await entries.add(conn, item.record.feed_id, item.rows, item.record.at)
    await polls.save(conn, item.update, item.record, full=item.read)
    if item.gap is not None:
        await gaps.save(conn, item.record.feed_id, item.gap, item.record.at)
    for host, at in sorted(_wakes(item).items()):
        await hosts.wake(conn, host, at)


async def enter(
    conn: AsyncConnection, lease: Lease, feed_id: int, rows: Sequence[NewEntry], at: datetime
) -> int | None:
    """Enter what came otherwise than by a poll: a page of history, a push. How many were new; None without the lease.

    The rows of `strangers` must be there.
    """
    others = strangers(lease, rows)
    if lease.host not in await hosts.fence(conn, [lease], others):
        return None
    new = await entries.add(conn, feed_id, rows, at)
    for host in others:
        await hosts.wake(conn, host, at)
    return new


def strangers(lease: Lease, rows: Sequence[NewEntry]) -> list[str]:
    """The hosts beside our own that have pages of these entries."""
    return sorted({row.host for row in rows if row.host and row.host != lease.host})


def _wakes(item: PollWrite) -> dict[str, datetime]:
    """The other hosts that have work now, and from when."""
    first: dict[str, datetime] = {}
    for row in item.rows:
        if row.host and row.next_try_at and row.host != item.lease.host:
            first[row.host] = min(row.next_try_at, first.get(row.host, row.next_try_at))
    if item.update.move and item.update.move.host != item.lease.host:
        host, at = item.update.move.host, item.update.next_poll_at
        first[host] = min(at, first.get(host, at))
    return first


# --- entries ----------------------------------------------------------------------------------------------------------


async def settle_batch(conn: AsyncConnection, items: Sequence[Settlement]) -> Sequence[Settled]:
    """Decide on each article, store it, and write the new state of every entry, all in one transaction."""
    held = await hosts.fence(conn, [item.lease for item in items])
    open_ids = await entries.still_pending(conn, [item.entry_id for item in items])
    live = [item for item in items if item.lease.host in held and item.entry_id in open_ids]
    ends = await _store(conn, [item for item in live if item.found is not None])
    ends |= {item.entry_id: Settled(item.instead) for item in live if item.found is None}
    await _keep(conn, live, ends)
    return [ends.get(item.entry_id, Settled(None)) for item in items]


async def _store(conn: AsyncConnection, items: Sequence[Settlement]) -> dict[int, Settled]:
    """Round by round, since an article can be a duplicate of one in its own batch, or of one stored a moment ago."""
    ends: dict[int, Settled] = {}
    waiting = list(items)
    while waiting:
        if len(ends) == len(items):
            break
        before = len(waiting)
        waiting = await _round(conn, waiting, ends)
        if len(waiting) == before:  # an equal article appeared and went in between: the batch is tried anew
            raise TimeoutError("articles changed while they were decided on")
    return ends


async def _round(conn: AsyncConnection, items: list[Settlement], ends: dict[int, Settled]) -> list[Settlement]:
    """Settle what can be settled now; returns those that must look again."""
    founds = [item.found for item in items if item.found is not None]
    known = await articles.known(conn, [found.identity for found in founds])
    chosen: list[tuple[Settlement, NewArticle]] = []
    again: list[Settlement] = []
    taken: set[object] = set()
    for item, found, what in zip(items, founds, known, strict=True):
        decision = decide(what)
        if isinstance(decision, Duplicate):
            ends[item.entry_id] = Settled(decision, decision.of)
        elif isinstance(decision, Insert) and not taken & (keys := _claims(found.identity)):
            taken |= keys
            chosen.append((item, _new(item, found, decision)))
        else:
            again.append(item)
    ids = await articles.insert_new(conn, [row for _, row in chosen])
    for (item, row), article_id in zip(chosen, ids, strict=True):
        if article_id is None:
            again.append(item)
        else:
            ends[item.entry_id] = Settled(Insert(row.same_body_as), article_id)
    return again


def _claims(identity: Identity) -> set[object]:
    """What no two articles of one round may share; a body is claimed across sites, so that copies are linked."""
    site = identity.site
    return {(site, "entry", identity.entry_key), (site, "url", identity.url_key or object()), identity.body_key}


def _new(item: Settlement, found: Found, decision: Insert) -> NewArticle:
    return NewArticle(
        identity=found.identity,
        article=found.article,
        feed_id=item.feed_id,
        at=item.at,
        body_from=found.body_from,
        initial=found.initial,
        same_body_as=decision.same_body_as,
    )


async def _keep(conn: AsyncConnection, live: Sequence[Settlement], ends: dict[int, Settled]) -> None:
    """Write what goes with the decisions: removals, raw pages, entry states, the full-text check."""
    inserted = {
        item.entry_id: end.article_id
        for item in live
        if isinstance((end := ends[item.entry_id]).decision, Insert) and end.article_id is not None
    }
    found = [(inserted[item.entry_id], item.found.article) for item in live if item.found and item.entry_id in inserted]
    await articles.add_removals(conn, found)
    kept = [
        (item.entry_id, inserted.get(item.entry_id), page)
        for item in live
        if not isinstance(ends[item.entry_id].decision, Retry | Duplicate)
        for page in (item.page, *item.parts)
        if page
    ]
    await articles.add_pages(conn, kept)
    again = {
        end.article_id: item.feed_id for item in live if isinstance((end := ends[item.entry_id]).decision, Duplicate)
    }
    await articles.adopt(conn, again)
    await entries.settle(conn, [_settling(item, ends[item.entry_id]) for item in live])
    for item in sorted((item for item in live if item.full_text), key=lambda item: (item.feed_id, item.at)):
        if item.full_text is not None:
            check = item.full_text
            await polls.save_full_text(conn, item.feed_id, check.agreed, check.verdict, check.checked_at)


def _settling(item: Settlement, end: Settled) -> Settling:
    match end.decision:
        case Insert():
            return Settling(item.entry_id, item.at, EntryState.STORED, article_id=end.article_id)
        case Duplicate(of=of, why=why):
            return Settling(item.entry_id, item.at, EntryState.DUPLICATE, reason=why, article_id=of)
        case Retry(at=at, reason=reason, counts=counts):
            return Settling(item.entry_id, item.at, EntryState.PENDING, reason=reason, next_try_at=at, failed=counts)
        case Quarantine(reason=reason):
            return Settling(item.entry_id, item.at, EntryState.QUARANTINED, reason=reason, failed=True)
        case Reject(reason=reason):
            return Settling(item.entry_id, item.at, EntryState.REJECTED, reason=reason, failed=True)
        case None:
            raise AssertionError("a settlement without a decision")
