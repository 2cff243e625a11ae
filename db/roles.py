"""The role `kliping_reader`: it reads the views of `v1` and nothing else.

It gets no password: over a network nobody logs in as it until an administrator sets one. Roles belong to the whole
cluster, so upgrades of two databases may meet here, beyond each other's locks: what exists is left, what collides is
tried again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from psycopg import sql
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

READER = "kliping_reader"
READER_CONNECTIONS = 10
READER_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "search_path": "v1",
}
LARGE_OBJECTS = ("lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid, bytea)")
_COLLISIONS = ("42710", "23505", "XX000")  # duplicate_object, unique_violation, "tuple concurrently updated"
_TRIES = 10

_REFUSALS = ("42501", "42704")  # insufficient_privilege; undefined_object: there is no such role yet

_STATE = """
SELECT
    r.rolname IS NOT NULL AS exists,
    COALESCE(me.rolsuper OR me.rolcreaterole, false) AS may_role,
    pg_has_role(current_user, d.datdba, 'USAGE') AND pg_has_role(current_user, p.nspowner, 'USAGE') AS may_database,
    me.rolsuper AS may_functions,
    COALESCE(r.rolcanlogin AND r.rolconnlimit = :connections
        AND NOT (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)
        AND COALESCE(r.rolconfig, '{}') @> CAST(:settings AS text[]), false) AS role,
    NOT EXISTS (
        SELECT FROM aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) AS acl
        WHERE acl.grantee = 0 AND acl.privilege_type = 'TEMPORARY'
        UNION ALL
        SELECT FROM aclexplode(p.nspacl) AS acl WHERE acl.grantee = 0 AND acl.privilege_type = 'CREATE'
    ) AS database,
    NOT EXISTS (
        SELECT FROM pg_proc AS f, aclexplode(COALESCE(f.proacl, acldefault('f', f.proowner))) AS acl
        WHERE acl.grantee = 0 AND f.oid = ANY (CAST(:functions AS regprocedure[]))
    ) AS functions,
    COALESCE(has_schema_privilege(r.oid, v.oid, 'USAGE'), false) AND NOT EXISTS (
        SELECT FROM pg_class AS c
        WHERE c.relnamespace = v.oid AND c.relkind = 'v' AND NOT has_table_privilege(r.oid, c.oid, 'SELECT')
    ) AS views,
    d.datname AS name
FROM pg_database AS d
JOIN pg_roles AS me ON me.rolname = current_user
JOIN pg_namespace AS v ON v.nspname = 'v1'
JOIN pg_namespace AS p ON p.nspname = 'public'
LEFT JOIN pg_roles AS r ON r.rolname = :reader
WHERE d.datname = current_database()
"""


def grant_reader(connection: Connection) -> str:
    """Make the role and its grants as far as this user may. Returns the SQL that is left for an administrator.

    Commits. Run again, it changes nothing.
    """
    for attempt in range(_TRIES):
        try:
            left = _grant(connection)
            connection.commit()
            return left
        except DBAPIError as error:
            connection.rollback()
            if _state(error) not in _COLLISIONS or attempt == _TRIES - 1:
                raise
            time.sleep(0.02 * (attempt + 1))
    raise AssertionError("the last attempt returns or raises")


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _grant(connection: Connection) -> str:
    settings = [f"{name}={value}" for name, value in READER_SETTINGS.items()]
    values = {
        "reader": READER,
        "connections": READER_CONNECTIONS,
        "settings": settings,
        "functions": list(LARGE_OBJECTS),
    }
    now = connection.execute(text(_STATE), values).one()
    groups = (
        (now.role, now.may_role, list(_role(exists=now.exists))),
        (now.database, now.may_database, list(_database(now.name))),
        (now.functions or not now.may_functions, True, list(_functions())),
        (now.views, now.exists or now.may_role, list(_views())),
    )
    left = [
        statement.as_string() + ";\n"
        for done, allowed, statements in groups
        if not done and not (allowed and _run(connection, statements))
        for statement in statements
    ]
    return "".join(left)


def _run(connection: Connection, statements: list[sql.Composable]) -> bool:
    """Whether all of them were allowed; when one was not, none was done."""
    try:
        with connection.begin_nested():
            for statement in statements:
                connection.exec_driver_sql(statement.as_string(), execution_options={"no_parameters": True})
    except DBAPIError as error:
        if _state(error) in _REFUSALS:
            return False
        raise
    return True


def _role(*, exists: bool) -> Iterator[sql.Composable]:
    reader, limit = sql.Identifier(READER), sql.Literal(READER_CONNECTIONS)
    if not exists:
        yield sql.SQL("CREATE ROLE {}").format(reader)  # a fresh role has no power to take away
    yield sql.SQL("ALTER ROLE {} LOGIN CONNECTION LIMIT {}").format(reader, limit)
    if exists:
        powers = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
        yield sql.SQL("ALTER ROLE {} " + powers).format(reader)
    for name, value in READER_SETTINGS.items():
        yield sql.SQL("ALTER ROLE {} SET {} = {}").format(reader, sql.Identifier(name), sql.Literal(value))


def _database(name: str) -> Iterator[sql.Composable]:
    """Everybody may make temporary tables by default, before Postgres 15 also tables: either could fill the disk."""
    yield sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name))
    yield sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def _functions() -> Iterator[sql.Composable]:
    """Everybody may make large objects, another way to fill the disk. Only a superuser can forbid it: where there is
    none, as on managed servers, it stays so.
    """
    for name in LARGE_OBJECTS:
        yield sql.SQL("REVOKE EXECUTE ON FUNCTION pg_catalog.{} FROM PUBLIC").format(sql.SQL(name))


def _views() -> Iterator[sql.Composable]:
    reader = sql.Identifier(READER)
    yield sql.SQL("GRANT USAGE ON SCHEMA v1 TO {}").format(reader)
    yield sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA v1 TO {}").format(reader)
