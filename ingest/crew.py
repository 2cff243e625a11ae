"""Parsing children for a command line that reads files: the sandbox's processes and limits, without an event loop.

    Ticket(file) --read--> free child --unzip, extract, JSON--> Ticket.answer, in the order given

A start of `kliping extract` costs a tenth of a second of CPU time, of which this side takes a fifth: it imports no
parser, no asyncio, no message library. What a child answers is printed and never acted on; it has to be one line.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator

from ingest.notices import (
    ANSWER,
    BUG,
    CHUNK,
    MEMORY,
    NOTICE,
    PAGE_FAULT,
    RECORD,
    REQUEST,
    STATUS_SECONDS,
    UNREADY,
    WALL_FACTOR,
    cause,
    command,
    environment,
)  # fmt: skip
from kliping.errors import KlipingError, PageError, SandboxCrash, SandboxError, SandboxMemory, SandboxTimeout

ANSWER_BYTES = 128 * 1024 * 1024  # of a child that has parsed hostile bytes
START_SECONDS = 120.0  # importing the parsers, on a machine that is busy
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
    """The line to one child, and the ticket it works on."""

    __slots__ = ("deadline", "pid", "socket", "ticket", "whole")

    ticket: Ticket
    deadline: float

    def __init__(self, pid: int, line: socket.socket, whole: bool) -> None:
        self.pid, self.socket, self.whole = pid, line, whole


def answered(tickets: Iterable[Ticket], job: Job, children: int) -> Iterator[Ticket]:
    """Each ticket with its answer, in order. Raises SandboxError when the processes do not start."""
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
    """A template and up to `children` of its children."""

    def __init__(self, job: Job, children: int) -> None:
        self._job, self._most = job, children
        self._template: _Template | None = None
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
            self._dismiss(line)  # it died while it was idle: another does it
        line.ticket, line.deadline = ticket, time.monotonic() + self._job.wall
        self._busy[line.socket.fileno()] = line
        self._poll.register(line.socket, select.POLLIN)

    def _sent(self, line: _Line, ticket: Ticket) -> bool:
        """Hand a ticket to a child; False when it has hung up. One that does not read is for the deadline to end."""
        url, job = (ticket.url or "").encode("utf-8", "replace"), self._job
        header = REQUEST.pack(len(url), len(ticket.raw), job.cpu, job.page_bytes, job.site_rules)
        try:
            line.socket.sendall(header + url)
            line.socket.sendall(ticket.raw)
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
            self._dismiss(line)
        if answer is None:
            self._whole = True
            self.give(line.ticket)
        else:
            line.ticket.raw, line.ticket.answer = b"", answer

    def close(self) -> None:
        """End all processes."""
        for line in (*self._idle, *self._busy.values()):
            line.socket.close()
        if self._template:
            self._template.close()

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
        if self._template is None:
            return cause(None, self._job.cpu)
        try:
            return cause(self._template.status(line.pid), self._job.cpu)
        except TimeoutError:
            return SandboxCrash("a parsing child hung up")

    def _hire(self) -> _Line:
        if self._template is None or not self._template.alive:
            if self._template:
                self._template.close()
            self._template = _Template(self._job.memory)
        pid, line = self._template.fork(self._whole)
        line.settimeout(self._job.wall)
        return _Line(pid, line, self._whole)

    def _dismiss(self, line: _Line) -> None:
        if self._template:
            self._template.kill(line.pid)
        line.socket.close()


class _Template:
    """The process that forks the children. Its notices are read when one is waited for."""

    def __init__(self, memory: int) -> None:
        self._control, theirs = socket.socketpair()
        os.set_inheritable(theirs.fileno(), True)
        words = command("ingest.filechild", theirs.fileno(), memory)
        silence = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1)]
        self._pid = os.posix_spawn(words[0], words, environment(), file_actions=silence)
        theirs.close()
        self._ended: dict[int, int] = {}
        self.alive = True

    def fork(self, whole: bool) -> tuple[int, socket.socket]:
        """A new child, with the language model or without. Raises SandboxError when there is none to be had."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [NOTICE.pack(b"F", whole, 0)], [theirs.fileno()])
                while (notice := self._notice(START_SECONDS))[0] != b"S":
                    pass
            except (OSError, EOFError) as error:
                self.alive = False
                ours.close()
                why = "in time" if isinstance(error, TimeoutError) else "at all"
                raise SandboxError(f"the parsing processes did not start {why}") from None
        return notice[1], ours

    def status(self, pid: int) -> int | None:
        """How a child ended, None when that will never be known. Raises TimeoutError."""
        try:
            while pid not in self._ended:
                self._notice(STATUS_SECONDS)
        except TimeoutError:
            raise
        except (OSError, EOFError):
            self.alive = False
            return None
        return self._ended[pid]

    def kill(self, pid: int) -> None:
        """Have a child killed; the template alone knows whether the number is still the child's."""
        try:
            self._control.sendall(NOTICE.pack(b"K", pid, 0))
        except OSError:
            self.alive = False

    def close(self) -> None:
        """End the template, which ends its children first."""
        self._control.close()
        os.waitpid(self._pid, 0)

    def _notice(self, seconds: float) -> tuple[bytes, int, int]:
        self._control.settimeout(seconds)
        data = _exactly(self._control, NOTICE.size)
        if data is None:
            raise EOFError
        word, pid, status = NOTICE.unpack(data)
        if word == b"D":
            self._ended[pid] = status
        return word, pid, status


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
