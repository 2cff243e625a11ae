"""The service's jobs in a parsing child: feeds, articles and discovery, asked for and answered in msgpack.

What the processes are and how they end is in `ingest.forks`.
"""

from __future__ import annotations

import traceback
import xml.sax.expatreader
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from ingest.forks import RECYCLE_AFTER, Child, run
from ingest.frames import LENGTH, ArticleJob, FeedJob, Job, Reply, SiteJob, pack
from kliping.errors import FeedError, PageError
from kliping.feeds import ParsedFeed
from kliping.model import Article, Page
from parsers import article, discovery, feed, langmodel, rules, scaffold

_JOBS = msgspec.msgpack.Decoder(Job)
_NOTHING = msgspec.Raw(b"\xc0")


def main() -> None:
    """Run as the template of such children."""
    run(_warm_up, _JobChild)


class _JobChild(Child):
    """Answers one job after another."""

    def serve(self) -> bool:
        header = self.receive(LENGTH.size)
        body = self.receive(LENGTH.unpack(header)[0]) if header else None
        if body is None:
            return False
        job = _JOBS.decode(body)
        self.begin(job.cpu)
        reply = _reply(job)
        if large := self.end():
            reply.kind = "memory" if reply.kind in ("bug", "page") else reply.kind  # lexbor says only that it failed
        reply.last = reply.last or large or self.jobs >= RECYCLE_AFTER
        frame = msgspec.msgpack.encode(reply)
        self.line.sendall(LENGTH.pack(len(frame)))
        self.line.sendall(frame)
        return not reply.last


def _reply(job: Job) -> Reply:
    """What a job led to. Whatever a parser raises ends here: the parent hears of it, and this process is replaced."""
    try:
        return Reply("ok", "", msgspec.Raw(pack(_do(job))), False)
    except FeedError as error:
        return Reply("feed", _line(error), _NOTHING, False)
    except PageError as error:
        return Reply("page", _line(error), _NOTHING, False)
    except MemoryError:
        return Reply("memory", "", _NOTHING, True)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}:{where.lineno}"
        return Reply("bug", f"{type(error).__name__} at {place}: {_line(error)}", _NOTHING, True)


def _do(job: Job) -> ParsedFeed | Article | tuple[discovery.FeedLink, ...] | scaffold.SiteLook:
    if isinstance(job, FeedJob):
        return feed.parse(job.body, job.url, job.content_type, job.zone, job.limit)
    if isinstance(job, ArticleJob):
        return article.extract(job.page, _rules(job.site_rules))
    if isinstance(job, SiteJob):
        return scaffold.look(job.page, rules.load_with(job.rules))
    return discovery.feed_links(job.html, job.url)


def _line(error: Exception) -> str:
    return str(error)[:500].encode("utf-8", "replace").decode()


# --- template ---------------------------------------------------------------------------------------------------------


def _buffer_text() -> None:
    """Let expat hand over text in one piece instead of line by line: 27 % less time for feedparser on real feeds.

    xml.sax sets no `buffer_text`; a Blogger feed of escaped HTML then comes in 180,000 calls. It is a class of the
    standard library that is changed, so it is done in these processes only.
    """
    original = xml.sax.expatreader.ExpatParser.reset

    def reset(self: Any) -> None:
        original(self)
        self._parser.buffer_size = 1 << 16
        self._parser.buffer_text = True

    xml.sax.expatreader.ExpatParser.reset = reset  # type: ignore[method-assign]  # see the docstring


def _warm_up() -> None:
    """Make the parsers import what they import late, so that no child has to do it again."""
    _buffer_text()
    langmodel.load()
    feed.parse(_WARM_FEED, "https://contoh.invalid/feed")
    for site_rules in (True, False):
        _rules(site_rules)
    discovery.feed_links(b"<link rel=alternate type='application/rss+xml' href='/feed'>", "https://contoh.invalid/")
    page = Page("https://contoh.invalid/a.html", _WARM_PAGE, datetime(2024, 3, 5, tzinfo=UTC))
    article.extract(page, _rules(True))


@lru_cache(maxsize=2)
def _rules(site_rules: bool) -> rules.Rules:
    return rules.load(site_rules=site_rules).check()


_WARM_FEED = (
    "<rss version='2.0'><channel><title>A</title><item><title>Judul</title><author>a@contoh.invalid (Budi)</author>"
    "<link>/a</link><pubDate>kemarin</pubDate><description>é</description></item></channel></rss>"
).encode("cp1252")
_WARM_PAGE = (
    b"<html><head><title>Judul</title></head><body><article><h1>Judul</h1>"
    + b"<p>Pemerintah kota akan memperbaiki jalan itu pada bulan depan, kata wali kota, Selasa (5/3/2024).</p>" * 9
    + b"</article></body></html>"
)
