"""Parsing children for a command line that reads files: forks of this process, with the sandbox's limits.

    Ticket(file) --name--> child --read, unzip, extract, JSON--> Ticket.answer, in the order given

A child has several files before it, so that it need not wait for us, and we take in what it has answered several at
once: to wake a process costs as much CPU time as a tenth of a page. It answers in order: the first file without an
answer is the one it works on, and the one that is charged when it dies or takes too long.

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
from stat import S_ISREG
from typing import NoReturn

from ingest.filechild import FileChild
from ingest.forks import be_silent
from ingest.notices import (
    ANSWER,
    BUG,
    MEMORY,
    PAGE_FAULT,
    RECORD,
    REQUEST,
    STATUS_SECONDS,
    UNREADY,
    WALL_FACTOR,
    cause,
)  # fmt: skip
from ingest.pagefile import STDIN, bytes_of
from ingest.spawn import ONE_THREAD
from kliping.errors import (
    InputError,
    KlipingError,
    PageError,
    SandboxCrash,
    SandboxError,
    SandboxMemory,
    SandboxTimeout,
)
from parsers import langmodel

ANSWER_BYTES = 128 * 1024 * 1024  # of a child that has parsed hostile bytes
AHEAD = 32  # files before a child, and answers it may be ahead of the one that is waited for
PAUSE = 0.02  # seconds for which children are left alone that have more before them than they did in the last
_PART = 64 * 1024  # bytes heard at once
_UNREAD = "an answer that cannot be read"
_CONTROLS = bytes(range(0x20)) + b"\x7f"


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
    """Whether a child can read a file as we can, and without having to wait: it is no pipe, and no name of a stream
    that we have and a child has not, which are links."""
    try:
        return S_ISREG(os.lstat(file).st_mode) and not file.startswith("/dev/")
    except (OSError, ValueError):
        return False


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


class _Line:
    """A child, the line to it, and the tickets before it, of which it works on the first."""

    __slots__ = ("_heard", "_status", "begun", "deadline", "pace", "pid", "socket", "tickets", "unsaid", "whole")

    def __init__(self, pid: int, line: socket.socket, whole: bool) -> None:
        self.pid, self.socket, self.whole = pid, line, whole
        self.tickets, self.deadline = deque[Ticket](), 0.0
        self.pace = 0  # tickets answered when it was last heard
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


def answered(tickets: Iterable[Ticket], job: Job, children: int) -> Iterator[list[Ticket]]:
    """The tickets with their answers, in order, as many at once as there are. Raises SandboxError when no process can
    be had. What may keep its reader waiting is not read before all that comes before it is answered."""
    waiting, window, crew = iter(tickets), deque[Ticket](), Crew(job, children)
    ticket = next(waiting, None)
    try:
        while ticket or window:
            while ticket and len(window) < AHEAD * children and (ticket.is_plain or not window):
                window.append(ticket)
                crew.give(ticket)
                ticket = next(waiting, None)
            if window[0].answer is None:
                crew.wait()
            done = []
            while window and window[0].answer is not None:
                done.append(window.popleft())
            if done:
                yield done
    finally:
        crew.close()


class Crew:
    """Up to `children` children."""

    def __init__(self, job: Job, children: int) -> None:
        self._job, self._most = job, children
        self._lines: dict[int, _Line] = {}
        self._todo = deque[Ticket]()  # before no child yet
        self._whole = False  # whether a page has asked for what children start without
        self._poll = select.poll()

    def give(self, ticket: Ticket) -> None:
        """Have a child work on a ticket; what it cannot read is read now."""
        if not ticket.is_plain:
            ticket.read(self._job.page_bytes)
        if ticket.answer is None:
            self._todo.append(ticket)

    def wait(self) -> None:
        """Until an answer has come, or a child has ended or taken too long. Raises SandboxError when there can be no
        child."""
        may_pause = self._lines and all(len(line.tickets) > line.pace > 0 for line in self._lines.values())
        self._deal()
        if may_pause:
            time.sleep(PAUSE)
        least = min(line.deadline for line in self._lines.values() if line.tickets) - time.monotonic()
        for number, _ in self._poll.poll(max(0.0, least) * 1000 + 1):
            self._hear(self._lines[number])
        now = time.monotonic()
        for line in [line for line in self._lines.values() if line.tickets and line.deadline <= now]:
            self._lose(line, _too_slow(self._job))

    def close(self) -> None:
        """End all children."""
        for line in self._lines.values():
            line.end()

    def _deal(self) -> None:
        while self._todo:
            self._free_line().take(self._todo.popleft(), self._job)
        for line in self._lines.values():
            if line.unsaid:
                self._say(line)

    def _free_line(self) -> _Line:
        """The child with the least before it; a new one as long as all are at work and there may be more."""
        least = min(self._lines.values(), key=lambda line: len(line.tickets), default=None)
        return least if least and (not least.tickets or len(self._lines) == self._most) else self._hire()

    def _say(self, line: _Line) -> None:
        line.say()
        self._poll.register(line.socket, select.POLLIN | (select.POLLOUT if line.unsaid else 0))

    def _hear(self, line: _Line) -> None:
        if line.unsaid:
            self._say(line)
        stays, before = line.hear(), len(line.tickets)
        for kind, said, last in line.answers():
            if not self._settle(line, kind, said, last):
                return
        line.pace = before - len(line.tickets)
        if not stays:
            self._lose(line, self._end_of(line))

    def _settle(self, line: _Line, kind: bytes, said: bytes, last: bool) -> bool:
        """Take the answer to a child's first ticket; False when this was the child's end."""
        if kind == UNREADY and not line.whole:
            self._whole = last = True
        elif line.tickets:
            ticket = line.tickets.popleft()
            ticket.raw, ticket.answer = None, _meant(kind, said, self._job)
            line.deadline = time.monotonic() + self._job.wall
            last = last or isinstance(ticket.answer, SandboxError)
        if last:
            self._drop(line)
        return not last

    def _lose(self, line: _Line, error: SandboxError) -> None:
        """A child is no more, for which the ticket pays that it worked on."""
        if line.tickets and line.begun:
            line.tickets.popleft().answer = error
        self._drop(line)

    def _drop(self, line: _Line) -> None:
        """End a child; the tickets before it go to others."""
        self._poll.unregister(line.socket)
        del self._lines[line.socket.fileno()]
        line.end()
        self._todo.extendleft(reversed(line.tickets))

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
        ours.setblocking(False)
        line = self._lines[ours.fileno()] = _Line(pid, ours, self._whole)
        self._poll.register(ours, select.POLLIN)
        return line

    def _become_child(self, ours: socket.socket, theirs: socket.socket, parent: int) -> NoReturn:
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a stop is the parent's to decide
            ours.close()
            for line in self._lines.values():
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
