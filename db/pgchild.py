"""Becomes `postgres`: drops root, asks for SIGINT when the parent dies, then replaces itself. Run as a script.

    pgchild.py PARENT UID GID POSTGRES ARGUMENT...      (UID -1 keeps the user)

A script of its own instead of `preexec_fn`, because no Python code may run between fork and exec in a process that has
threads. The order matters: setuid clears the death signal, and the parent may have died before it was asked for.
SIGINT is Postgres's fast shutdown: sessions are ended and the data is left clean.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    parent, uid, gid = (int(word) for word in arguments[:3])
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    os.umask(0o077)
    os.execv(arguments[3], arguments[3:])  # noqa: S606  (no shell is the point)


if __name__ == "__main__":
    main(sys.argv[1:])
