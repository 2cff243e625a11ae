"""What a run costs: CPU seconds and memory of all processes below this one, but for those left out."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator

import psutil

GAP = 0.5  # seconds between two looks at the memory


def below(pid: int) -> Iterator[psutil.Process]:
    """The live processes below one."""
    try:
        yield from psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return


class Meter:
    """Watches the processes below this one, without those of `left_out`: a database and what writes to it.

    CPU is user + system time of each live process and of its children that ended and were waited for. So nobody who
    counts may have ended unwaited: take `shares` while the run is still up. Memory is the sum of the proportional set
    sizes (shared pages count once), the peak of looks half a second apart.
    """

    def __init__(self, left_out: Iterable[int] = ()) -> None:
        self.left_out = set(left_out)
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def processes(self) -> list[psutil.Process]:
        return [process for process in below(os.getpid()) if process.pid not in self.left_out]

    def shares(self) -> dict[str, float]:
        """CPU seconds so far of the database and of what writes to it: its first process, and those below that."""
        first = {process.pid for process in psutil.Process().children()}
        shares = {"program": 0.0, "children": 0.0, "postgres": 0.0}
        for process in self.processes():
            own = sum(times(process)[:4])
            kind = "postgres" if is_postgres(process) else "program" if process.pid in first else "children"
            shares[kind] += own
        return shares

    def memory(self) -> int:
        """Bytes now."""
        return sum(map(proportional, self.processes()))

    def _watch(self) -> None:
        while not self._stop.wait(GAP):
            self.peak = max(self.peak, self.memory())


def is_postgres(process: psutil.Process) -> bool:
    try:
        return bool(process.name().startswith("postgres"))
    except psutil.NoSuchProcess:
        return False


def times(process: psutil.Process) -> tuple[float, float, float, float]:
    """user, system, and those of the children that ended; zeros when it is gone."""
    try:
        told = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0, 0.0, 0.0, 0.0
    return told.user, told.system, told.children_user, told.children_system


def proportional(process: psutil.Process) -> int:
    """Bytes; where the kernel does not tell the share of shared pages, all that is resident."""
    try:
        told = process.memory_full_info()
        return int(getattr(told, "pss", 0) or told.rss)
    except psutil.NoSuchProcess:
        return 0
    except psutil.AccessDenied:
        return int(process.memory_info().rss) if process.is_running() else 0
