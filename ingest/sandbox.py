"""Parsers in killable child processes: what a document does to its parser is done to one process, and ends with it.

    feed() article() discover()  --Job-->  the caller that waited longest gets the first free child
        ok -> the decoded value                            fault of the document -> FeedError, PageError
        over its CPU or wall time -> SandboxTimeout        memory -> SandboxMemory      death -> SandboxCrash

A child lost is replaced at once by a spare that is already warm. `ingest.template` is the parent's hold on these
processes, `ingest.forks` and `ingest.child` their own end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from ingest.frames import ArticleJob, DiscoverJob, FeedJob, Job, Reply, SiteJob
from ingest.notices import STATUS_SECONDS, WALL_FACTOR, cause
from ingest.template import Line, Template
from kliping.errors import FeedError, KlipingError, PageError, SandboxCrash, SandboxError, SandboxMemory, SandboxTimeout
from kliping.feeds import ParsedFeed
from kliping.model import Article, Page
from kliping.settings import Settings
from parsers import rules
from parsers.discovery import FeedLink
from parsers.scaffold import SiteLook

T = TypeVar("T")


_FEED = msgspec.msgpack.Decoder(ParsedFeed)
_ARTICLE = msgspec.msgpack.Decoder(Article)
_LOOK = msgspec.msgpack.Decoder(SiteLook)
_LINKS = msgspec.msgpack.Decoder(tuple[FeedLink, ...])


class Sandbox:
    """A pool of `settings.children` parsing processes and a spare. All calls may run at once, in one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: asyncio.Queue[Line | SandboxError] = asyncio.Queue()
        self._template: Template | None = None
        self._spare: asyncio.Task[Line] | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Start the template and the children. Raises RuleError, or SandboxError when they do not come up."""
        rules.load().check()  # a bad rule file is one line here; in a child it would be a death without a word
        for _ in range(self._settings.children):
            self._idle.put_nowait(await self._fork())
        self._spare = asyncio.create_task(self._fork())

    async def close(self) -> None:
        """End all processes; a job that still runs raises SandboxCrash."""
        spare, self._spare = self._spare, None
        if spare:  # one that is on its way arrives first: it must not start a template of its own
            await asyncio.wait({spare}, timeout=STATUS_SECONDS)
            spare.cancel()
            self._enlist(spare)
        template, self._template = self._template, None
        while not self._idle.empty():
            if isinstance(line := self._idle.get_nowait(), Line):
                line.kill()
        if template:
            await template.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def feed(
        self, body: bytes, url: str, content_type: str | None = None, zone: str = "Asia/Jakarta", limit: int = 2000
    ) -> ParsedFeed:
        """`parsers.feed.parse` in a child. Raises FeedError or SandboxError."""
        return await self._run(FeedJob(self._settings.feed_cpu, body, url, content_type, zone, limit), _FEED)

    async def article(self, page: Page, site_rules: bool = True) -> Article:
        """`parsers.article.extract` in a child, with or without rules of single sites.

        Raises PageError or SandboxError.
        """
        return await self._run(ArticleJob(self._settings.html_cpu, page, site_rules), _ARTICLE)

    async def discover(self, html: bytes, url: str) -> tuple[FeedLink, ...]:
        """`parsers.discovery.feed_links` in a child. Raises SandboxError."""
        return await self._run(DiscoverJob(self._settings.html_cpu, html, url), _LINKS)

    async def look(self, page: Page, texts: Mapping[str, str]) -> SiteLook:
        """`parsers.scaffold.look` in a child, with the rules of `texts` too. Raises PageError or SandboxError."""
        return await self._run(SiteJob(self._settings.html_cpu, page, dict(texts)), _LOOK)

    # --- a job ---

    async def _run(self, job: Job, decoder: msgspec.msgpack.Decoder[T]) -> T:
        """One job on one child, which returns to the pool only after an answer in order."""
        line = await self._free_line()
        healthy = False
        try:
            reply = await _exchange(line, job)
            result = _result(reply, decoder, self._settings.child_memory)
            healthy = not reply.last
        finally:
            if healthy:
                self._idle.put_nowait(line)
            else:
                self._replace(line)
        if isinstance(result, KlipingError):
            raise result
        return result

    async def _free_line(self) -> Line:
        """A live child; callers are served in the order they came. Raises SandboxError when none can be started."""
        while self._spare is not None:
            line = await self._idle.get()
            if isinstance(line, Line) and line.alive:
                return line
            self._replace(line)
            if isinstance(line, SandboxError):
                raise line
        raise SandboxError("the sandbox is not running")

    # --- the pool ---

    def _replace(self, line: Line | SandboxError) -> None:
        """End a child, and put the spare (or what kept it from starting) in its place."""
        if isinstance(line, Line):
            line.kill()
        if self._spare is None:
            return
        self._spare.add_done_callback(self._enlist)
        self._spare = asyncio.create_task(self._fork())

    def _enlist(self, spare: asyncio.Task[Line]) -> None:
        if not spare.done() or spare.cancelled():
            return
        error = spare.exception()
        if error is None:
            self._idle.put_nowait(spare.result())
        else:
            self._idle.put_nowait(error if isinstance(error, SandboxError) else SandboxError(str(error)))

    async def _fork(self) -> Line:
        """A new child of the template, which is started anew when it has died."""
        async with self._starting:
            if self._template is None or not self._template.alive:
                if self._template is not None:
                    await self._template.close()
                self._template = await Template.start(self._settings.child_memory)
            return await self._template.fork()


async def _exchange(line: Line, job: Job) -> Reply:
    """Send a job, wait for its reply. Raises SandboxError for a child that is too slow or dies."""
    wall = job.cpu * WALL_FACTOR
    try:
        async with asyncio.timeout(wall):
            return await line.ask(job)
    except TimeoutError:
        raise SandboxTimeout(f"no answer within {wall:g} s") from None
    except (OSError, EOFError):
        raise await _cause(line, job) from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise SandboxCrash(f"an answer that cannot be read: {str(error)[:200]}") from None


async def _cause(line: Line, job: Job) -> SandboxError:
    """Why a child hung up, from how its process ended."""
    try:
        status = await asyncio.wait_for(asyncio.shield(line.died), STATUS_SECONDS)
    except TimeoutError:
        return SandboxCrash("a parsing child hung up")
    return cause(status, job.cpu)


def _result(reply: Reply, decoder: msgspec.msgpack.Decoder[T], memory: int) -> T | KlipingError:
    """The value of a reply, or the error that it stands for. Raises SandboxCrash for a value of another shape."""
    errors: dict[str, Any] = {"feed": FeedError, "page": PageError, "bug": SandboxCrash}
    if reply.kind == "memory":
        return SandboxMemory(f"over {memory // 2**20} MiB")
    if reply.kind in errors:
        error: KlipingError = errors[reply.kind](reply.text)
        return error
    try:
        return decoder.decode(reply.value)
    except (msgspec.MsgspecError, ValueError) as error:
        raise SandboxCrash(f"an answer that cannot be read: {str(error)[:200]}") from None
