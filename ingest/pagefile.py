"""Page files: their bytes as they are, and unzipped; both bounded."""

from __future__ import annotations

import os
from io import FileIO

try:  # the same in half the time, where there is a wheel for the machine
    from zlib_ng import zlib_ng as zlib
except ImportError:
    import zlib

from kliping.errors import InputError

_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 64 * 1024  # bytes read at once: most pages, and little enough to be had without a call of the kernel


STDIN = 0


def bytes_of(file: str | int, most: int, waits: bool = True) -> bytes:
    """The bytes of a file, or of STDIN, as they are; what is not there at once, as in a pipe, only for one who `waits`.
    Raises InputError, also for more than `most`."""
    try:
        with open(file, "rb", buffering=0, closefd=file != STDIN, opener=None if waits else _at_once) as stream:
            raw = _read(stream, most + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"unreadable: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > most:
        raise InputError(f"unreadable: more than {most} bytes")
    return raw


def _at_once(file: str, flags: int) -> int:
    return os.open(file, flags | os.O_NONBLOCK)


def _read(stream: FileIO, most: int) -> bytes:
    """Up to `most` bytes; a pipe gives them bit by bit."""
    pieces, left = [], most
    while left and (piece := stream.read(min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def unzipped(raw: bytes, most: int) -> bytes:
    """The bytes of a page, gzipped or plain. Raises InputError, also for more than `most` bytes."""
    try:
        body = _members(raw, most) if raw.startswith(b"\x1f\x8b") else raw
    except zlib.error as error:
        raise InputError(f"unreadable: {error}") from None
    if len(body) > most:
        raise InputError(f"unreadable: more than {most} bytes")
    return body


def _members(raw: bytes, most: int) -> bytes:
    """All members of a gzip file, up to one byte over `most`."""
    out = b""
    while raw and len(out) <= most:
        member = zlib.decompressobj(_GZIP)
        out += member.decompress(raw, most + 1 - len(out))
        if not member.eof and len(out) <= most:
            raise InputError("unreadable: the gzip data ends early")
        raw = member.unused_data.lstrip(b"\0")
    return out
