"""Who holds a lease: machine, boot and process, so that a start can free what a dead process of this machine held."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def machine() -> str:
    """This machine's name with its process namespace: two containers of one host cannot see each other's processes."""
    namespace = ""
    with suppress(OSError):  # not Linux: the name alone tells
        namespace = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    return f"{platform.node()}.{namespace}" if namespace else platform.node()


def boot() -> str:
    """This boot of the machine."""
    with suppress(OSError):
        return _BOOT.read_text().strip()[:8]
    return str(int(psutil.boot_time()))


def mine() -> str:
    """The name under which this process holds leases: machine/boot/pid-start."""
    return f"{machine()}/{boot()}/{_process(os.getpid())}"


def dead(holders: Iterable[str]) -> list[str]:
    """Those of this machine whose process is no more; of other machines nothing is known."""
    return [holder for holder in holders if _is_dead(holder)]


def _is_dead(holder: str) -> bool:
    parts = holder.rsplit("/", 2)
    if len(parts) != 3 or parts[0] != machine():
        return False
    if parts[1] != boot():
        return True
    pid = parts[2].partition("-")[0]
    return not pid.isdigit() or _process(int(pid)) != parts[2]


def _process(pid: int) -> str | None:
    """pid-start, or None when there is no such process, or only its corpse."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return f"{pid}-{int(process.create_time() * 100)}"
    except psutil.Error:
        return None
