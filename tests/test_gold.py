"""Floors on real pages, where they are at hand: the figures of the house's own scorer, which only move up."""

from __future__ import annotations

import csv
import gzip
import json
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kliping.model import Article, Origin, Page
from parsers import rules
from parsers.article import extract
from parsers.dates import parse_date
from tests.test_dates import REFERENCE, same
from tests.test_dates import SHARED as DATES
from tests.test_junk_lines import PLACES, held_by, is_kept, placed, shared

SHARED = Path(__file__).resolve().parents[2] / "shared"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.skipif(not (SHARED / "gold").exists(), reason="the gold pages are not at hand")

FLOORS = tomllib.loads((Path(__file__).parent / "quality" / "floors.toml").read_text("utf-8"))


def urls(name: str) -> dict[str, str | None]:
    """Page name to its URL."""
    folder = SHARED / "gold" / name
    truth = folder / "ground-truth.json"
    if truth.exists():
        return {key: value.get("url") for key, value in json.loads(truth.read_text("utf-8")).items()}
    return {path.stem: json.loads(path.read_text("utf-8")).get("url") for path in folder.glob("*.json")}


def prediction(file: Path, article: Article) -> str:
    at = article.published_at
    return json.dumps(
        {
            "file": file.name,
            "body": article.body,
            "title": article.title,
            "published_at": at.isoformat() if at else None,
            "captions": [{"text": caption.text, "credit": caption.credit} for caption in article.captions],
            "sources": [{"label": source.label, "url": source.url} for source in article.sources],
        }
    )


def figures(name: str, site_rules: bool, tmp_path: Path) -> dict[str, float]:
    """What the scorer prints for a set, and the share of what was told of captions and sources that is not right."""
    where, found = urls(name), tmp_path / "found.jsonl"
    files = sorted((SHARED / "gold" / name).rglob("*.html.gz"))
    lines = []
    for file in files:
        url = where[file.name.removesuffix(".html.gz")]
        page = Page(url, gzip.decompress(file.read_bytes()), NOW, Origin.STORED)
        lines.append(prediction(file, extract(page, rules.load(site_rules))))
    found.write_text("\n".join(lines), "utf-8")
    command = [sys.executable, str(SHARED / "tools" / "score.py"), str(SHARED / "gold" / name), str(found)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pairs = re.findall(r"(?<!page )\b(F1|leaks|lost|perfect|titles|published|sources|captions) ([\d.]+)", out)
    told = re.findall(r"(?:sources|captions) (\d+)/\d+ \(told (\d+)\)", out)
    wrong = max((1 - int(right) / int(said) for right, said in told if int(said)), default=0.0)
    return {key: float(value) for key, value in pairs} | {"told_wrong": wrong}


def lines_figures() -> dict[str, float]:
    """The shares of lines that go, and how many stay that must not."""
    fate: dict[str, list[bool]] = {"drop": [], "metadata": [], "keep": []}
    for row in shared():
        placed_in = list(placed(row["line"], PLACES[row["position"]]))
        gone = all(not is_kept(cleaned, row["line"]) for cleaned in placed_in)
        held = all(held_by(cleaned, row["line"]) is not None for cleaned in placed_in)
        kept = all(is_kept(cleaned, row["line"]) for cleaned in placed_in)
        fate[row["verdict"]].append({"drop": gone, "metadata": gone and held, "keep": kept}[row["verdict"]])
    shares = {verdict: sum(found) / len(found) for verdict, found in fate.items()}
    return shares | {"keep_lost": fate["keep"].count(False)}


def dates_figures() -> dict[str, float]:
    with DATES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    right = 0
    for row in rows:
        moment = parse_date(row["text"], "Asia/Jakarta", REFERENCE)
        right += moment is None if row["expected_iso"] == "NONE" else same(moment, row["expected_iso"])
    return {"right": right / len(rows)}


def reached_by(name: str, tmp_path: Path) -> dict[str, float]:
    folder, _, without = name.partition("_without")
    tables = {"junk_lines": lines_figures, "dates": dates_figures}
    return tables[name]() if name in tables else figures(folder, not without, tmp_path)


@pytest.mark.parametrize("name", FLOORS)
def test_floors(name: str, tmp_path: Path) -> None:
    reached = reached_by(name, tmp_path)
    for figure, floor in FLOORS[name]["floors"].items():
        assert reached[figure] >= floor, (figure, reached)
    for figure, ceiling in FLOORS[name]["ceilings"].items():
        assert reached[figure] <= ceiling, (figure, reached)
