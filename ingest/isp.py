"""The same page from many sites is our own provider's doing, not theirs."""

from __future__ import annotations

from kliping.clock import Clock

SITES = 3  # sites of different owners that show one page
WITHIN = 3600.0  # seconds
PAGES = 1000  # digests remembered
SITES_KEPT = 50  # of each


class Isp:
    """Which sites showed which page within the last hour, and whether somebody has been told."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[bytes, dict[str, float]] = {}
        self._told = -WITHIN

    def shows(self, digest: bytes, site: str) -> bool:
        """Note that a site showed a page; True when so many have that it can be none of theirs."""
        now = self._clock.monotonic()
        sites = {name: at for name, at in self._seen.pop(digest, {}).items() if now - at < WITHIN}
        if len(sites) < SITES_KEPT or site in sites:
            sites[site] = now
        self._seen[digest] = sites
        if len(self._seen) > PAGES:
            del self._seen[next(iter(self._seen))]  # the one not shown for the longest time
        return len(sites) >= SITES

    def alarm(self) -> bool:
        """Whether to tell an operator now: once an hour is enough."""
        now = self._clock.monotonic()
        if now - self._told < WITHIN:
            return False
        self._told = now
        return True
