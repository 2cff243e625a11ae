"""Bring a database to this release: tables, then the queue, then the read contract and its role.

    lock (one upgrade at a time) -> alembic to head -> procrastinate in schema `queue` -> db/views.sql -> kliping_reader

Each alembic migration is a transaction of its own. The queue is disposable: when the installed procrastinate is another
than the one in the database, schema `queue` is dropped and made anew. Nothing is lost by it, since a lease runs out and
its host is dispatched again. The views are applied whenever the file differs from what the database has; a migration
that changes a column they read drops them first.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata, resources
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from procrastinate.schema import SchemaManager
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from db.engine import plain_dsn
from db.roles import grant_reader
from kliping.errors import DatabaseError

LOCK = 0x6B6C6970696E67  # "kliping"
LEAST_SERVER = 150000
LOCK_TIMEOUT = "2s"  # a migration that cannot have its lock by then lets the service go on, and is run again
STATEMENT_TIMEOUT = "15min"
PATIENCE = 600.0  # seconds to wait for another upgrade
SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(dsn: str) -> str:
    """Bring the database to this release; on one that is there already, nothing changes.

    Returns the SQL an administrator must run because this user may not (roles, grants on the database), "" when there
    is none. Raises DatabaseError with one line. Alembic keeps its state in module globals: not for two threads at once
    on two databases.
    """
    with _connected(dsn) as connection, _alone(connection):
        _to_head(connection)
        _install_queue(connection)
        _apply_views(connection)
        return grant_reader(connection)


def is_current(dsn: str) -> bool:
    """Whether the database is what this release wants. Raises DatabaseError when it cannot be reached."""
    with _connected(dsn) as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
        if set(heads) != set(ScriptDirectory.from_config(_config()).get_heads()):
            return False
        return _comment(connection, "queue") == _queue_mark() and _comment(connection, "v1") == _views_mark()


@contextmanager
def _connected(dsn: str) -> Iterator[Connection]:
    options = f"-c search_path=public -c timezone=UTC -c lock_timeout={LOCK_TIMEOUT}"
    options += f" -c statement_timeout={STATEMENT_TIMEOUT}"
    given = conninfo_to_dict(plain_dsn(dsn))
    given["options"] = f"{given.get('options') or ''} {options}".strip()
    complete = make_conninfo("", **{"connect_timeout": "10", "application_name": "kliping-upgrade", **given})
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(complete), poolclass=NullPool, hide_parameters=True
    )
    try:
        with engine.connect() as connection:
            _require_server(connection)
            yield connection
    except DBAPIError as error:
        raise DatabaseError(f"the database refuses: {_line(error.orig)}") from error
    except CommandError as error:
        raise DatabaseError(f"the database belongs to another release of kliping: {_line(error)}") from error


def _line(error: BaseException | None) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _require_server(connection: Connection) -> None:
    number = int(connection.scalar(text("SHOW server_version_num")) or 0)
    connection.rollback()
    if number < LEAST_SERVER:
        raise DatabaseError(f"kliping needs Postgres 15 or later; this server is {number // 10000}")


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Hold the upgrade's lock. Asked for again and again: a blocked request would keep a snapshot open meanwhile."""
    deadline = time.monotonic() + PATIENCE
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}):
        connection.rollback()
        if time.monotonic() > deadline:
            raise DatabaseError("another upgrade of this database does not end")
        time.sleep(0.1)
    connection.commit()
    yield  # the lock ends with the session, which is ours alone


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _to_head(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()


def _comment(connection: Connection, schema: str) -> str | None:
    query = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :schema"
    found = connection.scalar(text(query), {"schema": schema})
    connection.rollback()
    return None if found is None else str(found)


def _execute(connection: Connection, script: str) -> None:
    """Run a script of several statements as it is: its percent signs are no parameters."""
    connection.exec_driver_sql(script, execution_options={"no_parameters": True})


def _queue_mark() -> str:
    return f"procrastinate {metadata.version('procrastinate')}"


def _install_queue(connection: Connection) -> None:
    if _comment(connection, "queue") == _queue_mark():
        return
    _execute(connection, "DROP SCHEMA IF EXISTS queue CASCADE; CREATE SCHEMA queue; SET LOCAL search_path = queue")
    _execute(connection, SchemaManager.get_schema())
    _execute(connection, f"COMMENT ON SCHEMA queue IS '{_queue_mark()}'")
    connection.commit()


def _views() -> str:
    return resources.files("db").joinpath("views.sql").read_text("utf-8")


def _views_mark() -> str:
    return f"kliping read contract {hashlib.sha256(_views().encode()).hexdigest()[:16]}"


def _apply_views(connection: Connection) -> None:
    if _comment(connection, "v1") == _views_mark():
        return
    _execute(connection, _views())
    _execute(connection, f"COMMENT ON SCHEMA v1 IS '{_views_mark()}'")
    connection.commit()
