"""What to tell the owner of data that another major version of Postgres made: commands to paste into a shell."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from db import pgbinaries
from db.pgbinaries import Account


def instructions(data: Path, made: int, binaries: Path, account: Account | None, sockets: Path, user: str) -> str:
    """Why the data cannot be opened, and its dump with the old binaries and restore with ours, roles included.

    The old folder is put aside, not removed.
    """
    ours = pgbinaries.major_of(binaries)
    old = pgbinaries.find_major(made) or Path(f"/usr/lib/postgresql/{made}/bin")
    why = f"{data} was made by Postgres {made}; the binaries in {binaries} are {ours}."
    choice = f"Set KLIPING_PG_BIN to Postgres {made}'s binaries, or move the data once by dump and restore:"
    there, aside, dump = (quote(str(path)) for path in (data, f"{data}-{made}", data.with_name(f"dump-{made}.sql")))
    reach, log = f"-h {quote(str(sockets))} -U {user}", quote(f"{sockets}/move.log")
    prefix = f"runuser -u {account.name} -- " if account else ""

    def run(folder: Path, words: str) -> str:
        return f"{prefix}{quote(str(folder))}/{words}"

    start = f"""pg_ctl -w -s -D {there} -l {log} -o "-c listen_addresses= -k '{sockets}'" start"""
    stop = f"pg_ctl -w -s -D {there} stop"
    commands = (
        run(old, start),
        run(old, f"pg_dumpall {reach} > {dump}"),
        run(old, stop),
        f"mv {there} {aside}",
        f"install -d -m 700 {f'-o {account.name} ' if account else ''}{there}",
        run(binaries, f"initdb -D {there} -U {user} --auth=trust --encoding=UTF8 --locale=C.UTF-8 > /dev/null"),
        run(binaries, start),
        run(binaries, f"psql -q {reach} -d postgres -f {dump}"),
        run(binaries, stop),
    )
    return "\n".join((f"{why} {choice}", *(f"  {command}" for command in commands)))
