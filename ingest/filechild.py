"""Page files in a parsing child: read, unzip, extract, and answer with the line of JSON that will be printed.

Most pages tell their language by their words. The model for the others costs as much CPU time as two hundred pages, so
a child starts without it and says so of a page that needs it; the parent then loads it, for all children to come.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import lru_cache
from json import JSONEncoder
from typing import NoReturn

from ingest.forks import RECYCLE_AFTER, Child
from ingest.notices import ANSWER, BUG, CHUNK, MEMORY, PAGE_FAULT, RECORD, REQUEST, UNREADY
from ingest.pagefile import bytes_of, unzipped
from ingest.record import record
from kliping.errors import KlipingError
from kliping.model import Origin, Page
from parsers import langmodel, rules
from parsers.article import extract

_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class FileChild(Child):
    """Answers one file after another."""

    def run(self) -> NoReturn:
        langmodel.late = False
        self._told = bytearray()
        super().run()

    def serve(self) -> bool:
        if not self._has(REQUEST.size):
            return False
        url_size, size, cpu, most, site_rules, named = REQUEST.unpack_from(self._told)
        begin, end = REQUEST.size + url_size, REQUEST.size + url_size + size
        if not self._has(end):
            return False
        url, told = self._told[REQUEST.size : begin].decode() or None, bytes(self._told[begin:end])
        del self._told[:end]
        self.begin(cpu)
        kind, said = _answer(url, os.fsdecode(told) if named else told, most, site_rules)
        large = self.end()
        if large and kind in (BUG, PAGE_FAULT):
            kind = MEMORY  # lexbor says only that it failed
        last = large or kind in (BUG, MEMORY, UNREADY) or self.jobs >= RECYCLE_AFTER
        self.line.sendall(ANSWER.pack(kind, len(said), last) + said)
        return not last

    def _has(self, size: int) -> bool:
        """Wait until so many bytes have come, of several requests at once; False when nobody will send them."""
        while len(self._told) < size:
            part = self.line.recv(CHUNK) if self._told or self.wait() else b""
            if not part:
                return False
            self._told += part
        return True


def _answer(url: str | None, file: str | bytes, most: int, site_rules: bool) -> tuple[bytes, bytes]:
    """The kind of an answer and its words, of a file's name or bytes. Whatever a parser raises ends here."""
    try:
        raw = bytes_of(file, most, waits=False) if isinstance(file, str) else file
        page = Page(url, unzipped(raw, most), datetime.now(UTC), Origin.STORED)
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


@lru_cache(maxsize=2)
def _rules(site_rules: bool) -> rules.Rules:
    return rules.load(site_rules=site_rules)
