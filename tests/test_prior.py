"""The feed entry as a prior: its first words say which part of a page is the article."""

from __future__ import annotations

from datetime import UTC, datetime

from kliping.model import Entry, Page
from parsers import rules
from parsers.article import extract

NOW = datetime(2024, 5, 1, tzinfo=UTC)
URL = "https://kabar.example/desa/sumur-baru"
STORY = [
    "Sumur baru di dusun atas mulai dipakai pekan ini setelah digali selama dua bulan oleh warga sendiri.",
    "Airnya cukup untuk delapan puluh rumah, dan rasanya tidak payau seperti sumur lama di tepi sawah.",
    "Kepala dusun meminta warga bergiliran menimba pada pagi hari agar antrean tidak terlalu panjang.",
]
OTHER = [
    f"Pengumuman nomor {n} dari panitia lomba: peserta wajib membawa kartu, sepatu, dan bekal sendiri ke lapangan."
    for n in range(1, 6)
]


def page(entry: Entry | None) -> Page:
    story, other = ("".join(f"<p>{text}</p>" for text in texts) for texts in (STORY, OTHER))
    html = f"<html><body><div class='kiri'>{story}</div><div class='kanan'>{other}</div></body></html>"
    return Page(URL, html.encode(), NOW, entry=entry)


def test_the_entry_s_first_words_move_the_choice() -> None:
    without = extract(page(None), rules.load())
    assert without.body is not None
    assert OTHER[0] in without.body
    found = extract(page(Entry(summary=STORY[0][:80])), rules.load())
    assert found.body == "\n\n".join(STORY)
    assert found.rule == "entry"


def test_words_that_stand_nowhere_or_in_the_text_change_nothing() -> None:
    plain = extract(page(None), rules.load()).body
    assert (
        extract(page(Entry(summary="Kata-kata ini tidak ada di mana pun di halaman itu")), rules.load()).body == plain
    )
    assert extract(page(Entry(summary=OTHER[0])), rules.load()).body == plain


def test_a_standfirst_alone_does_not_draw_the_choice_away() -> None:
    head = f"<header><p>{STORY[0]}</p></header>"
    html = f"<html><body>{head}<div class='isi'>{''.join(f'<p>{text}</p>' for text in OTHER)}</div></body></html>"
    found = extract(Page(URL, html.encode(), NOW, entry=Entry(summary=STORY[0])), rules.load())
    assert found.body is not None
    assert OTHER[-1] in found.body
