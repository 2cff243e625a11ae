"""`kliping article show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import show
from cli.app import group
from cli.context import Session, with_database

if TYPE_CHECKING:
    from db.reports import StoredArticle

app = group()


@app.callback()
def article() -> None:
    """Look at a stored article."""


@app.command("show")
def show_article(
    article_id: Annotated[int, typer.Argument(metavar="ID", help="The article's number.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Its fields, its body, what was removed from the page, and who announced it."""
    found = with_database(lambda session: _article(session, article_id))
    if as_json:
        show.as_json({**found.fields, "removed": found.removed, "announced_by": found.announced_by})
        return
    show.facts((name, _brief(value)) for name, value in found.fields.items() if name != "body")
    print()
    show.text(found.fields["body"])
    print()
    show.table(
        ("step", "rule", "kept as", "removed text"),
        [(line["step"], line["rule"], line["kept_as"], line["text"]) for line in found.removed],
        title=f"{len(found.removed)} lines removed",
    )
    show.table(
        ("entry", "feed", "seen", "state", "reason"),
        [(e.id, e.feed_url, e.first_seen_at, e.state, e.reason) for e in found.announced_by],
        title="announced by",
    )


def _brief(value: object) -> object:
    """Lists of objects as `name: value` pairs."""
    if not isinstance(value, list):
        return value
    pairs = (", ".join(f"{k}: {v}" for k, v in item.items() if v) if isinstance(item, dict) else item for item in value)
    return "; ".join(str(pair) for pair in pairs)


async def _article(session: Session, article_id: int) -> StoredArticle:
    from db import reports
    from db.session import transaction

    async with transaction(session.engine) as conn:
        return await reports.article(conn, article_id)
