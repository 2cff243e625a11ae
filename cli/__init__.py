"""The command line: `kliping VERB`. Each verb is a few lines over ingest and db, in a module of its own.

`cli.app` knows the verbs. Here stands only what every start needs, since `kliping extract` in its plain forms runs
without the rest: libraries for options, settings and tables cost more to import than a hundred pages to extract.
"""

from __future__ import annotations

import os
import sys


def invoke(arguments: list[str]) -> int:
    """Run one command line and return its exit code; every expected failure is one line on stderr."""
    if arguments and arguments[0] == "extract":
        from cli.quick import extract

        if (code := extract(arguments[1:])) is not None:
            return code
    from cli import app

    return app.invoke(arguments)


def main() -> None:
    """The entry point. `kliping extract` goes on as a bare process whose children parse; with settings as this one."""
    if sys.argv[1:2] == ["extract"] and not any(name.startswith("KLIPING_") for name in os.environ):
        from ingest.spawn import command, environment

        words = command("cli.quick", *sys.argv[1:])
        os.execve(words[0], words, environment())  # noqa: S606 -- our own interpreter
    raise SystemExit(invoke(sys.argv[1:]))
