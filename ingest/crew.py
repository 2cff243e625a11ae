"""Parsing children for a command line that reads files: forks of this process, with the sandbox's limits.

    Ticket(file) --read--> free child --unzip, extract, JSON--> Ticket.answer, in the order given

This process imports the parsers for its children and never gives them a page itself. It must have no other thread, as
forks need: the service, which has, starts a process of its own for that (`ingest.template`), at the price of a second
interpreter. What a child answers is printed and never acted on; it has to be one line.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NoReturn

from ingest.filechild import FileChild
from ingest.forks import be_silent
from ingest.notices import (
    ANSWER,
    BUG,
    CHUNK,
    MEMORY,
    PAGE_FAULT,
    RECORD,
    REQUEST,
    STATUS_SECONDS,
    UNREADY,
    WALL_FACTOR,
    cause,
)  # fmt: skip
from ingest.spawn import ONE_THREAD
from kliping.errors import KlipingError, PageError, SandboxCrash, SandboxError, SandboxMemory, SandboxTimeout
from parsers import langmodel

ANSWER_BYTES = 128 * 1024 * 1024  # of a child that has parsed hostile bytes
AHEAD = 4  # answers a child may be ahead of the one that is waited for
_UNREAD = "an answer that cannot be read"
_CONTROLS = bytes(range(0x20)) + b"\x7f"


class Ticket:
    """A file to extract, and what came of it: the JSON of its record without `file`, or why there is none."""

    __slots__ = ("answer", "file", "raw", "url")

    def __init__(self, file: str, url: str | None, raw: bytes | KlipingError) -> None:
        self.file, self.url = file, url
        self.raw = raw if isinstance(raw, bytes) else b""
        self.answer: bytes | KlipingError | None = raw if isinstance(raw, KlipingError) else None


class Job:
    """What all files of a run have in common: limits, and whether rules of single sites apply."""

    __slots__ = ("cpu", "memory", "page_bytes", "site_rules", "wall")

    def __init__(self, cpu: float, page_bytes: int, memory: int, site_rules: bool) -> None:
        self.cpu, self.page_bytes, self.memory, self.site_rules = cpu, page_bytes, memory, site_rules
        self.wall = cpu * WALL_FACTOR


class _Line:
    """A child, the line to it, and the ticket it works on."""

    __slots__ = ("_status", "deadline", "pid", "socket", "ticket", "whole")

    ticket: Ticket
    deadline: float

    def __init__(self, pid: int, line: socket.socket, whole: bool) -> None:
        self.pid, self.socket, self.whole = pid, line, whole
        self._status: int | None = None

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


def answered(tickets: Iterable[Ticket], job: Job, children: int) -> Iterator[Ticket]:
    """Each ticket with its answer, in order. Raises SandboxError when no process can be had."""
    waiting, window, crew = iter(tickets), deque[Ticket](), Crew(job, children)
    more = True
    try:
        while more or window:
            while more and crew.is_free and len(window) < AHEAD * children:
                ticket = next(waiting, None)
                if ticket is None:
                    more = False
                    break
                window.append(ticket)
                if ticket.answer is None:
                    crew.give(ticket)
            while window and window[0].answer is not None:
                yield window.popleft()
            if window:
                crew.wait()
    finally:
        crew.close()


class Crew:
    """Up to `children` children."""

    def __init__(self, job: Job, children: int) -> None:
        self._job, self._most = job, children
        self._idle: list[_Line] = []
        self._busy: dict[int, _Line] = {}
        self._whole = False  # whether a page has asked for what children start without
        self._poll = select.poll()

    @property
    def is_free(self) -> bool:
        return bool(self._idle) or len(self._busy) < self._most

    def give(self, ticket: Ticket) -> None:
        """Have a free child work on a ticket. Raises SandboxError when there can be none."""
        while not self._sent(line := self._idle.pop() if self._idle else self._hire(), ticket):
            line.end()  # it died while it was idle: another does it
        line.ticket, line.deadline = ticket, time.monotonic() + self._job.wall
        self._busy[line.socket.fileno()] = line
        self._poll.register(line.socket, select.POLLIN)

    def _sent(self, line: _Line, ticket: Ticket) -> bool:
        """Hand a ticket to a child; False when it has hung up. One that does not read is for the deadline to end."""
        url, job = (ticket.url or "").encode("utf-8", "replace"), self._job
        header = REQUEST.pack(len(url), len(ticket.raw), job.cpu, job.page_bytes, job.site_rules)
        try:
            line.socket.sendall(b"".join((header, url, ticket.raw)))  # a child is woken once
        except ConnectionError:
            return False
        except TimeoutError:
            return True
        return True

    def wait(self) -> None:
        """Until an answer has come, or a child has ended or taken too long."""
        least = min(line.deadline for line in self._busy.values()) - time.monotonic()
        ready = [self._busy[number] for number, _ in self._poll.poll(max(0.0, least) * 1000 + 1)]
        for line in ready:
            self._settle(line, *self._heard(line))
        now = time.monotonic()
        for line in [line for line in self._busy.values() if line.deadline <= now]:
            self._settle(line, _too_slow(self._job), False)

    def _settle(self, line: _Line, answer: bytes | KlipingError | None, healthy: bool) -> None:
        """A child takes the next ticket, or ends; without an answer the ticket goes to a child that has all."""
        self._poll.unregister(line.socket)
        del self._busy[line.socket.fileno()]
        if healthy:
            self._idle.append(line)
        else:
            line.end()
        if answer is None:
            self._whole = True
            self.give(line.ticket)
        else:
            line.ticket.raw, line.ticket.answer = b"", answer

    def close(self) -> None:
        """End all children."""
        for line in (*self._idle, *self._busy.values()):
            line.end()

    def _heard(self, line: _Line) -> tuple[bytes | KlipingError | None, bool]:
        """The answer of a child, and whether it takes another ticket."""
        try:
            header = _exactly(line.socket, ANSWER.size)
            if header is None:
                return self._end_of(line), False
            kind, size, last = ANSWER.unpack(header)
            said = _exactly(line.socket, size) if size <= ANSWER_BYTES else None
        except TimeoutError:
            return _too_slow(self._job), False
        if kind == UNREADY and not line.whole:
            return None, False
        answer = SandboxCrash(_UNREAD) if said is None else _meant(kind, said, self._job)
        return answer, not (last or isinstance(answer, SandboxError))

    def _end_of(self, line: _Line) -> SandboxError:
        """Why a child hung up."""
        status = line.status()
        return SandboxCrash("a parsing child hung up") if status is None else cause(status, self._job.cpu)

    def _hire(self) -> _Line:
        """A new child, with the language model once a page has asked for it."""
        if self._whole:
            os.environ.update(ONE_THREAD)
            langmodel.load()
        ours, theirs = socket.socketpair()
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            raise SandboxError(f"there is no process to parse in: {error.strerror}") from None
        if pid == 0:
            self._become_child(ours, theirs, parent)
        theirs.close()
        ours.settimeout(self._job.wall)
        return _Line(pid, ours, self._whole)

    def _become_child(self, ours: socket.socket, theirs: socket.socket, parent: int) -> NoReturn:
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a stop is the parent's to decide
            ours.close()
            for line in (*self._idle, *self._busy.values()):
                line.socket.close()
            be_silent()
            FileChild(theirs, self._job.memory, parent).run()
        finally:
            os._exit(1)


def _meant(kind: bytes, said: bytes, job: Job) -> bytes | KlipingError:
    """A record as it came when it is one line of JSON's form, or the error that an answer stands for."""
    if kind == RECORD:
        whole = said.startswith(b"{") and said.endswith(b"}") and len(said.translate(None, _CONTROLS)) == len(said)
        return said if whole else SandboxCrash(_UNREAD)
    if kind == MEMORY:
        return SandboxMemory(f"over {job.memory // 2**20} MiB")
    words = said.decode("utf-8", "replace")
    return {PAGE_FAULT: PageError, BUG: SandboxCrash}.get(kind, SandboxCrash)(words)


def _too_slow(job: Job) -> SandboxTimeout:
    return SandboxTimeout(f"no answer within {job.wall:g} s")


def _exactly(line: socket.socket, size: int) -> bytes | None:
    """So many bytes, or None when the other end hung up. Raises TimeoutError."""
    data = bytearray()
    while len(data) < size:
        try:
            part = line.recv(min(CHUNK, size - len(data)))
        except ConnectionResetError:
            return None
        if not part:
            return None
        data += part
    return bytes(data)
