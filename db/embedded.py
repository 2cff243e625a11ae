"""A private Postgres for one machine: started by us, reached over a unix socket, gone when its owner is gone.

    <data_dir>/pgdata        the cluster, made by initdb
    <data_dir>/run           the socket (in the temporary folder when the path would be too long)
    <data_dir>/owner.lock    held by the one process that owns the server; says who it is
    <data_dir>/dsn           how the others attach, written once the server answers
    <data_dir>/postgres.log  what the server says; the one before it ends in .1

The owner's death, however sudden, shuts the server down (see db/pgchild.py). `postmaster.pid` is never believed: a
process id is reused, in containers within seconds. What counts is the lock, a connection that answers, and whether a
live process sits in the data folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from db import pgbinaries, pgchild, pgmove
from kliping.errors import DatabaseError
from kliping.settings import Settings

USER = DATABASE = "kliping"
SOCKET_PATH_LIMIT = 103  # bytes; sun_path holds 107 on Linux, 103 on macOS
SOCKET_NAME = ".s.PGSQL.5432"
LOG_LIMIT = 10 * 1024 * 1024
RESTART_PATIENCE = 15.0  # seconds for the processes of an earlier server to leave the data folder
FAST_STOP, IMMEDIATE_STOP = 20.0, 10.0  # seconds before the next harder signal
POLL = 0.05
ROOM_TO_START = 1024 * 1024  # bytes


class EmbeddedPostgres:
    """The server under `settings.data_dir`. `start` owns it, `attach_or_start` takes what is there.

    A service calls `start`: an owner that ends takes the server with it, so it must not lean on a short command's.
    `options` are server settings (-c), `quick` leaves out the syncs of initdb; both are for tests.
    """

    def __init__(self, settings: Settings, *, options: Mapping[str, str] | None = None, quick: bool = False) -> None:
        self._settings = settings
        self._options = dict(options or {})
        self._quick = quick
        self.data_dir = settings.data_dir.absolute()
        self.data = self.data_dir / "pgdata"
        self.pid: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self, patience: float = 60.0, waiting: Callable[[str], object] = lambda said: None) -> str:
        """Own the server and return its DSN. Waits `patience` seconds for another owner to end, and says so at once.

        Recovery after a crash takes as long as it takes. Raises DatabaseError with one line that says what to do.
        """
        deadline, told = time.monotonic() + patience, False
        while not self._take_lock():
            if time.monotonic() > deadline:
                raise DatabaseError(f"the embedded Postgres in {self.data_dir} is in use by {self._owner()}")
            if not told:
                waiting(f"{self.data_dir} is in use by {self._owner()}; waiting up to {patience:g} s for it to end")
                told = True
            time.sleep(POLL)
        return self._start_owned()

    def attach_or_start(self, patience: float = 60.0) -> str:
        """The DSN of the running server, or of our own when nobody owns one. `stop` ends only our own."""
        deadline = time.monotonic() + patience
        while not self._take_lock():
            dsn = self._recorded_dsn()
            if dsn is not None and _answers(dsn):
                return dsn
            if time.monotonic() > deadline:
                raise DatabaseError(f"{self._owner()} holds {self.data_dir} but its Postgres does not answer")
            time.sleep(POLL)
        return self._start_owned()

    def revive(self) -> bool:
        """Start our server again if it has died, say killed for want of memory; True when that was needed.

        To be called from the main thread, now and then; the DSN stays. Raises DatabaseError when it does not start.
        """
        if self._child is None or self._child.poll() is None:
            return False
        self._start_locked()
        return True

    def stop(self) -> None:
        """Shut our server down: fast, after 20 s immediately. Does nothing for one that is somebody else's."""
        try:
            if self._child is not None:
                _end(self._child)
        finally:
            self._child = self.pid = None
            self._release_lock()

    # --- one owner ----------------------------------------------------------------------------------------------------

    def _take_lock(self) -> bool:
        if self._lock is None:
            self._lock = self._try_lock()
        return self._lock is not None

    def _try_lock(self) -> int | None:
        try:
            _make_folder(self.data_dir)
            descriptor = os.open(self.data_dir / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DatabaseError(f"KLIPING_DATA_DIR {self.data_dir} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._dsn_file.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def _owner(self) -> str:
        try:
            return (self.data_dir / "owner.lock").read_text("utf-8").strip() or "another process"
        except OSError:
            return "another process"

    @property
    def _dsn_file(self) -> Path:
        return self.data_dir / "dsn"

    def _recorded_dsn(self) -> str | None:
        try:
            return self._dsn_file.read_text("utf-8").strip() or None
        except OSError:
            return None

    # --- start --------------------------------------------------------------------------------------------------------

    def _start_owned(self) -> str:
        try:
            return self._start_locked()
        except OSError as error:
            self.stop()
            raise DatabaseError(f"the embedded Postgres in {self.data_dir}: {error.strerror or error}") from error
        except BaseException:
            self.stop()
            raise

    def _start_locked(self) -> str:
        if threading.current_thread() is not threading.main_thread():
            raise DatabaseError("the embedded Postgres must be started from the main thread: it ends with its thread")
        self._say_who_owns()
        account = pgbinaries.database_account(self.data)
        if account is not None and not pgbinaries.reachable(self.data_dir, account):
            raise DatabaseError(f"user {account.name} cannot reach {self.data_dir}; set KLIPING_DATA_DIR elsewhere")
        binaries = pgbinaries.runnable_bin(pgbinaries.find_bin(self._settings), account, self.data_dir)
        socket_dir = self._socket_dir(account)
        self._require_same_major(binaries, account, socket_dir)
        self._open_log()
        if not self.data.exists():
            self._initdb(binaries, account)
        self._launch_patiently(binaries, account, socket_dir)
        return self._record(socket_dir)

    def _say_who_owns(self) -> None:
        assert self._lock is not None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"process {os.getpid()} ({Path(sys.argv[0]).name})\n".encode(), 0)
        self._dsn_file.unlink(missing_ok=True)

    def _record(self, socket_dir: Path) -> str:
        maintenance = _dsn(socket_dir, "postgres")
        with psycopg.connect(maintenance, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        dsn = _dsn(socket_dir, DATABASE)
        partial = self._dsn_file.with_suffix(".partial")
        partial.write_text(dsn + "\n", "utf-8")
        partial.replace(self._dsn_file)
        return dsn

    def _require_same_major(self, binaries: Path, account: pgbinaries.Account | None, socket_dir: Path) -> None:
        record = self.data / "PG_VERSION"
        if not record.exists():
            return
        made = int(record.read_text("utf-8"))
        if made != pgbinaries.major_of(binaries):
            raise DatabaseError(pgmove.instructions(self.data, made, binaries, account, socket_dir, USER))

    def _open_log(self) -> None:
        log = self.data_dir / "postgres.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        self._log = log

    def _initdb(self, binaries: Path, account: pgbinaries.Account | None) -> None:
        """Make the cluster aside and rename it: one that was interrupted is thrown away, never started."""
        partial = self.data.with_name("pgdata.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        _give(partial, account)
        words = [str(binaries / "initdb"), "-D", str(partial), "-U", USER, "--auth=trust", "--encoding=UTF8"]
        words += ["--data-checksums", *(["--no-sync"] if self._quick else [])]
        said = self._run([*words, "--locale=C.UTF-8"], account)
        if said is not None and "invalid locale" in said:  # macOS and old systems lack it
            said = self._run([*words, "--locale=C"], account)
        if said is not None:
            raise DatabaseError(f"initdb in {self.data_dir} failed: {self._reason(said)}")
        partial.rename(self.data)

    def _run(self, words: Sequence[str], account: pgbinaries.Account | None) -> str | None:
        """Run to the end; None when it went well, else what it said."""
        done = subprocess.run(  # noqa: S603
            _as_child(words, account), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=_environment(), check=False, start_new_session=True,
        )  # fmt: skip
        return None if done.returncode == 0 else done.stdout.decode("utf-8", "replace")

    def _socket_dir(self, account: pgbinaries.Account | None) -> Path:
        """A folder of mode 0700: with auth trust, whoever reaches the socket is the database's owner."""
        folder = self.data_dir / "run"
        if len(os.fsencode(folder / SOCKET_NAME)) > SOCKET_PATH_LIMIT:
            mark = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]
            base = Path(tempfile.gettempdir())
            base = base if len(os.fsencode(base)) < SOCKET_PATH_LIMIT - 40 else Path("/tmp")  # noqa: S108
            folder = base / f"kliping-{mark}"
        if not folder.exists():
            folder.mkdir(mode=0o700)
            _give(folder, account)
        info, owner = folder.lstat(), account.uid if account else os.geteuid()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != owner or stat.S_IMODE(info.st_mode) != 0o700:
            raise DatabaseError(f"{folder} must be a folder of user id {owner} with mode 0700; remove it")
        return folder

    def _launch_patiently(self, binaries: Path, account: pgbinaries.Account | None, socket_dir: Path) -> None:
        """Start, and start again while the last server's processes are leaving or its lock file is left over."""
        deadline = time.monotonic() + RESTART_PATIENCE
        while True:
            said = self._launch(binaries, account, socket_dir)
            if said is None:
                return
            if not re.search(r'lock file "postmaster.pid" already exists|shared memory block', said):
                raise DatabaseError(f"the embedded Postgres does not start: {self._reason(said)} (see {self._log})")
            inside = processes_in(self.data)
            if not inside:  # dead, a zombie, or a stranger who was given the number
                (self.data / "postmaster.pid").unlink(missing_ok=True)
            elif time.monotonic() > deadline:
                raise DatabaseError(f"another Postgres (process {inside[0]}) works in {self.data}; stop it first")
            time.sleep(POLL)

    def _launch(self, binaries: Path, account: pgbinaries.Account | None, socket_dir: Path) -> str | None:
        """Start the child and wait until it answers, without a limit while it lives. None, or its last words."""
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(socket_dir),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self._options,
        }
        words = [str(binaries / "postgres"), "-D", str(self.data), "-p", "5432"]
        for name, value in options.items():
            words += ["-c", f"{name}={value}"]
        with self._log.open("ab") as log:
            before = log.tell()
            self._child = subprocess.Popen(  # noqa: S603
                _as_child(words, account), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(),
                cwd=self.data_dir, start_new_session=True,  # else Ctrl-C would stop it before us
            )  # fmt: skip
        while self._child.poll() is None:
            if self._is_ours() and _answers(_dsn(socket_dir, "postgres")):
                self.pid = self._child.pid
                return None
            time.sleep(POLL)
        self._child = None
        with self._log.open("rb") as log:
            log.seek(before)
            return log.read().decode("utf-8", "replace")

    def _reason(self, said: str) -> str:
        """The line that matters in what initdb or postgres said; on a full disk it could not say much."""
        full = "No space left" in said or "Check free disk space" in said
        if full or shutil.disk_usage(self.data_dir).free < ROOM_TO_START:
            return "no space left on the device"
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "error:"))]
        return (telling or lines or ["no message"])[-1]

    def _is_ours(self) -> bool:
        """Whether the data folder's server is our child, not one that is about to leave."""
        assert self._child is not None
        try:
            return (self.data / "postmaster.pid").read_text("utf-8").split("\n")[0] == str(self._child.pid)
        except OSError:
            return False


def processes_in(data: Path) -> list[int]:
    """Live processes whose working folder is the data folder, as that of every Postgres process is."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(data.resolve()):
                found.append(process.pid)
        except psutil.Error:
            continue  # gone, or another user's: the data is ours, so such a one has no business in it
    return found


def _make_folder(folder: Path) -> None:
    """With its parents, and open to other users whatever the umask: root's server runs as another user."""
    for missing in reversed([place for place in (folder, *folder.parents) if not place.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(0o755)


def _dsn(socket_dir: Path, database: str) -> str:
    return f"postgresql://{USER}@/{database}?host={quote(str(socket_dir))}&port=5432"


def _answers(dsn: str) -> bool:
    """Whether a real connection is served."""
    try:
        with psycopg.connect(dsn, connect_timeout=5) as connection:
            return connection.execute("SELECT 1").fetchone() is not None
    except psycopg.OperationalError:
        return False


def _as_child(words: Sequence[str], account: pgbinaries.Account | None) -> list[str]:
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    return [sys.executable, "-I", "-S", str(pgchild.__file__), str(os.getpid()), str(uid), str(gid), *words]


def _environment() -> dict[str, str]:
    """Nothing of ours: no secrets, no PG* variables, messages in English so that we can read them."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _give(folder: Path, account: pgbinaries.Account | None) -> None:
    if account is not None:
        os.chown(folder, account.uid, account.gid)


def _end(child: subprocess.Popen[bytes]) -> None:
    for number, seconds in ((signal.SIGINT, FAST_STOP), (signal.SIGQUIT, IMMEDIATE_STOP), (signal.SIGKILL, 5.0)):
        if child.poll() is not None:
            return
        child.send_signal(number)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
