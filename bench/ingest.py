"""kliping against an afternoon's script: the same loopback web, the same Postgres binaries, one after the other.

    make bench                                   or    python -m bench.ingest [--pages N] [--blogs N] [--json]

Both are separate programs started by this one; kliping is `kliping run` as anybody would start it, with its politeness
off by settings. The clock and the CPU meter run from the start of the program until its last row is in the database.
See bench/README.md for how to read the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.measure import Meter
from db import feeds as feed_rows
from db.embedded import EmbeddedPostgres
from db.engine import make_engine
from db.migrate import upgrade
from ingest.feedurl import feed_url
from kliping.clock import SystemClock
from kliping.settings import load

ROOT = Path(__file__).parent.parent
LOOK = 0.25  # seconds between two counts of the rows
PATIENCE = 90.0  # seconds without a new row before a side is given up
GOAL = 3.0  # articles per CPU second, over the afternoon's

Say = Callable[[int], None]


@dataclass(frozen=True)
class Result:
    """What one side did. `whole` counts bodies with every paragraph, `exact` those with these and no other line."""

    name: str
    pages: int
    stored: int
    whole: int
    exact: int
    seconds: float
    cpu_of: dict[str, float]
    memory: int

    @property
    def cpu(self) -> float:
        return sum(self.cpu_of.values())

    @property
    def per_second(self) -> float:
        return self.stored / self.seconds

    @property
    def per_cpu(self) -> float:
        return self.stored / self.cpu if self.cpu else 0.0


# --- the web ----------------------------------------------------------------------------------------------------------


@contextmanager
def served(pages: int, blogs: int, say: Say) -> Iterator[tuple[int, dict[str, Any]]]:
    """The web in its own process: its pid, its feeds and the truth about its posts."""
    command = [sys.executable, "-m", "bench.web", "--pages", str(pages), "--blogs", str(blogs)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told = json.loads(line)
            if "feeds" in told:
                yield process.pid, told
                break
            say(told["ready"])
        else:
            raise SystemExit("bench: the loopback web did not start")
        process.communicate(timeout=30)


# --- the sides --------------------------------------------------------------------------------------------------------


def kliping_environment(dsn: str, folder: Path) -> dict[str, str]:
    """Politeness off, loopback open, no fixed port; everything else as it comes."""
    ours = {
        "DATABASE_URL": dsn,
        "DATA_DIR": str(folder),
        "ALLOW_NETWORKS": "127.0.0.0/8",
        "HOST_SPACING": "0",
        "HTTP_PORT": "0",
        "DEFAULT_FEEDS": "false",
        "TICK": "1",
        "LOG_FORMAT": "json",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KLIPING_")}
    return {**inherited, **{f"KLIPING_{name}": value for name, value in ours.items()}}


async def add_feeds(dsn: str, urls: list[str]) -> None:
    engine = make_engine(dsn, load({}))
    given = [feed_url(url) for url in urls]
    async with engine.begin() as conn:
        await feed_rows.add(
            conn, [feed_rows.NewFeed(url=f.url, key=f.key, host=f.host) for f in given], SystemClock().now()
        )
    await engine.dispose()


def prepare_kliping(dsn: str, folder: Path, urls: list[str]) -> tuple[list[str], dict[str, str]]:
    """Set-up, not counted: the tables and the feeds. Returns the command and its environment."""
    upgrade(dsn)
    asyncio.run(add_feeds(dsn, urls))
    return [str(Path(sys.executable).with_name("kliping")), "run"], kliping_environment(dsn, folder)


def prepare_afternoon(dsn: str, folder: Path, urls: list[str]) -> tuple[list[str], dict[str, str]]:
    listed = folder / "feeds.txt"
    listed.write_text("\n".join(urls), "utf-8")
    return [sys.executable, "-m", "bench.afternoon", dsn, str(listed)], dict(os.environ)


PREPARE = {"kliping": prepare_kliping, "afternoon": prepare_afternoon}


def run_side(name: str, web: int, told: dict[str, Any], say: Say) -> Result:
    """One side on a fresh cluster."""
    with tempfile.TemporaryDirectory(prefix="kliping-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # as root, Postgres runs as another user
        with EmbeddedPostgres(load({"KLIPING_DATA_DIR": str(folder)})) as dsn:
            command, environment = PREPARE[name](dsn, folder, told["feeds"])
            with (folder / "log").open("wb") as log, Meter({web}) as meter:
                before, begun = meter.shares(), time.monotonic()
                process = subprocess.Popen(
                    command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log,
                    start_new_session=True,  # so that what it leaves behind can be ended with it
                )  # fmt: skip
                try:
                    ended = wait_for_rows(dsn, len(told["truth"]), process, say)
                    cpu = {kind: spent - before[kind] for kind, spent in meter.shares().items()}
                finally:
                    stop(process)
            rows = stored_rows(dsn)
            if len(rows) < len(told["truth"]):
                sys.stderr.write((folder / "log").read_text("utf-8", "replace")[-4000:])
    return judge(name, rows, told["truth"], ended - begun, cpu, meter.peak)


def wait_for_rows(dsn: str, wanted: int, process: subprocess.Popen[bytes], say: Say) -> float:
    """Until all are stored, nothing came for long, or the program ended. Returns when the last one was seen."""
    seen, at = 0, time.monotonic()
    with psycopg.connect(dsn, autocommit=True) as connection:
        while seen < wanted and time.monotonic() - at < PATIENCE and process.poll() is None:
            time.sleep(LOOK)
            exists = connection.execute("SELECT to_regclass('public.articles') IS NOT NULL").fetchone()
            row = (
                connection.execute("SELECT count(*) FROM public.articles").fetchone() if exists and exists[0] else (0,)
            )
            if row and row[0] > seen:
                seen, at = row[0], time.monotonic()
                say(seen)
    return at


def stop(process: subprocess.Popen[bytes]) -> None:
    """The afternoon ends with its input, kliping with SIGTERM."""
    if process.stdin:
        process.stdin.close()
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def stored_rows(dsn: str) -> dict[str, str]:
    with psycopg.connect(dsn) as connection:
        return {
            plain(url): body for url, body in connection.execute("SELECT url, body FROM public.articles").fetchall()
        }


def plain(url: str) -> str:
    """Portals tag the links of their feeds."""
    return url.partition("?")[0]


def judge(
    name: str, rows: dict[str, str], truth: dict[str, str], seconds: float, cpu_of: dict[str, float], memory: int
) -> Result:
    """Compare what was stored with what was served."""
    known = {url: body for url, body in rows.items() if url in truth}
    whole = sum(all(words in body for words in lines(truth[url])) for url, body in known.items())
    exact = sum(lines(body) == lines(truth[url]) for url, body in known.items())
    return Result(name, len(truth), len(known), whole, exact, seconds, cpu_of, memory)


def lines(body: str) -> list[str]:
    """The paragraphs, however they are joined."""
    return [line.strip() for line in body.splitlines() if line.strip()]


# --- the report -------------------------------------------------------------------------------------------------------


def as_json(results: list[Result]) -> str:
    ours, theirs = results
    facts = {
        result.name: {
            **asdict(result),
            "cpu": result.cpu,
            "per_second": result.per_second,
            "per_cpu_second": result.per_cpu,
        }
        for result in results
    }
    ratios = {"per_second": ours.per_second / theirs.per_second, "per_cpu_second": ours.per_cpu / theirs.per_cpu}
    return json.dumps({**facts, "ratio": ratios, "goal": GOAL}, indent=2)


def as_table(results: list[Result]) -> Table:
    ours, theirs = results
    table = Table(title=f"{ours.pages} pages, one loopback web", title_justify="left")
    for head in ("", ours.name, theirs.name, "ratio"):
        table.add_column(head, justify="left" if not head else "right")
    for label, digits, value in (
        ("stored", 0, lambda r: float(r.stored)),
        ("with every paragraph", 0, lambda r: float(r.whole)),
        ("these and no other line", 0, lambda r: float(r.exact)),
        ("seconds", 1, lambda r: r.seconds),
        ("CPU seconds", 1, lambda r: r.cpu),
        ("  of the program", 1, lambda r: r.cpu_of["program"]),
        ("  of its children", 1, lambda r: r.cpu_of["children"]),
        ("  of Postgres", 1, lambda r: r.cpu_of["postgres"]),
        ("articles per second", 1, lambda r: r.per_second),
        ("articles per CPU second", 1, lambda r: r.per_cpu),
        ("peak memory, MiB", 0, lambda r: r.memory / 2**20),
    ):
        one, two = value(ours), value(theirs)
        table.add_row(label, f"{one:.{digits}f}", f"{two:.{digits}f}", f"{one / two:.2f}" if two else "-")
    return table


def bars(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console,
    )  # fmt: skip


def run_all(pages: int, blogs: int, names: list[str]) -> list[Result]:
    """Each side in turn on one web, with bars on stderr."""
    with bars(Console(stderr=True)) as progress:

        def task(words: str, total: int) -> Say:
            number = progress.add_task(words, total=total)
            return lambda done: progress.update(number, completed=done)

        with served(pages, blogs, task("the web is rendered", blogs)) as (web, told):
            return [run_side(name, web, told, task(f"{name} ingests it", pages)) for name in names]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--blogs", type=int, default=50)
    parser.add_argument("--only", choices=list(PREPARE), help="run one side, to look at it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = run_all(options.pages, options.blogs, [options.only] if options.only else list(PREPARE))
    if len(results) < 2:
        print(json.dumps(asdict(results[0]), indent=2))
    elif options.json:
        print(as_json(results))
    else:
        Console().print(as_table(results))
    return 0 if all(result.stored == result.pages for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
