"""A file to extract, and the line to a child that does (see `ingest.crew`)."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections import deque
from collections.abc import Iterator
from stat import S_ISDIR, S_ISREG

from ingest.notices import ANSWER, RECORD, REQUEST, STATUS_SECONDS, WALL_FACTOR
from ingest.pagefile import STDIN, bytes_of
from kliping.errors import InputError, KlipingError

ANSWER_BYTES = 128 * 1024 * 1024  # of a child that has parsed hostile bytes
_PART = 64 * 1024  # bytes heard at once


class Ticket:
    """A file to extract, and what came of it: the JSON of its record without `file`, or why there is none."""

    __slots__ = ("answer", "file", "is_plain", "raw", "url")

    def __init__(self, file: str, url: str | None) -> None:
        self.file, self.url = file, url
        self.is_plain = _is_plain(file)
        self.raw: bytes | None = None  # of a file that is not
        self.answer: bytes | KlipingError | None = None

    def read(self, most: int) -> None:
        """Read the file here."""
        try:
            self.raw = bytes_of(STDIN if self.file == "-" else self.file, most)
        except InputError as error:
            self.answer = error


def _is_plain(file: str) -> bool:
    """Whether a child can read a file as we can, and without having to wait: it is no pipe, and no stream that we have
    and a child has not, by whatever name. Why one cannot be read is for the child to say too."""
    if file == "-" or file.startswith(("/dev/fd/", "/proc/")):
        return False
    try:
        found = os.stat(file)
        return not (_waits(found) or os.path.samestat(found, os.fstat(STDIN)))
    except (OSError, ValueError):
        return True


def _waits(found: os.stat_result) -> bool:
    return not (S_ISREG(found.st_mode) or S_ISDIR(found.st_mode))


class Job:
    """What all files of a run have in common: limits, and whether rules of single sites apply."""

    __slots__ = ("cpu", "memory", "page_bytes", "site_rules", "wall")

    def __init__(self, cpu: float, page_bytes: int, memory: int, site_rules: bool) -> None:
        self.cpu, self.page_bytes, self.memory, self.site_rules = cpu, page_bytes, memory, site_rules
        self.wall = cpu * WALL_FACTOR

    def request(self, ticket: Ticket) -> bytes:
        """What a child is told."""
        url = (ticket.url or "").encode("utf-8", "replace")
        told = os.fsencode(ticket.file) if ticket.raw is None else ticket.raw
        header = REQUEST.pack(len(url), len(told), self.cpu, self.page_bytes, self.site_rules, ticket.is_plain)
        return b"".join((header, url, told))


class Line:
    """A child, the line to it, and the tickets before it, of which it works on the first."""

    __slots__ = ("_heard", "_status", "begun", "deadline", "pid", "socket", "tickets", "unsaid", "whole")

    def __init__(self, pid: int, line: socket.socket, whole: bool) -> None:
        self.pid, self.socket, self.whole = pid, line, whole
        self.tickets, self.deadline = deque[Ticket](), 0.0
        self.begun = False  # whether it was told anything of these tickets
        self.unsaid, self._heard = bytearray(), bytearray()
        self._status: int | None = None

    def take(self, ticket: Ticket, job: Job) -> None:
        """One more ticket."""
        if not self.tickets:
            self.begun, self.deadline = False, time.monotonic() + job.wall
        self.tickets.append(ticket)
        self.unsaid += job.request(ticket)

    def say(self) -> None:
        """Tell the child as much as it has room for. Whether it has hung up is seen when it is heard."""
        try:
            del self.unsaid[: self.socket.send(self.unsaid)]
        except BlockingIOError:
            return
        except ConnectionError:
            self.unsaid.clear()
        else:
            self.begun = True

    def hear(self) -> bool:
        """Take in what the child has said; False when it hung up."""
        try:
            part = self.socket.recv(_PART)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        self._heard += part
        return bool(part)

    def answers(self) -> Iterator[tuple[bytes, bytes, bool]]:
        """Each whole answer: its kind, what it says, and whether the child ends itself after it."""
        while len(self._heard) >= ANSWER.size:
            kind, size, last = ANSWER.unpack_from(self._heard)
            end = ANSWER.size + size
            if size > ANSWER_BYTES or not self.tickets:
                yield RECORD, b"", True
                return
            if len(self._heard) < end:
                return
            said = bytes(self._heard[ANSWER.size : end])
            del self._heard[:end]
            yield kind, said, last

    def status(self) -> int | None:
        """How the child ended, which it is about to; None when it hung up and stays."""
        until = time.monotonic() + STATUS_SECONDS
        while not self._ended(os.WNOHANG) and time.monotonic() < until:
            time.sleep(0.001)
        return self._status

    def end(self) -> None:
        """Hang up and see the child dead."""
        self.socket.close()
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            self._ended(0)

    def _ended(self, options: int) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self.pid, options)
            self._status = status if pid else None
        return self._status is not None
