"""A post and the truth about it: what an archive of it must hold, and what it must not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from html import escape

from tests.world.text import DAYS, MONTHS, Writer, slug

WIB = timezone(timedelta(hours=7))
PACIFIC = timezone(timedelta(hours=-7))  # Blogger's default zone, which many Indonesian blogs never changed


@dataclass(frozen=True)
class Inset:
    """A line that the site mixes into the text after paragraph number `after`: related, ad, scroll or video."""

    after: int
    kind: str
    text: str
    url: str | None = None


@dataclass(frozen=True)
class Truth:
    """What is true of a post. `paragraphs` hold the sub-heading in its place; `junk` must not be in the body."""

    title: str
    author: str
    paragraphs: tuple[str, ...]
    published_at: datetime
    subheading: str | None = None
    caption: str | None = None
    credit: str | None = None
    source_label: str | None = None
    source_url: str | None = None
    tags: tuple[str, ...] = ()
    insets: tuple[Inset, ...] = ()

    @property
    def body(self) -> str:
        """The clean body: paragraphs joined by a blank line."""
        return "\n\n".join(self.paragraphs)

    @property
    def junk(self) -> tuple[str, ...]:
        """Lines mixed into the text that are not the article."""
        return tuple(inset.text for inset in self.insets)

    @property
    def source_line(self) -> str | None:
        return f"Sumber: {self.source_label}" if self.source_label else None


@dataclass
class Post:
    """A published post; it changes only through its blog. `style` picks among the markups that its platform has."""

    number: int
    id: str
    path: str
    url: str
    guid: str
    truth: Truth
    updated_at: datetime
    style: str
    image: str
    footer_inside: bool = False
    revision: int = 0
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def published_at(self) -> datetime:
        return self.truth.published_at

    def summary(self, length: int = 240) -> str:
        """The head of the text, cut at a word, with three dots."""
        text = " ".join(self.truth.paragraphs)
        return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + "..."


def compose(writer: Writer, published_at: datetime, *, source: bool = False, dateline: str | None = None) -> Truth:
    """Write an article. With `dateline` the first paragraph begins with `PLACE<dateline>` (it belongs to the body)."""
    paragraphs = writer.paragraphs()
    if dateline:
        paragraphs[0] = f"{writer.place().upper()}{dateline}{paragraphs[0]}"
    subheading = writer.subheading() if writer.rng.random() < 0.7 else None
    if subheading:
        paragraphs.insert(len(paragraphs) // 2, subheading)
    title, agency = writer.title(), writer.agency()
    return Truth(
        title=title,
        author=writer.name(),
        paragraphs=tuple(paragraphs),
        published_at=published_at,
        subheading=subheading,
        caption=writer.caption(),
        credit=agency,
        source_label="click disini" if source else None,
        source_url=f"https://kantor-berita.example/{slug(title)}" if source else None,
        tags=writer.tags(),
    )


def with_insets(truth: Truth, *insets: Inset) -> Truth:
    return replace(truth, insets=insets)


def rfc3339(at: datetime, zone: timezone = WIB) -> str:
    """As Blogger writes it, with milliseconds."""
    return at.astimezone(zone).isoformat(timespec="milliseconds")


def iso(at: datetime, zone: timezone = WIB) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds")


def rfc822(at: datetime, zone: timezone = UTC) -> str:
    """As RSS and HTTP write it (HTTP with GMT: see `http_date`)."""
    return at.astimezone(zone).strftime("%a, %d %b %Y %H:%M:%S %z")


def http_date(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def spoken(at: datetime, zone: timezone = WIB) -> str:
    """As a reader sees it: Senin, 12 Mei 2025 07:30 WIB."""
    local = at.astimezone(zone)
    return f"{DAYS[local.weekday()]}, {local.day} {MONTHS[local.month - 1]} {local.year} {local:%H:%M} WIB"


def attr(text: str) -> str:
    """Escaped for an attribute or for XML."""
    return escape(text, quote=True)


def text(words: str) -> str:
    """Escaped for element content."""
    return escape(words, quote=False)
