"""Alerts: what is judged wrong with a feed, and what is not; rows that open, stay one, and close."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest import health
from ingest.health import Seen
from ingest.review import review
from ingest.shell import Shell
from kliping.feeds import AlertKind
from kliping.settings import Settings
from parsers.gambling import advertises
from tests.clock import FakeClock
from tests.shell import add_feed, rows, run, shell_on, visit_due
from tests.world import World

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday
MONDAY = NOW.date()
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


# --- failing ----------------------------------------------------------------------------------------------------------


def test_a_day_of_failures_is_failing() -> None:
    assert health.failing(NOW - 25 * HOUR, NOW, "dns", "no such name").detail == "dns: no such name"
    assert health.failing(NOW - 23 * HOUR, NOW, "dns", None) is None
    assert health.failing(None, NOW, "ok", None) is None


# --- silent -----------------------------------------------------------------------------------------------------------


def weekdays(weeks: int, *, until: date = MONDAY - DAY) -> list[date]:
    days = [until - number * DAY for number in range(7 * weeks)]
    return sorted(day for day in days if day.weekday() < 5)


def every(step: int, count: int, until: date = MONDAY) -> list[date]:
    return sorted(until - number * step * DAY for number in range(count))


def test_a_busy_newsroom_may_sleep_but_not_for_a_day() -> None:
    days = every(1, 60)
    for hours in (1, 8, 12, 23):
        assert health.silent(NOW, NOW + hours * HOUR, days, 30) is None
    found = health.silent(NOW, NOW + 25 * HOUR, days, 30)
    assert (found.kind, found.since) == (AlertKind.SILENT, NOW)
    assert "24 h" in found.detail


def test_a_newsroom_that_rests_at_weekends_is_not_silent_on_monday_morning() -> None:
    friday = NOW - 3 * DAY + 9 * HOUR  # 17:00 in Jakarta
    assert health.silent(friday, NOW, weekdays(10), 12) is None
    assert health.silent(friday, NOW + 2 * DAY, weekdays(10), 12) is not None


@pytest.mark.parametrize(("step", "fine", "wrong"), [(1, 2, 3), (7, 14, 18), (30, 60, 80)])
def test_a_slow_feed_is_judged_by_its_own_pace(step: int, fine: int, wrong: int) -> None:
    days = every(step, 12)
    assert health.silent(NOW, NOW + fine * DAY, days, 1) is None
    assert health.silent(NOW, NOW + wrong * DAY, days, 1) is not None


def test_one_long_holiday_does_not_make_silence_a_habit() -> None:
    before = every(1, 40, until=MONDAY - 20 * DAY)
    assert health.patience([*before, *every(1, 6)], 10) == timedelta(days=1)


def test_without_a_rhythm_nothing_is_silent() -> None:
    assert health.silent(NOW, NOW + 900 * DAY, every(1, 4), 9) is None
    assert health.silent(NOW, NOW + 900 * DAY, [], 0) is None


# --- changed in kind --------------------------------------------------------------------------------------------------


def seen(count: int, **facts: object) -> list[Seen]:
    usual = {"title": "Harga cabai naik di pasar", "site": "kabar.example", "outlinks": 1, "language": "id"}
    return [Seen(NOW - number * HOUR, **{**usual, **facts}) for number in range(count)]


def kinds(recent: Sequence[Seen], earlier: Sequence[Seen]) -> list[str]:
    return [judgement.kind.value for judgement in health.changes(recent, earlier)]


def test_a_feed_that_stays_as_it_was_is_fine() -> None:
    assert kinds(seen(10), seen(40)) == []
    assert kinds(seen(4, language="en"), seen(40)) == []
    assert kinds([], []) == []
    assert kinds(seen(3, language="en"), seen(2)) == []


def test_another_language() -> None:
    [found] = health.changes([*seen(6, language="en"), *seen(4)], seen(40))
    assert found.kind is AlertKind.LANGUAGE
    assert found.detail == "6 of the last 10 entries are not in id as before, most in en"
    assert found.since == NOW - 5 * HOUR


def test_malay_is_not_another_language_nor_is_a_bilingual_feed_changed() -> None:
    assert kinds(seen(10, language="ms"), seen(40)) == []
    assert kinds(seen(10, language="en"), [*seen(20), *seen(20, language="en")]) == []


def test_other_sites() -> None:
    [found] = health.changes([*seen(5, site="lain.example"), *seen(5)], seen(40))
    assert (found.kind, "lain.example" in found.detail) == (AlertKind.LINKS, True)
    both = [*seen(30), *seen(10, site="lain.example")]
    assert kinds([*seen(5, site="lain.example"), *seen(5)], both) == []


def test_texts_that_fill_with_links() -> None:
    assert kinds([*seen(6, outlinks=12), *seen(4)], seen(40)) == ["links"]
    assert kinds(seen(10, outlinks=12), seen(40, outlinks=9)) == []
    assert kinds(seen(10, outlinks=2), seen(40, outlinks=0)) == []
    assert kinds(seen(10, outlinks=12), seen(40, outlinks=None)) == []


ADVERTS = [
    "Situs Slot Gacor Hari Ini Gampang Maxwin",
    "Daftar Judi Online Terpercaya Bonus New Member 100",
    "Bocoran RTP Live Tertinggi Malam Ini",
    "Link Alternatif Slot88 Deposit Pulsa Tanpa Potongan",
    "Prediksi Togel HK Jitu",
    "Agen SBOBET Resmi",
    "Mahjong Ways 2 Scatter Hitam Turun Terus",
]
NEWS = [
    "Polisi tangkap bandar judi online di Medan",
    "Komdigi blokir ribuan situs slot gacor",
    "Kecanduan judi slot online, pemuda jual motor orang tua",
    "Slot parkir di stasiun bertambah",
    "Satgas bongkar situs judi bola terbesar",
    "Toto Sugiarto terpilih sebagai ketua RW",
    "Bupati resmikan portal layanan baru",
    "Kebijakan deposit berjangka berubah",
    "PPATK: deposit pulsa Rp 50 ribu jadi modus judi",
]


@pytest.mark.parametrize("title", ADVERTS)
def test_the_language_of_the_trade(title: str) -> None:
    assert advertises(title)


@pytest.mark.parametrize("title", [*NEWS, "", None])
def test_reports_and_lone_words_are_no_adverts(title: str | None) -> None:
    assert not advertises(title)


def test_headlines_that_advertise_gambling() -> None:
    bad = [Seen(NOW, title, "kabar.example", 0, "id") for title in ADVERTS[:3]]
    [found] = health.changes([*bad, *seen(7)], seen(40))
    assert (found.kind, "Slot Gacor" in found.detail) == (AlertKind.GAMBLING, True)
    assert kinds([*bad[:2], *seen(8)], seen(40)) == []


def test_links_off_the_site_are_counted() -> None:
    html = '<p><a href="https://www.kabar.example/a">satu</a> <A class=x HREF=https://lain.example/b>dua</A>'
    assert health.outlinks(html, "https://kabar.example/1") == 1
    assert health.outlinks("<p>tanpa tautan</p>", "https://kabar.example/1") == 0
    assert health.outlinks(None, "https://kabar.example/1") is None


# --- rows -------------------------------------------------------------------------------------------------------------

OPEN = "SELECT kind FROM alerts WHERE closed_at IS NULL ORDER BY kind"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World(start=datetime(2026, 2, 20, 1, 0, tzinfo=UTC)) as running:
        yield running


@pytest.fixture
async def shell(engine: AsyncEngine, settings: Settings, clock: FakeClock) -> AsyncIterator[Shell]:
    async with shell_on(engine, settings.model_copy(update={"host_spacing": 0.0}), clock) as running:
        yield running


async def polled(shell: Shell, clock: FakeClock, hours: float) -> None:
    clock.advance(hours * 3600)
    await run(shell, "UPDATE feeds SET next_poll_at = :now", now=clock.now())
    await run(shell, "UPDATE hosts SET due_at = :now, not_before = NULL", now=clock.now())
    await visit_due(shell)
    await review(shell)


async def test_a_failing_feed_raises_one_alert_that_closes_when_it_answers(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.portal("Rusak", posts=2)
    await add_feed(shell, blog)
    await visit_due(shell)
    blog.fail(blog.feed_path, status=500)
    for hours in (1, 12, 14, 5):
        await polled(shell, clock, hours)
    assert await rows(shell, OPEN) == [("failing",)]
    [(since, opened)] = await rows(shell, "SELECT since, opened_at FROM alerts")
    assert opened - since >= timedelta(hours=24)
    blog.heal()
    await polled(shell, clock, 1)
    assert await rows(shell, OPEN) == []
    assert await rows(shell, "SELECT count(*) FROM alerts") == [(1,)]


async def test_a_silent_feed_raises_an_alert_that_closes_with_the_next_entry(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.blogger("Diam", posts=0)
    for day in range(9):
        for hour in range(8):
            blog.publish(at=clock.now() - timedelta(days=day, hours=hour))
    blog.posts.sort(key=lambda post: post.published_at, reverse=True)
    blog.per_feed = 100
    await add_feed(shell, blog)
    await visit_due(shell)
    await polled(shell, clock, 10)
    await polled(shell, clock, 13)
    assert await rows(shell, OPEN) == []
    await polled(shell, clock, 24)
    assert await rows(shell, OPEN) == [("silent",)]
    await polled(shell, clock, 1)
    assert await rows(shell, "SELECT count(*) FROM alerts") == [(1,)]
    blog.publish(at=clock.now())
    await polled(shell, clock, 1)
    assert await rows(shell, OPEN) == []


async def test_a_taken_over_feed_raises_alerts(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.blogger("Direbut", posts=25)
    await add_feed(shell, blog)
    await visit_due(shell)
    await polled(shell, clock, 2)
    assert await rows(shell, OPEN) == []
    for title in ADVERTS[:6]:
        blog.publish(title=title)
    await polled(shell, clock, 2)
    assert await rows(shell, OPEN) == [("gambling",)]
    for number in range(12):
        blog.publish(title=f"Pasar desa kembali ramai {number}")
    await polled(shell, clock, 2)
    assert await rows(shell, OPEN) == []


async def test_a_paused_feed_has_no_open_alerts(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Berhenti", posts=1)
    feed = await add_feed(shell, blog)
    await visit_due(shell)
    insert = "INSERT INTO alerts (feed_id, kind, since, detail, opened_at) VALUES (:feed, 'silent', now(), '', now())"
    await run(shell, insert, feed=feed)
    await run(shell, "UPDATE feeds SET state = 'paused'")
    await review(shell)
    assert await rows(shell, OPEN) == []


async def test_status_and_metrics_show_alerts_and_gaps(world: World, shell: Shell, clock: FakeClock) -> None:
    from db import reports
    from ingest.metrics import Metrics

    blog = world.portal("Terlihat", posts=2)
    await add_feed(shell, blog)
    await visit_due(shell)
    for _ in range(blog.per_feed + 2):
        blog.publish()
    await polled(shell, clock, 2)
    blog.fail(blog.feed_path, status=500)
    for hours in (1, 25):
        await polled(shell, clock, hours)
    async with shell.engine.connect() as conn:
        found = await reports.status(conn, clock.now())
        gauges = await reports.gauges(conn, clock.now())
    assert [(alert.kind, alert.feed_url) for alert in found.alerts] == [("failing", blog.feed_url)]
    assert [gap.feed_url for gap in found.gaps] == [blog.feed_url]
    assert (found.alert_counts, found.gap_counts["open"]) == ({"failing": 1}, 1)
    metrics = Metrics()
    metrics.observe(gauges.due_hosts, gauges.queue_depth, gauges.ledger, gauges.alerts, gauges.gaps)
    text = metrics.render().decode()
    assert 'kliping_alerts{kind="failing"} 1.0' in text
    assert 'kliping_alerts{kind="silent"} 0.0' in text
    assert 'kliping_gaps{state="open"} 1.0' in text


async def test_a_silence_that_was_judged_is_not_judged_again_until_something_changes(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blog = world.blogger("Tenang", posts=0)
    for day in range(9):
        blog.publish(at=clock.now() - timedelta(days=day))
    blog.posts.sort(key=lambda post: post.published_at, reverse=True)
    await add_feed(shell, blog)
    await visit_due(shell)
    await polled(shell, clock, 30)
    [(until,)] = await rows(shell, "SELECT silent_at FROM feeds")
    assert until - clock.now() == timedelta(hours=30)  # 2.5 days after the last, of a feed with one entry a day
    assert await rows(shell, OPEN) == []
    await polled(shell, clock, 31)
    assert await rows(shell, OPEN) == [("silent",)]
    await polled(shell, clock, 24)
    assert await rows(shell, OPEN) == [("silent",)]
    blog.publish(at=clock.now())
    await polled(shell, clock, 1)
    assert await rows(shell, OPEN) == []
