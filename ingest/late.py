"""Modules of the standard library that others import and a start of `kliping extract` never asks for anything.

dataclasses imports inspect for classes without a docstring, urllib.parse imports ipaddress for hosts in brackets,
logging imports traceback for errors it is given: a sixth of all that such a start costs. They come when they are asked.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

UNASKED = ("copy", "fnmatch", "inspect", "ipaddress", "ntpath", "selectors", "socket", "traceback")


def put_off(names: tuple[str, ...] = UNASKED) -> None:
    """Import each of these modules when it is first asked for something, unless it is here already."""
    for name in names:
        sys.modules.setdefault(name, _Late(name))


class _Late(ModuleType):
    """Stands in for a module until then."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(__import__(self.__name__), name)
