"""The processes behind the sandbox: a template that has imported the parsers and waits, and the children it forks.

    parent --fork, kill--> template --fork--> child <--jobs, replies--> parent
    parent <--started, died-- template

A fork of a warm template answers within milliseconds; a fresh interpreter would import for a tenth of a second and
more. The template never sees a document. Both end by themselves when the parent is gone: its sockets close, or its
number changes. The kernel holds a child to its limits: CPU time per job by a profiling timer whose signal ends it,
memory by RLIMIT_AS. What a child does is said by `ingest.child` (the service's jobs) and `ingest.filechild` (files,
whose children `ingest.crew` forks without a template: it is one itself).
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from typing import NoReturn

from ingest.notices import MEMORY_EXIT, NOTICE

RECYCLE_AFTER = 500  # jobs
ORPHAN_CHECK = 2.0  # seconds between looks at whether the parent process is still ours
MAX_FILES = 64
_COLLECT_EVERY = 50_000  # new objects: what a page leaves behind has no cycles, and looking for them costs a tenth


class Child:
    """Reads jobs from its socket and answers them, one at a time, within its limits."""

    def __init__(self, line: socket.socket, memory: int, template: int) -> None:
        self.line, self.memory, self.template = line, memory, template
        self.jobs = 0

    def serve(self) -> bool:
        """Take one job and answer it; False when nobody will send another, or it is time to be replaced."""
        raise NotImplementedError

    def run(self) -> NoReturn:
        """Serve until the other end hangs up, who forked us is gone, or it is time to be replaced."""
        try:
            self._limit()
            gc.set_threshold(_COLLECT_EVERY, 20, 100)
            gc.enable()
            while self.serve():
                pass
            os._exit(0)
        except MemoryError:
            os._exit(MEMORY_EXIT)
        except BaseException:
            os._exit(1)  # the parent reads the status; nobody reads a traceback of ours

    def _limit(self) -> None:
        _at_most(resource.RLIMIT_AS, self.memory)
        _at_most(resource.RLIMIT_CORE, 0)
        _at_most(resource.RLIMIT_FSIZE, 0)
        _at_most(resource.RLIMIT_NOFILE, MAX_FILES)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process

    def begin(self, cpu: float) -> None:
        """From here a job may take `cpu` seconds."""
        self.jobs += 1
        signal.setitimer(signal.ITIMER_PROF, cpu)

    def end(self) -> bool:
        """The job is done. True when this child is large by now, and should not take another."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        return _peak_bytes() > self.memory // 3

    def receive(self, size: int) -> bytearray | None:
        """So many bytes, or None when nobody will send them."""
        buffer = bytearray(size)
        view, got = memoryview(buffer), 0
        while got < size:
            if not got and not self.wait():
                return None
            count = self.line.recv_into(view[got:])
            if count == 0:
                return None
            got += count
        return buffer

    def wait(self) -> bool:
        """Until there is something to read; False when the template is gone."""
        while not select.select([self.line], [], [], ORPHAN_CHECK)[0]:
            if os.getppid() != self.template:
                return False
        return True


class _Template:
    """Forks children on request, buries them, and kills those left when the parent is gone."""

    def __init__(self, control: socket.socket, memory: int, parent: int, child: type[Child]) -> None:
        self.control, self.memory, self.parent, self.child = control, memory, parent, child
        self.children: set[int] = set()
        self.wake_read, self.wake_write = os.pipe()
        os.set_blocking(self.wake_write, False)

    def run(self) -> None:
        """Serve until the parent closes the control socket or is gone; then end all children."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        try:
            while self._turn():
                pass
        except ConnectionError:
            return  # the parent went away while we told it something
        finally:
            for pid in self.children:
                os.kill(pid, signal.SIGKILL)
            for pid in self.children:
                os.waitpid(pid, 0)  # in a container nobody else may bury them

    def _turn(self) -> bool:
        """Wait for an order or a death and see to it; False when there is no parent left."""
        control = self.control.fileno()
        ready, _, _ = select.select([control, self.wake_read], [], [], ORPHAN_CHECK)
        if self.wake_read in ready:
            os.read(self.wake_read, 4096)
        self._bury()
        return os.getppid() == self.parent and (control not in ready or self._obey())

    def _obey(self) -> bool:
        """One order: F with a socket forks a child, K with a number kills one. False when the parent closed."""
        order, sockets, _, _ = socket.recv_fds(self.control, NOTICE.size, 1)
        if len(order) < NOTICE.size:
            return False
        word, number, _ = NOTICE.unpack(order)
        if word == b"F" and sockets:
            self._fork(sockets[0])
        elif word == b"K" and number in self.children:  # not yet buried, so the number is still its own
            os.kill(number, signal.SIGKILL)
        return True

    def _fork(self, number: int) -> None:
        template = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child()
            self.child(socket.socket(fileno=number), self.memory, template).run()
        os.close(number)
        self.children.add(pid)
        self.control.sendall(NOTICE.pack(b"S", pid, 0))

    def _become_child(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self.wake_read)
        os.close(self.wake_write)
        self.control.close()

    def _bury(self) -> None:
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self.children.discard(pid)
            self.control.sendall(NOTICE.pack(b"D", pid, status))


def run(warm_up: Callable[[], object], child: type[Child]) -> NoReturn:
    """Be the template: the control socket's number and the memory limit are the arguments.

    What `warm_up` imports and makes is every child's from the start. It is never collected: a collector that looked at
    it would write to pages of memory that the children share.
    """
    control, memory = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    parent = os.getppid()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)  # a stop is the parent's to decide; its end is ours
    if os.getsid(0) != os.getpid():
        os.setsid()  # an interrupt from the terminal is not for it
    warnings.simplefilter("ignore")
    gc.disable()
    warm_up()
    be_silent()
    gc.freeze()
    control.sendall(NOTICE.pack(b"R", os.getpid(), 0))
    _Template(control, memory, parent, child).run()
    os._exit(0)  # there is nothing to tidy


def be_silent() -> None:
    """No document may write to the terminal or the log through us."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.close(null)


def _at_most(what: int, most: int) -> None:
    """Lower a limit of this process, which may be lower already."""
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def _peak_bytes() -> int:
    """The most memory this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
