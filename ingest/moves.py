"""When a redirect becomes a feed's URL, and which validators are worth keeping. Pure.

http -> https        at once, when the answer is the same feed
permanent (301, 308) after 7 days and 3 sightings that each led to a document with an entry we know
temporary            never
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from db.moves import Move, Sighting
from ingest.answer import http_date
from ingest.feedurl import feed_url
from kliping.feeds import Feed, Fetched

PERMANENT = frozenset({301, 308})
WATCHED = timedelta(days=7)
SIGHTINGS = 3
SLIP = timedelta(minutes=1)  # how far a server's clock may be ahead of ours


@dataclass(frozen=True, slots=True)
class Proof:
    """What a poll said of the document behind the redirects.

    `same`: it has an entry the feed had before, or no entry was ever known. `known`: it has one for sure.
    """

    same: bool
    known: bool


def target(fetched: Fetched) -> str | None:
    """Where the permanent redirects lead that the exchange began with; None when it began with none."""
    found = None
    for hop in fetched.hops:
        if hop.status not in PERMANENT:
            break
        found = hop.location
    return found


def follow(feed: Feed, fetched: Fetched, proof: Proof) -> tuple[Sighting | None, Move | None]:
    """What one good poll says about the feed's URL: the redirect that is watched from now on, or the move."""
    to = target(fetched)
    if to is None:
        return None, None
    if proof.same and _only_https(fetched.hops[0].url, to):
        return None, _move(feed, to, "https")
    if not proof.known:
        return watched(feed), None
    before = watched(feed)
    since, seen = (before.since, before.seen) if before and before.to == to else (fetched.at, 0)
    now = Sighting(to, since, min(seen + 1, SIGHTINGS))
    if now.seen >= SIGHTINGS and fetched.at - since >= WATCHED:
        return None, _move(feed, to, "permanent")
    return now, None


def watched(feed: Feed) -> Sighting | None:
    """What was watched before: an answer that proves nothing changes nothing."""
    if feed.move_to is None or feed.move_since is None:
        return None
    return Sighting(feed.move_to, feed.move_since, feed.move_seen)


def _only_https(url: str, to: str) -> bool:
    return url.startswith("http://") and to == "https://" + url.removeprefix("http://")


def _move(feed: Feed, to: str, why: str) -> Move:
    found = feed_url(to)
    return Move(feed.url, found.url, found.key, found.host, why)


def validators(fetched: Fetched, etag: str | None, modified: str | None) -> tuple[str | None, str | None]:
    """ETag and Last-Modified of an answer, byte-exact, or those given where it brings none; without those that lie.

    A date ahead of our clock vouches for nothing; a server that says `Expires: 0` makes its validators up.
    """
    if (fetched.header("expires") or "").strip() == "0":
        return None, None
    modified = fetched.header("last-modified") or modified
    date = http_date(modified or "")
    if date is not None and date > fetched.at + SLIP:
        modified = None
    return fetched.header("etag") or etag, modified
