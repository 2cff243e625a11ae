"""What tells a photo caption or a call from a sentence of the text that looks like one."""

from __future__ import annotations

import pytest

from parsers.block import PARAGRAPH, Block
from parsers.calls import is_call
from parsers.captions import read_caption

SCENE = "Warga mengantre minyak goreng di Pasar Induk"


@pytest.mark.parametrize(
    "credit",
    [
        "Foto: Antara/Rina Dewi",
        "ANTARA/Rina Dewi",
        "NusaPagi/Rina",
        "Kabar.com/RINA DEWI",
        "SOLOPOS/Rina Dewi",
        "Dok. Pemkab",
        "dokumentasi Pemkab",
        "dok pribadi",
        "sumber foto: Pemkot",
        "Sumber: Instagram/@warga",
        "istimewa",
    ],
)
def test_a_bracket_that_names_who_took_the_picture_is_a_credit(credit: str) -> None:
    assert read_caption(Block(PARAGRAPH, f"{SCENE} ({credit})"), at_head=False) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Jantung memompa darah kaya oksigen ke seluruh tubuh melalui pembuluh nadi (Gambar 2.1).",
        "Rapat itu dihadiri unsur pimpinan daerah dan aparat keamanan setempat (TNI/Polri).",
        "Lomba ini terbuka bagi pelajar dari semua jenjang sekolah menengah (SMA/SMK/MA).",
        "Formulir harus ditandatangani oleh orang yang bertanggung jawab (Ayah/Ibu/Wali).",
        "Jumlah penduduk kabupaten itu mencapai satu juta jiwa lebih (Sumber: BPS, 2021)",
        "Laporan dilengkapi dengan foto dan catatan lapangan (dokumentasi kegiatan).",
        "Sejarawan membedakan dua jenis bahan (sumber primer dan sekunder).",
        "Kecepatan angin diukur dalam satuan yang lazim (Kilometer/Jam).",
    ],
)
def test_a_bracket_that_explains_is_the_authors(text: str) -> None:
    assert read_caption(Block(PARAGRAPH, text), at_head=False) is None


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("Unduh aplikasi kami di Play Store", True),
        ("Download aplikasi Berita Kita sekarang!", True),
        ("Baca berita terbaru di aplikasi Kabar", True),
        ("Ikuti kami di Google News", True),
        ("Unduh aplikasi resmi Mobile Layanan di Play Store.", False),
        ("Klik menu Info Peserta pada aplikasi.", False),
        ("Akses laman resmi melalui ponsel atau laptop.", False),
        ("Klik ikon titik tiga di WhatsApp lalu pilih Lainnya.", False),
        ("Anda bisa download aplikasi terbaru di laman resmi lewat ponsel.", False),
    ],
)
def test_a_step_of_a_guide_is_no_call(text: str, call: bool) -> None:
    assert is_call(text, text.casefold(), Block(PARAGRAPH, text)) is call
