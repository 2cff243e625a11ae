"""Languages are told from enough text, and not guessed from less."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from parsers import langmodel
from parsers.language import identify
from parsers.languages import by_script, by_table

TEXTS = Path(__file__).parent / "languages"
INDONESIAN = (
    "Pemerintah kabupaten akan memperbaiki jalan desa yang rusak karena banjir, kata bupati saat mengunjungi warga di"
    " lokasi pengungsian. Ia bilang uang perbaikan sudah disiapkan dan pekerjaan bisa dimulai bulan depan. Warga"
    " berharap janji itu ditepati, karena sudah tiga kali musim hujan mereka harus memutar lewat kebun orang. "
)
MALAY = (
    "Kerajaan negeri akan membaiki jalan kampung yang rosak akibat banjir, kata Menteri Besar ketika ditemui pemberita"
    " selepas melawat mangsa di pusat pemindahan sementara. Beliau berkata peruntukan telah pun disediakan dan"
    " pembaikan dijangka bermula bulan hadapan. Penduduk kampung berharap perkara itu disegerakan oleh pihak berkuasa. "
)
ENGLISH = (
    "The regency will repair the village road that was damaged by the flood, the regent said while visiting people at"
    " the shelter. He said the money had been set aside and the work could begin next month, if the weather allows it. "
)


def test_enough_text_is_told() -> None:
    assert identify(INDONESIAN * 3) == "id"
    assert identify(MALAY * 3) == "ms"
    assert identify(ENGLISH * 4) == "en"


def test_short_text_is_told_only_when_it_is_clear() -> None:
    assert identify(INDONESIAN) == "id"
    assert identify(MALAY) is None
    assert identify(ENGLISH) == "en"
    assert identify("Sel Tidur di Kota") is None
    assert identify("") is None


@pytest.mark.parametrize("code", ["de", "fr", "es", "pt", "it", "nl", "ru", "ja", "ko"])
def test_languages_that_their_words_tell_need_no_model(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    text = (TEXTS / f"{code}.txt").read_text("utf-8")
    text *= 1 + 300 // len(text)
    assert langmodel.load().classify(text)[0] == code
    monkeypatch.setattr("parsers.language.identifier", lambda: pytest.fail("the model was asked"))
    assert identify(text) == code


@pytest.mark.parametrize("code", ["gl", "bg"])
def test_a_relative_is_not_taken_for_its_neighbour(code: str) -> None:
    text = (TEXTS / f"{code}.txt").read_text("utf-8")
    words = text.lower().split()
    assert (by_table(words), by_script(text, words)) == (None, None)


def test_the_model_is_the_one_that_py3langid_loads() -> None:
    theirs = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    for text in (INDONESIAN, MALAY, ENGLISH, "", "Ось так"):
        assert langmodel.load().rank(text) == theirs.rank(text)


def test_a_model_that_may_not_be_loaded_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langmodel, "late", False)
    langmodel.load.cache_clear()
    with pytest.raises(langmodel.ModelMissingError):
        langmodel.identifier()


def test_what_is_not_prose_has_no_language() -> None:
    assert identify("Kabupaten Bantul 14 Kabupaten Sleman 12 Kota Yogyakarta 30\n" * 12) is None
    assert identify("0812-3456-7890 / 12:30 | " * 60) is None


def test_the_model_is_loaded_only_when_asked() -> None:
    code = "import sys, parsers.language; sys.exit('numpy' in sys.modules or 'py3langid' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
