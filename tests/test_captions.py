"""Captions and whom they credit: names in brackets, behind a mark, before a stroke, and what is no credit at all."""

from __future__ import annotations

import pytest

from kliping.model import Caption
from parsers.captions import caption_in, merged, parse_caption

SEEN = "Nelayan menurunkan ikan di dermaga lama"


@pytest.mark.parametrize(
    ("ending", "credit"),
    [
        (". (Siti Rahma)", "Siti Rahma"),
        (". (Getty Images)", "Getty Images"),
        (" (Shutterstock)", "Shutterstock"),
        (" (Humas Polres Utara)", "Humas Polres Utara"),
        (". (Biro Pers Sekretariat Presiden)", "Biro Pers Sekretariat Presiden"),
        (" (Tangkapan layar YouTube)", "Tangkapan layar YouTube"),
        (" (Instagram @kabarutara)", "Instagram @kabarutara"),
        (". (Dokumentasi Pribadi)", "Pribadi"),
        (" (dok. Dinas Perikanan)", "Dinas Perikanan"),
        (". Instagram/@kabarutara", "Instagram/@kabarutara"),
        (" /Kabar Utara/Siti Rahma", "Kabar Utara/Siti Rahma"),
        (". /Kabar Utara/Siti", "Kabar Utara/Siti"),
        (" - Foto Bernama", "Bernama"),
        (". Image credit: NASA", "NASA"),
        (". Photo source: Village Post", "Village Post"),
        (" (kanan)", None),
        (" pada 1998", None),
        (", Rabu (4/3/2020)", None),
    ],
)
def test_a_credit_at_the_end(ending: str, credit: str | None) -> None:
    caption = parse_caption(SEEN + ending)
    assert caption.credit == credit
    assert caption.text.startswith(SEEN)


def test_letters_of_the_words_before_are_no_credit() -> None:
    assert parse_caption("Kantor Badan Nasional Penanggulangan Bencana (BNPB)").credit is None
    assert parse_caption(f"{SEEN} (AFP)").credit == "AFP"


def test_what_a_photo_shows_is_no_credit() -> None:
    assert parse_caption("Foto: Dermaga lama pada 1898").credit is None
    assert parse_caption("Foto: Dermaga yang mulai sepi sejak pagi hari").credit is None
    assert parse_caption("Foto: Siti Rahma").credit == "Siti Rahma"
    assert parse_caption("Foto: kabarutara.com").credit == "kabarutara.com"


def test_a_credit_that_begins_a_caption() -> None:
    assert parse_caption(f"KABAR/SITI - {SEEN}").credit == "KABAR/SITI"
    assert parse_caption(f"KABAR UTARA - {SEEN}").credit is None


def test_a_credit_on_a_line_of_its_own_belongs_to_the_caption_before_it() -> None:
    lines = [parse_caption(text) for text in (SEEN, "Foto: Antara", "Dermaga baru", "(Dok. Dinas Perikanan)")]
    assert merged(lines) == [Caption(SEEN, "Antara"), Caption("Dermaga baru", "Dinas Perikanan")]
    assert merged([parse_caption("Foto: Antara"), parse_caption(SEEN)])[1] == Caption(SEEN, None)
    assert len(merged([parse_caption(SEEN), parse_caption("Dermaga baru. Foto: Antara")])) == 2


def test_prose_before_the_text_is_no_caption() -> None:
    for line in (
        "Warga menunggu di dermaga. Kabar itu belum pasti.",
        "Harga naik (turun) tiga kali.",
        "Tarif dan/atau denda",
    ):
        assert caption_in(line, at_head=True) is None, line
    assert caption_in(f"{SEEN} (Humas Polres Utara)", at_head=True)
    assert caption_in(f"{SEEN} (Humas Polres Utara)", at_head=False) is None
