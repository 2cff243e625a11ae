"""`kliping poll`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import show
from cli.context import Session, with_database

if TYPE_CHECKING:
    from db.feeds import FeedInfo
    from ingest.explain import Story
    from ingest.poll import Polled

GOOD = ("ok", "not_modified", "unchanged")


def poll(
    feed: Annotated[str, typer.Argument(metavar="FEED", help="An id, or (a part of) its URL or title.")],
    now: Annotated[bool, typer.Option("--now", help="Poll it here, due or not, and wait.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell the whole story; without --now that of the last poll.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Make a feed due, for the running service to poll; with --now poll it here and fetch its pages.

    Exit code 1 when the feed did not answer well.
    """
    if not now and not explain:
        info = with_database(lambda session: _make_due(session, feed))
        show.as_json(info) if as_json else show.line(f"feed {info.id} is due now: {info.url}")
        return 0
    story, entries = with_database(lambda session: _story(session, feed, now))
    if explain:
        show.as_json({**show.plain(story), "entries": entries}) if as_json else _explain(story, entries)
    elif as_json:
        show.as_json({"feed_id": story.next.feed_id, **show.plain(story.poll), "entries": entries})
    else:
        _tell(story, entries)
    return 0 if story.poll is None or story.poll.outcome in GOOD else 1


async def _make_due(session: Session, asked: str) -> FeedInfo:
    from db import feeds
    from db.session import transaction
    from ingest.subscribe import find_feed

    async with transaction(session.engine) as conn:
        feed = await find_feed(conn, asked)
        return await feeds.make_due(conn, feed, session.clock.now())


async def _story(session: Session, asked: str, now: bool) -> tuple[Story, dict[str, int]]:
    from db import reports
    from db.session import transaction
    from ingest import explain
    from ingest.subscribe import find_feed

    async with transaction(session.engine) as conn:
        feed = await find_feed(conn, asked)
    polled = await _poll(session, feed.id) if now else None
    async with transaction(session.engine) as conn:
        entries = (await reports.feed_history(conn, feed.id, 0)).entries
        return await explain.story(conn, feed.id, session.settings, polled), entries


async def _poll(session: Session, feed_id: int) -> Polled:
    from ingest.shell import open_shell, renewing
    from ingest.visit import poll_now

    async with open_shell(session.settings, session.engine, session.clock) as shell, renewing(shell):
        return await poll_now(shell, feed_id)


# --- for people -------------------------------------------------------------------------------------------------------


def _tell(story: Story, entries: dict[str, int]) -> None:
    poll = story.poll
    assert poll is not None  # it was made just now
    status = f" ({poll.status})" if poll.status else ""
    detail = f": {poll.detail}" if poll.detail else ""
    show.line(f"feed {story.next.feed_id}: {poll.outcome}{status}{detail}")
    show.line(f"{poll.new} new, {poll.known} known, {poll.bad} bad entries; all its entries: {show.counts(entries)}")


def _explain(story: Story, entries: dict[str, int]) -> None:
    upcoming = story.next
    show.line(f"feed {upcoming.feed_id}: {upcoming.url}")
    _exchange(story)
    _outcome(story)
    show.facts([*_upcoming(story), ("all its entries", show.counts(entries))])


def _exchange(story: Story) -> None:
    """What was asked, and what was answered."""
    if story.request is not None:
        how = "conditional" if story.request.conditional else "unconditional: the whole document is wanted"
        show.facts([("request", f"{story.request.method} {story.request.url} ({how})")])
        show.facts([(f"  {name}", value) for name, value in story.request.headers])
    if story.answer is not None:
        answer = story.answer
        cost = f"{answer.bytes:,} bytes on the wire, {answer.seconds:.3f} s"
        show.facts([("answer", f"{answer.status or 'none'} {answer.outcome}; {cost}; {show.moment(answer.at)}")])
        show.facts([(f"  {hop.status}", f"{hop.url} -> {hop.location}") for hop in answer.hops])
        show.facts([(f"  {name}", value) for name, value in answer.headers])


def _outcome(story: Story) -> None:
    """What became of it: the word, the counts, the entries."""
    poll = story.poll
    if poll is None:
        show.facts([("outcome", "not polled yet")])
        return
    if story.answer is None:
        cost = f"{poll.bytes:,} bytes on the wire, {poll.seconds:.3f} s"
        show.facts([("last poll", f"{show.moment(poll.at)}; {poll.status or 'no answer'}; {cost}")])
    counts = f"{poll.new} new, {poll.known} known, {poll.bad} bad"
    show.facts([("outcome", poll.outcome + (f": {poll.detail}" if poll.detail else "")), ("entries", counts)])
    if poll.gap:
        show.facts([("gap", poll.gap)])
    rows = [(e.state, e.reason, e.next_try_at, e.title, e.url or e.guid) for e in poll.entries]
    if rows:
        show.table(("state", "reason", "next try", "title", "URL"), rows, title="new entries")
    if poll.new > len(rows):
        show.line(f"and {poll.new - len(rows)} more")


def _upcoming(story: Story) -> list[tuple[str, str]]:
    """The next due time and all that has a say in it."""
    found = story.next
    facts = []
    if found.state != "active":
        facts.append(("next poll", f"none: the feed is {found.state} ({found.state_reason or 'no reason given'})"))
    else:
        facts.append(("next poll", f"{show.moment(found.next_poll_at)}: {found.why or 'due from the start'}"))
    if found.failures:
        facts.append(("failures", f"{found.failures} in a row"))
    if found.gap_at:
        facts.append(("gap", f"since {show.moment(found.gap_at)}: entries may have been missed"))
    if found.host_not_before:
        facts.append(("host", f"{found.host} asks to be left alone until {show.moment(found.host_not_before)}"))
    if found.host_visited_by:
        facts.append(("host", f"{found.host} is being visited by {found.host_visited_by}"))
    kept = ", ".join(filter(None, (found.etag, found.last_modified))) or "none"
    facts.append(("validators", f"{kept}; last full answer {show.moment(found.last_full_at)}"))
    return facts
