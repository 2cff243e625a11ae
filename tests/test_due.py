"""When a feed is polled again: interval, failures, floors, our own outage."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest import due
from ingest.due import Answer
from ingest.outage import HOSTS, Outage
from kliping.feeds import Feed, Fetched, FetchOutcome, ParsedFeed
from kliping.model import Entry
from kliping.settings import Settings

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # Monday, 8 o'clock in Jakarta
FEED = Feed(id=1, url="https://kabar.example/feed", host="kabar.example")
SETTINGS = Settings()
PRICE = 300.0  # what a poll is worth at about 32 a day
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def pause(feed: Feed, answer: Answer | None = None, now: datetime = NOW) -> timedelta:
    return due.next_poll(feed, answer or Answer(), now, PRICE, SETTINGS).at - now


def busy(feed: Feed = FEED, every: timedelta = 10 * MINUTE, days: float = 3) -> Feed:
    """A feed whose first document held an entry every so often."""
    count = int(days * DAY / every)
    return due.listen(feed, [Entry(published_at=NOW - n * every) for n in range(count)], NOW, known=0)


def answered(*headers: tuple[str, str]) -> Fetched:
    return Fetched(FEED.url, FEED.url, FetchOutcome.OK, NOW, 200, headers)


# --- the interval -----------------------------------------------------------------------------------------------------


def test_a_new_feed_is_asked_every_half_hour_with_its_own_jitter() -> None:
    first = pause(FEED)
    assert 27 * MINUTE <= first <= 33 * MINUTE
    assert pause(FEED) == first
    pauses = {pause(replace(FEED, url=f"https://kabar.example/{n}")) for n in range(50)}
    assert len(pauses) == 50
    assert min(pauses) < 28 * MINUTE
    assert max(pauses) > 32 * MINUTE


def test_a_document_with_dates_tells_the_rhythm_at_once() -> None:
    assert pause(busy(every=5 * MINUTE)) < pause(busy(every=60 * MINUTE)) < pause(busy(every=6 * HOUR, days=20))
    assert 5 * MINUTE <= pause(busy(every=timedelta(seconds=30))) <= 5.5 * MINUTE


def test_the_operators_interval_goes_before_rhythm_and_bounds_and_hints() -> None:
    feed = replace(busy(), interval=60, hint_seconds=7200, skip_hours=1 << 1)
    assert 54 <= pause(feed, Answer(fresh=9000)).total_seconds() <= 66
    assert pause(replace(FEED, interval=7 * 86400)) > 6 * DAY


def test_a_gap_halves_the_interval_down_to_the_least() -> None:
    feed = busy(every=60 * MINUTE)
    assert pause(replace(feed, gap_at=NOW)) == pytest.approx(pause(feed) / 2, abs=MINUTE / 60)
    assert 5 * MINUTE <= pause(replace(busy(every=timedelta(seconds=30)), gap_at=NOW)) <= 5.5 * MINUTE


def test_no_more_than_half_a_document_is_waited_for() -> None:
    feed = busy(every=10 * MINUTE)
    cheap = due.next_poll(replace(feed, announced=10), Answer(), NOW, 1e9, SETTINGS).at - NOW
    assert cheap < 70 * MINUTE  # five entries
    assert due.next_poll(feed, Answer(), NOW, 1e9, SETTINGS).at - NOW > 5 * HOUR


def test_a_silent_feed_is_asked_daily_at_least() -> None:
    silent = replace(busy(every=12 * HOUR, days=10), rhythm_at=NOW - 400 * DAY)
    assert 20 * HOUR < due.next_poll(silent, Answer(), NOW, 1e9, SETTINGS).at - NOW <= DAY


# --- listening --------------------------------------------------------------------------------------------------------


def test_a_date_is_believed_when_it_lies_since_the_last_look() -> None:
    feed = due.listen(FEED, [], NOW - HOUR, known=10)
    hour = 7  # in Jakarta, of NOW - 30 min
    for at, counted in ((NOW - 30 * MINUTE, 1.0), (NOW - 90 * MINUTE, 1.0), (NOW + HOUR, 1.0), (None, 1.0)):
        heard = due.listen(feed, [Entry(published_at=at)], NOW, known=9)
        assert heard.rhythm is not None
        assert heard.rhythm[hour] == pytest.approx(counted)


def test_a_bare_day_says_nothing_of_the_hour() -> None:
    feed = due.listen(FEED, [], NOW - 10 * HOUR, known=10)
    midnight = datetime(2026, 3, 1, 17, tzinfo=UTC)  # 00:00 in Jakarta
    heard = due.listen(feed, [Entry(published_at=midnight)], NOW, known=9).rhythm
    assert heard is not None
    assert heard[0] == pytest.approx(0.1)


def test_old_entries_shown_again_are_no_sign_of_life() -> None:
    feed = due.listen(FEED, [], NOW - HOUR, known=10)
    heard = due.listen(feed, [Entry(published_at=NOW - 300 * DAY)] * 20, NOW, known=0).rhythm
    assert heard is not None
    assert sum(heard[:24]) == 0


def test_after_a_gap_only_the_time_that_the_document_covers_was_watched() -> None:
    feed = due.listen(FEED, [], NOW - 5 * DAY, known=10)
    heard = due.listen(feed, [Entry(published_at=NOW - n * HOUR) for n in range(10)], NOW, known=0).rhythm
    assert heard is not None
    assert sum(heard[31:]) == pytest.approx(9 / 24, abs=0.01)


# --- failures ---------------------------------------------------------------------------------------------------------


def test_failures_weigh_by_kind() -> None:
    assert [due.weight_of(word) for word in ("not_found", "html", "timeout", "server_error", "dns")] == [
        1,
        1,
        0.5,
        0.5,
        0.25,
    ]


def test_failures_in_a_row_make_it_longer_by_their_weight_up_to_a_day_and_never_stop() -> None:
    waits = [pause(replace(FEED, backoff=weight)) / pause(FEED) for weight in (0.25, 0.5, 1, 3)]
    assert waits == pytest.approx([1.25, 1.5, 2, 4])
    assert 21 * HOUR < pause(replace(FEED, backoff=1000.0)) <= DAY
    assert pause(replace(busy(), backoff=0.5)) > 40 * MINUTE  # not less than a new feed's, whatever its rhythm


# --- floors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([("Cache-Control", "public, max-age=3600")], 3600),
        ([("cache-control", "max-age=600"), ("Age", "500")], 100),
        ([("Cache-Control", "no-cache, max-age=3600")], 0),
        ([("Cache-Control", 'MAX-AGE="7200"')], 7200),
        ([("Cache-Control", "s-maxage=900")], 0),
        ([("Cache-Control", "max-age=lots")], 0),
        ([("Expires", "Mon, 02 Mar 2026 03:00:00 GMT")], 7200),
        ([("Expires", "Mon, 02 Mar 2026 03:00:00 GMT"), ("Date", "Mon, 02 Mar 2026 02:00:00 GMT")], 3600),
        ([("Expires", "0")], 0),
        ([("Expires", "Mon, 02 Mar 2020 03:00:00 GMT")], 0),
        ([("Cache-Control", "max-age=60"), ("Expires", "Mon, 02 Mar 2026 03:00:00 GMT")], 60),
        ([], 0),
    ],
)
def test_how_long_an_answer_is_fresh(headers: list[tuple[str, str]], seconds: int) -> None:
    assert due.fresh_for(answered(*headers)) == seconds


def test_freshness_and_the_feeds_own_pause_are_floors_capped_at_a_day() -> None:
    assert HOUR <= pause(busy(), Answer(fresh=3600)) <= 1.1 * HOUR
    assert 2 * HOUR <= pause(replace(busy(), hint_seconds=7200), Answer(fresh=3600)) <= 2.2 * HOUR
    assert pause(busy(), Answer(fresh=10.0**9)) == DAY
    assert pause(busy(), Answer(fresh=60)) == pause(busy())


def test_retry_after_is_a_floor_for_the_operators_interval_too() -> None:
    for feed in (FEED, replace(FEED, interval=60), replace(FEED, backoff=1.0)):
        wait = pause(feed, Answer(retry_after=NOW + 5 * HOUR))
        assert 5 * HOUR <= wait <= 5.5 * HOUR
    assert pause(FEED, Answer(retry_after=NOW + 3650 * DAY)) == DAY


def test_hints_of_a_document() -> None:
    read = due.read(FEED, ParsedFeed("rss20", ttl_minutes=90, skip_hours=(1, 2), skip_days=(5, 6), announced=7))
    assert (read.announced, read.hint_seconds, read.skip_hours, read.skip_days) == (7, 5400, 0b110, 0b1100000)
    assert due.read(FEED, ParsedFeed("rss20", ttl_minutes=10**6)).hint_seconds == 86400
    both = due.read(FEED, ParsedFeed("rss20", ttl_minutes=5, update_seconds=3600, skip_hours=(1,)))
    assert (both.hint_seconds, both.skip_hours) == (3600, None)
    assert due.read(read, ParsedFeed("rss20")).hint_seconds is None
    assert due.read(FEED, ParsedFeed("rss20", skip_hours=tuple(range(24)))).skip_hours is None


def test_hours_and_days_to_skip_are_skipped_but_not_for_more_than_a_day() -> None:
    night = replace(FEED, skip_hours=sum(1 << hour for hour in range(1, 9)))  # GMT
    at = due.next_poll(night, Answer(), NOW, PRICE, SETTINGS).at
    assert at.hour == 9
    assert pause(replace(FEED, skip_days=0b1111110)) < HOUR  # it is Monday
    assert pause(replace(FEED, skip_days=0b0000001)) >= 22 * HOUR
    assert pause(replace(FEED, skip_days=0b0111111)) == DAY


# --- our own outage ---------------------------------------------------------------------------------------------------


def test_we_are_cut_off_when_hosts_that_were_well_fail_one_after_the_other() -> None:
    outage = Outage()
    for number in range(HOSTS - 1):
        assert outage.silent(number, f"{number}.example", well=True) == {}
        assert not outage.lasting
    assert sorted(outage.silent(99, "99.example", well=True)) == list(range(HOSTS - 1))
    assert outage.lasting
    assert outage.silent(100, "100.example", well=True) == {}
    assert 99 in outage.answered()
    assert not outage.lasting


def test_an_answer_between_failures_says_that_they_are_theirs() -> None:
    outage = Outage()
    for number in range(50):
        outage.silent(number, f"{number}.example", well=True)
        if number % (HOSTS - 1) == HOSTS - 2:
            assert outage.answered() == {}
        assert not outage.lasting


def test_feeds_that_failed_before_and_feeds_of_one_host_are_no_evidence() -> None:
    outage = Outage()
    for number in range(50):
        outage.silent(number, f"{number}.example", well=False)
        outage.silent(100 + number, "satu.example", well=True)
    assert not outage.lasting


def test_while_we_are_cut_off_a_feed_is_tried_again_within_an_hour() -> None:
    slow = replace(FEED, interval=86400)
    assert pause(slow) > 20 * HOUR
    assert pause(slow, Answer(cut_off=True)) <= 1.1 * HOUR
    assert pause(FEED, Answer(cut_off=True)) == pause(FEED)


def test_after_an_outage_of_ours_feeds_come_back_spread_over_their_intervals() -> None:
    back = [pause(replace(FEED, url=f"https://{n}.example/feed"), Answer(cut_off=True)) for n in range(500)]
    first, last = min(back), max(back)
    assert last - first > 5 * MINUTE
    busiest = max(sum(start <= wait < start + MINUTE for wait in back) for start in back)
    assert busiest < 120


def test_an_operators_interval_is_the_longest_that_a_feed_waits() -> None:
    factors = [due.jitter(f"https://{number}.example/feed", 0.1, late=False) for number in range(500)]
    assert max(factors) <= 1
    assert min(factors) >= 0.9
    assert max(due.jitter(f"https://{number}.example/feed", 0.1) for number in range(500)) > 1
