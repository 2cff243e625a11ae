"""Floors on real pages, where they are at hand: the figures of the house's own scorer, which only move up."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kliping.model import Article, Origin, Page
from parsers import rules
from parsers.article import extract

SHARED = Path(__file__).resolve().parents[2] / "shared"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.skipif(not (SHARED / "gold").exists(), reason="the gold pages are not at hand")

FLOORS = {
    "id": {"F1": 0.996, "perfect": 76, "titles": 81, "published": 76, "sources": 24, "captions": 46},
    "zyte": {"F1": 0.977},
}
CEILINGS = {"id": {"leaks": 13, "lost": 5}, "zyte": {}}


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


def figures(name: str, tmp_path: Path) -> dict[str, float]:
    """What the scorer prints for a set."""
    where, found = urls(name), tmp_path / "found.jsonl"
    files = sorted((SHARED / "gold" / name).rglob("*.html.gz"))
    lines = []
    for file in files:
        url = where[file.name.removesuffix(".html.gz")]
        page = Page(url, gzip.decompress(file.read_bytes()), NOW, Origin.STORED)
        lines.append(prediction(file, extract(page, rules.load())))
    found.write_text("\n".join(lines), "utf-8")
    command = [sys.executable, str(SHARED / "tools" / "score.py"), str(SHARED / "gold" / name), str(found)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pairs = re.findall(r"(?<!page )\b(F1|leaks|lost|perfect|titles|published|sources|captions) ([\d.]+)", out)
    return {key: float(value) for key, value in pairs}


@pytest.mark.parametrize("name", FLOORS)
def test_floors(name: str, tmp_path: Path) -> None:
    reached = figures(name, tmp_path)
    for figure, floor in FLOORS[name].items():
        assert reached[figure] >= floor, (figure, reached)
    for figure, ceiling in CEILINGS[name].items():
        assert reached[figure] <= ceiling, (figure, reached)
