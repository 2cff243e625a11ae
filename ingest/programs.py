"""What patterns and dataclasses compile to, kept from one start to the next, as the interpreter keeps compiled modules.

The parsers' 350 patterns take 50 ms to compile, a third of all that a start of `kliping extract` costs, and 2 ms to
load; what dataclasses and named tuples write as text at each start, methods and types, takes 8 ms. The table lies
beside the compiled modules of the parsers: written by whoever may write there, believed as they are. One that is
missing, damaged or of another interpreter is made anew; nobody need know that there is one.
"""

from __future__ import annotations

import collections
import dataclasses
import marshal
import os
import re
import sys
import typing
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import CodeType
from typing import Any

import parsers

_Key = tuple[str | bytes, int | str]  # pattern and flags; a text and whether it is for exec or eval
_Row = bytes  # what `re` hands to its engine, or code, in marshal's form

_PATTERNS: Any = re  # the inside of `re` has no types, and may change
_ENGINE: Any = getattr(getattr(re, "_compiler", None), "_sre", None)
_DATACLASSES: Any = dataclasses  # what they call is looked up in them first, then among what is built in
_TUPLES: Any = collections
_TYPES: Any = typing
_DAMAGED = (ValueError, TypeError, EOFError, RuntimeError, OverflowError, MemoryError, SystemError)


@contextmanager
def kept() -> Iterator[None]:
    """While this lasts, nothing is compiled that was at the last start. An interpreter whose `re` is built in another
    way compiles all its patterns."""
    table = _Table(_read())
    _DATACLASSES.exec, _TUPLES.eval, _TYPES.compile = table.exec, table.eval, table.code
    try:
        with _patterns(table):
            yield
    finally:
        del _DATACLASSES.exec, _TUPLES.eval, _TYPES.compile
    if table.is_new:
        _write(table.used)


@contextmanager
def _patterns(table: _Table) -> Iterator[None]:
    if not (hasattr(_PATTERNS, "_compile") and hasattr(_ENGINE, "compile")):
        yield
        return
    table.compiles, table.makes = _PATTERNS._compile, _ENGINE.compile
    _PATTERNS._compile, _ENGINE.compile = table.compile, table.make
    try:
        yield
    finally:
        _PATTERNS._compile, _ENGINE.compile = table.compiles, table.makes


class _Table:
    """Stands in for the compiler of `re`, and between it and its engine; for `exec`, `eval` and `compile`."""

    compiles: Any
    makes: Any

    def __init__(self, known: dict[_Key, _Row]) -> None:
        self.known, self.used = known, dict[_Key, _Row]()
        self.is_new = False
        self._row = b""

    def exec(self, text: str, *spaces: Any) -> None:
        """As the built-in."""
        exec(self.code(text, "<string>", "exec"), *spaces)  # noqa: S102 -- as its caller would

    def eval(self, text: str, *spaces: Any) -> Any:
        """As the built-in."""
        return eval(self.code(text, "<string>", "eval"), *spaces)  # noqa: S307 -- as its caller would

    def code(self, text: str, name: str, use: str) -> CodeType:
        """As `compile`."""
        key = (text, use)
        with suppress(KeyError, *_DAMAGED):
            code = marshal.loads(self.known[key])  # noqa: S302 -- as compiled modules are
            if isinstance(code, CodeType):
                self.used[key] = self.known[key]
                return code
        code = compile(text, name, use, dont_inherit=True)
        self.used[key], self.is_new = marshal.dumps(code), True
        return code

    def compile(self, pattern: Any, flags: int) -> Any:
        """As `re._compile`."""
        key = (pattern, int(flags))
        try:
            begin, code, end = marshal.loads(self.known[key])  # noqa: S302 -- as compiled modules are
            made = self.makes(*begin, array("I", code).tolist(), *end)
            self.used[key] = self.known[key]
        except (KeyError, *_DAMAGED):
            self._row = b""
            made = self.compiles(pattern, flags)
            if self._row and isinstance(pattern, str | bytes):
                self.used[key], self.is_new = self._row, True
        return made

    def make(self, *row: Any) -> Any:
        """As `_sre.compile`, whose arguments are remembered when they are what they are in this interpreter."""
        with suppress(TypeError, ValueError, OverflowError):
            self._row = marshal.dumps((row[:2], array("I", row[2]).tobytes(), row[3:]))
        return self.makes(*row)


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
