"""What regular expressions compile to, kept from one start to the next, as the interpreter keeps compiled modules.

The parsers' 350 patterns take 50 ms to compile, a third of all that a start of `kliping extract` costs, and 2 ms to
load. The table lies beside the compiled modules of the parsers: written by whoever may write there, believed as they
are. One that is missing, damaged or of another interpreter is made anew; nobody need know that there is one.
"""

from __future__ import annotations

import marshal
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import parsers

_Key = tuple[str | bytes, int]  # pattern, flags
_Row = bytes  # what `re` hands to its engine, in marshal's form

_COMPILER: Any = getattr(re, "_compiler", None)  # the inside of `re` has no types, and may change
_ENGINE: Any = getattr(_COMPILER, "_sre", None)
_DAMAGED = (ValueError, TypeError, EOFError, RuntimeError, OverflowError, MemoryError, SystemError)


@contextmanager
def kept() -> Iterator[None]:
    """While this lasts, patterns are not compiled that were at the last start. An interpreter whose `re` is built in
    another way compiles them all."""
    if not (hasattr(_COMPILER, "compile") and hasattr(_ENGINE, "compile")):
        yield
        return
    table = _Table(_read())
    compiles, makes = _COMPILER.compile, _ENGINE.compile
    _COMPILER.compile, _ENGINE.compile = table.compile, table.make
    try:
        yield
    finally:
        _COMPILER.compile, _ENGINE.compile = compiles, makes
    if table.is_new:
        _write(table.used)


class _Table:
    """Stands in for the compiler of `re`, and between it and its engine."""

    def __init__(self, known: dict[_Key, _Row]) -> None:
        self.known, self.used = known, dict[_Key, _Row]()
        self.is_new = False
        self._row = b""
        self._compile, self._make = _COMPILER.compile, _ENGINE.compile

    def compile(self, pattern: Any, flags: int = 0) -> Any:
        """As `re._compiler.compile`."""
        key = (pattern, int(flags))
        try:
            made = self._make(*marshal.loads(self.known[key]))  # noqa: S302 -- as compiled modules are
            self.used[key] = self.known[key]
        except (KeyError, *_DAMAGED):
            made = self._compile(pattern, flags)
            if isinstance(pattern, str | bytes):
                self.used[key], self.is_new = self._row, True
        return made

    def make(self, *row: Any) -> Any:
        """As `_sre.compile`, whose arguments are remembered; the compiler's named numbers as plain ones."""
        self._row = marshal.dumps([[int(word) for word in part] if isinstance(part, list) else part for part in row])
        return self._make(*row)


def path() -> str | None:
    """Where the table lies; None when compiled modules are not kept at all."""
    cached = parsers.__spec__.cached if parsers.__spec__ else None
    return cached and os.path.join(os.path.dirname(cached), f"patterns.{sys.implementation.cache_tag}.bin")


def _read() -> dict[_Key, _Row]:
    with suppress(OSError, *_DAMAGED):
        with open(path() or "", "rb") as file:
            version, table = marshal.loads(file.read())  # noqa: S302 -- as compiled modules are
        if version == sys.version and isinstance(table, dict):
            return table
    return {}


def _write(table: dict[_Key, _Row]) -> None:
    """Whole or not at all: another start may be reading."""
    place = path()
    if place is None or sys.dont_write_bytecode:
        return
    part = f"{place}.{os.getpid()}"
    try:
        with open(part, "wb") as file:
            file.write(marshal.dumps((sys.version, table)))
        os.replace(part, place)
    except OSError:  # as with compiled modules: who may not write there compiles each time
        with suppress(OSError):
            os.unlink(part)
