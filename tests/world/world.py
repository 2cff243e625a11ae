"""A small web of blogs on 127.0.0.0/8: every blog has an address and a port of its own.

    async with World() as world:              # in the running loop
        blog = world.blogger("Kabar Senja", posts=12)
    with World().in_thread() as world:        # in a loop of its own, for tests of several processes
        blog = world.portal("Warta Kota Kita")

Blogs may be added and changed at any time, from any thread: sockets are bound at once, served a moment later.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from tests.world.blog import Blog
from tests.world.blogger import Blogger
from tests.world.portal import Portal
from tests.world.server import Request, Wire
from tests.world.wordpress import WordPress

EPOCH = datetime(2025, 5, 12, 0, 30, tzinfo=UTC)  # Senin, 12 Mei 2025 07:30 WIB: long past, so that no date is ahead
Kind = TypeVar("Kind", bound=Blog)


class World:
    """The web, its blogs and the log of all requests. Texts depend on `seed` only; ports are whatever is free."""

    def __init__(self, seed: int | str = 1, *, port: int = 0, start: datetime = EPOCH) -> None:
        self.seed, self.port, self.start = seed, port, start
        self.blogs: list[Blog] = []
        self.requests: list[Request] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[tuple[socket.socket, Blog]] = []
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.BaseTransport] = set()

    # --- blogs ---

    def blogger(self, name: str, **options: Any) -> Blogger:
        """A Blogger blog; full_text=False makes a short feed. Options: see `add`."""
        return self.add(Blogger, name, **options)

    def wordpress(self, name: str, **options: Any) -> WordPress:
        """A WordPress blog with content:encoded; full_text=False leaves summaries."""
        return self.add(WordPress, name, **options)

    def portal(self, name: str, **options: Any) -> Portal:
        """A news portal: summaries only, busy pages."""
        return self.add(Portal, name, **{"full_text": False, **options})

    def add(
        self, kind: type[Kind], name: str, *, posts: int = 5, address: str | None = None, hostname: str | None = None,
        full_text: bool = True, **options: Any,
    ) -> Kind:  # fmt: skip
        """Open a blog with some posts. `address` may be shared with others; `hostname` is shown in URLs instead."""
        sock = self._bind(address or self._address(len(self.blogs) + 1))
        ip, port = sock.getsockname()
        base_url = f"http://{hostname or ip}:{port}"
        blog = kind(name, base_url, self.seed, full_text=full_text, start=self.start, **options)
        blog.address = (ip, port)
        self.blogs.append(blog)
        for _ in range(posts):
            blog.publish()
        self._serve(sock, blog)
        return blog

    @staticmethod
    def _address(number: int) -> str:
        return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"

    def _bind(self, address: str) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, self.port))
        sock.listen(128)
        sock.setblocking(False)
        return sock

    # --- serving ---

    def _serve(self, sock: socket.socket, blog: Blog) -> None:
        if self._loop is None:
            self._waiting.append((sock, blog))
        else:
            self._loop.call_soon_threadsafe(self._start, sock, blog)

    def _start(self, sock: socket.socket, blog: Blog) -> None:
        task = asyncio.get_running_loop().create_task(self._listen(sock, blog))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self, sock: socket.socket, blog: Blog) -> None:
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(lambda: Wire(blog, self.requests.append, self._open), sock=sock))

    async def __aenter__(self) -> World:
        self._loop = asyncio.get_running_loop()
        waiting, self._waiting = self._waiting, []
        for sock, blog in waiting:
            await self._listen(sock, blog)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0)  # lets blogs that were added a moment ago begin to listen
        await asyncio.gather(*self._tasks)
        for server in self._servers:
            server.close()
        for transport in self._open:
            transport.abort()  # type: ignore[attr-defined]  # all of them are TCP
        await asyncio.sleep(0)
        self._servers.clear()
        self._loop = None

    def close(self) -> None:
        """Let go of the sockets of a world that was never entered."""
        for sock, _ in self._waiting:
            sock.close()
        self._waiting.clear()

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[World]:
        """Serve from a thread with a loop of its own."""
        ready, stop = threading.Event(), asyncio.Event()

        async def run() -> None:
            async with self:
                ready.set()
                await stop.wait()

        thread = threading.Thread(target=lambda: asyncio.run(run()), name="world", daemon=True)
        thread.start()
        assert ready.wait(10), "the loopback web did not start"
        loop = self._loop
        try:
            yield self
        finally:
            assert loop is not None
            loop.call_soon_threadsafe(stop.set)
            thread.join(10)

    # --- what was asked ---

    def asked(self, blog: Blog | None = None, path: str | None = None) -> list[Request]:
        """The requests to one blog, or of one path, in order of arrival."""
        hits = [r for r in self.requests if blog is None or r.host == blog.host]
        return [r for r in hits if path is None or r.path == path]

    def overlaps(self) -> list[tuple[Request, Request]]:
        """Pairs of requests that one host had in flight at the same time."""
        found: list[tuple[Request, Request]] = []
        last: dict[str, Request] = {}
        for request in sorted(self.requests, key=lambda r: r.started):
            before = last.get(request.host)
            if before and (before.ended is None or before.ended > request.started):
                found.append((before, request))
            last[request.host] = request
        return found
