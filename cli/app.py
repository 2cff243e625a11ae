"""The verbs of the command line, and how one of them is run.

A verb's module is imported when the verb is used, and what it needs when it runs: `kliping extract` loads no database
and no HTTP client. Exit codes: 0 fine, 1 could not be done (one line says why), 2 used wrongly, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command

from kliping import __version__
from kliping.errors import KlipingError


class Verb(NamedTuple):
    """Where a verb lives and what `kliping --help` says of it."""

    module: str
    name: str
    help: str


VERBS = {
    "run": Verb("cli.service", "run", "Run the service: scheduler, worker and, without a database URL, Postgres."),
    "worker": Verb("cli.service", "worker", "Run one more worker on the same database."),
    "db": Verb("cli.service", "db", "Look after the database (upgrade)."),
    "status": Verb("cli.status", "status", "Feeds, queue, ledger and articles at a glance."),
    "feed": Verb("cli.feed", "app", "Add, list, change, test, import and export feeds."),
    "poll": Verb("cli.poll", "poll", "Make a feed due; with --now poll it here."),
    "backfill": Verb("cli.backfill", "backfill", "Walk back through the history of a Blogger or WordPress feed."),
    "why": Verb("cli.status", "why", "What became of a URL, and why."),
    "article": Verb("cli.article", "app", "Look at a stored article."),
    "quarantine": Verb("cli.quarantine", "app", "Entries that we failed on: list, show, retry, drop."),
    "extract": Verb("cli.extract", "extract_command", "Article pages from files to JSON lines; needs no database."),
    "site": Verb("cli.site", "app", "Write a rule for a site, and see what it keeps and removes."),
    "entries": Verb("cli.entries", "entries_command", "Feed files to JSON lines; needs no database."),
}
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class LazyGroup(TyperGroup):
    """A group that knows the names and summaries of its verbs, and imports a verb only to run it."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        found = getattr(import_module(verb.module), verb.name)
        return get_command(found if isinstance(found, typer.Typer) else _single(cmd_name, found))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.help) for name, verb in VERBS.items()])


def group() -> typer.Typer:
    """An empty group of verbs in the house's manner."""
    return typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, context_settings=SETTINGS)


def _single(name: str, function: Any) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, context_settings=SETTINGS)(function)
    return app


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"kliping {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)] = (
        False
    ),
) -> None:
    """A clean, deduplicated, dated archive of Indonesian news blogs in Postgres."""


def _app() -> typer.Typer:
    app = typer.Typer(
        cls=LazyGroup, add_completion=False, no_args_is_help=True, rich_markup_mode=None, context_settings=SETTINGS
    )
    app.callback()(_root)
    return app


def invoke(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every expected failure is one line on stderr."""
    try:
        code = get_command(_app()).main(args=list(arguments), prog_name="kliping", standalone_mode=False)
    except KlipingError as error:
        return _fail(str(error), 1)
    except typer.TyperException as error:
        return _fail(*_usage(error))
    except typer.Abort:
        return _fail("interrupted", 130)
    return code if isinstance(code, int) else 0


def _usage(error: typer.TyperException) -> tuple[str, int]:
    message = error.format_message().strip()
    context = getattr(error, "ctx", None)
    if context is None or message.startswith("Usage:"):
        return message, error.exit_code
    return f"{message.rstrip('.')} (see `{context.command_path} --help`)", error.exit_code


def _fail(message: str, code: int) -> int:
    print(message if message.startswith("Usage:") else f"kliping: {message}", file=sys.stderr)
    return code
