"""What a feed document asks of those who poll it: sy:updatePeriod and sy:updateFrequency, skipHours, skipDays.

Read from the text around the items, since feedparser keeps the last of repeated hours and days only.
"""

from __future__ import annotations

import re
from dataclasses import replace

from kliping.feeds import ParsedFeed

_DAY = 86_400
_PERIODS = {"hourly": 3600, "daily": _DAY, "weekly": 7 * _DAY, "monthly": 30 * _DAY, "yearly": 365 * _DAY}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_PERIOD = re.compile(r"<\w{1,20}:updatePeriod\b[^<>]{0,200}>([^<>]{0,50})<", re.I)
_FREQUENCY = re.compile(r"<\w{1,20}:updateFrequency\b[^<>]{0,200}>\s*(\d{1,6})\s*<", re.I)
_SKIPPED = re.compile(r"<skip(hours|days)\b[^<>]{0,200}>(.{0,2000}?)</skip\1\s*>", re.I | re.S)
_HOUR = re.compile(r"<hour\b[^<>]{0,200}>\s*(\d{1,2})\s*<", re.I)
_WEEKDAY = re.compile(r"<day\b[^<>]{0,200}>\s*([a-z]{6,9})\s*<", re.I)


def with_times(feed: ParsedFeed, around: str) -> ParsedFeed:
    """The feed with what the text around its items says. Hour 24 is 0 (RSS 0.91); other nonsense is passed over."""
    hours: set[int] = set()
    days: set[int] = set()
    for found in _SKIPPED.finditer(around):
        if found[1].lower() == "hours":
            hours |= {int(hour) % 24 for hour in _HOUR.findall(found[2]) if int(hour) <= 24}
        else:
            days |= {_DAYS.index(day.lower()) for day in _WEEKDAY.findall(found[2]) if day.lower() in _DAYS}
    return replace(
        feed, update_seconds=_update_seconds(around), skip_hours=tuple(sorted(hours)), skip_days=tuple(sorted(days))
    )


def _update_seconds(around: str) -> int | None:
    """The period over the frequency; the module's defaults (daily, once) where one of them is given alone."""
    period, frequency = _PERIOD.search(around), _FREQUENCY.search(around)
    if period is None and frequency is None:
        return None
    seconds = _PERIODS.get(period[1].strip().lower()) if period else _DAY
    return seconds // max(1, int(frequency[1]) if frequency else 1) if seconds else None
