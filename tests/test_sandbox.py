"""The parsing children: their answers, their limits, their deaths, and that nothing of them stays behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import msgspec
import psutil
import pytest
import pytest_asyncio

from ingest.child import RECYCLE_AFTER, _reply
from ingest.frames import LENGTH, REPLY_BYTES, DiscoverJob, Reply
from ingest.sandbox import Sandbox, _exchange, _result
from ingest.template import Line, Template
from kliping.errors import FeedError, SandboxCrash, SandboxError, SandboxMemory, SandboxTimeout
from kliping.feeds import ParsedFeed
from kliping.model import Entry, Page, PageOutcome
from kliping.settings import MIB, Settings
from parsers import feed
from parsers.discovery import FeedLink

URL = "https://contoh.example/feed"
FEED = (
    b"<rss version='2.0'><channel><title>Contoh</title><item><guid>g1</guid><title>Judul</title>"
    b"<pubDate>Mon, 04 Mar 2024 06:30:00 WITA</pubDate><description>Isi</description></item></channel></rss>"
)
TEXT = "Pemerintah kota akan memperbaiki jalan itu bulan depan, kata wali kota kepada warga yang datang."
HTML = f"<html><body><article><h1>Jalan</h1>{f'<p>{TEXT}</p>' * 12}</article></body></html>".encode()
LINK = b"<link rel=alternate type='application/rss+xml' href='/feed' title='Umpan'>"
# feedparser looks up every prefix ever declared for every element: quadratic, and small enough to pass all repairs.
SLOW_FEED = (
    b"<rss version='2.0'><channel><item>"
    + b"".join(b"<a%d:x xmlns:a%d='u:%d'/>" % (n, n, n) for n in range(60_000))
    + b"</item></channel></rss>"
)


pytestmark = pytest.mark.asyncio(loop_scope="module")


def page(html: bytes = HTML) -> Page:
    entry = Entry(guid="g", published_at=datetime(2024, 3, 4, 6, 30, tzinfo=timezone(timedelta(hours=8))))
    return Page("https://contoh.example/jalan.html", html, datetime(2024, 3, 5, tzinfo=UTC), entry=entry)


def stray() -> list[psutil.Process]:
    """Processes of any sandbox of this test run."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            found += [one] if "ingest.child" in " ".join(one.cmdline()) else []
    return found


async def processes(sandbox: Sandbox) -> list[psutil.Process]:
    """The template, the one child and the spare, once they are there and nobody else is."""
    for _ in range(1000):
        template = psutil.Process(cast(Template, sandbox._template)._process.pid)
        if len(children := template.children()) == 2:
            return [template, *children]
        await asyncio.sleep(0.01)
    raise AssertionError("the pool did not fill")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(Settings(children=1)) as started:
        yield started
    assert not stray()


async def test_a_feed_is_what_the_parser_says(sandbox: Sandbox) -> None:
    found = await sandbox.feed(FEED, URL)
    assert found == feed.parse(FEED, URL)
    assert found.entries[0].published_at == datetime(2024, 3, 3, 22, 30, tzinfo=UTC)
    assert cast(datetime, found.entries[0].published_at).utcoffset() == timedelta(hours=8)


async def test_arguments_reach_the_parser(sandbox: Sandbox) -> None:
    found = await sandbox.feed(FEED.replace(b" WITA", b""), URL, "text/xml; charset=utf-8", "Asia/Jayapura", 2000)
    assert cast(datetime, found.entries[0].published_at).utcoffset() == timedelta(hours=9)
    assert (await sandbox.feed(FEED, URL, limit=0)).entries == ()


async def test_an_article_and_links(sandbox: Sandbox) -> None:
    for site_rules in (True, False):
        article = await sandbox.article(page(), site_rules)
        assert article.outcome is PageOutcome.ARTICLE
        assert TEXT in (article.body or "")
    assert (await sandbox.discover(LINK, "https://contoh.example/"))[0] == FeedLink(URL, "Umpan", "rss")


async def test_a_child_with_the_language_model_is_small(sandbox: Sandbox) -> None:
    words = "<p>Belediye {} köyündeki köprüyü gelecek yıl yeniden yapacak, çünkü sel suları onu alıp götürmüştü.</p>"
    turkish = "".join(words.format(chr(97 + n) * 5) for n in range(20))
    for _ in range(3):
        article = await sandbox.article(page(f"<html><body><article>{turkish}</article></body></html>".encode()))
        assert article.language == "tr"
    assert max(one.memory_info().rss for one in await processes(sandbox)) < 150_000_000


async def test_a_fault_of_the_document_costs_no_child(sandbox: Sandbox) -> None:
    before = {one.pid for one in await processes(sandbox)}
    for _ in range(3):
        with pytest.raises(FeedError, match=r"^html: "):
            await sandbox.feed(b"<!DOCTYPE html><html>", URL)
    assert {one.pid for one in await processes(sandbox)} == before


async def test_cpu_time_is_limited() -> None:
    async with Sandbox(Settings(children=1, feed_cpu=0.2)) as sandbox:
        await sandbox.feed(FEED, URL)
        clock = asyncio.get_running_loop().time
        start = clock()
        with pytest.raises(SandboxTimeout, match=r"over 0\.2 s of CPU time"):
            await sandbox.feed(SLOW_FEED, URL)
        assert clock() - start < 2  # the wall limit: it was the CPU limit that ended it
        start = clock()
        await sandbox.feed(FEED, URL)
        assert clock() - start < 1


async def test_wall_time_is_limited() -> None:
    async with Sandbox(Settings(children=1, feed_cpu=0.05)) as sandbox:
        stopped = (await processes(sandbox))[1:]
        for child in stopped:
            child.suspend()  # uses no CPU time at all
        for _ in stopped:
            with pytest.raises(SandboxTimeout, match="no answer within"):
                await sandbox.feed(FEED, URL)
        assert await sandbox.feed(FEED, URL)


async def test_memory_is_limited() -> None:
    async with Sandbox(Settings(children=1, child_memory=512 * MIB, html_cpu=20)) as sandbox:
        with pytest.raises(SandboxMemory):
            await sandbox.article(page(b"<html><body>" + b"<br>a" * 1_600_000))
        assert await sandbox.article(page())


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
async def test_a_death_costs_one_document(sandbox: Sandbox, number: signal.Signals) -> None:
    children = (await processes(sandbox))[1:]
    spent = {child: child.cpu_times().user + 0.05 for child in children}
    job = asyncio.create_task(sandbox.feed(SLOW_FEED, URL))
    while not (busy := [child for child in children if child.cpu_times().user > spent[child]]):
        await asyncio.sleep(0.01)
    busy[0].send_signal(number)
    with pytest.raises(SandboxCrash, match=f"died of {number.name}"):
        await job
    assert await sandbox.feed(FEED, URL)


async def test_children_that_died_idle_cost_nothing(sandbox: Sandbox) -> None:
    for process in (await processes(sandbox))[1:]:
        process.kill()
    await asyncio.sleep(0.1)
    assert await sandbox.feed(FEED, URL)


async def test_a_dead_template_is_started_anew(sandbox: Sandbox) -> None:
    (await processes(sandbox))[0].kill()
    await asyncio.sleep(0.1)
    assert await sandbox.feed(FEED, URL)


async def test_signals_of_a_stop_are_the_parents_business(sandbox: Sandbox) -> None:
    before = {one.pid for one in await processes(sandbox)}
    for process in await processes(sandbox):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
    assert await sandbox.feed(FEED, URL)
    assert {one.pid for one in await processes(sandbox)} == before
    assert {os.getsid(pid) for pid in before} != {os.getsid(0)}


async def test_callers_are_served_in_order(sandbox: Sandbox) -> None:
    order: list[int] = []

    async def one(number: int) -> None:
        await sandbox.discover(LINK, URL)
        order.append(number)

    await asyncio.gather(*(one(number) for number in range(20)))
    assert order == list(range(20))


async def test_a_cancelled_job_leaves_the_pool_whole(sandbox: Sandbox) -> None:
    for _ in range(3):
        job = asyncio.create_task(sandbox.feed(SLOW_FEED, URL))
        await asyncio.sleep(0.05)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
    assert await sandbox.feed(FEED, URL)
    waiting = asyncio.create_task(sandbox.feed(SLOW_FEED, URL))
    never_started = asyncio.create_task(sandbox.feed(FEED, URL))
    await asyncio.sleep(0.05)
    never_started.cancel()
    waiting.cancel()
    await asyncio.gather(waiting, never_started, return_exceptions=True)
    assert await sandbox.feed(FEED, URL)


async def test_children_are_recycled(sandbox: Sandbox) -> None:
    before = {one.pid for one in (await processes(sandbox))[1:]}
    for _ in range(RECYCLE_AFTER):
        await sandbox.discover(LINK, URL)
    while len({one.pid for one in await processes(sandbox)} & before) != 1:  # the spare, in use now
        await asyncio.sleep(0.01)


async def test_a_large_document_comes_through(sandbox: Sandbox) -> None:
    text = "Isi &amp; lagi. " * 200_000
    body = FEED.replace(b"Isi", text.encode())
    assert (await sandbox.feed(body, URL)).entries[0].summary == "Isi & lagi. " * 199_999 + "Isi & lagi."


async def test_a_parser_that_fails_unforeseen_ends_its_child() -> None:
    reply = _reply(DiscoverJob(1.0, cast(Any, 7), URL))
    assert reply.last
    error = _result(reply, msgspec.msgpack.Decoder(ParsedFeed), 1)
    assert isinstance(error, SandboxCrash)
    assert re.match(r"TypeError at \w+\.py:\d+: ", str(error))


async def test_children_see_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLIPING_DATABASE_URL", "postgresql://rahasia")
    monkeypatch.setenv("PGPASSWORD", "rahasia")
    async with Sandbox(Settings(children=1)) as sandbox:
        for process in await processes(sandbox):
            assert "rahasia" not in " ".join(f"{name}={value}" for name, value in process.environ().items())


async def test_a_closed_sandbox_says_so() -> None:
    sandbox = Sandbox(Settings(children=1))
    with pytest.raises(SandboxError, match="not running"):
        await sandbox.feed(FEED, URL)
    await sandbox.start()
    job = asyncio.create_task(sandbox.feed(SLOW_FEED, URL))
    await asyncio.sleep(0.05)
    await sandbox.close()
    with pytest.raises(SandboxError):
        await job
    with pytest.raises(SandboxError, match="not running"):
        await sandbox.feed(FEED, URL)
    await sandbox.close()


async def test_a_template_that_cannot_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.spawn._RUN", "raise SystemExit(3)")
    with pytest.raises(SandboxError, match="did not start"):
        await Sandbox(Settings(children=1)).start()


async def test_nobody_outlives_a_killed_parent() -> None:
    program = textwrap.dedent("""
        import asyncio, os, psutil
        from ingest.sandbox import Sandbox
        from kliping.settings import Settings

        async def main():
            async with Sandbox(Settings(children=2)) as sandbox:
                asyncio.create_task(sandbox.feed(BODY, "https://contoh.example/"))
                await asyncio.sleep(0.1)
                print(*(one.pid for one in psutil.Process().children(recursive=True)), flush=True)
                os.kill(os.getpid(), 9)

        asyncio.run(main())
    """).replace("BODY", repr(SLOW_FEED))
    done = subprocess.run(
        [sys.executable, "-"], input=program.encode(), capture_output=True, timeout=60, cwd=Path(__file__).parent.parent
    )
    numbers = [int(word) for word in done.stdout.split()]
    assert len(numbers) >= 3, done.stderr.decode()
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in numbers if psutil.pid_exists(pid)], timeout=5)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


# --- frames of a child that is not ours any more ----------------------------------------------------------------------


class NoTemplate:
    def kill(self, pid: int) -> None:
        """Nothing to kill."""


JOB = DiscoverJob(0.02, b"", "")


def frame(reply: Reply) -> bytes:
    body = msgspec.msgpack.encode(reply)
    return LENGTH.pack(len(body)) + body


@pytest.mark.parametrize(
    "junk",
    [
        b"\x00\x00\x00\x05junk!",
        LENGTH.pack(3) + b"\x94\xa2ok",
        LENGTH.pack(REPLY_BYTES),
        LENGTH.pack(2**32 - 1) + b"x",
        frame(Reply("ok", "", msgspec.Raw(b"\xa1x"), False)),
        frame(Reply("ok", "", msgspec.Raw(msgspec.msgpack.encode({"version": 3, "entries": "x"})), False)),
        frame(Reply("ok", "", msgspec.Raw(msgspec.msgpack.encode({"version": "x", "entries": [{"guid": 1}]})), False)),
    ],
)
async def test_an_answer_of_another_shape_is_a_crash(junk: bytes) -> None:
    parent, child = socket.socketpair()
    parent.setblocking(False)
    child.sendall(junk)
    child.shutdown(socket.SHUT_WR)
    line = Line(cast(Template, NoTemplate()), 1, parent)
    line.end(signal.SIGSEGV)
    with pytest.raises(SandboxCrash):
        _result(await _exchange(line, JOB), msgspec.msgpack.Decoder(ParsedFeed), 1)
    child.close()
    line.kill()


async def test_a_child_that_says_nothing_is_too_slow() -> None:
    parent, child = socket.socketpair()
    parent.setblocking(False)
    line = Line(cast(Template, NoTemplate()), 1, parent)
    with pytest.raises(SandboxTimeout, match="no answer within"):
        await _exchange(line, JOB)
    child.close()
    line.kill()
