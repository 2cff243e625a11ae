"""HTTP/1.1 on loopback, as small as it can be and still be correct: keep-alive, HEAD, gzip, validators, and faults.

A fault is a value: what should go wrong, on which path, how many times.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.world.post import http_date

REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 404: "Not Found", 429: "Too Many"}
HEAD_LIMIT = 64 * 1024
GZIP_LEAST = 256


@dataclass
class Request:
    """One line of the log. Times are `time.monotonic()`; `status` is None until, or unless, an answer was sent."""

    host: str
    method: str
    target: str
    headers: dict[str, str]
    started: float
    peer: tuple[str, int]
    status: int | None = None
    ended: float | None = None
    sent: int = 0

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass
class Answer:
    """What is sent back. The validators are byte-exact strings; None leaves the header out."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/html; charset=UTF-8"
    etag: str | None = None
    last_modified: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    packed: bytes | None = None  # the body, gzipped; made once

    def gzipped(self) -> bytes:
        if self.packed is None:
            self.packed = gzip.compress(self.body, 6, mtime=0)
        return self.packed


@dataclass
class Fault:
    """What goes wrong on `path` (exact, or a prefix when it ends with *) for the next `times` requests (None: always).

    `delay` (seconds) comes first; alone it only makes the right answer late. `truncate` announces the whole body, sends
    that many bytes and closes. `trickle` (seconds) goes between pieces of 512 bytes. `drop` closes without a byte,
    `garbage` sends what is not HTTP. The others replace the answer.
    """

    path: str
    times: int | None = None
    delay: float = 0.0
    status: int | None = None
    body: bytes | None = None
    content_type: str = "text/html; charset=UTF-8"
    headers: tuple[tuple[str, str], ...] = ()
    redirect: str | None = None
    retry_after: str | int | None = None
    truncate: int | None = None
    trickle: float = 0.0
    drop: bool = False
    garbage: bytes | None = None
    hits: int = 0

    def matches(self, path: str) -> bool:
        alive = self.times is None or self.hits < self.times
        same = path.startswith(self.path[:-1]) if self.path.endswith("*") else path == self.path
        return alive and same

    def replaces(self) -> bool:
        return any(x is not None for x in (self.status, self.body, self.redirect, self.retry_after))

    def answer(self) -> Answer:
        headers = list(self.headers)
        if self.redirect is not None:
            headers.append(("Location", self.redirect))
        if self.retry_after is not None:
            headers.append(("Retry-After", str(self.retry_after)))
        default = 302 if self.redirect is not None else 429 if self.retry_after is not None else 200
        return Answer(self.status or default, self.body or b"", self.content_type, headers=tuple(headers))


class Site(Protocol):
    """What answers at an address."""

    def answer(self, request: Request) -> Answer: ...
    def fault(self, path: str) -> Fault | None: ...


def document(body: str | bytes, content_type: str, modified: datetime | None = None, *, etag: bool = True) -> Answer:
    """An answer with the validators of its content."""
    raw = body.encode() if isinstance(body, str) else body
    tag = f'"{hashlib.sha256(raw).hexdigest()[:20]}"' if etag else None
    return Answer(200, raw, content_type, tag, http_date(modified) if modified else None)


def not_found() -> Answer:
    return Answer(404, b"<!doctype html><title>404</title><p>Halaman tidak ditemukan.</p>")


def is_fresh(answer: Answer, headers: dict[str, str]) -> bool:
    """Whether a 304 is right: If-None-Match decides alone when it is there (RFC 9110, 13.1.3)."""
    asked = headers.get("if-none-match")
    if asked is not None:
        return answer.etag is not None and answer.etag in [tag.strip() for tag in asked.split(",")]
    return answer.last_modified is not None and headers.get("if-modified-since") == answer.last_modified


def accepts_gzip(headers: dict[str, str]) -> bool:
    return "gzip" in headers.get("accept-encoding", "")


@dataclass
class Wire(asyncio.Protocol):
    """One connection. Requests on it are answered one after the other."""

    site: Site
    log: Callable[[Request], None]
    open: set[asyncio.BaseTransport]
    buffer: bytearray = field(default_factory=bytearray)
    busy: bool = False
    transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.transport:
            self.open.discard(self.transport)
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) > HEAD_LIMIT and self.transport:
            self.transport.abort()
        elif not self.busy:
            self._next()

    def _next(self) -> None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0 or self.transport is None:
            return
        head = bytes(self.buffer[:end]).decode("latin-1")
        del self.buffer[: end + 4]
        request = parse_head(head, self.transport.get_extra_info("peername"))
        self.log(request)
        self.busy = True
        fault = self.site.fault(request.path)
        if fault and fault.delay:
            asyncio.get_running_loop().call_later(fault.delay, self._answer, request, fault)
        else:
            self._answer(request, fault)

    def _answer(self, request: Request, fault: Fault | None) -> None:
        if self.transport is None:  # the client went away while we were slow
            request.ended = time.monotonic()
            return
        if fault and (fault.drop or fault.garbage is not None):
            self._spoil(request, fault)
            return
        answer = fault.answer() if fault and fault.replaces() else self.site.answer(request)
        head, body, status = render(request, answer)
        request.status, request.sent = status, len(body)
        if fault and fault.truncate is not None:
            self.transport.write(head + body[: fault.truncate])
            self.transport.close()
            self._done(request)
        elif fault and fault.trickle:
            self._trickle(request, [head, *(body[i : i + 512] for i in range(0, len(body), 512))], fault.trickle)
        else:
            self.transport.write(head + body)
            self._done(request)

    def _spoil(self, request: Request, fault: Fault) -> None:
        assert self.transport is not None
        if fault.garbage is not None:
            self.transport.write(fault.garbage)
            self.transport.close()
        else:
            self.transport.abort()
        self._done(request)

    def _trickle(self, request: Request, pieces: list[bytes], gap: float) -> None:
        if self.transport is not None:
            self.transport.write(pieces.pop(0))
        if self.transport is None or not pieces:
            self._done(request)
        else:
            asyncio.get_running_loop().call_later(gap, self._trickle, request, pieces, gap)

    def _done(self, request: Request) -> None:
        request.ended = time.monotonic()
        self.busy = False
        if request.headers.get("connection", "").lower() == "close" and self.transport:
            self.transport.close()
        elif self.buffer:
            self._next()


def parse_head(head: str, peer: tuple[str, int]) -> Request:
    """Read the request line and the headers (names in lower case)."""
    first, *lines = head.split("\r\n")
    method, target, *_ = [*first.split(" "), "/", ""]
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Request(headers.get("host", ""), method, target, headers, time.monotonic(), (peer[0], peer[1]))


def render(request: Request, answer: Answer) -> tuple[bytes, bytes, int]:
    """The bytes of head and body, and the status they carry."""
    status = 304 if answer.status == 200 and is_fresh(answer, request.headers) else answer.status
    packed = accepts_gzip(request.headers) and len(answer.body) >= GZIP_LEAST
    body = b"" if status == 304 else answer.gzipped() if packed else answer.body
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", "Server: dunia", "Vary: Accept-Encoding"]
    lines += [f"ETag: {answer.etag}"] if answer.etag else []
    lines += [f"Last-Modified: {answer.last_modified}"] if answer.last_modified else []
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if status != 304:
        lines += [f"Content-Type: {answer.content_type}", f"Content-Length: {len(body)}"]
        lines += ["Content-Encoding: gzip"] if packed else []
    lines += ["Connection: close"] if request.headers.get("connection", "").lower() == "close" else []
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head, b"" if request.method == "HEAD" else body, status
