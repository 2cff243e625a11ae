"""The table of attacks names tests that are there, and every attack of this folder is in the table."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| ([AR]\d\d) \|.*\| `(tests/[\w/]+\.py)::(test_\w+)` \|$", re.MULTILINE)


def names_in(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_row_names_a_test_that_is_there() -> None:
    rows = ROW.findall((ROOT / "docs/attacks.md").read_text("utf-8"))
    missing = [f"{number}: {file}::{name}" for number, file, name in rows if name not in names_in(ROOT / file)]
    assert missing == []
    numbers = {number for number, *_ in rows}
    assert {f"A{n:02}" for n in range(1, 15)} | {"A29", "A35"} <= numbers
    assert {f"R{n:02}" for n in range(1, 35)} | {"R41", "R42"} <= numbers


def test_every_attack_tested_here_has_a_row() -> None:
    numbers = {number for number, *_ in ROW.findall((ROOT / "docs/attacks.md").read_text("utf-8"))}
    named = {
        found[1].upper()
        for path in Path(__file__).parent.glob("test_*.py")
        for name in names_in(path)
        if (found := re.match(r"test_([ar]\d\d)_", name))
    }
    assert named <= numbers
