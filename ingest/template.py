"""The parent's hold on the parsing processes: a template that forks, and a line to each child. See `ingest.forks`."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections import deque

import msgspec

from ingest.frames import REPLY_BYTES, Job, Reply, pack
from ingest.notices import CHUNK, LENGTH, NOTICE
from ingest.spawn import command, environment
from kliping.errors import SandboxError

START_SECONDS = 120.0  # importing the parsers, on a machine that is busy
STOP_SECONDS = 5.0
SERVES = "ingest.child"

_REPLY = msgspec.msgpack.Decoder(Reply)


class Template:
    """The process that forks children. All its methods belong to the loop it was started in."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unborn: deque[tuple[asyncio.Future[Line], socket.socket]] = deque()
        self._lines: dict[int, Line] = {}
        self._listener = asyncio.create_task(self._listen())
        self.alive = True

    @classmethod
    async def start(cls, memory: int) -> Template:
        """Start a template whose children may hold `memory` bytes. Raises SandboxError when it does not come up."""
        ours, theirs = socket.socketpair()
        process = subprocess.Popen(  # noqa: S603, ASYNC220 -- our own interpreter; a vfork, which no thread has to wait for
            command(SERVES, str(theirs.fileno()), str(memory)),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # an interrupt from the terminal is not for it
        )
        theirs.close()
        ours.setblocking(False)
        template = cls(process, ours)
        try:
            await asyncio.wait_for(template._ready, START_SECONDS)
        except BaseException as error:
            await template.close()
            if isinstance(error, TimeoutError):
                raise SandboxError(f"the parsing processes did not start within {START_SECONDS:g} s") from None
            raise
        return template

    async def fork(self) -> Line:
        """A new child, warm. Raises SandboxError when the template is gone."""
        if not self.alive:
            raise SandboxError("the parsing processes have ended")
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        born: asyncio.Future[Line] = asyncio.get_running_loop().create_future()
        self._unborn.append((born, ours))
        try:
            socket.send_fds(self._control, [NOTICE.pack(b"F", 0, 0)], [theirs.fileno()])
        except OSError as error:
            self._end()
            raise SandboxError(f"the parsing processes have ended: {error}") from None
        finally:
            theirs.close()
        return await born

    def kill(self, pid: int) -> None:
        """Have a child killed; the template alone knows whether the number is still the child's."""
        if self.alive and pid in self._lines:
            try:
                self._control.send(NOTICE.pack(b"K", pid, 0))
            except OSError:
                self._end()

    async def close(self) -> None:
        """End the template, which ends its children first; waits until it is gone."""
        self._listener.cancel()
        await asyncio.gather(self._listener, return_exceptions=True)
        self._end()
        deadline = asyncio.get_running_loop().time() + STOP_SECONDS
        while self._process.poll() is None:
            if asyncio.get_running_loop().time() > deadline:
                self._process.kill()
            await asyncio.sleep(0.005)

    async def _listen(self) -> None:
        """Take in the template's notices until it hangs up."""
        loop, pending = asyncio.get_running_loop(), b""
        try:
            while data := await loop.sock_recv(self._control, 4096):
                pending += data
                while len(pending) >= NOTICE.size:
                    self._take(*NOTICE.unpack_from(pending))
                    pending = pending[NOTICE.size :]
        except OSError as error:
            self._end(str(error))
        self._end()

    def _take(self, word: bytes, pid: int, status: int) -> None:
        if word == b"R" and not self._ready.done():
            self._ready.set_result(None)
        elif word == b"S":
            born, ours = self._unborn.popleft()
            self._lines[pid] = Line(self, pid, ours)
            if born.cancelled():
                self._lines[pid].kill()
            else:
                born.set_result(self._lines[pid])
        elif word == b"D" and (line := self._lines.pop(pid, None)):
            line.end(status)

    def _end(self, why: str = "they did not start") -> None:
        """Nothing more will come from the template: everybody who waits on it hears so."""
        if not self.alive:
            return
        self.alive = False
        self._control.close()
        error = SandboxError(f"the parsing processes have ended: {why}")
        if not self._ready.done():
            self._ready.set_exception(error)
        while self._unborn:
            born, ours = self._unborn.popleft()
            ours.close()
            if not born.done():
                born.set_exception(error)
        while self._lines:
            self._lines.popitem()[1].end(None)


class Line:
    """The line to one child. `died` becomes its wait status, or None when that will never be known."""

    def __init__(self, template: Template, pid: int, line: socket.socket) -> None:
        self.pid = pid
        self.died: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._template = template
        self._line = line

    @property
    def alive(self) -> bool:
        """Whether the child is not known to have ended."""
        return not self.died.done()

    async def ask(self, job: Job) -> Reply:
        """Send a job and wait for its reply. EOFError or OSError: the child hung up; ValueError: it sent junk."""
        loop = asyncio.get_running_loop()
        frame = pack(job)
        await loop.sock_sendall(self._line, LENGTH.pack(len(frame)))
        await loop.sock_sendall(self._line, frame)
        data = bytearray()
        while len(data) < LENGTH.size:
            data += await self._receive()
        size = LENGTH.unpack_from(data)[0] + LENGTH.size
        if size > REPLY_BYTES:
            raise ValueError(f"a reply of {size} bytes")
        while len(data) < size:
            data += await self._receive()
        return _REPLY.decode(memoryview(data)[LENGTH.size :])

    async def _receive(self) -> bytes:
        data = await asyncio.get_running_loop().sock_recv(self._line, CHUNK)
        if not data:
            raise EOFError
        return data

    def kill(self) -> None:
        """End the child and hang up."""
        self._template.kill(self.pid)
        self._line.close()

    def end(self, status: int | None) -> None:
        """The child has ended."""
        if not self.died.done():
            self.died.set_result(status)
