"""What must hold on any page: families of lines in words of our own, any bytes at all, and floors that only move up."""

from __future__ import annotations

import subprocess
import tomllib
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kliping.errors import ParseError
from kliping.model import Article, Entry, Origin, Page
from parsers.article import extract
from parsers.text import clean_line
from tests.test_junk_lines import EVERYWHERE, held_by, is_kept, placed

ROOT = Path(__file__).resolve().parent.parent
FLOORS = "tests/quality/floors.toml"
NOW = datetime(2025, 6, 1, tzinfo=UTC)
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


# --- any page ---------------------------------------------------------------------------------------------------------

TAGS = (
    "html",
    "body",
    "div",
    "p",
    "br",
    "li",
    "td",
    "h1",
    "a",
    "b",
    "figure",
    "figcaption",
    "blockquote",
    "pre",
    "noscript",
)
WORDS = ("Sumber: klik di sini", "Baca juga:", "0 komentar", "12 Mei 2025 07:30 WIB", "Warga membangun jembatan bambu.")
NOISE = ("\x00", "\x08", "\x1b", "\x85", "\u200b", "\ud800", "\ufffe", "&#8;", "&#x85;", "&#xd800;", "\u202e", "é")
HTML = st.lists(
    st.one_of(
        st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]),
        st.sampled_from(WORDS + NOISE),
        st.text(max_size=20),
    ),
    max_size=50,
).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))
URLS = st.sampled_from(
    [None, "http://[", "https://news.detik.com/berita/d-1/x", "https://a.blogspot.com/2025/05/x.html"]
)


def strings(value: Any) -> Iterator[str]:
    """Every text in plain data, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from strings(inner)


def article_of(html: bytes, url: str | None, origin: Origin, charset: str | None) -> Article | None:
    """The article, or None for bytes that are no page; anything else that is raised is a fault."""
    text = html.decode("utf-8", "replace")
    line = clean_line(text)  # a feed's own fields are clean; its fragments are as written
    entry = Entry(title=line[:40], author=line[:20], published_raw=line[:30], summary=text[:200], content=text[:400])
    try:
        return extract(Page(url, html, NOW, origin, entry, charset))
    except ParseError:
        return None


@settings(max_examples=150, deadline=None)
@given(HTML | st.binary(max_size=400), URLS, st.sampled_from(Origin), st.sampled_from([None, "utf-16", "latin-1", "x"]))
def test_any_bytes_give_clean_text_or_a_declared_fault(
    html: bytes, url: str | None, origin: Origin, charset: str | None
) -> None:
    article = article_of(html, url, origin, charset)
    assert article == article_of(html, url, origin, charset)
    for text in strings(msgspec.to_builtins(article)):
        assert not {c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"}, text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8))
def test_a_clean_body_is_not_cleaned_again(lines: list[str]) -> None:
    article = article_of("".join(f"<p>{line}</p>" for line in lines).encode(), None, Origin.FEED, "utf-8")
    if article and article.body:
        html = "".join(f"<p>{line}</p>" for line in article.body.split("\n\n")).encode()
        assert extract(Page(None, html, NOW, Origin.FEED, charset="utf-8")).body == article.body


# --- floors -----------------------------------------------------------------------------------------------------------


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_floors_only_move_up() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no history here")
    now = tomllib.loads((ROOT / FLOORS).read_text("utf-8"))
    for commit in git("log", "--format=%H", "--", FLOORS).split():
        before = tomllib.loads(git("show", f"{commit}:{FLOORS}"))
        for name, figures in before.items():
            for figure, floor in figures["floors"].items():
                assert now[name]["floors"][figure] >= floor, (commit, name, figure)
            for figure, ceiling in figures["ceilings"].items():
                assert now[name]["ceilings"][figure] <= ceiling, (commit, name, figure)
