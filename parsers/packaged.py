"""The files of data that come with the parsers, by their path in the package.

Read beside this module: `importlib.resources` imports what it takes to open a zip and to write temporary files, which
costs a start of `kliping extract` 8 ms, and kliping is installed as files.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def text(name: str) -> str:
    """The text of a file. Raises UnicodeDecodeError."""
    return _HERE.joinpath(name).read_text("utf-8")


def names(folder: str) -> list[str]:
    """The names of the files in a folder."""
    return [path.name for path in _HERE.joinpath(folder).iterdir()]
