"""A proxy in front of Postgres that can lose an answer after COMMIT, hold everything back, refuse, and cut."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"  # the server's CommandComplete message for a COMMIT


class PgProxy:
    """Listens on a loopback port and passes on what it hears; its attributes are its faults, changed at any time.

    `cut_every`: of so many answers to a COMMIT, one is lost with its connection. `refuse`: new connections are closed
    at once. `hold()` and `let_go()`: nothing passes in between, and nobody is told.
    """

    def __init__(self, dsn: str) -> None:
        given = conninfo_to_dict(dsn)
        self._path = str(Path(str(given["host"])) / f".s.PGSQL.{given.get('port') or 5432}")
        self._dsn = dsn
        self.port = 0
        self.cut_every: int | None = None
        self.refuse = False
        self.commits = self.cuts = self.connections = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop
        self._flow: asyncio.Event

    @property
    def dsn(self) -> str:
        """The database through this proxy."""
        return make_conninfo(self._dsn, host="127.0.0.1", port=self.port)

    @contextlib.contextmanager
    def running(self) -> Iterator[PgProxy]:
        """Pass on from a thread with a loop of its own."""
        ready, stop = threading.Event(), asyncio.Event()

        async def serve() -> None:
            self._loop, self._flow = asyncio.get_running_loop(), asyncio.Event()
            self._flow.set()
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await stop.wait()
            server.close()
            self._cut_all()
            await asyncio.sleep(0)

        thread = threading.Thread(target=lambda: asyncio.run(serve()), name="pgproxy", daemon=True)
        thread.start()
        assert ready.wait(10), "the proxy did not start"
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._flow.set)
            self._loop.call_soon_threadsafe(stop.set)
            thread.join(10)

    def hold(self) -> None:
        """Let nothing pass from now on."""
        self._loop.call_soon_threadsafe(self._flow.clear)

    def let_go(self) -> None:
        """Let everything pass again."""
        self._loop.call_soon_threadsafe(self._flow.set)

    def sever(self) -> None:
        """Cut every open connection."""
        self._loop.call_soon_threadsafe(self._cut_all)

    def _cut_all(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refuse:
            writer.transport.abort()
            return
        await self._flow.wait()
        try:
            up_reader, up_writer = await asyncio.open_unix_connection(self._path)
        except OSError:  # the server is down: so is this
            writer.transport.abort()
            return
        self._open |= {writer, up_writer}
        try:
            await asyncio.gather(self._pump(reader, up_writer), self._pump(up_reader, writer, answers=True))
        finally:
            self._open -= {writer, up_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: bool = False) -> None:
        try:
            while data := await reader.read(65_536):
                await self._flow.wait()
                if answers and _COMMITTED in data and self._loses():
                    return
                writer.write(data)
                await writer.drain()
        except OSError:
            return  # one side was cut; the other is cut below
        finally:
            writer.transport.abort()
            reader._transport.abort()  # type: ignore[attr-defined]  # the side that sends to us

    def _loses(self) -> bool:
        self.commits += 1
        lost = self.cut_every is not None and self.commits % self.cut_every == 0
        self.cuts += lost
        return lost
