"""`kliping_reader` reads the views and nothing else; what we may not do ourselves is handed over as SQL that works."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo
from sqlalchemy import NullPool, create_engine

from db.migrate import upgrade
from db.roles import READER, grant_reader

OFF = "SET default_transaction_read_only = off"  # a reader may say so: its rights must hold without it

ALLOWED = [
    "SELECT id, title, body FROM v1.articles",
    "SELECT count(*) FROM articles",  # its search path is v1
    "SELECT obj_description('v1.articles'::regclass)",
]
DENIED = [
    ("SELECT * FROM public.articles", errors.InsufficientPrivilege),
    ("SELECT * FROM public.hosts", errors.InsufficientPrivilege),
    ("SELECT * FROM public.pages", errors.InsufficientPrivilege),
    ("SELECT * FROM queue.procrastinate_jobs", errors.InsufficientPrivilege),
    ("SELECT queue.procrastinate_finish_job_v1(1, 'succeeded', true)", errors.InsufficientPrivilege),
    ("INSERT INTO public.hosts (name) VALUES ('x')", errors.InsufficientPrivilege),
    ("DELETE FROM v1.articles", errors.ObjectNotInPrerequisiteState),
    ("UPDATE v1.articles SET title = 'x'", errors.ObjectNotInPrerequisiteState),
    ("DROP VIEW v1.articles", errors.InsufficientPrivilege),
    ("CREATE TABLE v1.mine ()", errors.InsufficientPrivilege),
    ("CREATE TABLE public.mine ()", errors.InsufficientPrivilege),
    ("CREATE TEMPORARY TABLE mine ()", errors.InsufficientPrivilege),
    ("SELECT lo_create(0)", errors.InsufficientPrivilege),
    ("SELECT lo_from_bytea(0, 'x')", errors.InsufficientPrivilege),
    ("CREATE SCHEMA mine", errors.InsufficientPrivilege),
    ("CREATE ROLE mine", errors.InsufficientPrivilege),
    ("SET ROLE kliping", errors.InsufficientPrivilege),
    ("SELECT pg_read_file('PG_VERSION')", errors.InsufficientPrivilege),
    ("COPY v1.articles TO PROGRAM 'cat'", errors.InsufficientPrivilege),
    ("TRUNCATE public.articles", errors.InsufficientPrivilege),
]


@pytest.fixture
def upgraded(bare_cluster):
    """The name of a database that was upgraded by the cluster's owner."""
    name = bare_cluster.create("template0")
    assert upgrade(bare_cluster.database_dsn(name)) == ""
    yield name
    bare_cluster.drop(name)


@pytest.fixture
def owner(bare_cluster):
    """A plain user with a database of its own, on a cluster without the reader's role."""
    bare_cluster.execute("CREATE ROLE plain LOGIN")
    name = bare_cluster.create("template0")
    bare_cluster.execute(f"ALTER DATABASE {name} OWNER TO plain")
    forget_reader(bare_cluster)
    yield name
    bare_cluster.drop(name)
    bare_cluster.execute("DROP ROLE plain")


def forget_reader(cluster, *names):
    for name in names:
        with psycopg.connect(cluster.database_dsn(name), autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {READER}")
    cluster.execute(f"DROP ROLE IF EXISTS {READER}")


def as_reader(cluster, name):
    return psycopg.connect(cluster.database_dsn(name, user=READER), autocommit=True)


def test_the_reader_may_and_may_not(bare_cluster, upgraded):
    with as_reader(bare_cluster, upgraded) as connection:
        connection.execute(OFF)
        for statement in ALLOWED:
            connection.execute(statement)
        for statement, error in DENIED:
            with pytest.raises(error):
                connection.execute(statement)


def test_the_reader_is_read_only_and_limited_by_default(bare_cluster, upgraded):
    with as_reader(bare_cluster, upgraded) as connection:
        shown = [connection.execute(f"SHOW {name}").fetchone()[0] for name in (
            "default_transaction_read_only", "statement_timeout", "idle_in_transaction_session_timeout", "search_path",
        )]  # fmt: skip
        assert shown == ["on", "30s", "1min", "v1"]
        connection.execute("SET statement_timeout = '20ms'")
        with pytest.raises(errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(5)")


def test_ten_readers_and_no_more(bare_cluster, upgraded):
    readers = [as_reader(bare_cluster, upgraded) for _ in range(10)]
    with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
        as_reader(bare_cluster, upgraded)
    for reader in readers:
        reader.close()


def test_every_reader_sees_what_the_service_wrote(bare_cluster, upgraded):
    with psycopg.connect(bare_cluster.database_dsn(upgraded), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO articles (site, identity_key, body_sha256, title, body, body_from, extractor, created_at, "
            "updated_at) VALUES ('a.test', 'k', 'b', 'Judul', 'Isi', 'web', '1', now(), now())"
        )
    with as_reader(bare_cluster, upgraded) as connection:
        query = "SELECT title, body, captions, tags, feed_url FROM v1.articles"
        assert connection.execute(query).fetchall() == [("Judul", "Isi", [], [], None)]


def test_what_an_owner_may_not_is_returned_as_sql_that_works(bare_cluster, owner):
    dsn = bare_cluster.database_dsn(owner, user="plain")
    left = upgrade(dsn)
    assert left.startswith(f'CREATE ROLE "{READER}";\nALTER ROLE')
    assert left == upgrade(dsn)
    with psycopg.connect(bare_cluster.database_dsn(owner), autocommit=True) as admin:
        admin.execute(left)
    assert upgrade(dsn) == ""
    with as_reader(bare_cluster, owner) as connection:
        assert connection.execute("SELECT count(*) FROM v1.articles").fetchone() == (0,)
        connection.execute(OFF)
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("CREATE TEMPORARY TABLE mine ()")


def test_an_owner_who_may_make_roles_makes_it(bare_cluster, owner):
    bare_cluster.execute("ALTER ROLE plain CREATEROLE")
    assert upgrade(bare_cluster.database_dsn(owner, user="plain")) == ""
    with as_reader(bare_cluster, owner) as connection:
        assert connection.execute("SELECT count(*) FROM v1.articles").fetchone() == (0,)
    forget_reader(bare_cluster, owner)


def test_a_reader_that_was_given_more_is_cut_back(bare_cluster, upgraded):
    bare_cluster.execute(f"ALTER ROLE {READER} SUPERUSER CONNECTION LIMIT -1")
    assert upgrade(bare_cluster.database_dsn(upgraded)) == ""
    with as_reader(bare_cluster, upgraded) as connection:
        query = "SELECT rolsuper, rolconnlimit FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(query).fetchone() == (False, 10)


def test_upgrades_of_several_databases_meet_over_the_role(bare_cluster):
    names = [bare_cluster.create("template0") for _ in range(4)]
    for name in names:
        upgrade(bare_cluster.database_dsn(name))
    forget_reader(bare_cluster, *names)

    def grant(name):
        dsn = make_conninfo(bare_cluster.dsn, dbname=name)
        engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
        with engine.connect() as connection:
            return grant_reader(connection)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(grant, names)) == [""] * 4
    for name in names:
        bare_cluster.drop(name)
