"""What is known of an article and what is decided on it: see `ingest.decide`. As in `kliping.model`: frozen, plain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EntryState(StrEnum):
    """Where an announced entry is; every entry is in exactly one."""

    PENDING = "pending"
    STORED = "stored"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Identity:
    """The sha256 keys of one article within its site: who it is, where it is, what it says."""

    site: str
    entry_key: bytes
    url_key: bytes | None
    body_key: bytes | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the database already holds that an article might be: (article id, why) pairs in order of strength."""

    same_site: tuple[tuple[int, str], ...] = ()
    other_sites: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Insert:
    """Store a new article, linked to the copy on another site when there is one."""

    same_body_as: int | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The article is here already; `why` is identity, url or body."""

    of: int
    why: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again at `at`; `counts` is False when the page itself was not asked for."""

    at: datetime
    reason: str
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Reject:
    """Never to be stored, for `reason`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Held for an operator: we failed on it, for `reason`."""

    reason: str


Decision = Insert | Duplicate | Retry | Reject | Quarantine
