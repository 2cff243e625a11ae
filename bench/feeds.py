"""kliping's feed parser beside feedparser and fastfeedparser: what each finds in feed documents, and its CPU time.

    make bench-feeds                        or    python -m bench.feeds [FOLDER] [--json] [--differences]

Without FOLDER: the documents of tests/feeds, counted against what is expected of them. With one: every file in it,
counted against the most entries that any of the three found. See bench/README.md for how to read the figures.
"""

from __future__ import annotations

import argparse
import io
import json
import warnings
import xml.sax.expatreader
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import process_time
from typing import Any

import feedparser
from rich.console import Console
from rich.table import Table

from kliping.errors import FeedError
from parsers import feed

DOCUMENTS = Path(__file__).parent.parent / "tests" / "feeds"
URL = "https://umpan.example/rss.xml"

Fields = dict[str, bool]  # which of an entry's fields hold something


@dataclass
class Counts:
    """What one parser made of the documents. `lost` and `invented` are entries below and above what is expected."""

    name: str
    version: str
    documents: int = 0
    failed: int = 0
    right: int = 0
    entries: int = 0
    lost: int = 0
    invented: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    slowest: float = 0.0

    def add(self, found: list[Fields] | None, expected: range, seconds: float) -> None:
        count = len(found or ())
        self.documents += 1
        self.failed += found is None
        self.right += count in expected
        self.entries += count
        self.lost += max(0, expected[0] - count)
        self.invented += max(0, count - expected[-1])
        self.seconds += seconds
        self.slowest = max(self.slowest, seconds)
        for entry in found or ():
            for name, held in entry.items():
                self.fields[name] = self.fields.get(name, 0) + held


# --- the parsers ------------------------------------------------------------------------------------------------------


def kliping(body: bytes, given: dict[str, Any]) -> list[Fields] | None:
    try:
        entries = feed.parse(body, given.get("url", URL), given.get("content_type")).entries
    except FeedError:
        return None
    return [
        {
            "title": bool(entry.title),
            "link": bool(entry.url),
            "id": bool(entry.guid),
            "date": bool(entry.published_at or entry.updated_at),
            "body": bool(entry.content or entry.summary),
        }
        for entry in entries
        if entry.error is None
    ]


def feedparsers(body: bytes, given: dict[str, Any]) -> list[Fields] | None:
    parsed = feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-type": given.get("content_type") or "application/xml"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    return _dictionaries(parsed.entries, "published_parsed", "updated_parsed")


def fastfeedparsers(body: bytes, given: dict[str, Any]) -> list[Fields] | None:
    import fastfeedparser  # in the bench's environment only

    return _dictionaries(fastfeedparser.parse(body).entries, "published", "updated")


def _dictionaries(entries: Any, *dates: str) -> list[Fields]:
    return [
        {
            "title": bool(entry.get("title")),
            "link": bool(entry.get("link")),
            "id": bool(entry.get("id")),
            "date": any(entry.get(name) for name in dates),
            "body": bool(entry.get("content") or entry.get("summary") or entry.get("description")),
        }
        for entry in entries
    ]


PARSERS: dict[str, Callable[[bytes, dict[str, Any]], list[Fields] | None]] = {
    "kliping": kliping,
    "feedparser": feedparsers,
    "fastfeedparser": fastfeedparsers,
}


def installed() -> dict[str, str]:
    """The versions of the parsers that are here; one that is not is left out."""
    found = {}
    for name in PARSERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


# --- the run ----------------------------------------------------------------------------------------------------------


def documents(folder: Path) -> Iterator[tuple[str, bytes, dict[str, Any], range | None]]:
    """Name, bytes, what came with it, and how many entries are right, of every document in a folder.

    An item that says nothing may be counted or not. Documents about our limit of entries are left out.
    """
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name.endswith((".expected.json", ".md")):
            continue
        beside = path.with_name(path.name + ".expected.json")
        if not beside.exists():
            yield path.name, path.read_bytes(), {}, None
            continue
        told = json.loads(beside.read_text("utf-8"))
        entries = told.get("feed", {}).get("entries", ())
        if "limit" not in told["given"]:
            least = sum("error" not in entry for entry in entries)
            yield path.name, path.read_bytes(), told["given"], range(least, len(entries) + 1)


def measure(folder: Path) -> tuple[list[Counts], list[str]]:
    """The counts of each parser, and a line for each document whose number of entries they do not agree on."""
    counts = {name: Counts(name, number) for name, number in installed().items()}
    differences = []
    for name, body, given, expected in documents(folder):
        found = {parser: _timed(parser, body, given) for parser in counts}
        numbers = {parser: len(entries or ()) for parser, (entries, _) in found.items()}
        most = max(numbers.values())
        wanted = range(most, most + 1) if expected is None else expected
        for parser, (entries, seconds) in found.items():
            counts[parser].add(entries, wanted, seconds)
        if not all(number in wanted for number in numbers.values()):
            differences.append(f"{name}: expected {wanted[-1]}; " + ", ".join(f"{p} {n}" for p, n in numbers.items()))
    return list(counts.values()), differences


def _timed(parser: str, body: bytes, given: dict[str, Any]) -> tuple[list[Fields] | None, float]:
    before = process_time()
    try:
        found = PARSERS[parser](body, given)
    except Exception:  # whatever a peer raises, it has read nothing
        found = None
    return found, process_time() - before


def buffer_text() -> None:
    """What kliping's parsing children do to expat, here for both that use it (see ingest/child.py)."""
    original = xml.sax.expatreader.ExpatParser.reset

    def reset(self: Any) -> None:
        original(self)
        self._parser.buffer_size = 1 << 16
        self._parser.buffer_text = True

    xml.sax.expatreader.ExpatParser.reset = reset


def table(counts: list[Counts]) -> Table:
    shown = Table("parser", *("documents", "failed", "right", "entries", "lost", "invented"))
    for name in ("title", "link", "id", "date", "body", "CPU s", "slowest ms"):
        shown.add_column(name, justify="right")
    for one in counts:
        numbers = (one.documents, one.failed, one.right, one.entries, one.lost, one.invented)
        held = (one.fields.get(name, 0) for name in ("title", "link", "id", "date", "body"))
        times = (f"{one.seconds:.2f}", f"{1000 * one.slowest:.0f}")
        shown.add_row(f"{one.name} {one.version}", *map(str, numbers), *map(str, held), *times)
    return shown


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("folder", nargs="?", type=Path, default=DOCUMENTS)
    options.add_argument("--json", action="store_true", help="figures as JSON")
    options.add_argument("--differences", action="store_true", help="the documents whose entries are not agreed on")
    given = options.parse_args()
    warnings.simplefilter("ignore")
    buffer_text()
    counts, differences = measure(given.folder)
    if given.json:
        print(json.dumps({"parsers": [asdict(one) for one in counts], "differences": differences}, indent=1))
        return
    console = Console()
    console.print(table(counts))
    for line in differences if given.differences else ():
        console.print(line, highlight=False)


if __name__ == "__main__":
    main()
