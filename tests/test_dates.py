"""Dates as pages write them: our own table, the shared one when it is there, and any text at all."""

from __future__ import annotations

import csv
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.dates import SLACK, Moment, is_stamp, parse_date

JAKARTA = timezone(timedelta(hours=7))
REFERENCE = datetime(2023, 4, 20, 12, tzinfo=JAKARTA)
SHARED = Path(__file__).parent.parent.parent / "shared" / "data" / "dates.tsv"

OWN = [
    ("Jumat, 3 Juni 2022 18:45 WIB", "2022-06-03T18:45:00+07:00"),
    ("Jum`at 3 Juni 2022 | 18.45 WITA", "2022-06-03T18:45:00+08:00"),
    ("Jayapura: 3/6/2022 06:00 WIT", "2022-06-03T06:00:00+09:00"),
    ("SuaraDesa.id - 03/06/2022, 18:45 WIB", "2022-06-03T18:45:00+07:00"),
    ("Diunggah 3 Ags 2022 pkl. 7", "2022-08-03T07:00:00+07:00"),
    ("3 Agust 2022", "2022-08-03"),
    ("Isnin, 3 Ogos 2020", "2020-08-03"),
    ("Mac 3, 2020", "2020-03-03"),
    ("3-Pebruari-2011", "2011-02-03"),
    ("Kamis Pon, 3 Nopember 2011", "2011-11-03"),
    ("12 Ramadhan 1443 H / 14 April 2022", "2022-04-14"),
    ("14 April 2022 pukul 3 sore", "2022-04-14T15:00:00+07:00"),
    ("14 April 2022 jam 8 malam WIB", "2022-04-14T20:00:00+07:00"),
    ("10:15 WIB, 14 April 2022", "2022-04-14T10:15:00+07:00"),
    ("April 14th, 2022 at 9:05 am", "2022-04-14T09:05:00+07:00"),
    ("Thu Apr 14 09:05:11 WIB 2022", "2022-04-14T09:05:11+07:00"),
    ("Thu, 14 Apr 2022 09:05:11 WIB", "2022-04-14T09:05:11+07:00"),
    ("Thu, 14 Apr 2022 09:05:11 GMT", "2022-04-14T09:05:11+00:00"),
    ("Thu, 14 Apr 2022 09:05:11 PDT", "2022-04-14T09:05:11-07:00"),
    ("Kam, 14 Apr 2022 09:05:11 GMT+7", "2022-04-14T09:05:11+07:00"),
    ("2022-04-14T02:05:11.250Z", "2022-04-14T02:05:11+00:00"),
    ("2012-06-30T23:16:00-07:00", "2012-06-30T23:16:00-07:00"),
    ("2022-04-14 09:05", "2022-04-14T09:05:00+07:00"),
    ("20220414T090511Z", "2022-04-14T09:05:11+00:00"),
    ("20220414", "2022-04-14"),
    ("2022/4/14", "2022-04-14"),
    ("14.04.2022", "2022-04-14"),
    ("04/14/2022", "2022-04-14"),
    ("14/04/22", "2022-04-14"),
    ("14 April 2022 24:00", "2022-04-15T00:00:00+07:00"),
    ("14 April 2022 27:80", "2022-04-14"),
    ("14 April 2022, 1.250 kata", "2022-04-14"),
    ("sehari lalu", "2023-04-19"),
    ("setengah jam yang lalu", "2023-04-20T11:30:00+07:00"),
    ("2 jam 15 menit lalu", "2023-04-20T09:45:00+07:00"),
    ("lima menit yang lalu", "2023-04-20T11:55:00+07:00"),
    ("sebulan yang lalu", "2023-03-20"),
    ("2 years ago", "2021-04-20"),
    ("Baru saja", "2023-04-20T12:00:00+07:00"),
    ("Semalam, 21.30 WIB", "2023-04-19T21:30:00+07:00"),
    ("Today, 07:10", "2023-04-20T07:10:00+07:00"),
]
NONE = [
    "", "  ", "2020", "Juni 2020", "3 Juni", "18:45 WIB", "18.45", "31 Juni 2020", "32/13/2020", "Rp 20.000",
    "5 komentar", "14 April 1970", "14 April 2150", "Senin pagi", "0/0/0000", "telepon 0812-3456-7890",
    "pasal 12/2020", "\x00\ud800",
]  # fmt: skip


def same(moment: Moment | None, expected: str) -> bool:
    if moment is None:
        return False
    if len(expected) == 10:
        return (moment.at.date().isoformat(), moment.precision) == (expected, "day")
    wanted = datetime.fromisoformat(expected)
    return moment.at == wanted.replace(tzinfo=wanted.tzinfo or JAKARTA) and moment.precision != "day"


@pytest.mark.parametrize(("text", "expected"), OWN)
def test_own_table(text: str, expected: str) -> None:
    moment = parse_date(text, "Asia/Jakarta", REFERENCE)
    assert same(moment, expected), moment


@pytest.mark.parametrize("text", NONE)
def test_no_date(text: str) -> None:
    assert parse_date(text, "Asia/Jakarta", REFERENCE) is None


def test_shared_table() -> None:
    if not SHARED.exists():
        pytest.skip("no ../shared here")
    with SHARED.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    wrong = []
    for row in rows:
        moment = parse_date(row["text"], "Asia/Jakarta", REFERENCE)
        right = moment is None if row["expected_iso"] == "NONE" else same(moment, row["expected_iso"])
        wrong += [] if right else [(row["text"], moment)]
    assert rows
    assert wrong == []


def test_the_zone_holds_only_where_no_offset_is_written() -> None:
    plain = parse_date("14 April 2022 09:05", "Asia/Makassar")
    written = parse_date("14 April 2022 09:05 WIB", "Asia/Makassar")
    assert plain == Moment(datetime(2022, 4, 14, 1, 5, tzinfo=UTC), "minute")
    assert written == Moment(datetime(2022, 4, 14, 2, 5, tzinfo=UTC), "minute")
    assert parse_date("14 April 2022", "Europe/Madrid") == Moment(datetime(2022, 4, 13, 22, tzinfo=UTC), "day")
    assert parse_date("14 April 2022", "No/Such") == parse_date("14 April 2022", "Asia/Jakarta")


def test_relative_forms_need_a_reference() -> None:
    assert parse_date("3 jam yang lalu") is None
    assert parse_date("Kemarin, 13:05 WIB") is None
    late_evening_utc = datetime(2023, 4, 19, 20, tzinfo=UTC)  # already the 20th in Jakarta
    moment = parse_date("kemarin", "Asia/Jakarta", late_evening_utc)
    assert moment is not None
    assert moment.at.date().isoformat() == "2023-04-19"


@pytest.mark.parametrize(
    ("line", "stamp"),
    [
        ("3 jam lalu", True),
        ("Diperbarui 3 jam yang lalu", True),
        ("setengah jam lalu", True),
        ("an hour ago", True),
        ("Kemarin, 20:15 WIB", True),
        ("Yesterday at 8:15 pm", True),
        ("Baru saja", True),
        ("3 jam lalu warga masih menunggu", False),
        ("Kemarin, 20 orang ditangkap", False),
        ("Hari ini dalam sejarah", False),
    ],
)
def test_how_long_ago_is_a_stamp_when_nothing_else_is_said(line: str, stamp: bool) -> None:
    assert is_stamp(line, relative=True) is stamp
    assert not is_stamp(line)


def test_a_day_told_from_now_ends_with_it_or_with_its_time() -> None:
    for line in ("Hari Ini Dalam Sejarah", "Kemarin Warga Berkumpul", "hari ini dalam angka"):
        assert parse_date(line, reference=REFERENCE) is None
    for line in ("Kemarin, 20:15", "Kemarin | Siti Rahma", "Kemarin malam", "kemarin pukul 20.15"):
        moment = parse_date(line, reference=REFERENCE)
        assert moment is not None
        assert moment.at.date().isoformat() == "2023-04-19"


def test_a_date_past_the_latest_is_none() -> None:
    assert parse_date("23 April 2023", latest=REFERENCE + SLACK) is None
    assert parse_date("22 April 2023", latest=REFERENCE + SLACK) is not None


@pytest.mark.parametrize(
    ("line", "stamp"),
    [
        ("Jumat, 3 Juni 2022 18:45 WIB", True),
        ("SuaraDesa.id - 03/06/2022, 18:45 WIB", True),
        ("Diperbarui 3 Jun 2022, 18:45 WIB", True),
        ("3 Juni 2022 / 3 Dzulqa'dah 1443 H", True),
        ("Jumat, 3 Juni 2022, menjadi hari yang panjang.", False),
        ("Jakarta, 3 Juni 2022", False),
        ("Jumat (3/6/2022) pagi polisi datang.", False),
        ("18:45 WIB", False),
        ("Tayang: Jumat, 3 Juni 2022 18:45 WIB | Diperbarui: Sabtu, 4 Juni 2022 07:00 WIB", True),
    ],
)
def test_stamp(line: str, stamp: bool) -> None:
    assert is_stamp(line) is stamp


@given(st.text(max_size=400))
def test_any_text_is_survived(text: str) -> None:
    moment = parse_date(text, "Asia/Jakarta", REFERENCE)
    assert moment is None or moment.at.tzinfo is not None
    is_stamp(text)


PARTS = "1 12 2020 / - . , : jan mei senin wib +07 t z pukul lalu jam se 'at"


@given(st.lists(st.sampled_from(PARTS.split()), max_size=60))
def test_any_mixture_of_date_parts_is_survived(parts: list[str]) -> None:
    for text in ("".join(parts), " ".join(parts)):
        moment = parse_date(text, "Asia/Jakarta", REFERENCE)
        assert moment is None or moment.precision in ("second", "minute", "day")


@pytest.mark.parametrize("unit", ["1", "1 ", "1/", "1 jan ", " ", "se", "+07", "20 april ", "ab-", "1.", "(" * 3])
def test_long_input_costs_nothing(unit: str) -> None:
    parse_date(unit * 10)
    start = time.process_time()
    for _ in range(20):
        parse_date(unit * 100_000, reference=REFERENCE)
        is_stamp(unit * 100_000)
    assert time.process_time() - start < 0.5
