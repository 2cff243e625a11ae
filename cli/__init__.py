"""The command line: `kliping VERB`. Each verb is a few lines over ingest and db, in a module of its own.

`cli.app` knows the verbs. Here stands only what every start needs, since `kliping extract` in its plain forms runs
without the rest: libraries for options, settings and tables cost more to import than a hundred pages to extract.
"""

from __future__ import annotations

import os
import sys
from errno import EBADF, EDQUOT, EFBIG, EIO, ENOSPC

_UNWRITABLE = (EBADF, EDQUOT, EFBIG, EIO, ENOSPC)


class UnwrittenError(OSError):
    """Standard output could not be written, as far as known already."""


def invoke(arguments: list[str]) -> int:
    """Run one command line and return its exit code; every expected failure is one line on stderr."""
    if sys.stdout is None:  # `>&-`
        return _unwritten("it is closed")
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # `kliping feed list | head`
        sys.stdout = None  # nothing more can be written, not even on exit
        return 1
    except OSError as error:
        if not _of_stdout(error):
            raise
        sys.stdout = None
        return _unwritten(error.strerror or str(error))
    return code


def _run(arguments: list[str]) -> int:
    if arguments and arguments[0] == "extract":
        from cli.quick import extract

        if (code := extract(arguments[1:])) is not None:
            return code
    from cli import app

    return app.invoke(arguments)


def _of_stdout(error: OSError) -> bool:
    """Whether it was standard output that failed: it is said so, it still holds what it cannot write, or never holds
    any."""
    if isinstance(error, UnwrittenError):
        return True
    if getattr(sys.stdout, "write_through", False):  # PYTHONUNBUFFERED
        return error.filename is None and error.errno in _UNWRITABLE
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _unwritten(reason: str) -> int:
    print(f"kliping: standard output cannot be written: {reason}", file=sys.stderr)
    return 1


def main() -> None:
    """The entry point. `kliping extract` goes on as a bare process whose children parse; with settings as this one."""
    if sys.argv[1:2] == ["extract"] and not any(name.startswith("KLIPING_") for name in os.environ):
        from ingest.spawn import command, environment

        words = command("cli.bare", *sys.argv[1:])
        os.execve(words[0], words, environment())  # noqa: S606 -- our own interpreter
    raise SystemExit(invoke(sys.argv[1:]))
