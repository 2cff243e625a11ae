"""WebSub (W3C Recommendation, 23 January 2018): a hub pushes what a feed publishes. Off unless a public URL is set.

    poll -> the hub that feed or answer names -> a row, due at once (see `ingest.hub`)
    renew, every minute: POST to the hub -> the hub asks back whether we mean it (verify) -> pushes until the lease ends
    deliver: signature -> parsers -> the ledger, as with a poll; its pages are fetched by the next visit

Polls go on: a push only makes an entry known sooner, so nothing is lost with one. A push for a host that is being
visited, or that cannot be read, makes the feed due at once instead.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from db import feeds, hosts, polls, subscriptions
from db.subscriptions import Subscription
from ingest import ledger
from ingest.answer import one_line
from ingest.fetch import Kind, Request
from ingest.poll import death, new_rows
from ingest.shell import Shell
from kliping.errors import FeedError, SandboxError
from kliping.feeds import Feed, FeedState, ParsedFeed

log = structlog.get_logger()

PATH = "/websub/"
EVERY = 60.0  # seconds
AT_ONCE = 20  # hubs asked in one turn
LEASE = timedelta(days=10)  # what we ask for; the hub decides
LEAST_LEASE, MOST_LEASE = timedelta(minutes=5), timedelta(days=90)
RENEWED = 0.8  # of the lease
FIRST_RETRY, LAST_RETRY = timedelta(minutes=10), timedelta(hours=24)
DENIED_FOR = timedelta(days=7)
METHODS = ("sha1", "sha256", "sha384", "sha512")  # section 7


@dataclass(frozen=True, slots=True)
class Reply:
    """What a hub is answered."""

    status: int
    text: str = ""


# --- asking -----------------------------------------------------------------------------------------------------------


async def renew(shell: Shell) -> int:
    """Ask the hubs whose subscriptions are due; returns how many took the request."""
    async with shell.engine.connect() as conn:
        due = await subscriptions.due(conn, shell.clock.now(), AT_ONCE)
    return sum([await _ask(shell, subscription) for subscription in due])


async def _ask(shell: Shell, wanted: Subscription) -> bool:
    """The row says that we ask before we do: a hub may verify before it answers."""
    retry = min(LAST_RETRY, FIRST_RETRY * 2 ** min(wanted.failures, 10))
    async with shell.engine.begin() as conn:
        await subscriptions.asking(conn, wanted.feed_id, shell.clock.now() + retry)
    form = {
        "hub.callback": f"{(shell.settings.websub_url or '').rstrip('/')}{PATH}{wanted.token}",
        "hub.mode": "subscribe",
        "hub.topic": wanted.topic,
        "hub.secret": wanted.secret,
        "hub.lease_seconds": str(int(LEASE.total_seconds())),
    }
    fetched = await shell.fetcher.fetch(Request(wanted.hub, Kind.HUB, form=tuple(form.items())))
    shell.metrics.fetched(Kind.HUB.value, fetched.outcome.value)
    taken = fetched.status is not None and 200 <= fetched.status < 300
    log.info("websub_asked", feed=wanted.feed_id, hub=wanted.hub, status=fetched.status, detail=fetched.detail)
    if not taken:
        async with shell.engine.begin() as conn:
            await subscriptions.refused(conn, wanted.feed_id, fetched.detail or fetched.outcome.value)
    return taken


# --- verification of intent (section 5.3) -----------------------------------------------------------------------------


async def verify(shell: Shell, token: str, query: Mapping[str, str]) -> Reply:
    """The hub asks whether we mean it, or tells that it will not push."""
    mode, now = query.get("hub.mode"), shell.clock.now()
    async with shell.engine.begin() as conn:
        held = await subscriptions.by_token(conn, token)
        if held is None or query.get("hub.topic") != held.topic:
            return Reply(404)
        if mode == "denied":
            reason = one_line(query.get("hub.reason") or "the hub gives no reason")
            await subscriptions.denied(conn, held.feed_id, reason, now + DENIED_FOR)
            log.warning("websub_denied", feed=held.feed_id, hub=held.hub, reason=reason)
            return Reply(200)
        challenge = query.get("hub.challenge")
        if mode != "subscribe" or not challenge or not held.failures:  # nothing else was asked for
            return Reply(404)
        lease = lease_of(query.get("hub.lease_seconds"))
        await subscriptions.verified(conn, held.feed_id, now + lease, now + lease * RENEWED)
    log.info("websub_active", feed=held.feed_id, hub=held.hub, lease=int(lease.total_seconds()))
    return Reply(200, challenge)


def lease_of(seconds: str | None) -> timedelta:
    """How long the hub will push; what makes no sense is brought within bounds."""
    if seconds is None or not re.fullmatch(r"[0-9]{1,12}", seconds):
        return LEASE
    return max(LEAST_LEASE, min(MOST_LEASE, timedelta(seconds=min(int(seconds), 10**9))))


# --- delivery (section 7) ---------------------------------------------------------------------------------------------


def signed(secret: str, body: bytes, header: str | None) -> bool:
    """Whether X-Hub-Signature, `method=hex`, is the HMAC of the body under our secret."""
    method, _, given = (header or "").strip().partition("=")
    if method.lower() not in METHODS or not given.isascii():
        return False
    return hmac.compare_digest(hmac.new(secret.encode(), body, method.lower()).hexdigest(), given.lower())


async def deliver(shell: Shell, token: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """Take in what a hub pushes. A bad signature is acknowledged and ignored, so that it tells a forger nothing."""
    async with shell.engine.connect() as conn:
        held = await subscriptions.by_token(conn, token)
        feed = await polls.feed(conn, held.feed_id) if held else None
    if held is None or feed is None or feed.state is not FeedState.ACTIVE:
        return _acknowledge(shell, "unknown", 410)
    if not signed(held.secret, body, headers.get("x-hub-signature")):
        log.warning("websub_bad_signature", feed=feed.id, hub=held.hub)
        return _acknowledge(shell, "bad_signature")
    parsed = await _read(shell, feed, headers.get("content-type"), body)
    if parsed is None:
        await _poll_soon(shell, feed)
        return _acknowledge(shell, "unreadable")
    if not await _enter(shell, feed, parsed):
        await _poll_soon(shell, feed)
        return _acknowledge(shell, "deferred")
    return _acknowledge(shell, "accepted")


def _acknowledge(shell: Shell, outcome: str, status: int = 202) -> Reply:
    shell.metrics.pushed(outcome)
    return Reply(status)


async def _read(shell: Shell, feed: Feed, content_type: str | None, body: bytes) -> ParsedFeed | None:
    try:
        return await shell.sandbox.feed(body, feed.url, content_type, feed.zone, shell.settings.entries_per_poll)
    except FeedError as error:
        log.warning("websub_unreadable", feed=feed.id, reason=str(error))
    except SandboxError as error:
        shell.metrics.sandbox_died(death(error))
        log.warning("websub_unreadable", feed=feed.id, reason=str(error))
    return None


async def _enter(shell: Shell, feed: Feed, parsed: ParsedFeed) -> bool:
    """Enter what is new under the host's lease, as a poll does; False while somebody else visits the host."""
    lease = await shell.take(feed.host)
    if lease is None:
        return False
    async with shell.engine.connect() as conn:
        record = await hosts.record(conn, feed.host)
    try:
        rows = await new_rows(shell, feed, parsed)
        now = shell.clock.now()
        async with shell.engine.begin() as conn:
            await hosts.ensure(conn, ledger.strangers(lease, rows))
        async with shell.engine.begin() as conn:
            new = await ledger.enter(conn, lease, feed.id, rows, now)
            if new is not None:
                await subscriptions.delivered(conn, feed.id, new, now)
    finally:
        await shell.release(lease, record.not_before if record else None)
    log.info("pushed", feed=feed.id, new=new, known=len(parsed.entries) - len(rows))
    return new is not None


async def _poll_soon(shell: Shell, feed: Feed) -> None:
    async with shell.engine.begin() as conn:
        await feeds.make_due(conn, await feeds.get(conn, feed.id), shell.clock.now())
