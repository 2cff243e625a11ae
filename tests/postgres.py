"""A throw-away cluster from the wheel's binaries, started by the launcher that the service itself uses."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Self

import psycopg
from psycopg.conninfo import make_conninfo

from db.embedded import EmbeddedPostgres
from db.migrate import upgrade
from kliping.settings import Settings

PG15 = Path("/usr/lib/postgresql/15/bin")  # the oldest we promise; tested where it is installed
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
TEMPLATE = "template_kliping"


class Cluster:
    """One Postgres with a migrated template, made on first use; databases are copied from it in some 20 ms.

    It lies directly under /tmp: pytest's own folders are closed to the user Postgres runs as when we are root.
    """

    def __init__(self, pg_bin: Path | None = None, **options: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kliping-test-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.server = EmbeddedPostgres(
            Settings(data_dir=self.folder, pg_bin=pg_bin), options={**FAST, **options}, quick=True
        )
        self.dsn = ""
        self._numbers = itertools.count(1)
        self._has_template = False

    def __enter__(self) -> Self:
        self.dsn = self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def crash(self) -> None:
        """End the server as a crash would; `server.revive` starts it again."""
        child = self.server._child
        assert child is not None
        child.send_signal(signal.SIGQUIT)
        child.wait(10)

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(statement)

    def database_dsn(self, name: str, **others: str) -> str:
        return make_conninfo(self.dsn, dbname=name, **others)

    def create(self, template: str = TEMPLATE) -> str:
        """The name of a fresh database; `template0` makes an empty one."""
        if template == TEMPLATE and not self._has_template:
            self.execute(f"CREATE DATABASE {TEMPLATE}")
            upgrade(self.database_dsn(TEMPLATE))
            self._has_template = True
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
