"""A web server without manners: raw bytes on loopback, one connection an answer. What it was asked is in `seen`."""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import TracebackType

from ingest.gate import Address
from ingest.line import connect_socket
from ingest.resolve import Found


@dataclass
class Asked:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    sni: str | None = None

    @property
    def host(self) -> str:
        return self.headers["host"]


Handler = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


def reply(status: int = 200, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """A whole answer; `length` may lie, and -1 leaves it out."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status} Word", *headers, *([] if size < 0 else [f"Content-Length: {size}"]), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def redirect(location: str, status: int = 302) -> bytes:
    return reply(status, b"", f"Location: {location}")


def drip(head: bytes, piece: bytes, every: float = 0.02) -> Handler:
    """`head`, then `piece` again and again until the other side goes away; without a pause when `every` is 0."""

    async def handler(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every)

    return handler


@dataclass
class Hostile:
    """Serves `routes` (raw bytes, or a coroutine that writes) on a free port of 127.0.0.1.

    With `unasked` it says that at once and waits for no request; empty bytes close the connection, None only waits.
    """

    routes: dict[str, bytes | Handler] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    unasked: bytes | None = b"-"
    seen: list[Asked] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    port: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Hostile:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the loop's next turn

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await (self._serve(reader, writer) if self.unasked == b"-" else self._blurt(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client is gone, or the test is over
        finally:
            self.in_flight -= 1
            self._tasks.discard(task)
            writer.close()

    async def _blurt(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.unasked is None:
            await reader.read()
        else:
            writer.write(self.unasked)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        asked = Asked(head[0].split(" ")[1], headers, getattr(writer.get_extra_info("ssl_object"), "sni", None))
        self.seen.append(asked)
        route = self.routes.get(asked.path, reply(404))
        if isinstance(route, bytes):
            writer.write(route)
            await writer.drain()
        else:
            await route(asked, writer)


class Names:
    """A resolver that answers from a table and counts; `aliases` are what names really lead to."""

    def __init__(
        self,
        table: dict[str, Sequence[str]] | None = None,
        otherwise: Sequence[str] = (),
        aliases: dict[str, str] | None = None,
    ) -> None:
        self.table = table or {}
        self.otherwise = otherwise
        self.aliases = aliases or {}
        self.asked: list[str] = []

    async def resolve(self, host: str) -> Found:
        self.asked.append(host)
        found = self.table.get(host, self.otherwise)
        if not found:
            raise OSError(-2, "Name or service not known")
        return Found(tuple(found), self.aliases.get(host))


class Flipping(Names):
    """A resolver that gives another answer each time: DNS rebinding."""

    def __init__(self, answers: Sequence[Sequence[str]]) -> None:
        super().__init__()
        self._answers = itertools.cycle(answers)

    async def resolve(self, host: str) -> Found:
        self.asked.append(host)
        return Found(tuple(next(self._answers)))


@dataclass
class Connects:
    """Stands in for `connect_socket`: writes down where it was to connect, and goes to `server` instead, or nowhere."""

    server: Hostile | None = None
    made: list[tuple[str, int]] = field(default_factory=list)
    dead: frozenset[str] = frozenset()

    async def __call__(self, address: Address, port: int, seconds: float) -> socket.socket:
        self.made.append((str(address), port))
        if self.server is None or str(address) in self.dead:
            raise ConnectionRefusedError(111, "Connection refused")
        return await connect_socket(ip_address("127.0.0.1"), self.server.port, seconds)
