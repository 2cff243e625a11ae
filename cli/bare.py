"""The bare process that `kliping extract` becomes (see `ingest.spawn`): it starts the faster for what it remembers."""

from __future__ import annotations

from typing import NoReturn

from ingest.programs import kept


def main() -> NoReturn:
    """The entry point."""
    with kept():
        from cli import quick
    quick.main()
