"""The bare process that `kliping extract` becomes (see `ingest.spawn`): it starts the faster for what it remembers."""

from __future__ import annotations

from typing import NoReturn

from ingest.late import put_off


def main() -> NoReturn:
    """The entry point."""
    put_off()
    from cli import quick

    quick.main()
