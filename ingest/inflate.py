"""A body with a limit: what came is kept as it is, or inflated within bounds. Pure.

httpx decodes each network read in full before its caller sees a byte, so 809 bytes can become 1 GiB; hence our own.
"""

from __future__ import annotations

import zlib

MEMBERS = 1000  # gzip members in one body; each costs a window of 32 KiB to set up
CRUMBS = 10_000  # chunks of a body, from which on they must hold CRUMB bytes on average: each costs 7 us of CPU
CRUMB = 64
_MAGIC = b"\x1f\x8b"


class TooLarge(Exception):
    """The body passed its limit; what came before is in `Body.data`."""


class BadEncoding(Exception):
    """The content coding is not one we accept, or the bytes are not in it."""


class Truncated(Exception):
    """The body ended before its coding did."""


def is_gzip(encodings: list[str]) -> bool:
    """Read all Content-Encoding headers. Raises BadEncoding for anything but gzip or nothing; codings never stack."""
    codings = [word.strip().lower() for line in encodings for word in line.split(",")]
    codings = [word for word in codings if word not in ("", "identity")]
    if not codings:
        return False
    if len(codings) == 1 and codings[0] in ("gzip", "x-gzip"):
        return True
    raise BadEncoding("content coding " + ", ".join(codings)[:60])


class Body:
    """Collects a body of at most `wire` bytes as sent and `limit` bytes once decoded."""

    def __init__(self, wire: int, limit: int, gzip: bool = False) -> None:
        self.data = bytearray()
        self.received = 0
        self.chunks = 0
        self._wire = wire
        self._limit = limit
        self._inflate = zlib.decompressobj(31) if gzip else None
        self._members = 1
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes from the wire. Raises TooLarge or BadEncoding."""
        room = self._wire - self.received
        self.received += len(chunk)
        if self._inflate is None:
            self._keep(chunk[:room])
        else:
            self._decode(chunk[:room])
        self.chunks += 1
        if len(chunk) > room:
            raise TooLarge(f"more than {self._wire} bytes on the wire")
        if self.chunks > CRUMBS and self.received < CRUMB * self.chunks:
            raise TooLarge(f"more than {CRUMBS} chunks of a few bytes")

    def finish(self) -> bytes:
        """The whole body. Raises Truncated when gzip stopped half-way."""
        if self._inflate is not None and self.received and not self._inflate.eof:
            raise Truncated("gzip ends early")
        return bytes(self.data)

    def _keep(self, piece: bytes) -> None:
        room = self._limit - len(self.data)
        self.data += piece[:room]
        if len(piece) > room:
            raise TooLarge(f"more than {self._limit} bytes")

    def _decode(self, chunk: bytes) -> None:
        chunk = self._rest + chunk
        self._rest = b""
        while chunk and self._inflate is not None:
            if self._inflate.eof and not self._next_member(chunk):
                return
            chunk = self._step(chunk)

    def _step(self, chunk: bytes) -> bytes:
        """Inflate one member as far as it goes; returns what is left of the chunk."""
        assert self._inflate is not None
        room = self._limit - len(self.data)
        try:
            piece = self._inflate.decompress(chunk, room + 1)
        except zlib.error as error:
            raise BadEncoding(f"gzip: {error}") from None
        self._keep(piece)
        return self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail

    def _next_member(self, chunk: bytes) -> bool:
        """Begin another gzip member; anything else after the first is padding or garbage and is passed over."""
        if len(chunk) < len(_MAGIC) and _MAGIC.startswith(chunk):
            self._rest = chunk
            return False
        if not chunk.startswith(_MAGIC):
            return False
        self._members += 1
        if self._members > MEMBERS:
            raise BadEncoding(f"gzip of more than {MEMBERS} members")
        self._inflate = zlib.decompressobj(31)
        return True
