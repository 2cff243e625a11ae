"""The processes behind the sandbox: a template that has imported the parsers and waits, and the children it forks.

    parent --fork, kill--> template --fork--> child <--jobs, replies--> parent
    parent <--started, died-- template

A fork of a warm template answers within milliseconds; a fresh interpreter would import for half a second. The template
never sees a document. Both end by themselves when the parent is gone: its sockets close, or its number changes.
The kernel holds a child to its limits: CPU time per job by a profiling timer whose signal ends it, memory by RLIMIT_AS.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import socket
import sys
import traceback
import warnings
import xml.sax.expatreader
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from ingest.frames import LENGTH, MEMORY_EXIT, NOTICE, ArticleJob, FeedJob, Job, Reply, pack
from kliping.errors import FeedError, PageError
from kliping.model import Article, Page, ParsedFeed
from parsers import article, discovery, feed, rules

RECYCLE_AFTER = 500  # jobs
ORPHAN_CHECK = 2.0  # seconds between looks at whether the parent process is still ours
MAX_FILES = 64

_JOBS = msgspec.msgpack.Decoder(Job)
_NOTHING = msgspec.Raw(b"\xc0")


# --- template ---------------------------------------------------------------------------------------------------------


def main() -> None:
    """Run as the template: the control socket's number and the memory limit are the arguments."""
    control, memory = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    parent = os.getppid()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)  # a stop is the parent's to decide; its end is ours
    warnings.simplefilter("ignore")
    _buffer_text()
    _warm_up()
    _be_silent()
    gc.collect()
    gc.freeze()
    control.sendall(NOTICE.pack(b"R", os.getpid(), 0))
    _Template(control, memory, parent).run()


class _Template:
    """Forks children on request, buries them, and kills those left when the parent is gone."""

    def __init__(self, control: socket.socket, memory: int, parent: int) -> None:
        self.control, self.memory, self.parent = control, memory, parent
        self.children: set[int] = set()
        self.wake_read, self.wake_write = os.pipe()
        os.set_blocking(self.wake_write, False)

    def run(self) -> None:
        """Serve until the parent closes the control socket or is gone; then end all children."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        try:
            while self._turn():
                pass
        except ConnectionError:
            return  # the parent went away while we told it something
        finally:
            for pid in self.children:
                os.kill(pid, signal.SIGKILL)
            for pid in self.children:
                os.waitpid(pid, 0)  # in a container nobody else may bury them

    def _turn(self) -> bool:
        """Wait for an order or a death and see to it; False when there is no parent left."""
        control = self.control.fileno()
        ready, _, _ = select.select([control, self.wake_read], [], [], ORPHAN_CHECK)
        if self.wake_read in ready:
            os.read(self.wake_read, 4096)
        self._bury()
        return os.getppid() == self.parent and (control not in ready or self._obey())

    def _obey(self) -> bool:
        """One order: F with a socket forks a child, K with a number kills one. False when the parent closed."""
        order, sockets, _, _ = socket.recv_fds(self.control, NOTICE.size, 1)
        if len(order) < NOTICE.size:
            return False
        word, pid, _ = NOTICE.unpack(order)
        if word == b"F" and sockets:
            self._fork(sockets[0])
        elif word == b"K" and pid in self.children:  # not yet buried, so the number is still its own
            os.kill(pid, signal.SIGKILL)
        return True

    def _fork(self, number: int) -> None:
        template = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child()
            _Child(socket.socket(fileno=number), self.memory, template).run()
        os.close(number)
        self.children.add(pid)
        self.control.sendall(NOTICE.pack(b"S", pid, 0))

    def _become_child(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self.wake_read)
        os.close(self.wake_write)
        self.control.close()

    def _bury(self) -> None:
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self.children.discard(pid)
            self.control.sendall(NOTICE.pack(b"D", pid, status))


def _be_silent() -> None:
    """No document may write to the terminal or the log through us."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.close(null)


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
    feed.parse(_WARM_FEED, "https://contoh.invalid/feed")
    for site_rules in (True, False):
        _rules(site_rules)
    discovery.feed_links(b"<link rel=alternate type='application/rss+xml' href='/feed'>", "https://contoh.invalid/")
    page = Page("https://contoh.invalid/a.html", _WARM_PAGE, datetime(2024, 3, 5, tzinfo=UTC))
    article.extract(page, _rules(True))


@lru_cache(maxsize=2)
def _rules(site_rules: bool) -> rules.Rules:
    return rules.load(site_rules=site_rules)


_WARM_FEED = (
    "<rss version='2.0'><channel><title>A</title><item><title>Judul</title><author>a@contoh.invalid (Budi)</author>"
    "<link>/a</link><pubDate>kemarin</pubDate><description>é</description></item></channel></rss>"
).encode("cp1252")
_WARM_PAGE = (
    b"<html><head><title>Judul</title></head><body><article><h1>Judul</h1>"
    + b"<p>Pemerintah kota akan memperbaiki jalan itu pada bulan depan, kata wali kota, Selasa (5/3/2024).</p>" * 9
    + b"</article></body></html>"
)


# --- child ------------------------------------------------------------------------------------------------------------


class _Child:
    """Reads jobs from its socket and answers them, one at a time, within its limits."""

    def __init__(self, line: socket.socket, memory: int, template: int) -> None:
        self.line, self.memory, self.template = line, memory, template
        self.jobs = 0

    def run(self) -> NoReturn:
        """Serve until the parent hangs up, the template is gone, or it is time to be replaced."""
        try:
            self._limit()
            while (job := self._next()) is not None and not self._answer(job):
                pass
            os._exit(0)
        except MemoryError:
            os._exit(MEMORY_EXIT)
        except BaseException:
            os._exit(1)  # the parent reads the status; nobody reads a traceback of ours

    def _limit(self) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (self.memory, self.memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_FILES, MAX_FILES))
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process

    def _next(self) -> Job | None:
        """The next job, or None when nobody will send one."""
        while not select.select([self.line], [], [], ORPHAN_CHECK)[0]:
            if os.getppid() != self.template:
                return None
        header = self._exactly(LENGTH.size)
        if header is None:
            return None
        body = self._exactly(LENGTH.unpack(header)[0])
        return None if body is None else _JOBS.decode(body)

    def _exactly(self, size: int) -> bytearray | None:
        buffer = bytearray(size)
        view, got = memoryview(buffer), 0
        while got < size:
            count = self.line.recv_into(view[got:])
            if count == 0:
                return None
            got += count
        return buffer

    def _answer(self, job: Job) -> bool:
        """Send the reply; True when this was the last."""
        self.jobs += 1
        signal.setitimer(signal.ITIMER_PROF, job.cpu)
        reply = _reply(job)
        signal.setitimer(signal.ITIMER_PROF, 0)
        if large := _peak_bytes() > self.memory // 3:
            reply.kind = "memory" if reply.kind in ("bug", "page") else reply.kind  # lexbor says only that it failed
        reply.last = reply.last or large or self.jobs >= RECYCLE_AFTER
        frame = msgspec.msgpack.encode(reply)
        self.line.sendall(LENGTH.pack(len(frame)) + frame)
        return reply.last


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


def _do(job: Job) -> ParsedFeed | Article | tuple[discovery.FeedLink, ...]:
    if isinstance(job, FeedJob):
        return feed.parse(job.body, job.url, job.content_type, job.zone, job.limit)
    if isinstance(job, ArticleJob):
        return article.extract(job.page, _rules(job.site_rules))
    return discovery.feed_links(job.html, job.url)


def _line(error: Exception) -> str:
    return str(error)[:500].encode("utf-8", "replace").decode()


def _peak_bytes() -> int:
    """The most memory this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
