"""Parsing children for a command line that reads files: forks of this process, with the sandbox's limits.

    Ticket(file) --name--> child --read, unzip, extract, JSON--> Ticket.answer, in the order given

A child has several files before it, so that it need not wait for us. It answers in order: the first file without an
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
from typing import NoReturn

from ingest.filechild import FileChild
from ingest.fileline import Job, Line, Ticket
from ingest.forks import be_silent
from ingest.notices import BUG, MEMORY, PAGE_FAULT, RECORD, UNREADY, cause
from ingest.spawn import ONE_THREAD
from kliping.errors import KlipingError, PageError, SandboxCrash, SandboxError, SandboxMemory, SandboxTimeout
from parsers import langmodel

AHEAD = 8  # files before a child, and answers it may be ahead of the one that is waited for
_UNREAD = "an answer that cannot be read"
_CONTROLS = bytes(range(0x20)) + b"\x7f"


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
        self._lines: dict[int, Line] = {}
        self._todo = deque[Ticket]()  # before no child yet
        self._whole = False  # whether a page has asked for what children start without
        self._poll = select.poll()
        self._looked = time.monotonic()

    def give(self, ticket: Ticket) -> None:
        """Have a child work on a ticket; what it cannot read is read now."""
        if not ticket.is_plain:
            ticket.read(self._job.page_bytes)
        if ticket.answer is None:
            self._todo.append(ticket)

    def wait(self) -> None:
        """Until an answer has come, or a child has ended or taken too long. Raises SandboxError when there can be no
        child."""
        away = time.monotonic() - self._looked
        for line in self._lines.values():
            line.deadline += away  # while nobody took what we yield, nobody took what children say
        self._deal()
        least = min(line.deadline for line in self._lines.values() if line.tickets) - time.monotonic()
        for number, _ in self._poll.poll(max(0.0, least) * 1000 + 1):
            self._hear(self._lines[number])
        now = self._looked = time.monotonic()
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

    def _free_line(self) -> Line:
        """The child with the least before it; a new one as long as all are at work and there may be more."""
        least = min(self._lines.values(), key=lambda line: len(line.tickets), default=None)
        return least if least and (not least.tickets or len(self._lines) == self._most) else self._hire()

    def _say(self, line: Line) -> None:
        line.say()
        self._poll.register(line.socket, select.POLLIN | (select.POLLOUT if line.unsaid else 0))

    def _hear(self, line: Line) -> None:
        if line.unsaid:
            self._say(line)
        stays = line.hear()
        for kind, said, last in line.answers():
            if not self._settle(line, kind, said, last):
                return
        if not stays:
            self._lose(line, self._end_of(line))

    def _settle(self, line: Line, kind: bytes, said: bytes, last: bool) -> bool:
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

    def _lose(self, line: Line, error: SandboxError) -> None:
        """A child is no more, for which the ticket pays that it worked on."""
        if line.tickets and line.begun:
            line.tickets.popleft().answer = error
        self._drop(line)

    def _drop(self, line: Line) -> None:
        """End a child; the tickets before it go to others."""
        self._poll.unregister(line.socket)
        del self._lines[line.socket.fileno()]
        line.end()
        self._todo.extendleft(reversed(line.tickets))

    def _end_of(self, line: Line) -> SandboxError:
        """Why a child hung up."""
        status = line.status()
        return SandboxCrash("a parsing child hung up") if status is None else cause(status, self._job.cpu)

    def _hire(self) -> Line:
        """A new child, with the language model once a page has asked for it."""
        if self._whole:
            _load_model()
        parent = os.getpid()
        try:
            ours, theirs = socket.socketpair()
            pid = os.fork()
        except OSError as error:
            raise SandboxError(f"there is no process to parse in: {error.strerror}") from None
        if pid == 0:
            self._become_child(ours, theirs, parent)
        theirs.close()
        ours.setblocking(False)
        line = self._lines[ours.fileno()] = Line(pid, ours, self._whole)
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


def _load_model() -> None:
    os.environ.update(ONE_THREAD)
    langmodel.load()


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
