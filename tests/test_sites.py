"""Pages and what they should give, side by side: `sites/HOST/NAME.html` and `NAME.txt`.

A missing .txt is written and fails once, so that a person reads it before it counts. The page's address is in
its first line, `<!-- url: ... -->`; times without an offset are read as Asia/Jakarta.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kliping.model import Article, Page
from parsers import rules
from parsers.article import extract

SITES = Path(__file__).resolve().parent / "sites"
PAGES = sorted(SITES.glob("*/*.html"))
URL = re.compile(r"<!-- url: (\S+) -->\n")
FETCHED = datetime(2025, 6, 1, tzinfo=UTC)


def told(article: Article) -> str:
    """An article as a person reads it: its fields, every line that was removed, its body."""
    lines = [
        f"outcome: {article.outcome.value}",
        f"title: {article.title}",
        f"author: {article.author}",
        f"published: {article.published_at} ({article.published_precision}, from {article.published_from})",
        f"language: {article.language}",
        f"tags: {', '.join(article.tags)}",
        *(f"caption: {caption.text} | {caption.credit}" for caption in article.captions),
        *(f"source: {source.label} | {source.url} | {source.kind}" for source in article.sources),
        *(f"credit: {credit.role} | {credit.name}" for credit in article.credits),
        *(f"removed: {line.step} | {line.rule} | {line.text} | {line.kept_as}" for line in article.removed),
        f"rule: {article.rule}",
        *([f"flags: {', '.join(article.flags)}"] if article.flags else []),
    ]
    return "\n".join([*lines, "", article.body or "(no body)", ""])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_page_gives_what_its_expected_file_says(path: Path) -> None:
    html = path.read_bytes()
    url = URL.match(html.decode())
    assert url, "the first line names the page's address"
    found = told(extract(Page(url[1], html, FETCHED), rules.load()))
    expected = path.with_suffix(".txt")
    if not expected.exists():
        expected.write_text(found, "utf-8")
        pytest.fail(f"{expected.name} was not there and has been written: read it, then run again")
    assert found == expected.read_text("utf-8")


def test_there_are_pages_and_none_is_without_its_text() -> None:
    assert len(PAGES) >= 40
    assert {path.with_suffix("") for path in PAGES} >= {path.with_suffix("") for path in SITES.glob("*/*.txt")}
