"""Compiled regular expressions are kept between starts, and a table that is of no use costs nothing but time."""

from __future__ import annotations

import marshal
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import parsers
from ingest.programs import kept, path

ROOT = Path(__file__).resolve().parent.parent
PATTERN = r"(?P<nama>[A-Z]\w+)(?: dan (\w+))?|\d{2,4}"
WRONG = marshal.dumps([PATTERN, 0, [999], 0, {}, ()])
TEXT = "Sari dan Budi, 2024"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    assert parsers.__spec__
    monkeypatch.setattr(parsers.__spec__, "cached", str(tmp_path / "__init__.pyc"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    yield Path(path() or "")
    re.purge()


def compiled(flags: int = re.IGNORECASE) -> re.Pattern[str]:
    re.purge()
    with kept():
        return re.compile(PATTERN, flags)


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on nothing can be compiled."""
    monkeypatch.delattr(re._parser, "parse")  # type: ignore[attr-defined]  # the inside of `re` has no types


def test_the_next_start_compiles_nothing(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = compiled()
    assert [path.name for path in table.parent.iterdir()] == [table.name]
    forbid(monkeypatch)
    again = compiled()
    assert again == first  # which compares what they compiled to
    assert [match.groups() for match in again.finditer(TEXT)] == [("Sari", "Budi"), (None, None)]
    assert (again.groupindex, again.flags) == (first.groupindex, first.flags)


def test_other_flags_are_another_pattern(table: Path) -> None:
    assert compiled() != compiled(0) == re.compile(PATTERN)


def test_afterwards_patterns_are_compiled_as_ever(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled()
    re.purge()
    forbid(monkeypatch)
    with pytest.raises(AttributeError):
        re.compile(PATTERN)


def test_the_parsers_patterns_are_the_same_at_every_start(tmp_path: Path) -> None:
    """None is put together from a set, whose order is another each time."""
    code = (
        "import sys, parsers; parsers.__spec__.cached = sys.argv[1]; from ingest import programs\n"
        "with programs.kept(): import cli.quick\n"
    )
    written = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": ""}
        words = [sys.executable, "-c", code, str(tmp_path / "__init__.pyc")]
        subprocess.run(words, cwd=ROOT, env=environment, check=True, timeout=60)
        written += [path.stat().st_mtime_ns for path in tmp_path.iterdir()]
    assert written == written[:1] * 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda good: b"",
        lambda good: good[: len(good) // 2],
        lambda good: b"bukan tabel",
        lambda good: marshal.dumps(("3.0", marshal.loads(good)[1])),
        lambda good: marshal.dumps((sys.version, [])),
        lambda good: marshal.dumps((sys.version, dict.fromkeys(marshal.loads(good)[1], b""))),
        lambda good: marshal.dumps((sys.version, dict.fromkeys(marshal.loads(good)[1], WRONG))),
    ],
)
def test_a_useless_table_is_made_anew(damage: Callable[[bytes], bytes], table: Path) -> None:
    compiled()
    good = table.read_bytes()
    table.write_bytes(damage(good))
    assert compiled().findall(TEXT) == [("Sari", "Budi"), ("", "")]
    assert marshal.loads(table.read_bytes()) == marshal.loads(good)


def test_a_place_where_nothing_can_be_written(table: Path) -> None:
    table.parent.rmdir()
    assert compiled().search(TEXT)
    assert not table.exists()


def test_a_table_that_cannot_be_put_in_its_place_leaves_nothing(table: Path) -> None:
    table.mkdir()
    assert compiled().search(TEXT)
    assert list(table.parent.iterdir()) == [table]


def test_an_interpreter_of_another_make(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.programs._ENGINE", None)
    assert compiled().search(TEXT)
    assert not table.exists()


def test_an_interpreter_that_keeps_nothing(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert compiled().search(TEXT)
    assert not table.exists()
