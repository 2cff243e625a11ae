"""How good a body is: word shingles against the gold text, and what leaked in or was lost.

The metric of scrapinghub/article-extraction-benchmark, written anew: 4-gram word shingles, precision and recall
averaged over the pages, F1 of the two averages.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORD = re.compile(r"\w+")
SIZE = 4  # words in a shingle
PERFECT = 0.99  # F1 of a page that counts as perfect when nothing leaked in and nothing was lost


@dataclass(frozen=True)
class Gold:
    """What a clean body of one page is. Only sets with paragraphs can tell leaks and losses."""

    url: str | None
    text: str
    paragraphs: tuple[str, ...] = ()
    must_drop: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


@dataclass(frozen=True)
class Score:
    precision: float
    recall: float
    leaks: int
    lost: int
    perfect: int

    @property
    def f1(self) -> float:
        return harmonic(self.precision, self.recall)


def load_gold(folder: Path) -> dict[str, Gold]:
    """Page name -> gold, of a folder with one ground-truth.json or a file NAME.json for each page."""
    truth = folder / "ground-truth.json"
    if truth.exists():
        told: dict[str, Any] = json.loads(truth.read_text("utf-8"))
        return {name: Gold(one.get("url"), one["articleBody"]) for name, one in told.items()}
    return {path.stem: _gold(json.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("*.json"))}


def _gold(told: Mapping[str, Any]) -> Gold:
    lines = {name: tuple(told.get(name) or ()) for name in ("paragraphs", "must_drop", "optional")}
    return Gold(told.get("url"), "\n".join(lines["paragraphs"]), **lines)


def score(gold: Mapping[str, Gold], bodies: Mapping[str, str]) -> Score:
    """All pages of a set; a page without a body counts as an empty one."""
    rows = [_page(one, bodies.get(name) or "") for name, one in gold.items()]
    count = len(rows)
    return Score(
        precision=sum(row.precision for row in rows) / count,
        recall=sum(row.recall for row in rows) / count,
        leaks=sum(row.leaks for row in rows),
        lost=sum(row.lost for row in rows),
        perfect=sum(row.perfect for row in rows),
    )


def _page(gold: Gold, body: str) -> Score:
    text, own = f" {flat(body)} ", f" {flat(gold.text)} "
    for needle in _needles(gold.optional):
        if needle not in own:  # neither required nor forbidden: judged without it
            text = text.replace(needle, " ", 1)
    leaks = sum(needle in text and needle not in own for needle in _needles(gold.must_drop))
    lost = sum(needle not in text for needle in _needles(gold.paragraphs))
    precision, recall = precision_recall(gold.text, text)
    perfect = harmonic(precision, recall) >= PERFECT and not leaks and not lost
    return Score(precision, recall, leaks, lost, int(perfect))


def _needles(lines: tuple[str, ...]) -> list[str]:
    return [f" {words} " for words in map(flat, lines) if words]


def flat(text: str) -> str:
    return " ".join(words(text))


def words(text: str) -> list[str]:
    return WORD.findall(unicodedata.normalize("NFKC", text).lower())


def shingles(text: str) -> Counter[tuple[str, ...]]:
    found = words(text)
    if not found:
        return Counter()
    return Counter(tuple(found[at : at + SIZE]) for at in range(max(1, len(found) - SIZE + 1)))


def precision_recall(gold: str, got: str) -> tuple[float, float]:
    wanted, given = shingles(gold), shingles(got)
    hits = (wanted & given).total()
    precision = hits / given.total() if given else float(not wanted)
    return precision, hits / wanted.total() if wanted else 1.0


def harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
