"""Leave one site out: what each site of the gold set gives when no rule may name it.

    python -m bench.loso [--gold FOLDER]

Every page is read four times: with all rules, without the rules of single sites (`kliping extract --no-site-rules`: as
a page of a site that nobody has seen), with no rule at all, not even a platform's, and then with all classes and
ids made meaningless, as build tools make them.
"""

from __future__ import annotations

import argparse
import gzip
import re
import zlib
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
NAMELESS = "none, nameless"
_NAMES = re.compile(rb"""\b((?:class|id|itemprop)\s*=\s*)(["'])(.*?)\2""", re.IGNORECASE | re.DOTALL)


def bodies(pages: Mapping[str, bytes], gold: Mapping[str, Gold], known: rules.Rules) -> dict[str, str]:
    """Page name -> body."""
    return {
        name: extract(Page(gold[name].url, html, NOW, Origin.STORED), known).body or "" for name, html in pages.items()
    }


def nameless(html: bytes) -> bytes:
    """The page with each word of its classes, ids and properties replaced by a digest."""
    return _NAMES.sub(
        lambda m: m[1] + m[2] + b" ".join(b"x%08x" % zlib.crc32(word) for word in m[3].split()) + m[2], html
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, default=SETS / "id", help="a folder of NAME.html.gz with NAME.json")
    folder: Path = parser.parse_args().gold
    gold = load_gold(folder)
    if not gold:
        raise SystemExit(f"bench: no pages in {folder}")
    files = {path.name.removesuffix(".html.gz"): path for path in sorted(folder.rglob("*.html.gz"))}
    pages = {name: gzip.decompress(file.read_bytes()) for name, file in files.items() if name in gold}
    found = {way: bodies(pages, gold, known) for way, known in WAYS.items()}
    found[NAMELESS] = bodies({name: nameless(html) for name, html in pages.items()}, gold, rules.Rules())
    sites = sorted({name.partition("__")[0] for name in gold})
    groups = {site: {n: g for n, g in gold.items() if n.partition("__")[0] == site} for site in sites}
    table = Table("site", "pages", *(f"{way}: F1, leaks, lost, perfect" for way in found))
    for site, group in [*(groups.items() if len(sites) < len(gold) else ()), ("all", gold)]:
        told = [score(group, texts) for texts in found.values()]
        cells = (f"{s.f1:.4f} {s.leaks} {s.lost} {s.perfect}" for s in told)
        table.add_row(site, str(len(group)), *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
