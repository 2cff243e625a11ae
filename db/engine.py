"""How we connect: one conninfo for SQLAlchemy, psycopg and procrastinate, and the engine made from it.

Every session has the time zone UTC, the three timeouts of the house and the search path `public, queue`:
procrastinate's functions live in `queue` and are called unqualified, and jobs are deferred on the connection that took
the leases.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kliping.errors import DatabaseError
from kliping.settings import Settings

APPLICATION = "kliping"
SEARCH_PATH = "public,queue"
GRACE = 5.0  # seconds over the statement timeout after which the server counts as unreachable
PREPARE_AFTER = 5  # psycopg's own default: prepare a statement on the server when it is run the fifth time
RECYCLE = 1800  # seconds; a connection that old is replaced, so that server-side caches do not grow for ever
KEEPALIVE = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}


def plain_dsn(dsn: str) -> str:
    """The DSN as libpq takes it: `postgresql+psycopg://` loses its driver; URLs and keyword strings pass.

    Raises DatabaseError when libpq cannot read it; the text does not repeat the DSN, which may hold a password.
    """
    scheme, mark, rest = dsn.strip().partition("://")
    plain = f"postgresql://{rest}" if mark and scheme.split("+")[0] in ("postgres", "postgresql") else dsn.strip()
    try:
        conninfo_to_dict(plain)
    except psycopg.ProgrammingError:
        raise DatabaseError("the database URL cannot be read; wanted postgresql://user@host:5432/name") from None
    return plain


def conninfo(dsn: str, settings: Settings, search_path: str = SEARCH_PATH) -> str:
    """A complete libpq conninfo with our session options; what the DSN itself says wins.

    Behind PgBouncer: session options are sent as the start-up parameter `options`, so set
    `ignore_startup_parameters = options` there and give the role its search_path by ALTER ROLE.
    """
    given = conninfo_to_dict(plain_dsn(dsn))
    ours = {
        "search_path": search_path,
        "timezone": "UTC",
        "statement_timeout": f"{settings.statement_timeout:.3f}s",
        "lock_timeout": f"{settings.lock_timeout:.3f}s",
        "idle_in_transaction_session_timeout": f"{settings.idle_timeout:.3f}s",
    }
    options = " ".join(f"-c {name}={value}" for name, value in ours.items())
    options = f"{options} {given.get('options') or ''}".strip()
    timeout = str(max(2, round(settings.connect_timeout)))  # libpq counts in whole seconds, at least 2
    defaults = {"application_name": APPLICATION, "connect_timeout": timeout, **KEEPALIVE}
    return make_conninfo("", **{**defaults, **given, "options": options})


def bounded(settings: Settings) -> type[psycopg.AsyncConnection[Any]]:
    """A connection that waits no longer for an answer than the server itself may take, and a little more.

    Behind a network that swallows packets nothing else ends a wait: the kernel that acknowledges them may be a proxy's.
    """
    limit = settings.statement_timeout + GRACE

    class Bounded(psycopg.AsyncConnection[Any]):
        """A connection whose waits end, as an OperationalError; then it is closed."""

        listening = False

        async def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:  # noqa: ASYNC109  (theirs)
            if self.listening or timeout is not None:
                return await super().wait(gen, interval, timeout)
            end = asyncio.get_running_loop().time() + limit
            try:
                return await super().wait(gen, interval, limit)
            except psycopg.OperationalError:
                if asyncio.get_running_loop().time() < end:
                    raise
                self.pgconn.finish()
                raise psycopg.OperationalError(f"no answer from the database within {limit:g} s") from None

        async def notifies(self, **named: Any) -> AsyncGenerator[psycopg.Notify]:
            self.listening = True  # a wait for news may last
            async for notify in super().notifies(**named):
                yield notify

    return Bounded


def make_engine(
    dsn: str, settings: Settings, *, pool: int = 10, prepare_threshold: int | None = PREPARE_AFTER
) -> AsyncEngine:
    """An async engine with at most `pool` connections, each tried before use.

    Statement parameters (article text, URLs with tokens) never show in error texts. `prepare_threshold=None` turns
    server-side prepared statements off, as PgBouncer in transaction mode wants it.
    """
    complete = conninfo(dsn, settings)

    patient = bounded(settings)

    async def connect() -> psycopg.AsyncConnection[Any]:
        return await patient.connect(complete, prepare_threshold=prepare_threshold)

    return create_async_engine(
        "postgresql+psycopg://",  # host and password live in the conninfo only: nothing here can print them
        async_creator=connect,
        hide_parameters=True,
        pool_size=pool,
        max_overflow=0,
        pool_pre_ping=True,
        pool_recycle=RECYCLE,
    )
