"""The only door to the network.

    fetch(Request)
      parse the URL                        gate      BAD_URL, or BAD_REDIRECT on a later hop
      wait for the host's turn             pace      RATE_LIMITED when it is held for longer than an exchange may take
      resolve once, check every answer     reach     DNS, BLOCKED_ADDRESS, ISP_BLOCK
      wait for the address or its pool, then for one of the worker's fetches
      connect to a checked answer          here      CONNECT, TLS; Host, SNI and certificate stay the name
      read within limits                   inflate   TOO_LARGE, BAD_ENCODING, TRUNCATED, EMPTY
      a redirect begins again at the top; its body is never read, an error's only to know what it is
      look at what came in its place       walls     CHALLENGE, ISP_BLOCK, PARKED, LOGIN, SOFT_404
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
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime
from functools import cache
from types import TracebackType
from typing import Any

import httpcore
import httpx
import structlog

from ingest import answer, gate
from ingest.ask import Headers, Kind, Permit, Request, headers_for, is_conditional
from ingest.gate import Address, Gate, Target
from ingest.inflate import BadEncoding, Body, TooLarge, Truncated, is_gzip
from ingest.isp import Isp
from ingest.line import HEAD_BYTES, Connect, Line, Unreachable, connect_socket
from ingest.pace import Held, Pools, Slots, Turns
from ingest.reach import Reach
from ingest.resolve import Lookups, Resolver, SystemResolver
from ingest.trail import End, Trail, explain, next_hop
from kliping import __version__
from kliping.clock import Clock
from kliping.feeds import Fetched, FetchOutcome
from kliping.settings import Settings
from parsers import walls
from parsers.links import site_of

log = structlog.get_logger()

__all__ = ["Fetcher", "Kind", "PinnedTransport", "Request"]

ROBOTS_BYTES = 500 * 1024  # RFC 9309, 2.5: what must be read at least; the rest is passed over
PATIENCE = 60.0  # seconds that a fetch waits for a host that asked for a pause, and the longest crawl-delay
HUB_BYTES = 64 * 1024  # what a hub says beside its status is of no use
ADDRESSES = 3  # answers that are tried when the first cannot be reached
ERROR_BYTES = walls.GLIMPSE  # of an error's body: enough to tell a bot check or a block page
ERROR_SECONDS = 5.0  # for reading them
BREATH = 256  # chunks after which others get a turn: a body may come in chunks of one byte

Ended = tuple[FetchOutcome, str | None, bytes]


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
        self._lookups = Lookups(self._resolver, clock, settings.dns_timeout)
        self._reach = Reach(Gate(settings.allow_networks), self._lookups)
        self._turns = Turns(clock, settings.host_spacing, patience=PATIENCE)
        self._slots = Slots(settings.fetches_per_address)
        self._pools = Pools(clock, settings.fetches_per_pool, settings.pool_starts, patience=PATIENCE)
        self._isp = Isp(clock)
        self._all = asyncio.Semaphore(settings.fetches)
        self._transport = PinnedTransport(ssl_context, connect or connect_socket)
        self._user_agent = settings.user_agent(__version__)
        self._limits = {
            Kind.FEED: (settings.feed_wire_bytes, settings.feed_bytes),
            Kind.PAGE: (settings.page_wire_bytes, settings.page_bytes),
            Kind.ROBOTS: (ROBOTS_BYTES, ROBOTS_BYTES),
            Kind.HUB: (HUB_BYTES, HUB_BYTES),
        }
        read = settings.read_timeout
        self._timeouts = {"connect": settings.connect_timeout, "read": read, "write": read}

    async def __aenter__(self) -> Fetcher:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lookups.close()
        if isinstance(self._resolver, SystemResolver):
            self._resolver.close()

    async def fetch(self, request: Request, permit: Permit | None = None) -> Fetched:
        """Ask, follow redirects, read; `permit` may forbid another host. Only cancellation is raised.

        `final_url` is the last URL asked for, without userinfo. `at` is when the exchange ended.
        """
        trail = Trail(request.url, request.content())
        body = b""
        try:
            outcome, detail, body = await self._follow(request, trail, permit)
        except Held as held:
            trail.retry_after = held.until
            outcome, detail = FetchOutcome.RATE_LIMITED, str(held)
        except Exception as error:  # a hostile answer must cost one fetch, whatever it makes a library raise
            outcome, detail = _explain(error, trail)
        if outcome is FetchOutcome.ISP_BLOCK and self._isp.alarm():
            log.error(
                "isp_block", url=trail.url, detail=detail, hint="our own provider blocks sites or answers for them"
            )
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
            pool=trail.pool,
        )

    def started(self, host: str) -> datetime | None:
        """Wall time of the last request start to a host (see `gate.host_of`), while it is remembered."""
        return self._turns.started(host)

    def hold(self, host: str, until: datetime) -> None:
        """No request to the host starts before `until`: Retry-After, or the last start known to the database.

        A fetch waits for it up to a minute; beyond that it ends at once as rate_limited, `retry_after` telling when.
        """
        self._turns.hold(host, until)

    def hold_pool(self, pool: str, until: datetime) -> None:
        """The same for all hosts of a shared platform."""
        self._pools.hold(pool, until)

    def spacing(self, host: str) -> float:
        """Seconds between starts of requests to a host."""
        return self._turns.spacing(host)

    def slow(self, host: str, spacing: float) -> None:
        """The host wants so many seconds between starts: crawl-delay."""
        self._turns.slow(host, spacing)

    # --- the exchange and its hops ------------------------------------------------------------------------------------

    async def _follow(self, request: Request, trail: Trail, permit: Permit | None) -> Ended:
        try:
            first = target = gate.parse(request.url)
        except ValueError as error:
            raise End(FetchOutcome.BAD_URL, str(error)) from None
        while True:
            trail.url, trail.status, trail.headers = target.url, None, ()
            headers = headers_for(request, first, target, self._user_agent)
            trail.conditional = is_conditional(headers)
            body = await self._hop(target, headers, request.kind, trail)
            if trail.status not in (answer.RESENT if trail.content else answer.FOLLOWED):
                return self._conclude(request, trail, body)
            earlier, target = target, next_hop(target, trail, self._settings.redirects)
            if permit and target.key != earlier.key and (refusal := await permit(target.url)):
                raise End(refusal, f"redirected to {target.key}")

    def _conclude(self, request: Request, trail: Trail, body: bytes) -> Ended:
        """The word for a complete answer, unless something else came in the document's place."""
        status = trail.status or 0
        outcome, detail = answer.conclude(status, body, trail.conditional)
        shown = body if outcome is FetchOutcome.OK else trail.glimpse
        if request.kind is Kind.ROBOTS or not (shown or trail.value("cf-mitigated")):
            return outcome, detail, body
        headers = {name.lower(): value for name, value in trail.headers}
        look = walls.look(status, headers, shown, request.url, trail.url)
        word = look.word
        if look.digest and self._isp.shows(look.digest, site_of(request.url)):
            word = FetchOutcome.ISP_BLOCK
        if word is None or outcome is FetchOutcome.RATE_LIMITED:
            return outcome, detail, body
        return word, answer.status_line(status), b""

    async def _hop(self, target: Target, headers: Headers, kind: Kind, trail: Trail) -> bytes:
        """One request to one host, in its turn; the body when the status has one."""
        async with self._turns.turn(target.key):
            failure: Unreachable | None = None
            async with self._timed(trail):
                addresses, trail.pool = await self._reach.addresses(target)
            for address in addresses[:ADDRESSES]:
                try:
                    async with self._place(address, trail.pool), self._all:
                        self._turns.begin(target.key)
                        async with self._timed(trail):
                            return await self._exchange(target, address, headers, kind, trail)
                except Unreachable as error:
                    failure = error
            assert failure is not None  # there is at least one address
            raise failure

    def _place(self, address: Address, pool: str | None) -> AbstractAsyncContextManager[None]:
        """A pool's budget replaces that of the address."""
        return self._pools.slot(pool) if pool else self._slots.slot(str(address))

    async def _exchange(self, target: Target, address: Address, headers: Headers, kind: Kind, trail: Trail) -> bytes:
        extensions = {"timeout": self._timeouts, "address": address}
        method = "POST" if trail.content else "GET"
        request = httpx.Request(method, target.url, headers=headers, content=trail.content, extensions=extensions)
        response = await self._transport.handle_async_request(request)
        line: Line = response.extensions["line"]
        try:
            trail.status = response.status_code
            trail.headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers.raw)
            self._heed(target, trail)
            if trail.status in answer.WITH_BODY:
                return await self._read(response, line, kind, trail)
            if trail.status not in answer.BODILESS:
                trail.glimpse = await self._glimpse(response, line, trail)
            return b""
        finally:
            trail.wire_bytes += line.received
            trail.cut_off = line.ended
            await response.aclose()

    async def _read(self, response: httpx.Response, line: Line, kind: Kind, trail: Trail) -> bytes:
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

    async def _glimpse(self, response: httpx.Response, line: Line, trail: Trail) -> bytes:
        """The beginning of an error's body, as far as it can be had: the status alone has told the outcome."""
        body = Body(ERROR_BYTES, ERROR_BYTES)
        line.most = line.received + ERROR_BYTES + HEAD_BYTES
        with suppress(TooLarge, BadEncoding, Truncated, TimeoutError, OSError, httpcore.ProtocolError):
            body = Body(ERROR_BYTES, ERROR_BYTES, is_gzip(trail.values("content-encoding")))
            async with asyncio.timeout(min(ERROR_SECONDS, self._settings.exchange_timeout - trail.seconds)):
                async for chunk in response.aiter_raw():
                    body.feed(chunk)
        return bytes(body.data)

    def _heed(self, target: Target, trail: Trail) -> None:
        """Obey a request for a pause, whoever asks this host or its pool next."""
        trail.retry_after = answer.pause(trail.status or 0, trail.value("retry-after"), self._clock.now())
        if trail.retry_after:
            self._turns.hold(target.key, trail.retry_after)
            if trail.pool:
                self._pools.hold(trail.pool, trail.retry_after)

    # --- what a hop needs ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _timed(self, trail: Trail) -> AsyncIterator[None]:
        """I/O that counts towards the deadline of the exchange."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._settings.exchange_timeout - trail.seconds):
                yield
        finally:
            trail.seconds += loop.time() - began


def _explain(error: Exception, trail: Trail) -> tuple[FetchOutcome, str]:
    match error:
        case httpx.InvalidURL():
            return FetchOutcome.BAD_URL, str(error)
        case httpcore.ProtocolError():
            outcome = FetchOutcome.TRUNCATED if trail.status is not None and trail.cut_off else FetchOutcome.PROTOCOL
            return outcome, str(error) or type(error).__name__
    return explain(error, trail)


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
                httpcore.Request(
                    request.method,
                    wanted,
                    headers=request.headers.raw,
                    content=request.content,
                    extensions=request.extensions,
                )
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
