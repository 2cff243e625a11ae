"""kliping's extraction against named peers on real pages, each in a process of its own; and the command line's cost.

    make bench-extraction                        or    python -m bench.extraction [--gold FOLDER] [--rounds N] [--json]

See bench/README.md for how to read the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.extractors import PEERS
from bench.score import Score, load_gold, score

ROOT = Path(__file__).parent.parent
GOLD = ROOT.parent / "shared" / "gold"
SLOW = 10.0  # CPU seconds: an extractor that took longer for a set is not run again
AGAINST = "trafilatura-metadata"  # what the ratio is of: it too tells title, author and date
PARSE = (
    "import gzip, sys\nfrom selectolax.lexbor import LexborHTMLParser\n"
    "for name in sys.argv[1:]:\n    LexborHTMLParser(gzip.decompress(open(name, 'rb').read()))"
)


@dataclass(frozen=True)
class Row:
    """One extractor on one set. Milliseconds are of CPU, the median of the rounds page by page; memory is in bytes."""

    name: str
    title: str
    version: str
    pages: int
    milliseconds: tuple[float, ...]
    peak: int
    empty: int
    failed: int
    score: Score | None

    @property
    def per_second(self) -> float:
        return 1000 * self.pages / sum(self.milliseconds)

    def at(self, share: float) -> float:
        """The milliseconds that this share of the pages stays within."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True)
class CommandLine:
    """CPU seconds of `kliping extract` with all its processes, and of what no extractor can do without."""

    files: int
    kliping: float
    one_file: float
    parse_in_process: float
    parse_as_program: float


def run_row(name: str, folder: Path, rounds: int) -> Row:
    """An extractor over a set, in a fresh process for each round."""
    runs = [_run(name, folder)]
    while len(runs) < rounds and sum(runs[0]["milliseconds"].values()) < 1000 * SLOW:
        runs.append(_run(name, folder))
    first, peer = runs[0], PEERS[name]
    pages = first["milliseconds"]
    return Row(
        name=name,
        title=peer.title,
        version=first["version"],
        pages=len(pages),
        milliseconds=tuple(statistics.median(run["milliseconds"][page] for run in runs) for page in pages),
        peak=max(run["peak"] for run in runs),
        empty=sum(not body.strip() for body in first["bodies"].values()) if peer.bodies else 0,
        failed=len(first["failed"]),
        score=score(load_gold(folder), first["bodies"]) if peer.bodies else None,
    )


def _run(name: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "-m", "bench.extractors", name, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True)
    if done.returncode:
        raise SystemExit(f"bench: {name} on {folder.name}: {done.stderr.decode(errors='replace')[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def command_line(folder: Path, rounds: int) -> CommandLine:
    """Medians, each program run `rounds` times."""
    files = [str(path) for path in sorted(folder.rglob("*.html.gz"))]
    extract = [sys.executable, "-c", "from cli import main; main()", "extract"]

    def median(command: list[str]) -> float:
        return statistics.median(cpu_of(command) for _ in range(rounds))

    return CommandLine(
        files=len(files),
        kliping=median([*extract, *files]),
        one_file=median([*extract, files[0]]),
        parse_in_process=_run("gunzip-and-parse", folder)["seconds"],
        parse_as_program=median([sys.executable, "-c", PARSE, *files]),
    )


def cpu_of(command: list[str]) -> float:
    """User and system seconds of a program and of all it started and waited for."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KLIPING_")}
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=inherited)
    _, status, spent = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"bench: {' '.join(command[:4])} ended with {process.returncode}")
    return spent.ru_utime + spent.ru_stime


# --- the report -------------------------------------------------------------------------------------------------------


def as_json(sets: dict[str, list[Row]], cli: CommandLine | None) -> str:
    def facts(row: Row, against: float) -> dict[str, Any]:
        told = {key: value for key, value in asdict(row).items() if key != "milliseconds"}
        told |= {"per_cpu_second": row.per_second, "ratio": row.per_second / against if against else None}
        told |= {"p50": row.at(0.5), "p95": row.at(0.95), "slowest": row.at(1)}
        return told | ({"f1": row.score.f1} if row.score else {})

    report: dict[str, Any] = {
        name: {row.name: facts(row, _against(rows)) for row in rows} for name, rows in sets.items()
    }
    if cli:
        report["command_line"] = {**asdict(cli), "ratio": cli.kliping / cli.parse_in_process}
    return json.dumps(report, indent=2)


def _against(rows: list[Row]) -> float:
    return next((row.per_second for row in rows if row.name == AGAINST), 0.0)


def as_table(name: str, rows: list[Row]) -> Table:
    judged = any(row.score and (row.score.leaks or row.score.lost) for row in rows)
    table = Table(title=f"{name}: {rows[0].pages} pages", title_justify="left")
    table.add_column("")
    words = ("F1", "P", "R", *(("leaks", "lost", "perfect") if judged else ()), "empty", "failed")
    for head in (*words, "pages/CPU s", "ratio", "p50 ms", "p95 ms", "slowest", "peak MiB"):
        table.add_column(head, justify="right")
    for row in rows:
        table.add_row(f"{row.title} [dim]{row.version}[/]", *_quality(row, judged), *_speed(row, _against(rows)))
    return table


def _quality(row: Row, judged: bool) -> list[str]:
    found = row.score
    if found is None:
        return [""] * (8 if judged else 5)
    lines = [str(found.leaks), str(found.lost), str(found.perfect)] if judged else []
    shares = [f"{value:.4f}" for value in (found.f1, found.precision, found.recall)]
    return [*shares, *lines, str(row.empty), str(row.failed)]


def _speed(row: Row, against: float) -> list[str]:
    ratio = f"{row.per_second / against:.2f}" if against else "-"
    times = [f"{row.at(share):.1f}" for share in (0.5, 0.95, 1)]
    return [f"{row.per_second:.0f}", ratio, *times, f"{row.peak / 2**20:.0f}"]


def as_lines(cli: CommandLine) -> Table:
    table = Table(title=f"kliping extract, all its processes: {cli.files} files", title_justify="left")
    for head in ("", "CPU seconds", "kliping, times as much"):
        table.add_column(head, justify="left" if not head else "right")
    table.add_row("kliping extract FILE...", f"{cli.kliping:.2f}", "")
    table.add_row(
        "gunzip and lexbor's parse, in process", f"{cli.parse_in_process:.2f}", _times(cli.parse_in_process, cli)
    )
    table.add_row("the same as a program", f"{cli.parse_as_program:.2f}", _times(cli.parse_as_program, cli))
    table.add_row("kliping extract, one file", f"{cli.one_file:.2f}", "")
    return table


def _times(seconds: float, cli: CommandLine) -> str:
    return f"{cli.kliping / seconds:.2f}"


def run_all(folders: list[Path], names: list[str], rounds: int) -> dict[str, list[Row]]:
    """Every extractor on every set, with a bar on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    sets: dict[str, list[Row]] = {}
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=len(folders) * len(names))
        for folder in folders:
            for name in names:
                progress.update(task, description=f"{folder.name}: {name}")
                sets.setdefault(folder.name, []).append(run_row(name, folder, rounds))
                progress.advance(task)
    return sets


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.extraction", description=__doc__.partition("\n")[0])
    parser.add_argument("--gold", type=Path, default=GOLD, help="folder with the sets zyte and id")
    parser.add_argument("--set", action="append", choices=["zyte", "id"], help="one set only; may be repeated")
    parser.add_argument("--only", action="append", choices=list(PEERS), help="one extractor; may be repeated")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each extractor, each in a fresh process")
    parser.add_argument("--no-command-line", action="store_true", help="leave the cost of `kliping extract` out")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folders = [options.gold / name for name in options.set or ("zyte", "id")]
    if missing := [str(folder) for folder in folders if not folder.is_dir()]:
        print(f"bench: no pages in {', '.join(missing)}", file=sys.stderr)
        return 2
    sets = run_all(folders, options.only or list(PEERS), options.rounds)
    cli = None if options.no_command_line else command_line(folders[0], options.rounds)
    if options.json:
        print(as_json(sets, cli))
        return 0
    console = Console(width=None if sys.stdout.isatty() else 200)
    for name, rows in sets.items():
        console.print(as_table(name, rows))
    if cli:
        console.print(as_lines(cli))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
