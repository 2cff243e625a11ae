"""Polls that bring nothing leave nothing behind; `python -m bench.growth` asks the same of a thousand."""

from __future__ import annotations

from bench.growth import measure
from kliping.settings import Settings


async def test_polls_of_an_unchanged_feed_grow_neither_database_nor_memory(dsn: str, settings: Settings) -> None:
    grown = await measure(dsn, settings.model_copy(update={"children": 1, "default_feeds": False}), polls=60, warm=20)
    assert grown.unchanged >= 70
    assert grown.database < 200_000, grown.tables
    assert grown.memory < 8_000_000
