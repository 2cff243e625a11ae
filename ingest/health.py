"""What is wrong with a feed, as an operator would see it. PURE: facts of the database in, judgements out.

    failing    every poll since a day or longer has failed
    silent     nothing new for longer than its own rhythm explains
    language   what it publishes of late is in another language than before
    links      it leads to other sites than before, or its texts are full of links off its site
    gambling   its headlines advertise gambling

The last three together are what a taken-over domain looks like. A feed is compared with itself only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from kliping.feeds import AlertKind
from parsers.gambling import advertises
from parsers.links import site_of

CHANGES = (AlertKind.LANGUAGE, AlertKind.LINKS, AlertKind.GAMBLING)

FAILING_FOR = timedelta(hours=24)
NEWS_DAYS = 60  # days with news that make a rhythm: of a newsroom that rests at weekends, about twelve weeks
LEAST_GAPS = 4
OFTEN = 3  # a pause seen so many times is the feed's habit
RECENT = 10  # entries that are judged
MANY = 5  # of them that must differ
EARLIER = 40  # entries they are compared with
LEAST_EARLIER = 10
ADVERTS = 3  # of the recent entries
LINKS_COUNTED = 1000
LEAST_OUTLINKS = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """Something that is wrong: since when, and what exactly."""

    kind: AlertKind
    since: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A live entry as it was announced, with what its article turned out to be."""

    at: datetime
    title: str | None
    site: str | None
    outlinks: int | None
    language: str | None


# --- failing, silent --------------------------------------------------------------------------------------------------


def failing(since: datetime | None, polled_at: datetime | None, outcome: str, detail: str | None) -> Judgement | None:
    """Whether all polls from `since` to the last one, a day or more apart, have failed."""
    if since is None or polled_at is None or polled_at - since < FAILING_FOR:
        return None
    return Judgement(AlertKind.FAILING, since, f"{outcome}: {detail}" if detail else outcome)


def patience(days: Sequence[date], per_day: float) -> timedelta | None:
    """How long a feed with news on these days may be silent, 24 h at least; None while no rhythm is known.

    A pause that came OFTEN is a habit (weekends, a weekly column). A night is no pause: days are compared. The fewer
    entries a day, the more they scatter over it.
    """
    ordered = sorted(set(days))[-NEWS_DAYS - 1 :]
    pauses = sorted(((b - a).days for a, b in pairwise(ordered)), reverse=True)
    if len(pauses) < LEAST_GAPS:
        return None
    usual = pauses[OFTEN - 1] if len(pauses) >= 4 * OFTEN else pauses[0]
    factor = 1.0 if per_day >= 6 else 1.5 if per_day >= 2 else 2.5
    return timedelta(days=usual * factor)


def silent(last_new: datetime, polled_at: datetime, days: Sequence[date], per_day: float) -> Judgement | None:
    """Whether a feed whose last good poll was at `polled_at` has brought nothing for longer than it ever does.

    Time in which we did not ask does not count against it.
    """
    limit = patience(days, per_day)
    if limit is None or polled_at - last_new <= limit:
        return None
    return Judgement(AlertKind.SILENT, last_new, f"nothing new for longer than the {_spoken(limit)} it may take")


def _spoken(span: timedelta) -> str:
    hours = round(span.total_seconds() / 3600)
    return f"{hours} h" if hours < 72 else f"{hours / 24:g} days"


# --- changed in kind --------------------------------------------------------------------------------------------------


def changes(recent: Sequence[Seen], earlier: Sequence[Seen]) -> list[Judgement]:
    """What differs between the newest entries and those before; `recent` newest first."""
    found = (_language(recent, earlier), _links(recent, earlier), _gambling(recent, earlier))
    return [judgement for judgement in found if judgement is not None]


_SAME = {"ms": "id"}  # Malay and Indonesian: the detector itself tells them apart with difficulty


def _language(recent: Sequence[Seen], earlier: Sequence[Seen]) -> Judgement | None:
    before = Counter(_SAME.get(seen.language, seen.language) for seen in earlier if seen.language)
    if before.total() < LEAST_EARLIER:
        return None
    usual, count = before.most_common(1)[0]
    if count < 0.8 * before.total():  # a feed of several languages
        return None
    other = [seen for seen in recent if seen.language and _SAME.get(seen.language, seen.language) != usual]
    if len(other) < MANY:
        return None
    now = Counter(seen.language for seen in other).most_common(1)[0][0]
    return _judged(AlertKind.LANGUAGE, other, recent, f"are not in {usual} as before, most in {now}")


def _links(recent: Sequence[Seen], earlier: Sequence[Seen]) -> Judgement | None:
    if len(earlier) < LEAST_EARLIER:
        return None
    known = {seen.site for seen in earlier}
    strange = [seen for seen in recent if seen.site and seen.site not in known]
    if len(strange) >= MANY:
        site = Counter(seen.site for seen in strange).most_common(1)[0][0]
        return _judged(AlertKind.LINKS, strange, recent, f"lead to sites it never led to, most to {site}")
    before = sorted((seen.outlinks for seen in earlier if seen.outlinks is not None), reverse=True)
    if len(before) < LEAST_EARLIER:
        return None
    usual = before[min(OFTEN, len(before)) - 1]
    full = [seen for seen in recent if (seen.outlinks or 0) >= max(LEAST_OUTLINKS, 3 * usual + 1)]
    if len(full) < MANY:
        return None
    return _judged(AlertKind.LINKS, full, recent, f"hold more than {3 * usual} links off the site, before {usual}")


def _gambling(recent: Sequence[Seen], earlier: Sequence[Seen]) -> Judgement | None:
    adverts = [seen for seen in recent if advertises(seen.title)]
    if len(adverts) < ADVERTS:
        return None
    return _judged(AlertKind.GAMBLING, adverts, recent, f"advertise gambling, such as {adverts[0].title!r:.120}")


def _judged(kind: AlertKind, bad: Sequence[Seen], recent: Sequence[Seen], what: str) -> Judgement:
    return Judgement(kind, min(seen.at for seen in bad), f"{len(bad)} of the last {len(recent)} entries {what}")


# --- links ------------------------------------------------------------------------------------------------------------

_HREF = re.compile(r"""<a\s[^<>]{0,500}?href\s*=\s*["']?\s*(https?://[^\s"'<>]{1,2000})""", re.IGNORECASE)


def outlinks(fragment: str | None, url: str | None) -> int | None:
    """How many links of a feed's text lead off the entry's site; None when there is no text to tell from."""
    if not fragment or not url:
        return None
    home = site_of(url)
    found = _HREF.findall(fragment[:200_000])[:LINKS_COUNTED]
    return sum(_site(link) != home for link in found)


def _site(link: str) -> str | None:
    try:
        return site_of(link)
    except ValueError:
        return None
