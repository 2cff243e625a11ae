"""`kliping status` and `kliping why`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import show
from cli.context import Session, with_database

if TYPE_CHECKING:
    from db.reports import SeenArticle, SeenEntry, Status, Story

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NO_CONTACT = (
    "KLIPING_CONTACT is not set: webmasters cannot reach you. Set it to your e-mail address or to a page about you."
)


def status(as_json: Json = False) -> None:
    """Feeds by state, what is due, the last outcomes, the queue, the ledger and the articles."""
    found, session = with_database(_status)
    warnings = [] if session.settings.contact else [NO_CONTACT]
    kind = "embedded" if session.embedded else "configured"
    if as_json:
        show.as_json({**show.plain(found), "database": kind, "warnings": warnings})
        return
    _show_status(found, kind)
    for warning in warnings:
        show.line(f"warning: {warning}")


async def _status(session: Session) -> tuple[Status, Session]:
    from db import reports
    from db.session import transaction

    async with transaction(session.engine) as conn:
        return await reports.status(conn, session.clock.now()), session


def _show_status(found: Status, kind: str) -> None:
    show.facts(
        [
            ("database", f"Postgres {found.server}, {kind}"),
            ("feeds", f"{show.counts(found.feeds)}; due now {found.feeds_due}; failing {found.feeds_failing}"),
            ("hosts", f"due now {found.hosts_due}; being visited {found.hosts_leased}"),
            ("last outcome", show.counts(found.last_outcomes)),
            ("polls in 24 h", show.counts(found.polls_24h)),
            ("queue", show.counts(found.queue)),
            ("ledger", show.counts(found.ledger)),
            ("articles", f"{found.articles} in all, {found.articles_today} today (Asia/Jakarta)"),
            ("last article", show.moment(found.last_article_at)),
            ("gaps", show.counts(found.gap_counts)),
            ("alerts", show.counts(found.alert_counts)),
        ]
    )
    if found.alerts:
        shown = [(a.feed_id, a.kind, a.since, a.detail, a.feed_url) for a in found.alerts]
        show.table(("feed", "alert", "since", "what", "URL"), shown)
    if found.gaps:
        open_gaps = [(g.feed_id, g.from_at, g.to_at, g.why, g.walk, g.feed_url) for g in found.gaps]
        show.table(("feed", "after", "before", "entries may be missing", "walk back", "URL"), open_gaps)
    for twins in found.twins:
        named = ", ".join(str(feed_id) for feed_id in twins.feeds)
        show.line(f"feeds {named} are one: the same {twins.by}")


def why(
    url: Annotated[str, typer.Argument(metavar="URL", help="The address of an article.")], as_json: Json = False
) -> int:
    """Where and when a URL was seen and fetched, what became of it and why. Exit code 1 when nothing is known."""
    from ingest.feedurl import feed_url

    address = feed_url(url).url
    story = with_database(lambda session: _why(session, address))
    if as_json:
        show.as_json({**show.plain(story), "known": story.known, "verdict": verdict(story)})
    else:
        _show_story(story)
    return 0 if story.known else 1


async def _why(session: Session, url: str) -> Story:
    from db import reports
    from db.session import transaction
    from parsers.links import site_of, url_key

    async with transaction(session.engine) as conn:
        return await reports.why(conn, url, url_key(url), site_of(url))


def verdict(story: Story) -> str:
    """The answer in a sentence."""
    for article in story.articles:
        if any(entry.state == "stored" and entry.article_id == article.id for entry in story.entries):
            return _stored(article)
    if story.entries:
        return _entry_verdict(story.entries[-1])
    if story.articles:
        return _stored(story.articles[0])
    if story.pages:
        return "fetched, but no feed announces it any more"
    return "unknown: no feed has announced it and it was never fetched"


def _stored(article: SeenArticle) -> str:
    copy = f", the same text as article {article.same_body_as}" if article.same_body_as else ""
    return f"stored as article {article.id}{copy}"


def _entry_verdict(entry: SeenEntry) -> str:
    reason = entry.reason or "no reason given"
    if entry.state == "duplicate":
        return f"duplicate of article {entry.article_id or '(deleted)'}: same {reason}"
    if entry.state == "pending":
        tried = f" after {entry.attempts} attempts ({reason})" if entry.attempts else ""
        return f"pending{tried}; next try at {show.moment(entry.next_try_at)}"
    if entry.state == "stored":
        return f"stored as article {entry.article_id or '(deleted)'}"
    return f"{entry.state}: {reason}"


def _show_story(story: Story) -> None:
    show.line(story.url)
    show.line(verdict(story))
    if story.entries:
        show.table(
            ("entry", "feed", "seen", "state", "reason", "tries", "next try", "article"),
            [
                (e.id, e.feed_url, e.first_seen_at, e.state, e.reason, e.attempts, e.next_try_at, e.article_id)
                for e in story.entries
            ],
        )
    if story.pages:
        show.table(
            ("fetched", "from", "status", "bytes", "final URL"),
            [
                (page.fetched_at, page.origin, page.status, page.size, page.final_url or page.url)
                for page in story.pages
            ],
        )
    if story.articles:
        show.table(
            ("article", "site", "stored", "published", "title"),
            [(found.id, found.site, found.created_at, found.published_at, found.title) for found in story.articles],
        )
