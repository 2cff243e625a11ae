"""kliping's whole cost of a poll beside that of a bare HTTP client that stores nothing.

    python -m bench.polling [--hosts N] [--interval S] [--minutes M] [--changing N] [--json]

10,000 feeds on as many loopback hosts, each due every 90 s, nine of ten unchanged. kliping runs as `kliping run` with
everything it does for a poll: lease, job, robots and politeness, request, row, due time. It counts after a warm-up in
which each feed was polled once. The others are one process each and make as many requests of the same kind.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from bench.ingest import add_feeds, kliping_environment
from bench.measure import Meter
from bench.origins import host
from bench.pollers import ARMS
from db.embedded import EmbeddedPostgres
from db.migrate import upgrade
from kliping.settings import load

ROOT = Path(__file__).parent.parent
IN_FLIGHT = 100
LATE = 1.2  # intervals


@dataclass(frozen=True)
class Polled:
    """What kliping did in the counted minutes. CPU in seconds; `latest` is the longest gap between two polls of a feed
    in intervals."""

    hosts: int
    seconds: float
    polls: int
    unchanged: int
    latest: float
    program: float
    children: float
    postgres: float

    @property
    def per_poll(self) -> float:
        """kliping's own milliseconds of CPU for a poll."""
        return 1000 * (self.program + self.children) / self.polls

    @property
    def cores(self) -> float:
        """Cores that kliping and Postgres kept busy together."""
        return (self.program + self.children + self.postgres) / self.seconds


@contextmanager
def origins(changing: int) -> Iterator[tuple[int, int]]:
    """The web in a process of its own: its pid and port."""
    command = [sys.executable, "-m", "bench.origins", "--changing", str(changing)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.pid, json.loads(process.stdout.readline())["port"]
        process.communicate(timeout=30)


def prepare(dsn: str, port: int, hosts: int, interval: int) -> None:
    """The feeds, known and due all over the interval, as if the service had run for a while."""
    upgrade(dsn)
    asyncio.run(add_feeds(dsn, [f"http://{host(number)}:{port}/feed" for number in range(hosts)]))
    with psycopg.connect(dsn) as conn:
        conn.execute(
            """UPDATE feeds SET interval = %(s)s, full_text = true, etag = '"satu"', first_polled_at = now(),
                last_polled_at = now(), last_full_at = now(), next_poll_at = now() + id %% %(s)s * interval '1 second'
            """,
            {"s": interval},
        )
        conn.execute("UPDATE hosts SET due_at = f.next_poll_at FROM feeds f WHERE f.host = hosts.name")


def poll(arguments: argparse.Namespace, dsn: str, folder: Path, others: set[int], say: Console) -> Polled:
    """Run kliping, warm up, count."""
    environment = {**kliping_environment(dsn, folder), "KLIPING_HOST_SPACING": "2"}
    with (folder / "kliping.log").open("wb") as out:
        command = [str(Path(sys.executable).with_name("kliping")), "run"]
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        with Meter(others) as meter, say.status("warming up"):
            time.sleep(1.5 * arguments.interval)
            began, before, polls = time.monotonic(), meter.shares(), _polls(dsn)
            [(start,)] = _ask(dsn, "SELECT now()")
        with say.status(f"polling for {arguments.minutes:g} minutes"):
            time.sleep(60 * arguments.minutes)
            after, seconds = meter.shares(), time.monotonic() - began
            done = _polls(dsn)
        [(unchanged,)] = _ask(dsn, f"SELECT count(*) FROM polls WHERE outcome = 'not_modified' AND at > '{start}'")
        spent = {name: after[name] - before[name] for name in after}
        latest = _longest_gap(dsn) / arguments.interval
        return Polled(arguments.hosts, seconds, done - polls, int(unchanged), latest, **spent)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _ask(dsn: str, statement: str) -> list[tuple]:  # type: ignore[type-arg]
    with psycopg.connect(dsn) as conn:
        return conn.execute(statement).fetchall()  # type: ignore[call-overload,no-any-return]


def _polls(dsn: str) -> int:
    return int(_ask(dsn, "SELECT sum(poll_count) FROM feeds")[0][0])


def _longest_gap(dsn: str) -> float:
    """Seconds between two polls of one feed, and since the last of each."""
    [(seconds,)] = _ask(
        dsn,
        """SELECT max(extract(epoch FROM gap)) FROM (
            SELECT at - lag(at) OVER (PARTITION BY feed_id ORDER BY at) AS gap FROM polls
            UNION ALL SELECT now() - max(at) FROM polls GROUP BY feed_id) AS t""",
    )
    return float(seconds)


def bare(name: str, port: int, hosts: int, polls: int) -> float:
    """Milliseconds of CPU for a poll of a bare client."""
    command = [sys.executable, "-m", "bench.pollers", name, str(port), str(hosts), str(polls), str(IN_FLIGHT)]
    told = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    return 1000 * float(told["cpu"]) / int(told["polls"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.polling", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hosts", type=int, default=10_000)
    parser.add_argument("--interval", type=int, default=90)
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--changing", type=int, default=10, help="one host in so many never says 304; 0: none")
    parser.add_argument("--json", action="store_true")
    given, say = parser.parse_args(), Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix="kliping-bench-", dir="/tmp") as name,
        origins(given.changing) as (pid, port),
    ):
        Path(name).chmod(0o755)
        server = EmbeddedPostgres(load({"KLIPING_DATA_DIR": name}))
        dsn = server.start()
        try:
            prepare(dsn, port, given.hosts, given.interval)
            ours = poll(given, dsn, Path(name), {pid}, say)
        finally:
            server.stop()
        arms = [arm for arm in ARMS if find_spec(arm)]  # aiohttp comes with the bench extra
        others = {arm: bare(arm, port, given.hosts, min(10_000, ours.polls)) for arm in arms}
    if given.json:
        print(json.dumps({**asdict(ours), "per_poll": ours.per_poll, "cores": ours.cores, "bare": others}, indent=2))
    else:
        _print(ours, others)
    return 0 if ours.latest <= LATE else 1


def _print(ours: Polled, others: dict[str, float]) -> None:
    table = Table("", "CPU ms a poll", "kliping, times as much")
    table.add_row("kliping, all it does", f"{ours.per_poll:.2f}", "")
    for name, cost in others.items():
        table.add_row(f"bare {name}", f"{cost:.2f}", f"{ours.per_poll / cost:.2f}")
    table.add_row("Postgres", f"{1000 * ours.postgres / ours.polls:.2f}", "")
    console = Console()
    console.print(table)
    console.print(
        f"{ours.polls} polls of {ours.hosts} feeds in {ours.seconds:.0f} s, {ours.unchanged} unchanged; "
        f"longest gap {ours.latest:.2f} intervals; {100 * ours.cores:.0f} % of one core with Postgres"
    )


if __name__ == "__main__":
    os.environ.pop("KLIPING_DATABASE_URL", None)
    raise SystemExit(main())
