"""One TCP or TLS connection with its limits, as httpcore asks for one.

asyncio's own streams, not anyio's: they take a quarter of the CPU of an unchanged poll less.
"""

# ruff: noqa: ASYNC109 (the timeout parameters are httpcore's interface)
from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Self

from ingest.gate import Address
from ingest.inflate import TooLarge

HEAD_BYTES = 256 * 1024  # all status lines and headers of an answer, 1xx included

Connect = Callable[[Address, int, float], Awaitable[socket.socket]]


class Unreachable(Exception):
    """No connection to this address; another one may answer. `slow` when it timed out."""

    def __init__(self, text: str, slow: bool) -> None:
        super().__init__(text)
        self.slow = slow


class NoTls(Exception):
    """The handshake failed: a wrong certificate, no common version, not TLS at all."""


async def connect_socket(address: Address, port: int, seconds: float) -> socket.socket:
    """A TCP connection to an address. Raises OSError, TimeoutError among them."""
    sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(sock, (str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


class Line:
    """One connection: counts what comes in, stops at `most`, and knows whether the other side has ended it."""

    def __init__(self, sock: socket.socket) -> None:
        self.received = 0
        self.most = HEAD_BYTES
        self.ended = False
        self._sock = sock
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Self:
        """Raises NoTls or TimeoutError."""
        try:
            async with asyncio.timeout(timeout):
                await self._open(ssl=ssl_context, server_hostname=server_hostname)
        except TimeoutError:
            raise TimeoutError("in the TLS handshake") from None
        except (OSError, ValueError) as error:
            raise NoTls(str(error) or type(error).__name__) from error
        return self

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come, empty at the end. Raises OSError, TimeoutError among them, or TooLarge."""
        reader, _ = self._streams or await self._open()
        async with asyncio.timeout(timeout):
            data = await reader.read(max_bytes)
        self.received += len(data)
        self.ended = not data
        if self.received > self.most:
            raise TooLarge(f"more than {self.most} bytes on the wire")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        _, writer = self._streams or await self._open()
        with suppress(ConnectionError):  # the answer may have come before the request was read: reading will tell
            writer.write(buffer)
            async with asyncio.timeout(timeout):
                await writer.drain()

    async def aclose(self) -> None:
        """Drop the connection; what is unread stays unread."""
        if self._streams is None:
            self._sock.close()
        else:
            self._streams[1].transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """Nothing: HTTP/1.1 on connections that are not reused needs none of it."""
        return None

    async def _open(self, **tls: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._streams = await asyncio.open_connection(sock=self._sock, **tls)
        return self._streams
