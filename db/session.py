"""Transactions for commands: what a driver raises becomes one line that an operator can act on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kliping.errors import DatabaseError

_MISSING = ("42P01", "3F000", "42703")  # undefined_table, invalid_schema_name, undefined_column
_DENIED = "42501"  # insufficient_privilege


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction, committed at its end. Raises DatabaseError in place of what the driver raises."""
    with explained():
        async with engine.begin() as conn:
            yield conn


@contextmanager
def explained() -> Iterator[None]:
    """Raise DatabaseError in place of what the driver raises."""
    try:
        yield
    except (SQLAlchemyError, psycopg.Error) as error:
        raise DatabaseError(explain(error)) from error


async def others(engine: AsyncEngine) -> int:
    """How many other programs use this database now."""
    async with transaction(engine) as conn:
        count: int = (await conn.execute(_OTHERS)).scalar_one()
    return count


_OTHERS = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()
""")


def explain(error: Exception) -> str:
    """One line about a driver's error, without statement and parameters."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    state = getattr(cause, "sqlstate", None)
    if state in _MISSING:
        return "the database is not at this version's schema; run `kliping db upgrade`"
    lines = str(cause).strip().splitlines()
    said = " ".join(lines[:2]) if lines else type(cause).__name__
    if state == _DENIED:
        return f"the database refused: {said}"
    return f"the database does not answer: {said}" if state is None else f"the database failed ({state}): {said}"
