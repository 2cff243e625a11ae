"""The embedded Postgres: no orphan, no loss, one owner, and a clear word when it cannot be."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from db import embedded, pgbinaries
from db.embedded import EmbeddedPostgres, processes_in
from kliping.errors import DatabaseError
from kliping.settings import Settings
from tests.postgres import PG15

ROOT = Path(__file__).resolve().parent.parent
FAST = {"fsync": "off"}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")
OWNER = """
import sys, time
from pathlib import Path
from db.embedded import EmbeddedPostgres
from kliping.settings import Settings
server = EmbeddedPostgres(Settings(data_dir=Path(sys.argv[1])), quick=True)
print(server.attach_or_start() if sys.argv[2] == "attach" else server.start(), flush=True)
sys.stdin.read()  # until we are told
server.stop()
"""


@contextmanager
def a_folder():
    """One that the user Postgres runs as can reach; whatever still runs in it is ended."""
    made = Path(tempfile.mkdtemp(prefix="kliping-test-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    for number in processes_in(made / "pgdata"):
        os.kill(number, signal.SIGKILL)
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def empty():
    with a_folder() as made:
        yield made


@pytest.fixture(scope="module")
def prepared():
    """A cluster that ran once; copying it is quicker than initdb."""
    with a_folder() as made:
        with server(made):
            pass
        yield made / "pgdata"


@pytest.fixture
def folder(prepared):
    """A data folder with a cluster in it that was shut down."""
    with a_folder() as made:
        subprocess.run(["cp", "-a", prepared, made / "pgdata"], check=True)
        yield made


def server(folder, **others):
    return EmbeddedPostgres(Settings(data_dir=folder, **others), options=FAST, quick=True)


def another_process(folder, how="own"):
    """Another program with the server, after it said the DSN."""
    child = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder), how],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return child, child.stdout.readline().strip()


def finish(child, number=None):
    if number is not None:
        child.send_signal(number)
    child.communicate(timeout=30)


def ask(dsn, statement):
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def eventually(true, seconds=20.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return False


def test_it_runs_as_a_plain_user_behind_a_closed_socket(empty):
    running = server(empty)
    with running as dsn:
        assert ask(dsn, "SHOW listen_addresses") == ""
        assert ask(dsn, "SHOW server_encoding") == "UTF8"
        assert ask(dsn, "SELECT lower('ÉÑ')") == "éñ"
        assert psutil.Process(running.pid).uids().effective not in (0,)
        assert stat.S_IMODE((empty / "run").stat().st_mode) == 0o700
        assert stat.S_IMODE((empty / "pgdata").stat().st_mode) == 0o700
    assert processes_in(empty / "pgdata") == []


def test_data_stays_between_runs(empty):
    with server(empty) as dsn:
        ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    with server(empty) as dsn:
        assert ask(dsn, "SELECT n FROM kept") == 7


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_owner_that_is_killed_leaves_no_server(folder, number):
    child, dsn = another_process(folder)
    ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    reader = psycopg.connect(dsn)  # a session in the middle of something does not hold it up
    reader.execute("SELECT * FROM kept")
    assert processes_in(folder / "pgdata")
    finish(child, number)
    assert eventually(lambda: not processes_in(folder / "pgdata"))
    reader.close()
    with server(folder) as dsn:
        assert ask(dsn, "SELECT n FROM kept") == 7


def test_a_new_owner_waits_for_the_last_ones_server_to_leave(folder):
    child, dsn = another_process(folder)
    ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    child.kill()
    child.wait()
    with server(folder) as dsn:  # at once: the old server is still shutting down
        assert ask(dsn, "SELECT n FROM kept") == 7
    child.communicate()


def test_a_killed_server_recovers_with_every_committed_row(folder):
    running = EmbeddedPostgres(Settings(data_dir=folder), quick=True)
    dsn = running.start()
    ask(dsn, "CREATE TABLE kept (n int)")
    for _ in range(20):
        ask(dsn, "INSERT INTO kept SELECT generate_series(1, 100)")
    os.kill(running.pid, signal.SIGKILL)
    running.stop()
    assert ask(running.start(), "SELECT count(*) FROM kept") == 2000
    running.stop()


def test_an_unrelated_process_with_the_old_number_does_not_matter(folder):
    with server(folder) as dsn:
        ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    owner = (folder / "pgdata").stat().st_uid
    stranger = subprocess.Popen(["sleep", "60"], user=owner if os.geteuid() == 0 else None)
    stale = folder / "pgdata" / "postmaster.pid"
    stale.write_text(f"{stranger.pid}\n{folder}/pgdata\n1\n5432\n{folder}/run\n\n  1 1\nready\n")
    os.chown(stale, owner, -1)
    try:
        with server(folder) as dsn:
            assert ask(dsn, "SELECT n FROM kept") == 7
    finally:
        stranger.kill()
        stranger.wait()


def test_a_second_process_attaches_and_leaves_the_server_running(folder):
    with server(folder) as dsn:
        child, attached = another_process(folder, "attach")
        assert attached == dsn
        finish(child)
        assert ask(dsn, "SELECT 1") == 1


def test_attaching_to_nobody_starts_one_and_ends_it(folder):
    first = server(folder)
    dsn = first.attach_or_start()
    assert ask(dsn, "SELECT 1") == 1
    first.stop()
    assert processes_in(folder / "pgdata") == []
    assert not (folder / "dsn").exists()


def test_a_service_wants_a_server_of_its_own_and_says_who_has_it(folder):
    child, _ = another_process(folder)
    said = []
    with pytest.raises(DatabaseError, match=rf"in use by process {child.pid} \(-c\)"):
        server(folder).start(patience=0.1, waiting=said.append)
    assert said == [f"{folder} is in use by process {child.pid} (-c); waiting up to 0.1 s for it to end"]
    threading.Timer(0.2, child.stdin.close).start()
    with server(folder) as dsn:  # waits for the other to end
        assert ask(dsn, "SELECT 1") == 1
    child.wait(timeout=30)
    child.stdout.close()


def test_two_starts_at_once_have_one_owner(empty):
    children = [subprocess.Popen([sys.executable, "-c", OWNER, str(empty), "attach"], cwd=ROOT, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True) for _ in range(3)]  # fmt: skip
    said = {child.stdout.readline() for child in children}
    postmasters = [n for n in processes_in(empty / "pgdata") if psutil.Process(n).ppid() in {c.pid for c in children}]
    for child in children:
        finish(child)
    assert len(said) == len(postmasters) == 1
    assert processes_in(empty / "pgdata") == []


def test_a_half_made_cluster_is_made_again(empty):
    (empty / "pgdata.partial").mkdir()
    (empty / "pgdata.partial" / "PG_VERSION").write_text("18\n")
    with server(empty) as dsn:
        assert ask(dsn, "SELECT 1") == 1
    assert not (empty / "pgdata.partial").exists()


def test_a_long_path_gets_a_short_socket(empty):
    deep = empty / ("d" * 60) / ("e" * 60)
    for _ in range(2):
        with server(deep) as dsn:
            assert ask(dsn, "SELECT 1") == 1
            socket_dir = Path(dsn.split("host=")[1].split("&")[0])
    assert len(str(socket_dir)) < 60
    assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    shutil.rmtree(socket_dir)


def test_a_socket_folder_of_somebody_else_is_refused(folder):
    (folder / "run").mkdir(mode=0o777)
    with pytest.raises(DatabaseError, match="must be a folder of user id"):
        server(folder).start()


def test_the_log_is_bounded(folder, monkeypatch):
    monkeypatch.setattr(embedded, "LOG_LIMIT", 1000)
    (folder / "postgres.log").write_text("old " * 1000)
    with server(folder):
        assert (folder / "postgres.log").stat().st_size < 4000
    assert (folder / "postgres.log.1").stat().st_size == 4000


def test_a_start_from_another_thread_is_refused(empty):
    said = []

    def start():
        try:
            server(empty).start()
        except DatabaseError as error:
            said.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert said == ["the embedded Postgres must be started from the main thread: it ends with its thread"]


def test_a_folder_that_cannot_be_is_one_line(empty):
    (empty / "file").write_text("")
    with pytest.raises(DatabaseError, match=r"KLIPING_DATA_DIR .*/file/data cannot be used: Not a directory$"):
        server(empty / "file" / "data").start()


@as_root
def test_a_folder_the_server_cannot_reach_is_one_line(empty):
    empty.chmod(0o700)
    with pytest.raises(DatabaseError, match=r"user \w+ cannot reach .*/data; set KLIPING_DATA_DIR elsewhere$"):
        server(empty / "data").start()


def test_a_server_that_does_not_start_says_why(folder):
    broken = EmbeddedPostgres(Settings(data_dir=folder), options={"shared_buffers": "nonsense"}, quick=True)
    with pytest.raises(DatabaseError, match=r'does not start: .*"shared_buffers": "nonsense" \(see .*postgres\.log\)'):
        broken.start()
    with server(folder) as dsn:  # and gave its lock back
        assert ask(dsn, "SELECT 1") == 1


def scripted(folder, initdb):
    """Our binaries, but with this for an initdb; REAL is the path of the true one."""
    found = pgbinaries.find_bin(Settings())
    folder.mkdir()
    (folder / "postgres").symlink_to(found / "postgres")
    (folder / "initdb").write_text(f"#!/bin/sh\nREAL={found}/initdb\n{initdb}\n")
    (folder / "initdb").chmod(0o755)
    return folder


def test_a_machine_without_the_utf8_locale_gets_c(empty):
    refuse = """case "$*" in *C.UTF-8*) echo 'initdb: error: invalid locale name "C.UTF-8"' >&2; exit 1;; esac"""
    with server(empty / "data", pg_bin=scripted(empty / "bin", f'{refuse}\nexec "$REAL" "$@"')) as dsn:
        assert ask(dsn, "SELECT datcollate FROM pg_database WHERE datname = 'kliping'") == "C"
        assert ask(dsn, "SHOW server_encoding") == "UTF8"


def test_a_full_disk_is_one_line(empty):
    script = "echo 'FATAL:  could not extend file: No space left on device'; echo 'PANIC:  Aborted'; exit 1"
    with pytest.raises(DatabaseError, match=r"initdb in /\S+ failed: no space left on the device$"):
        server(empty / "data", pg_bin=scripted(empty / "bin", script)).start()


@as_root
def test_binaries_in_a_closed_home_are_copied_and_the_home_stays_closed(empty):
    found = pgbinaries.find_bin(Settings())
    home = empty / "home"
    package = found.parent.parent
    for source in (package / found.parent.name, package.with_name(f"{package.name}.libs")):
        if source.exists():
            shutil.copytree(source, home / source.relative_to(package.parent), symlinks=True)
    home.chmod(0o700)
    theirs = home / package.name / found.parent.name / "bin"
    with server(empty / "data", pg_bin=theirs) as dsn:
        assert ask(dsn, "SELECT 1") == 1
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert (empty / "data" / "pgbin" / pgbinaries.version_of(theirs)).is_dir()


@pytest.mark.skipif(not PG15.exists(), reason="no Postgres 15 here")
def test_data_of_another_major_is_refused_with_commands_that_move_it(empty):
    with server(empty, pg_bin=PG15) as dsn:
        ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
        ask(dsn, "CREATE ROLE kliping_reader LOGIN")
    with pytest.raises(DatabaseError) as refused:
        server(empty).start()
    first, *commands = str(refused.value).splitlines()
    assert "was made by Postgres 15; the binaries in" in first
    script = "set -e\n" + "\n".join(commands)
    done = subprocess.run(["bash", "-c", script], cwd="/", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with server(empty) as dsn:
        assert ask(dsn, "SELECT n FROM kept") == 7
        assert ask(dsn, "SELECT count(*) FROM pg_roles WHERE rolname = 'kliping_reader'") == 1
    assert (empty / "pgdata-15" / "PG_VERSION").read_text() == "15\n"
    assert shlex.split(commands[0])


def a_bin(folder, version="17.2"):
    """A folder that looks like Postgres."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


def test_binaries_are_looked_for_in_order(empty, monkeypatch):
    monkeypatch.setattr(pgbinaries, "SYSTEM", empty / "usr")
    monkeypatch.setenv("PATH", str(empty / "path"))
    set_by_hand, old, new = (a_bin(empty / name) for name in ("mine", "usr/9/bin", "usr/16/bin"))
    assert pgbinaries.find_bin(Settings(pg_bin=set_by_hand)) == set_by_hand
    assert pgbinaries.find_bin(Settings()).parent.parent.name == pgbinaries.WHEEL[0]
    assert pgbinaries.WHEEL[0] not in sys.modules
    monkeypatch.setattr(pgbinaries, "WHEEL", ("no_such_wheel", "bin"))
    assert pgbinaries.find_bin(Settings()) == new
    named = a_bin(empty / "named")
    (empty / "path").mkdir()
    (empty / "path" / "pg_config").write_text(f"#!/bin/sh\necho {named}\n")
    (empty / "path" / "pg_config").chmod(0o755)
    assert pgbinaries.find_bin(Settings()) == named
    shutil.rmtree(empty / "path")
    shutil.rmtree(new)
    assert pgbinaries.find_bin(Settings()) == old
    shutil.rmtree(old)
    with pytest.raises(DatabaseError, match=r"no Postgres binaries: .* KLIPING_PG_BIN"):
        pgbinaries.find_bin(Settings())
    with pytest.raises(DatabaseError, match="KLIPING_PG_BIN: /nowhere does not hold postgres"):
        pgbinaries.find_bin(Settings(pg_bin=Path("/nowhere")))


def test_the_major_of_the_binaries_is_what_they_say(empty):
    assert pgbinaries.major_of(a_bin(empty / "a", "17.2")) == 17
    assert pgbinaries.version_of(a_bin(empty / "b", "18beta1")) == "18"
    with pytest.raises(DatabaseError, match="says no version"):
        pgbinaries.major_of(a_bin(empty / "c", "?"))
