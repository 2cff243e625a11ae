"""Leave one site out: what each site of the gold set gives when no rule may name it.

    python -m bench.loso [--gold FOLDER]

Every page is read three times: with all rules, without the rules of single sites (`kliping extract --no-site-rules`: as
a page of a site that nobody has seen), and with no rule at all, not even a platform's.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.score import Gold, load_gold, score
from kliping.model import Origin, Page
from parsers import rules
from parsers.article import extract

SETS = Path(__file__).parent.parent.parent / "shared" / "gold"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WAYS = {"all rules": rules.load(), "no site's": rules.load(site_rules=False), "none": rules.Rules()}


def bodies(files: Mapping[str, Path], gold: Mapping[str, Gold], known: rules.Rules) -> dict[str, str]:
    """Page name -> body."""
    pages = {
        name: Page(gold[name].url, gzip.decompress(file.read_bytes()), NOW, Origin.STORED)
        for name, file in files.items()
    }
    return {name: extract(page, known).body or "" for name, page in pages.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, default=SETS / "id", help="a folder of NAME.html.gz with NAME.json")
    folder: Path = parser.parse_args().gold
    gold = load_gold(folder)
    files = {path.name.removesuffix(".html.gz"): path for path in sorted(folder.rglob("*.html.gz"))}
    found = {way: bodies(files, gold, known) for way, known in WAYS.items()}
    sites = sorted({name.partition("__")[0] for name in gold})
    groups = {site: {n: g for n, g in gold.items() if n.partition("__")[0] == site} for site in sites}
    table = Table("site", "pages", *(f"{way}: F1, leaks, lost, perfect" for way in WAYS))
    for site, group in [*(groups.items() if len(sites) < len(gold) else ()), ("all", gold)]:
        told = [score(group, texts) for texts in found.values()]
        cells = (f"{s.f1:.4f} {s.leaks} {s.lost} {s.perfect}" for s in told)
        table.add_row(site, str(len(group)), *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
