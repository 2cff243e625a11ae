"""`python -m tests.faults [ID] [--seed N] [--again]`: every fault at full size, one after the other, resumable.

What passed with a seed is remembered in `.chaos/` and not run again unless asked to, so that a run that was stopped
goes on where it was. Ends with 1 when a fault test failed or the time is up.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

HERE = Path(__file__).parent
STATE = HERE.parent.parent / ".chaos"
LIMIT = 45 * 60.0  # seconds
_TEST = re.compile(r"^(?:async )?def (test_(r\d\d)_\w+)\(", re.MULTILINE)

Done = dict[str, float]


def tests() -> dict[str, tuple[str, Path]]:
    """Fault id -> the name of its test and where it stands."""
    found = [(path, match) for path in sorted(HERE.glob("test_*.py")) for match in _TEST.finditer(path.read_text())]
    return {match[2].upper(): (match[1], path) for path, match in sorted(found, key=lambda pair: pair[1][2])}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("id", nargs="?", help="one fault, such as R01")
    parser.add_argument("--seed", type=int, help="the seed of an earlier run")
    parser.add_argument("--again", action="store_true", help="run what has passed, too")
    return parser.parse_args()


def main() -> int:
    given, console, known = arguments(), Console(), tests()
    wanted = [given.id.upper()] if given.id else list(known)
    if missing := [name for name in wanted if name not in known]:
        console.print(f"no fault {missing[0]}; there are {', '.join(known)}")
        return 2
    seed = given.seed if given.seed is not None else _last_seed() or random.randrange(10**6)
    done = {} if given.again else _read(seed)
    console.print(f"seed {seed}; {len(wanted)} faults, {sum(name in done for name in wanted)} passed before")
    deadline = time.monotonic() + LIMIT
    failed = [name for name in wanted if name not in done and not _run(name, known[name], seed, deadline, console)]
    if failed:
        console.print(f"[red]failed:[/] {', '.join(failed)}; again with: make chaos ID={failed[0]} SEED={seed}")
    return 1 if failed else 0


def _run(name: str, test: tuple[str, Path], seed: int, deadline: float, console: Console) -> bool:
    """Run one fault; True when it passed."""
    function, path = test
    began = time.monotonic()
    left = deadline - began
    if left <= 0:
        console.print(f"{name}  [yellow]not run: {LIMIT / 60:.0f} minutes are over; run again to go on[/]")
        return False
    command = [sys.executable, "-m", "pytest", "-q", "-x", str(path), "-k", function]
    with console.status(f"{name} {function}"):
        try:
            ended = subprocess.run(
                command,
                env={**os.environ, "CHAOS": "full", "CHAOS_SEED": str(seed)},
                timeout=left,
                capture_output=True,
                text=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            console.print(f"{name}  [red]not ended within the time[/]  {function}")
            return False
    seconds = time.monotonic() - began
    passed = ended.returncode == 0
    console.print(f"{name}  {'[green]passed[/]' if passed else '[red]failed[/]'} {seconds:6.1f} s  {function}")
    if passed:
        _write(seed, {**_read(seed), name: seconds})
    else:
        console.print(ended.stdout[-4000:], markup=False)
    return passed


def _last_seed() -> int | None:
    """The seed of a run that has not passed everything yet."""
    seeds = sorted(STATE.glob("*.json"), key=lambda path: path.stat().st_mtime)
    return int(seeds[-1].stem) if seeds and len(_read(int(seeds[-1].stem))) < len(tests()) else None


def _read(seed: int) -> Done:
    path = STATE / f"{seed}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _write(seed: int, done: Done) -> None:
    STATE.mkdir(exist_ok=True)
    (STATE / f"{seed}.json").write_text(json.dumps(done, indent=1))


if __name__ == "__main__":
    sys.exit(main())
