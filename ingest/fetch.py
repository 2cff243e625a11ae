"""The only door to the network.

    fetch(Request)
      parse the URL                        gate      BAD_URL, or BAD_REDIRECT on a later hop
      wait for the host's turn             pace      RATE_LIMITED when it is held for longer than an exchange may take
      resolve once, check every answer     gate      DNS, BLOCKED_ADDRESS
      wait for the address, then for one of the worker's fetches
      connect to a checked answer          here      CONNECT, TLS; Host, SNI and certificate stay the name
      read within limits                   inflate   TOO_LARGE, BAD_ENCODING, TRUNCATED, EMPTY
      a redirect begins again at the top; its body is never read
    -> Fetched

One deadline of real seconds covers all that is I/O; waiting for a turn does not count. Every connection is new, since
feeds are polled too seldom for keep-alive to pay; so the address that was checked is the one that is used. No cookies,
no proxies from the environment, no credentials but those written in the URL asked for, and these to its origin only.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import TracebackType
from typing import Any

import httpcore
import httpx

from ingest import answer, gate
from ingest.ask import Headers, Kind, Permit, Request, headers_for, is_conditional
from ingest.gate import Address, Gate, Target
from ingest.inflate import BadEncoding, Body, TooLarge, Truncated, is_gzip
from ingest.line import HEAD_BYTES, Connect, Line, NoTls, Unreachable, connect_socket
from ingest.pace import Held, Slots, Turns
from ingest.resolve import Resolver, SystemResolver
from kliping import __version__
from kliping.clock import Clock
from kliping.model import Fetched, FetchOutcome, Hop
from kliping.settings import Settings

__all__ = ["Fetcher", "Kind", "PinnedTransport", "Request"]

ROBOTS_BYTES = 500 * 1024  # RFC 9309, 2.5: what must be read at least; the rest is passed over
ADDRESSES = 3  # answers that are tried when the first cannot be reached
BREATH = 256  # chunks after which others get a turn: a body may come in chunks of one byte

End = tuple[FetchOutcome, str | None, bytes]


class _End(Exception):
    """The exchange is over, for a reason that already has its word."""

    def __init__(self, outcome: FetchOutcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome


@dataclass(slots=True)
class _Trail:
    """What is known so far about an exchange."""

    url: str
    conditional: bool = False
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    hops: list[Hop] = field(default_factory=list)
    retry_after: datetime | None = None
    seconds: float = 0.0
    wire_bytes: int = 0
    cut_off: bool = False  # the other side stopped sending

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]

    def value(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)


class Fetcher:
    """Fetches within the limits of the settings. One per process and event loop.

    `connect` opens a TCP connection to a checked address; tests pass their own, as they do with `resolver`.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        resolver: Resolver | None = None,
        *,
        connect: Connect | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._resolver = resolver or SystemResolver()
        self._gate = Gate(settings.allow_networks)
        self._turns = Turns(clock, settings.host_spacing, patience=settings.exchange_timeout)
        self._slots = Slots(settings.fetches_per_address)
        self._all = asyncio.Semaphore(settings.fetches)
        self._transport = PinnedTransport(ssl_context, connect or connect_socket)
        self._user_agent = settings.user_agent(__version__)
        self._limits = {
            Kind.FEED: (settings.feed_wire_bytes, settings.feed_bytes),
            Kind.PAGE: (settings.page_wire_bytes, settings.page_bytes),
            Kind.ROBOTS: (ROBOTS_BYTES, ROBOTS_BYTES),
        }
        read = settings.read_timeout
        self._timeouts = {"connect": settings.connect_timeout, "read": read, "write": read}

    async def __aenter__(self) -> Fetcher:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(self._resolver, SystemResolver):
            self._resolver.close()

    async def fetch(self, request: Request, permit: Permit | None = None) -> Fetched:
        """Ask, follow redirects, read; `permit` may forbid another host. Only cancellation is raised.

        `final_url` is the last URL asked for, without userinfo. `at` is when the exchange ended.
        """
        trail = _Trail(request.url)
        body = b""
        try:
            outcome, detail, body = await self._follow(request, trail, permit)
        except Held as held:
            trail.retry_after = held.until
            outcome, detail = FetchOutcome.RATE_LIMITED, str(held)
        except Exception as error:  # a hostile answer must cost one fetch, whatever it makes a library raise
            outcome, detail = _explain(error, trail)
        return Fetched(
            url=request.url,
            final_url=trail.url,
            outcome=outcome,
            at=self._clock.now(),
            status=trail.status,
            headers=trail.headers,
            body=body if outcome is FetchOutcome.OK else b"",
            detail=answer.one_line(detail) if detail else None,
            hops=tuple(trail.hops),
            wire_bytes=trail.wire_bytes,
            seconds=trail.seconds,
            retry_after=trail.retry_after,
        )

    def started(self, host: str) -> datetime | None:
        """Wall time of the last request start to a host (see `gate.host_of`), while it is remembered."""
        return self._turns.started(host)

    def hold(self, host: str, until: datetime) -> None:
        """No request to the host starts before `until`: Retry-After, or the last start known to the database.

        A fetch waits for it as long as an exchange may take; beyond that it ends at once as rate_limited, with
        `retry_after` telling when.
        """
        self._turns.hold(host, until)

    # --- the exchange and its hops ------------------------------------------------------------------------------------

    async def _follow(self, request: Request, trail: _Trail, permit: Permit | None) -> End:
        try:
            first = target = gate.parse(request.url)
        except ValueError as error:
            raise _End(FetchOutcome.BAD_URL, str(error)) from None
        while True:
            trail.url, trail.status, trail.headers = target.url, None, ()
            headers = headers_for(request, first, target, self._user_agent)
            trail.conditional = is_conditional(headers)
            body = await self._hop(target, headers, request.kind, trail)
            if trail.status not in answer.FOLLOWED:
                return (*answer.conclude(trail.status or 0, body, trail.conditional), body)
            earlier, target = target, self._next(target, trail)
            if permit and target.key != earlier.key and not await permit(target.url):
                raise _End(FetchOutcome.ROBOTS, f"robots.txt of {target.key} forbids the page")

    async def _hop(self, target: Target, headers: Headers, kind: Kind, trail: _Trail) -> bytes:
        """One request to one host, in its turn; the body when the status has one."""
        async with self._turns.turn(target.key):
            failure: Unreachable | None = None
            for address in (await self._addresses(target, trail))[:ADDRESSES]:
                try:
                    async with self._slots.slot(str(address)), self._all:
                        self._turns.begin(target.key)
                        async with self._timed(trail):
                            return await self._exchange(target, address, headers, kind, trail)
                except Unreachable as error:
                    failure = error
            assert failure is not None  # there is at least one address
            raise failure

    async def _exchange(self, target: Target, address: Address, headers: Headers, kind: Kind, trail: _Trail) -> bytes:
        extensions = {"timeout": self._timeouts, "address": address}
        request = httpx.Request("GET", target.url, headers=headers, extensions=extensions)
        response = await self._transport.handle_async_request(request)
        line: Line = response.extensions["line"]
        try:
            trail.status = response.status_code
            trail.headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers.raw)
            self._heed(target, trail)
            return await self._read(response, line, kind, trail) if trail.status in answer.WITH_BODY else b""
        finally:
            trail.wire_bytes += line.received
            trail.cut_off = line.ended
            await response.aclose()

    async def _read(self, response: httpx.Response, line: Line, kind: Kind, trail: _Trail) -> bytes:
        wire, limit = self._limits[kind]
        body = Body(wire, limit, is_gzip(trail.values("content-encoding")))
        line.most = line.received + wire + HEAD_BYTES  # chunk framing counts too
        try:
            length = trail.value("content-length") or ""
            if length.isdecimal() and int(length) > wire and kind is not Kind.ROBOTS:
                raise TooLarge(f"announces {length} bytes")
            async for chunk in response.aiter_raw():
                body.feed(chunk)
                if body.chunks % BREATH == 0:
                    await asyncio.sleep(0)
            return body.finish()
        except TooLarge:
            if kind is Kind.ROBOTS:
                return bytes(body.data)
            raise

    def _next(self, base: Target, trail: _Trail) -> Target:
        """Where a redirect leads."""
        location = trail.value("location")
        if not location:
            raise _End(FetchOutcome.BAD_REDIRECT, f"{answer.status_line(trail.status or 0)} without Location")
        try:
            target = gate.join(base, answer.header_text(location))
        except ValueError as error:
            raise _End(FetchOutcome.BAD_REDIRECT, f"{error}: {location}") from None
        if base.scheme == "https" and target.scheme == "http":
            raise _End(FetchOutcome.BAD_REDIRECT, f"from https to {target.url}")
        if len(trail.hops) >= self._settings.redirects:
            raise _End(FetchOutcome.REDIRECT_LOOP, f"more than {self._settings.redirects} redirects")
        if target.url == base.url or any(target.url == hop.url for hop in trail.hops):
            raise _End(FetchOutcome.REDIRECT_LOOP, f"back to {target.url}")
        trail.hops.append(Hop(trail.status or 0, base.url, target.url))
        return target

    def _heed(self, target: Target, trail: _Trail) -> None:
        """Obey Retry-After on an error, whoever asks this host next."""
        if trail.status and trail.status >= 400:
            trail.retry_after = answer.retry_after(trail.value("retry-after"), self._clock.now())
            if trail.retry_after:
                self._turns.hold(target.key, trail.retry_after)

    # --- what a hop needs ---------------------------------------------------------------------------------------------

    async def _addresses(self, target: Target, trail: _Trail) -> tuple[Address, ...]:
        """The checked answers. Raises _End when there are none, or when a single one is not public."""
        if self._gate.hopeless(target):
            raise _End(FetchOutcome.BLOCKED_ADDRESS, f"port {target.port} is not 80 or 443")
        answers = (target.literal,) if target.literal else await self._look_up(target.host, trail)
        if refusal := self._gate.refusal(target, answers):
            raise _End(FetchOutcome.BLOCKED_ADDRESS, f"{target.authority}: {refusal}")
        return answers

    async def _look_up(self, host: str, trail: _Trail) -> tuple[Address, ...]:
        limit = self._settings.dns_timeout
        async with self._timed(trail):
            try:
                async with asyncio.timeout(limit):
                    found = await self._resolver.resolve(host)
                if not found:
                    raise OSError("no address")
                return tuple(gate.read_address(text) for text in found)
            except TimeoutError:
                raise _End(FetchOutcome.DNS, f"no answer in {limit:g} s") from None
            except (OSError, ValueError) as error:
                raise _End(FetchOutcome.DNS, getattr(error, "strerror", None) or str(error)) from None

    @asynccontextmanager
    async def _timed(self, trail: _Trail) -> AsyncIterator[None]:
        """I/O that counts towards the deadline of the exchange."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._settings.exchange_timeout - trail.seconds):
                yield
        finally:
            trail.seconds += loop.time() - began


def _explain(error: Exception, trail: _Trail) -> tuple[FetchOutcome, str]:
    """The word and the line for whatever went wrong."""
    text = str(error) or type(error).__name__
    answered = trail.status is not None
    match error:
        case _End():
            return error.outcome, text
        case TooLarge():
            return FetchOutcome.TOO_LARGE, text
        case BadEncoding():
            return FetchOutcome.BAD_ENCODING, text
        case Truncated():
            return FetchOutcome.TRUNCATED, text
        case TimeoutError():
            return FetchOutcome.TIMEOUT, str(error) or ("in the body" if answered else "before the answer")
        case Unreachable():
            return FetchOutcome.TIMEOUT if error.slow else FetchOutcome.CONNECT, text
        case NoTls():
            return FetchOutcome.TLS, text
        case httpx.InvalidURL() | UnicodeError():
            return FetchOutcome.BAD_URL, text
        case httpcore.ProtocolError():
            return FetchOutcome.TRUNCATED if answered and trail.cut_off else FetchOutcome.PROTOCOL, text
        case OSError():
            return FetchOutcome.TRUNCATED if answered else FetchOutcome.CONNECT, text
    return FetchOutcome.ERROR, f"{type(error).__name__}: {text}"


# --- connections ------------------------------------------------------------------------------------------------------


class _Stream(Line, httpcore.AsyncNetworkStream):
    """A `Line` under the name httpcore knows it by."""


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to one checked address, whatever the name."""

    def __init__(self, address: Address, connect: Connect) -> None:
        self._address = address
        self._connect = connect
        self.line: _Stream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's interface)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> _Stream:
        try:
            self.line = _Stream(await self._connect(self._address, port, timeout or 0))
        except OSError as error:
            slow = isinstance(error, TimeoutError)
            reason = "timed out" if slow else os.strerror(error.errno) if error.errno else str(error)
            raise Unreachable(f"{self._address} port {port}: {reason}", slow) from error
        return self.line


class _Parts(httpx.AsyncByteStream):
    def __init__(self, parts: Any, line: Line) -> None:
        self._parts = parts
        self._line = line

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._parts:
            yield part

    async def aclose(self) -> None:
        await self._line.aclose()


@cache
def trusted() -> ssl.SSLContext:
    """Verifies against certifi's roots, whatever the environment says. One for all: each takes 30 ms to make."""
    return httpx.create_ssl_context(trust_env=False)


class PinnedTransport(httpx.AsyncBaseTransport):
    """Each request on a connection of its own to `extensions["address"]`; the answer's extensions hold its `line`."""

    def __init__(self, context: ssl.SSLContext | None, connect: Connect) -> None:
        self._context = context
        self._connect = connect

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        port = url.port or gate.PORTS[url.scheme]
        pinned = _Pinned(request.extensions["address"], self._connect)
        origin = httpcore.Origin(url.raw_scheme, url.raw_host, port)
        context = self._context or trusted() if url.scheme == "https" else None
        connection = httpcore.AsyncHTTPConnection(origin, ssl_context=context, network_backend=pinned)
        wanted = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=port, target=url.raw_path)
        try:
            response = await connection.handle_async_request(
                httpcore.Request(request.method, wanted, headers=request.headers.raw, extensions=request.extensions)
            )
        except BaseException:
            if pinned.line:
                await pinned.line.aclose()
            raise
        assert pinned.line is not None
        stream = _Parts(response.stream, pinned.line)
        return httpx.Response(
            response.status, headers=response.headers, stream=stream, extensions={"line": pinned.line}
        )
