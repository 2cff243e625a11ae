"""Families of lines, in words of our own: what held for one site's wording must hold for the next one's."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.test_junk_lines import EVERYWHERE, held_by, is_kept, placed

LINES = tomllib.loads((Path(__file__).parent / "quality" / "lines.toml").read_text("utf-8"))
PLACES = {"drop": EVERYWHERE, "drop_tail": ("tail",), "held": ("tail",), "held_head": ("head",), "keep": EVERYWHERE}


@pytest.mark.parametrize("table", PLACES)
def test_lines_of_a_family_fare_alike(table: str) -> None:
    lines = [line for line in LINES[table].splitlines() if line]
    assert len(lines) >= 40
    wrong = []
    for line in lines:
        for cleaned in placed(line, PLACES[table]):
            held = not table.startswith("held") or held_by(cleaned, line) is not None
            if is_kept(cleaned, line) != (table == "keep") or not held:
                wrong.append(line)
    assert wrong == []
