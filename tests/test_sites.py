"""Pages and what they should give, side by side: `sites/HOST/NAME.html` and `NAME.txt`.

A missing .txt is written and fails once, so that a person reads it before it counts. The page's address is in
its first line, `<!-- url: ... -->`; times without an offset are read as Asia/Jakarta.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.sitepage import read_page, told
from parsers import rules
from parsers.article import extract

SITES = Path(__file__).resolve().parent / "sites"
PAGES = sorted(SITES.glob("*/*.html"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_page_gives_what_its_expected_file_says(path: Path) -> None:
    page = read_page(str(path), None, 10_000_000)
    assert page.url, "the first line names the page's address"
    found = told(extract(page, rules.load()))
    expected = path.with_suffix(".txt")
    if not expected.exists():
        expected.write_text(found, "utf-8")
        pytest.fail(f"{expected.name} was not there and has been written: read it, then run again")
    assert found == expected.read_text("utf-8")


def test_there_are_pages_and_none_is_without_its_text() -> None:
    assert len(PAGES) >= 40
    assert {path.with_suffix("") for path in PAGES} >= {path.with_suffix("") for path in SITES.glob("*/*.txt")}
