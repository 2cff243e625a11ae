"""Compressed bytes: an entry kept while it may still be worked on, and the body of a page. zstd level 3."""

from __future__ import annotations

import threading

import msgspec
import zstandard

from kliping.model import Entry

_LEVEL = 3
_MOST = 64 * 1024 * 1024  # bytes; more than any page or entry may have


_local = threading.local()  # a compressor is costly to make and not safe between threads


def pack(data: bytes) -> bytes:
    """Compress."""
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=_LEVEL)
    packed: bytes = _local.compressor.compress(data)
    return packed


def unpack(data: bytes) -> bytes:
    """What `pack` was given."""
    return zstandard.ZstdDecompressor().decompress(data, max_output_size=_MOST)


def pack_entry(entry: Entry) -> bytes:
    """An entry as stored."""
    return pack(msgspec.msgpack.encode(entry))


def unpack_entry(data: bytes) -> Entry:
    """The stored entry."""
    return msgspec.msgpack.decode(unpack(data), type=Entry)
