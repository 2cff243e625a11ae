"""The pure decisions: retries, full text, when a feed is gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest import decide
from ingest.decide import Plan, Verdict
from kliping.decisions import Duplicate, Insert, Known, Reject, Retry
from kliping.feeds import Feed
from kliping.model import Entry

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FEED = Feed(id=1, url="https://kabar.example/feed", host="kabar.example")
LONG = "<p>" + "Warga desa menanam padi di sawah baru. " * 30 + "</p>"


def test_one_live_row_within_a_site_and_a_link_across_sites() -> None:
    assert decide.decide(Known()) == Insert()
    assert decide.decide(Known(other_sites=(7, 9))) == Insert(same_body_as=7)
    assert decide.decide(Known(same_site=((4, "url"), (5, "body")), other_sites=(7,))) == Duplicate(4, "url")


def test_a_failing_page_is_tried_after_1_min_10_min_1_h_6_h_24_h_and_then_rejected() -> None:
    waits = []
    for attempts in range(1, 6):
        again = decide.after_failure("timeout", "timeout", attempts, NOW, None)
        assert isinstance(again, Retry)
        waits.append((again.at - NOW) / timedelta(minutes=1))
    assert waits == [1, 10, 60, 360, 1440]
    assert decide.after_failure("timeout", "timeout", 6, NOW, None) == Reject("timeout")


@pytest.mark.parametrize(("first", "second"), [("not_found", "not_found"), ("not_found", "gone"), ("gone", "soft_404")])
def test_gone_twice_rejects(first: str, second: str) -> None:
    assert isinstance(decide.after_failure(first, None, 1, NOW, None), Retry)
    assert decide.after_failure(second, first, 2, NOW, None) == Reject(second)


def test_gone_after_another_failure_is_tried_again() -> None:
    assert isinstance(decide.after_failure("not_found", "timeout", 2, NOW, None), Retry)


@pytest.mark.parametrize("reason", ["robots", "bad_url", "blocked_address", "index"])
def test_what_cannot_change_is_rejected_at_once(reason: str) -> None:
    assert decide.after_failure(reason, None, 1, NOW, None) == Reject(reason)


def test_retry_after_is_a_floor() -> None:
    floor = NOW + timedelta(hours=3)
    assert decide.after_failure("rate_limited", None, 1, NOW, floor) == Retry(floor, "rate_limited")


def test_full_text_needs_length_difference_from_summary_and_no_read_more() -> None:
    assert decide.may_stand_for_page(Entry(content=LONG))
    assert decide.may_stand_for_page(Entry(content=LONG, summary="<p>Warga menanam padi</p>"))
    assert not decide.may_stand_for_page(Entry(content="<p>pendek</p>"))
    assert not decide.may_stand_for_page(Entry(content=LONG, summary=LONG))
    assert not decide.may_stand_for_page(Entry(content=LONG + '<a href="/a">Baca selengkapnya »</a>'))
    assert not decide.may_stand_for_page(Entry(content=LONG + " [&hellip;]"))


def test_a_sentence_that_only_holds_the_read_more_words_is_no_tail() -> None:
    prose = LONG + "<p>Baca selengkapnya laporan itu, kata bupati, sebelum warga menilai hasil kerja panitia desa.</p>"
    assert decide.may_stand_for_page(Entry(content=prose + LONG))


def test_the_plan_follows_the_operator_then_the_verdict() -> None:
    entry = Entry(url="https://kabar.example/a", content=LONG)
    assert decide.plan(FEED, entry) is Plan.FETCH
    assert decide.plan(replace(FEED, full_text_verdict=True), entry) is Plan.FEED
    assert decide.plan(replace(FEED, full_text_verdict=True, full_text=False), entry) is Plan.FETCH
    assert decide.plan(replace(FEED, full_text=True), entry) is Plan.FEED
    assert decide.plan(replace(FEED, full_text_verdict=True), replace(entry, content="<p>pendek</p>")) is Plan.FETCH
    assert decide.plan(FEED, Entry(content="<p>tanpa tautan</p>")) is Plan.FEED
    assert decide.plan(FEED, Entry(title="kosong")) is Plan.NOTHING


def test_three_agreeing_pages_make_a_full_text_feed_and_one_other_unmakes_it() -> None:
    state = Verdict(0, None, None)
    for _ in range(2):
        state = decide.check_full_text(state, True, NOW)
        assert state.verdict is None
    assert decide.check_full_text(state, True, NOW) == Verdict(3, True, NOW)
    assert decide.check_full_text(state, False, NOW) == Verdict(0, False, NOW)


def test_a_verdict_is_good_for_a_week() -> None:
    feed = replace(FEED, full_text_checked_at=NOW)
    assert not decide.recheck_due(feed, NOW + timedelta(days=6))
    assert decide.recheck_due(feed, NOW + timedelta(days=7))
    assert not decide.recheck_due(FEED, NOW)


def test_410_retires_a_feed_only_when_repeated_a_day_later() -> None:
    assert not decide.gone_for_good(FEED, "gone", NOW)
    assert not decide.gone_for_good(replace(FEED, gone_at=NOW), "gone", NOW + timedelta(hours=23))
    assert decide.gone_for_good(replace(FEED, gone_at=NOW), "gone", NOW + timedelta(hours=24))
    assert not decide.gone_for_good(replace(FEED, gone_at=NOW), "not_found", NOW + timedelta(hours=25))


def test_validators_are_not_sent_when_a_day_has_passed_since_the_last_full_answer() -> None:
    feed = replace(FEED, last_full_at=NOW)
    assert decide.conditional(feed, NOW + timedelta(hours=23, minutes=59))
    assert not decide.conditional(feed, NOW + timedelta(hours=24))
    assert not decide.conditional(FEED, NOW)


def test_pages_beyond_the_cap_wait_for_later_polls() -> None:
    interval = timedelta(minutes=30)
    tries = [decide.first_try(position, 50, interval, NOW) for position in (0, 49, 50, 149)]
    assert [(at - NOW) // interval for at in tries] == [0, 0, 1, 2]
