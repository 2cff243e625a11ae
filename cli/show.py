"""How results are shown: rich tables for people, one JSON document for programs.

Everything shown to people passes `cell`, since titles and URLs come from strangers and a terminal obeys escape codes;
it is given to rich as Text, never as markup. JSON is escaped by its own rules and is not cut.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

WIDE = 200  # columns when nobody's terminal says otherwise


def plain(value: Any) -> Any:
    """A value as JSON holds it: times in ISO 8601 with offset, bytes in hex."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value.value if isinstance(value, Enum) else value


def as_json(value: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(plain(value), ensure_ascii=not _takes_unicode(), indent=2))


def _takes_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf32")


def moment(value: datetime | None) -> str:
    """A time for people, in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if value else "-"


def cell(value: Any, limit: int = 300) -> str:
    """One value as it may stand on a screen."""
    from ingest.logs import safe_text

    if value is None or value == "":
        return "-"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(safe_text(str(value), limit).split())


def console() -> Console:
    """Where people read."""
    from rich.console import Console

    screen = Console(highlight=False, emoji=False, markup=False)
    return screen if screen.is_terminal else Console(highlight=False, emoji=False, markup=False, width=WIDE)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """A table; numbers stand to the right, and long values are folded, never lost."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    filled = [list(row) for row in rows]
    drawn = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for number, name in enumerate(columns):
        numeric = bool(filled) and all(isinstance(row[number], int | None) for row in filled)
        drawn.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in filled:
        drawn.add_row(*(Text(cell(value)) for value in row))
    console().print(drawn)


def beside(left: tuple[str, Sequence[str]], right: tuple[str, Sequence[str]]) -> None:
    """Two columns of paragraphs with their headings, side by side."""
    from itertools import zip_longest

    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, expand=True, show_lines=False)
    for heading, _ in (left, right):
        drawn.add_column(heading, ratio=1, overflow="fold")
    for one, other in zip_longest(left[1], right[1], fillvalue=""):
        drawn.add_row(*(Text(cell(text, 2400) if text else "") for text in (one, other)))
    console().print(drawn)


def facts(pairs: Iterable[tuple[str, Any]]) -> None:
    """Name and value, one a line."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table.grid(padding=(0, 2))
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in pairs:
        drawn.add_row(name, Text(cell(value, 2100)))
    console().print(drawn)


def text(body: str | None, limit: int = 2_000_000) -> None:
    """A text of several paragraphs, its line breaks kept."""
    from rich.text import Text

    from ingest.logs import safe_text

    console().print(Text(safe_text(body or "", limit)), soft_wrap=True)


def line(message: str) -> None:
    """One line of report."""
    print(cell(message, 2400))


def counts(values: Mapping[str, int]) -> str:
    """`active 3, paused 1`, or a dash."""
    return ", ".join(f"{name} {number}" for name, number in values.items()) or "-"


def progress() -> Progress:
    """A bar on stderr for long work; nothing is drawn when stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
