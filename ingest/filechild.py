"""Page files in a parsing child: unzip, extract, and answer with the line of JSON that will be printed.

Most pages tell their language by their words. The model for the others costs as much CPU time as two hundred pages, so
a child starts without it and says so of a page that needs it; the template then loads it, once for all.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from functools import lru_cache
from json import JSONEncoder

from ingest.forks import RECYCLE_AFTER, Child, run
from ingest.notices import ANSWER, BUG, MEMORY, PAGE_FAULT, RECORD, REQUEST, UNREADY
from ingest.record import record
from kliping.errors import InputError, KlipingError
from kliping.model import Origin, Page
from parsers import langmodel, rules
from parsers.article import extract

_GZIP = 16 + zlib.MAX_WBITS
_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def main() -> None:
    """Run as the template of such children."""
    run(_warm_up, _FileChild)


def _warm_up() -> None:
    langmodel.late = False
    _rules(True)


class _FileChild(Child):
    """Answers one file after another."""

    @classmethod
    def prepare(cls) -> None:
        langmodel.load()

    def serve(self) -> bool:
        header = self.receive(REQUEST.size)
        if header is None:
            return False
        url_size, size, cpu, most, site_rules = REQUEST.unpack(header)
        body = self.receive(url_size + size)
        if body is None:
            return False
        self.begin(cpu)
        kind, said = _answer(bytes(body[:url_size]), bytes(body[url_size:]), most, site_rules)
        large = self.end()
        if large and kind in (BUG, PAGE_FAULT):
            kind = MEMORY  # lexbor says only that it failed
        last = large or kind in (BUG, MEMORY, UNREADY) or self.jobs >= RECYCLE_AFTER
        self.line.sendall(ANSWER.pack(kind, len(said), last))
        self.line.sendall(said)
        return not last


def _answer(url: bytes, raw: bytes, most: int, site_rules: bool) -> tuple[bytes, bytes]:
    """The kind of an answer and its words. Whatever a parser raises ends here."""
    try:
        page = Page(url.decode() or None, unzipped(raw, most), datetime.now(UTC), Origin.STORED)
        return RECORD, _encode(record(extract(page, _rules(site_rules)))).encode("utf-8", "replace")
    except langmodel.ModelMissingError:
        return UNREADY, b""
    except KlipingError as error:
        return PAGE_FAULT, _words(error)
    except MemoryError:
        return MEMORY, b""
    except Exception as error:
        return BUG, f"{type(error).__name__} at {_place(error)}: ".encode() + _words(error)


def _words(error: Exception) -> bytes:
    return str(error)[:500].encode("utf-8", "replace")


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else "?"


def unzipped(raw: bytes, most: int) -> bytes:
    """The bytes of a page file, gzipped or plain. Raises InputError, also for more than `most` bytes."""
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


@lru_cache(maxsize=2)
def _rules(site_rules: bool) -> rules.Rules:
    return rules.load(site_rules=site_rules)
