"""What must hold after every fault, read from the tables."""

from __future__ import annotations

from tests.processes import ask


def stored(dsn: str) -> int:
    """How many articles there are."""
    return int(ask(dsn, "SELECT count(*) FROM articles")[0][0])


def broken(dsn: str) -> dict[str, int]:
    """How often each promise is broken; empty when all hold."""
    counts = {name: int(ask(dsn, statement)[0][0]) for name, statement in _BROKEN.items()}
    return {name: count for name, count in counts.items() if count}


_BROKEN = {
    "lease left": "SELECT count(*) FROM hosts WHERE lease_holder IS NOT NULL",
    "unsettled": "SELECT count(*) FROM entries WHERE state <> 'stored'",
    "stored without article": "SELECT count(*) FROM entries WHERE state = 'stored' AND article_id IS NULL",
    "two entries of one article": """SELECT count(*) FROM (
        SELECT 1 FROM entries WHERE state = 'stored' GROUP BY article_id HAVING count(*) > 1) AS t""",
    "article without entry": """SELECT count(*) FROM articles a
        WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.article_id = a.id)""",
    "page without entry": """SELECT count(*) FROM pages p
        WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.id = p.entry_id)""",
    "article without page": "SELECT count(*) FROM articles WHERE page_id IS NULL",
}
