"""What a document asks of those who poll it."""

from __future__ import annotations

import pytest

from kliping.feeds import ParsedFeed
from parsers.feed import parse
from parsers.feed_times import with_times

EMPTY = ParsedFeed("rss20")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", 1800),
        ("<sy:updatePeriod>\n\tdaily\t</sy:updatePeriod>", 86400),
        ("<syn:updateFrequency> 4 </syn:updateFrequency>", 21600),
        ("<sy:updatePeriod>weekly</sy:updatePeriod>", 7 * 86400),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 3600),
        ("<sy:updatePeriod>setiap hari</sy:updatePeriod>", None),
        ("<sy:updatePeriod>", None),
        ("", None),
    ],
)
def test_the_syndication_module(written: str, seconds: int | None) -> None:
    assert with_times(EMPTY, written).update_seconds == seconds


def test_hours_and_days_are_all_kept_and_nonsense_is_not() -> None:
    found = with_times(
        EMPTY,
        "<skipHours><hour>0</hour><hour> 5</hour><hour>24</hour><hour>77</hour><hour>x</hour></skipHours>"
        "<SKIPDAYS><day>Sunday</day><day>saturday</day><day>Minggu</day></SKIPDAYS>",
    )
    assert (found.skip_hours, found.skip_days) == ((0, 5), (5, 6))


def test_they_are_read_from_a_whole_document_and_not_from_its_items() -> None:
    document = (
        b'<?xml version="1.0"?><rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>'
        b"<title>Kabar</title><skipHours><hour>1</hour><hour>2</hour></skipHours><ttl>30</ttl>"
        b"<item><title>Jam</title><link>https://kabar.example/1</link>"
        b"<description>&lt;sy:updatePeriod&gt;yearly&lt;/sy:updatePeriod&gt;</description></item>"
        b"<sy:updatePeriod>hourly</sy:updatePeriod></channel></rss>"
    )
    found = parse(document, "https://kabar.example/feed")
    assert (found.skip_hours, found.update_seconds, found.ttl_minutes) == ((1, 2), 3600, 30)


def test_a_long_document_is_read_in_linear_time() -> None:
    assert with_times(EMPTY, "<skipHours><hour>" * 200_000).skip_hours == ()
