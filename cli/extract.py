"""`kliping extract FILE...`: article pages to JSON lines, through the service's own extractor and its children."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.quick import enough, is_address, print_all, url_table
from ingest.fileline import Job
from kliping.errors import InputError
from kliping.settings import load


def extract_command(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Pages, .html or .html.gz; - is standard input.")
    ],
    url: Annotated[str | None, typer.Option(help="Where the page came from; needs exactly one FILE.")] = None,
    urls: Annotated[str | None, typer.Option(metavar="TSV", help="A table of file and URL, tab-separated.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Parsing processes, if not one for every 256 files.")] = None,
    no_site_rules: Annotated[
        bool, typer.Option("--no-site-rules", help="Leave out the rules of single hosts.")
    ] = False,
    _json: Annotated[bool, typer.Option("--json", help="Print JSON lines, which it does anyway.")] = False,
) -> None:
    """Print the article of each page, one JSON object a line; a file that cannot be read gives one with its error."""
    if url is not None and not is_address(url):
        raise typer.BadParameter(f"{url!r} is not an http(s) address", param_hint="--url")
    if url is not None and (len(files) != 1 or urls is not None):
        raise typer.BadParameter("needs exactly one FILE, and no --urls", param_hint="--url")
    settings = load()
    where = {files[0]: url} if url is not None else _table(urls, files) if urls is not None else {}
    job = Job(settings.html_cpu, settings.page_bytes, settings.child_memory, not no_site_rules)
    if not print_all(files, where, job, jobs or enough(len(files), settings.children)):
        raise typer.Exit(1)


def _table(name: str, files: list[str]) -> dict[str, str]:
    try:
        return url_table(name, files)
    except InputError as error:
        raise typer.BadParameter(str(error), param_hint="--urls") from None
