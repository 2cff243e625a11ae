"""Which WebSub hub a feed names: in a Link header of its answer (RFC 8288), or in the document. Kept as a row.

Only when a public URL is set (KLIPING_WEBSUB_URL); subscribing is another matter, see `ingest.websub`.
"""

from __future__ import annotations

import re
import secrets

from db import subscriptions
from ingest.shell import Shell
from kliping.feeds import Feed, Fetched, ParsedFeed
from parsers.links import absolute

_LINK = re.compile(r"<([^<>]{1,2048})>((?:\s*;\s*[\w*!-]{1,40}\s*=\s*(?:\"[^\"]{0,400}\"|[^\s,;\"]{1,400}))*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s,;\"]+))", re.IGNORECASE)


def links(fetched: Fetched) -> dict[str, str]:
    """The first target of each relation in the answer's Link headers (RFC 8288), absolute."""
    found: dict[str, str] = {}
    for value in (value for name, value in fetched.headers if name.lower() == "link"):
        for link in _LINK.finditer(value[:16_384]):
            rel = _REL.search(link[2])
            target = absolute(link[1], fetched.final_url)
            for name in (rel[1] or rel[2] or "").lower().split() if rel and target else ():
                found.setdefault(name, target or "")
    return found


def offered(feed: Feed, fetched: Fetched, parsed: ParsedFeed) -> tuple[str, str] | None:
    """The hub and the topic that a feed names: headers go before the document (section 4)."""
    said = links(fetched)
    hub = said.get("hub") or parsed.hub_url
    return (hub, said.get("self") or parsed.self_url or feed.url) if hub else None


async def discover(shell: Shell, feed: Feed, fetched: Fetched, parsed: ParsedFeed | None) -> None:
    """Keep what a full answer says of its hub."""
    if shell.settings.websub_url is None or parsed is None:
        return
    found = offered(feed, fetched, parsed)
    async with shell.engine.begin() as conn:
        if found is None:
            await subscriptions.withdraw(conn, feed.id)
        else:
            token, secret = secrets.token_urlsafe(24), secrets.token_hex(32)
            await subscriptions.offer(conn, feed.id, *found, token, secret, shell.clock.now())
