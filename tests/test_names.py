"""Names with titles, degrees and outlets beside them."""

from __future__ import annotations

import time

import pytest

from kliping.model import Credit
from parsers.block import Block, BlockKind
from parsers.bylines import read_byline
from parsers.names import bare_name, is_outlet, without_mark, without_outlet
from parsers.people import read_credits, read_initials

NAME = "Siti Rahma"


@pytest.mark.parametrize(
    "name",
    [
        "Dr. Siti Rahma, M.Si.",
        "Prof. Dr. Hj. Siti Rahma, S.Pd., M.Pd.",
        "Siti Rahma, S. Pd., M. Pd.",
        "Siti Rahma SH MH",
        "Siti Rahma, SE, MM",
        "dr. Siti Rahma, Sp.A",
        "Ir. Siti Rahma, Ph.D.",
        "Siti Rahma, A.Md.Keb.",
        "Apt. Siti Rahma, S.Farm",
        "Siti Rahma, Lc",
    ],
)
def test_titles_and_degrees_are_not_the_name_and_stay_with_it(name: str) -> None:
    assert bare_name(name) == NAME
    assert without_mark(name) == name
    credit, date = read_byline(Block(BlockKind.PARAGRAPH, f"Oleh {name}"))
    assert (credit, date) == (Credit("author", name), None)


def test_a_name_is_left_whole() -> None:
    for name in (NAME, "M. Yusuf", "H.B. Jassin", "Budi S", "Siti Rahma, Budi Santoso"):
        assert bare_name(name) == name
    assert without_mark("Siti Rahma.") == NAME


@pytest.mark.parametrize("unit", ["AB ", "A.B. ", ", S.Pd.", "SH, ", "by Editor ", "Dr. ", "A B", ", A. B."])
def test_no_line_of_capitals_is_slow(unit: str) -> None:
    start = time.process_time()
    for length in (60, 140, 400):
        text = (unit * 400)[:length]
        bare_name(text)
        without_mark(text)
        without_outlet(text)
        read_byline(Block(BlockKind.PARAGRAPH, text))
        read_credits(Block(BlockKind.PARAGRAPH, f"Oleh: {text}"))
    assert time.process_time() - start < 0.2


def test_outlets() -> None:
    assert without_outlet("Siti Rahma, Kompas.com") == NAME
    assert without_outlet("Siti Rahma, The Village Post, Jakarta") == NAME
    assert without_outlet("Siti Rahma, S.Pd.") == "Siti Rahma, S.Pd."
    assert without_outlet("Siti Rahma, Budi Santoso") == "Siti Rahma, Budi Santoso"
    assert not any(map(is_outlet, ("Budi Santoso", "Jakarta", "S.Pd.", "guru SD")))


@pytest.mark.parametrize(
    ("line", "name", "date"),
    [
        ("Siti Rahma - detikNews", NAME, None),
        ("Siti Rahma, CNN Indonesia", NAME, None),
        ("Siti Rahma, Kompas.com - 3 jam lalu", NAME, "3 jam lalu"),
        ("Siti Rahma - 12 Mei 2025", NAME, "12 Mei 2025"),
        ("12 Mei 2025 oleh Siti Rahma", NAME, "12 Mei 2025"),
        ("12 Mei 2025 by admin", "admin", "12 Mei 2025"),
        ("Oleh admin, 12 Mei 2025", "admin", "12 Mei 2025"),
        ("Tim Redaksi", "Tim Redaksi", None),
        ("Written by Siti Rahma", NAME, None),
    ],
)
def test_bylines_before_the_text(line: str, name: str, date: str | None) -> None:
    credit, told = read_byline(Block(BlockKind.PARAGRAPH, line))
    assert credit is not None
    assert (credit.name, told) == (name, date)


@pytest.mark.parametrize(
    "line",
    [
        "Jakarta, 12 Mei 2025",
        "Warga Desa, 12 Mei 2025",
        "Siti Rahma, ketua kelompok nelayan",
        "Penulis Terbaik 2023",
        "Oleh karena itu, warga menolak",
        "Oleh panitia, 12 Mei dijadikan hari libur",
        "Hari Nelayan - 6 April 2025 diperingati warga",
        "admin desa melayani warga",
    ],
)
def test_lines_that_are_no_bylines(line: str) -> None:
    assert read_byline(Block(BlockKind.PARAGRAPH, line)) == (None, None)


@pytest.mark.parametrize("rubric", ["Hukum Kriminal", "Kota Solo", "Pilkada Serentak", "Ekonomi Bisnis"])
def test_a_rubric_before_a_stamp_is_nobody_and_the_date_is_read(rubric: str) -> None:
    stamp = "Senin, 3 Mei 2021 09:00 WIB"
    for stroke in ("-", "•", "/", "|"):
        assert read_byline(Block(BlockKind.PARAGRAPH, f"{rubric} {stroke} {stamp}")) == (None, stamp)
    assert read_byline(Block(BlockKind.PARAGRAPH, f"{rubric} - 3 jam lalu")) == (None, "3 jam lalu")
    assert read_byline(Block(BlockKind.PARAGRAPH, f"{NAME} - {stamp}")) == (Credit("reporter", NAME), stamp)


def test_a_line_of_the_known_author_and_no_more() -> None:
    def known(line: str) -> bool:
        return read_byline(Block(BlockKind.PARAGRAPH, line), True, NAME, "Kabar Utara")[0] == Credit("author", NAME)

    assert all(map(known, ("Penulis Siti Rahma", "Siti Rahma | Kabar Utara", "SITI RAHMA")))
    assert not any(map(known, ("Penulis Siti Rahma tiba di dermaga", "Siti Rahma dan Budi Santoso berlayar")))


def test_brief_roles_and_long_initials() -> None:
    assert read_credits(Block(BlockKind.PARAGRAPH, "Rep: Siti Rahma/Red: Budi Santoso")) == (
        Credit("reporter", NAME),
        Credit("editor", "Budi Santoso"),
    )
    assert read_credits(Block(BlockKind.PARAGRAPH, "(Red: kata ini dialek)")) == ()
    assert read_initials(Block(BlockKind.PARAGRAPH, "(antara/siti)")) == Credit("initials", "antara/siti")
    assert read_initials(Block(BlockKind.PARAGRAPH, "(dan/atau)")) is None
