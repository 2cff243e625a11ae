"""`kliping run`, `kliping worker` and `kliping db upgrade`."""

from __future__ import annotations

import typer

from cli.app import group
from kliping.settings import Settings, load

db = group()


@db.callback()
def database() -> None:
    """Look after the database."""


def run() -> int:
    """Run the service until SIGTERM or Ctrl-C: scheduler, worker and, without KLIPING_DATABASE_URL, Postgres."""
    import service

    return service.run(_loud())


def worker() -> int:
    """Run one more worker on the database of KLIPING_DATABASE_URL, until SIGTERM or Ctrl-C."""
    import service

    return service.worker(_loud())


def _loud() -> Settings:
    """The settings, with one line per outcome in the logs."""
    from ingest import logs

    settings = load()
    logs.setup(settings.log_format)
    return settings


@db.command("upgrade")
def upgrade() -> None:
    """Bring the database to this release. Prints the SQL that an administrator must run, if there is any."""
    from cli.context import database as a_database
    from cli.context import quiet
    from db import migrate

    with a_database(quiet()) as dsn:
        sql = migrate.upgrade(dsn)
    if sql:
        typer.echo("-- This user may not create roles; let an administrator run:", err=True)
        typer.echo(sql)
    typer.echo("the database is at this release", err=True)
