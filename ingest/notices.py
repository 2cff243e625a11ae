"""What the parent of parsing processes and their template say to each other, and what the end of a child means.

parent -> template   F with a socket forks a child, K with a number kills one
template -> parent   R(eady), S(tarted) pid, D(ied) pid with its wait status
"""

from __future__ import annotations

import os
import signal
import struct

from kliping.errors import SandboxCrash, SandboxError, SandboxMemory, SandboxTimeout

LENGTH = struct.Struct("!I")
NOTICE = struct.Struct("!cii")  # word, pid, wait status
MEMORY_EXIT = 77  # exit status of a child that could not even say that its memory ran out
WALL_FACTOR = 10  # wall-clock limit of a job, in CPU limits (house, section 7)
STATUS_SECONDS = 5.0  # from the end of a child to the news of how it ended
CHUNK = 256 * 1024


def cause(status: int | None, cpu: float) -> SandboxError:
    """Why a child hung up, from its wait status (None: it is not known) and its limit of CPU seconds."""
    if status is None:
        return SandboxCrash("the parsing processes were ended")
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGPROF:
            return SandboxTimeout(f"over {cpu:g} s of CPU time")
        return SandboxCrash(f"a parsing child died of {signal.Signals(number).name}")
    if os.WEXITSTATUS(status) == MEMORY_EXIT:
        return SandboxMemory("a parsing child ran out of memory")
    return SandboxCrash(f"a parsing child ended with status {os.WEXITSTATUS(status)}")


# --- page files, spoken without a message library: see `ingest.fileline` and `ingest.filechild` -----------------------

# Bytes of the URL, of the file or its name; CPU seconds; most bytes of a page; site rules; whether it is a name.
REQUEST = struct.Struct("!IIdI??")
ANSWER = struct.Struct("!cI?")  # kind, bytes; whether the child ends itself now
RECORD, PAGE_FAULT, MEMORY, BUG = b"r", b"p", b"m", b"b"
UNREADY = b"u"  # this page needs the language model: ask a child that has it
