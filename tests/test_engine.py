"""One conninfo for everybody: every spelling of a URL is taken, ours are defaults, and no password is shown."""

from __future__ import annotations

import asyncio

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.engine import conninfo, make_engine, plain_dsn
from kliping.errors import DatabaseError
from kliping.settings import Settings


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("postgres://u:p@h:5/d", "postgresql://u:p@h:5/d"),
        ("postgresql://u@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require"),
        ("postgresql+psycopg://u:p@h/d", "postgresql://u:p@h/d"),
        ("postgresql+asyncpg://u@/d?host=/run/x\n", "postgresql://u@/d?host=/run/x"),
        ("host=/run/x dbname=d user=u", "host=/run/x dbname=d user=u"),
        ("dbname=d password=a://b", "dbname=d password=a://b"),
    ],
)
def test_every_spelling_of_a_url_is_taken(given, plain):
    assert plain_dsn(given) == plain


@pytest.mark.parametrize("wrong", ["mysql://u:geheim@h/d", "geheim", "postgresql://u:geheim@h/d?nonsense=1"])
def test_a_url_that_cannot_be_read_is_not_repeated(wrong):
    with pytest.raises(DatabaseError, match="the database URL cannot be read") as refused:
        plain_dsn(wrong)
    assert "geheim" not in str(refused.value)


def test_what_the_url_says_wins():
    url = "postgresql://u@h/d?application_name=mine&connect_timeout=9&options=-c%20statement_timeout%3D1h"
    found = conninfo_to_dict(conninfo(url, Settings()))
    assert (found["application_name"], found["connect_timeout"]) == ("mine", "9")
    assert found["options"].endswith("-c idle_in_transaction_session_timeout=30.000s -c statement_timeout=1h")


async def test_settings_reach_the_session(dsn):
    engine = make_engine(dsn, Settings(statement_timeout=0.05))
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError, match="statement timeout"):
            await connection.execute(text("SELECT pg_sleep(5)"))
    await engine.dispose()


async def test_errors_and_names_hold_no_values_and_no_password(dsn):
    engine = make_engine(dsn + " password=geheim", Settings())
    assert "geheim" not in repr(engine)
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as failed:
            await connection.execute(text("SELECT CAST(:body AS text) FROM nowhere"), {"body": "isi berita"})
    assert "isi berita" not in str(failed.value)
    await engine.dispose()


async def test_a_pool_is_bounded_and_survives_cut_connections(dsn):
    engine = make_engine(dsn, Settings(), pool=2)
    engine.pool._timeout = 0.05
    first, second = await asyncio.gather(engine.connect(), engine.connect())
    with pytest.raises(PoolTimeout):
        await engine.connect()
    await first.close()
    await second.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                              " AND datname = current_database()"))  # fmt: skip
    await second.close()
    both = await asyncio.gather(engine.connect(), engine.connect())
    for connection in both:
        assert await connection.scalar(text("SELECT 1")) == 1
        await connection.close()
    await engine.dispose()


async def test_without_prepared_statements_the_server_keeps_none(dsn):
    engine = make_engine(dsn, Settings(), prepare_threshold=None)
    async with engine.connect() as connection:
        for _ in range(10):
            await connection.execute(text("SELECT count(*) FROM hosts"))
        assert await connection.scalar(text("SELECT count(*) FROM pg_prepared_statements")) == 0
    await engine.dispose()
