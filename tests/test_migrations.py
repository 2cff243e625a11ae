"""A migrated database is what db/schema.py says, on our Postgres and on the oldest we promise; upgrades take turns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, text

from db import migrate
from db.schema import Base
from kliping.errors import DatabaseError

CATALOG = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attstorage,
               a.attcompression, a.attcollation, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
              AND NOT a.attisdropped""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "relations": """
        SELECT relname, relkind, relpersistence, reloptions FROM pg_class
        WHERE relnamespace = 'public'::regnamespace""",
}


@pytest.fixture
def bare_dsn(bare_cluster):
    name = bare_cluster.create("template0")
    yield bare_cluster.database_dsn(name)
    bare_cluster.drop(name)


def sync_engine(dsn):
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)


def catalog(dsn):
    with psycopg.connect(dsn) as connection:
        rows = {what: connection.execute(query).fetchall() for what, query in CATALOG.items()}
    return {
        what: sorted(row for row in map(str, found) if "alembic_version" not in row) for what, found in rows.items()
    }


def marks(dsn):
    """Every row of the catalogs that an upgrade writes, with the transaction that wrote it."""
    tables = ("pg_class", "pg_namespace", "pg_proc", "pg_attribute", "pg_authid", "pg_database", "pg_description")
    with psycopg.connect(dsn) as connection:
        found = [connection.execute(f"SELECT xmin, ctid FROM {table} ORDER BY ctid").fetchall() for table in tables]
        return [*found, connection.execute("SELECT xmin, * FROM alembic_version").fetchall()]


def test_migrated_is_what_the_schema_says(bare_cluster, bare_dsn):
    migrate.upgrade(bare_dsn)
    with sync_engine(bare_dsn).connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
    other = bare_cluster.create("template0")
    with sync_engine(bare_cluster.database_dsn(other)).begin() as connection:
        Base.metadata.create_all(connection)
    expected, found = catalog(bare_cluster.database_dsn(other)), catalog(bare_dsn)
    bare_cluster.drop(other)
    assert len(expected["columns"]) > 80
    assert found == expected


def test_page_bodies_are_not_compressed_again(dsn):
    with psycopg.connect(dsn) as connection:
        query = "SELECT attstorage FROM pg_attribute WHERE attrelid = 'pages'::regclass AND attname = 'body'"
        assert connection.execute(query).fetchone() == ("e",)


def test_the_second_upgrade_changes_nothing(bare_dsn):
    assert not migrate.is_current(bare_dsn)
    assert migrate.upgrade(bare_dsn) == ""
    assert migrate.is_current(bare_dsn)
    before = marks(bare_dsn)
    assert migrate.upgrade(bare_dsn) == ""
    assert marks(bare_dsn) == before


def test_upgrades_at_the_same_time_wait_for_each_other(bare_dsn):
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(migrate.upgrade, [bare_dsn] * 4)) == [""] * 4
    assert migrate.is_current(bare_dsn)


def test_another_procrastinate_makes_the_queue_anew(dsn):
    with psycopg.connect(dsn) as connection:
        connection.execute("COMMENT ON SCHEMA queue IS 'procrastinate 0.1'")
        connection.execute("CREATE TABLE queue.left_over ()")
    assert not migrate.is_current(dsn)
    migrate.upgrade(dsn)
    assert migrate.is_current(dsn)
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT to_regclass('queue.left_over')").fetchone() == (None,)


async def test_the_queue_is_found_without_its_schema(engine):
    async with engine.connect() as connection:
        table = await connection.scalar(text("SELECT CAST('procrastinate_jobs' AS regclass)::text"))
        assert table == "procrastinate_jobs"
        query = (
            "SELECT count(*) FROM pg_proc WHERE proname LIKE 'procrastinate%' AND pronamespace <> 'queue'::regnamespace"
        )
        assert await connection.scalar(text(query)) == 0


def test_every_column_of_the_read_contract_is_explained(dsn):
    with psycopg.connect(dsn) as connection:
        query = """
            SELECT attname FROM pg_attribute
            WHERE attrelid = 'v1.articles'::regclass AND attnum > 0 AND col_description(attrelid, attnum) IS NULL"""
        assert connection.execute(query).fetchall() == []
        assert len(connection.execute("SELECT * FROM v1.articles").description) == 24


def test_changed_views_are_applied_again(dsn):
    with psycopg.connect(dsn) as connection:
        connection.execute("DROP SCHEMA v1 CASCADE")
    assert not migrate.is_current(dsn)
    migrate.upgrade(dsn)
    assert migrate.is_current(dsn)


def test_a_database_of_a_later_release_is_left_alone(dsn):
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseError, match="another release") as refused:
        migrate.upgrade(dsn)
    assert "\n" not in str(refused.value)


def test_an_old_server_is_refused(dsn, monkeypatch):
    monkeypatch.setattr(migrate, "LEAST_SERVER", 990000)
    with pytest.raises(DatabaseError, match="needs Postgres 15 or later; this server is 1") as refused:
        migrate.upgrade(dsn)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "dsn",
    ["postgresql://kliping:geheim@127.0.0.1:1/kliping", "postgres://kliping:geheim@127.0.0.1:x/y", "mysql://geheim"],
)
def test_a_server_that_is_not_there_is_one_line_without_password(dsn):
    with pytest.raises(DatabaseError) as refused:
        migrate.upgrade(dsn)
    assert "\n" not in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_a_busy_table_stops_the_upgrade_within_its_lock_timeout(dsn, monkeypatch):
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "100ms")
    with psycopg.connect(dsn) as reader:
        reader.execute("SELECT * FROM v1.articles")
        with psycopg.connect(dsn, autocommit=True) as writer:
            writer.execute("COMMENT ON SCHEMA v1 IS 'older'")
        with pytest.raises(DatabaseError, match="lock timeout"):
            migrate.upgrade(dsn)
    migrate.upgrade(dsn)
    assert migrate.is_current(dsn)
