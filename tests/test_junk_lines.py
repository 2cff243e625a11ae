"""Lines that must go, lines that must go and be kept as data, and lines that must stay, each in a body of our own.

The first tables are ours and always run; the shared table is read when it is there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from parsers.block import Block, BlockKind
from parsers.clean import CleanContext, Cleaned, clean

SHARED = Path(__file__).parent.parent.parent / "shared" / "data" / "junk_lines.tsv"
PROSE = (
    "Warga Desa Sukamaju menggelar kerja bakti membersihkan saluran air pada Minggu pagi, sehari setelah hujan deras.",
    "Kepala desa mengatakan kegiatan itu akan diadakan sebulan sekali agar banjir tidak terulang pada musim hujan.",
    "Ibu-ibu menyiapkan nasi bungkus dan teh manis, sementara para pemuda mengangkut lumpur dengan gerobak pinjaman.",
    "Camat setempat berjanji memperbaiki pintu air sebelum akhir tahun, tetapi warga tetap berjaga setiap malam.",
)
FORMS = (("Posting Komentar",), ("0 komentar:", "Posting Komentar"))

DROP = """
    Diposkan oleh|1 komentar:|Hapus Komentar|Catatan: Hanya anggota dari blog ini yang dapat mengirim komentar.
    Laporkan Penyalahgunaan|Gabung dalam percakapan|Muat entri lainnya|Dapatkan link|Tautan disalin ke papan klip!
    Pos populer dari blog ini|Langganan: Posting Komentar (Atom)|Lihat profil lengkapku|Baca selengkapnya »
    Tak ada apa pun di sini!|Formulir Kontak|Subscribe to: Post Comments (Atom)|Report Abuse|Catatan Lama
    Tinggalkan Balasan ke Siti Batalkan balasan|Tinggalkan sebuah komentar|Leave a Comment on Kerja Bakti
    Komentar Anda sedang menunggu moderasi.|Anda harus masuk untuk berkomentar.|Pos Berikutnya|Laman: 1 2 3
    Halaman 1 2 3 Selanjutnya|Lanjutkan membaca “Kerja Bakti di Sukamaju”|(lebih...)|Lewati ke konten
    Satu pemikiran pada “Kerja Bakti di Sukamaju”|SCROLL TO CONTINUE WITH CONTENT|Simak Video "Warga Kerja Bakti"
    Lihat juga Video 'Detik-detik Banjir Sukamaju':|Saksikan video pilihan di bawah ini:|[Gambas:Video 20detik]
    Baca juga: 5 Fakta Banjir Sukamaju|Baca Juga 5 Fakta Banjir di Sukamaju|(Baca juga: Banjir Sukamaju Surut)
    BACA JUGA :|Berita Terkait|Read also: Floods in Sukamaju|Ikuti berita terbaru kami di Google News
    Gabung di channel WhatsApp kami|Dapatkan update berita terbaru setiap hari dari HarianSukamaju.com
    Mari bergabung di Grup Telegram "Kabar Sukamaju", caranya klik link https://t.me/kabarsukamaju, kemudian join.
    Iklan|- Advertisement -|Gulir ke bawah untuk lanjut membaca|Bagikan artikel ini:|Bagikan ini: Twitter Facebook
    Klik untuk berbagi di Twitter(Membuka di jendela yang baru)|Suka ini:Suka Memuat...
    Kirimkan Ini lewat EmailBlogThis!|Pos populer dari blog ini
    Copyright © 2019 Harian Sukamaju|© 2019 Harian Sukamaju. All rights reserved.|Hak cipta dilindungi undang-undang.
    The post Kerja Bakti appeared first on Harian Sukamaju.|A post shared by Siti (@siti)|Halaman 1 dari 3|* * *|•••
    Simak selengkapnya di halaman berikutnya.|Daftar Isi|Komentar (0)|2 Comments|Selanjutnya: Banjir Sukamaju Surut
    Dilarang mengutip sebagian atau seluruh isi berita tanpa izin redaksi.|Facebook Twitter WhatsApp|\u00a0Memuat…\u00a0
"""
DROP_TAIL = """
    Beranda|Label|Telusuri|Balas|Anonim mengatakan...|Sebelumnya|Tags|1 2 3|0812-3456-7890|Instagram : @kabarsukamaju
    Segera hubungi kami di :
"""
HELD = """
    Sumber : Kabar Sukamaju|Sumber foto: Antara|Sumber: CNN, BBC dan AFP|sumber: tempo|Sumber klik disini|(sumber)
    [Sumber: Tempo]|Dikutip dari tempo.co|Dilansir dari: Republika|Diterjemahkan dari: Middle East Eye|via: Republika
    Diolah dari berbagai sumber|Ref: https://id.wikipedia.org/wiki/Banjir|(Reuters)|(AFP/bud)|(bud/sit)|(BUD)|bud/sit
    Editor : Budi Santoso|Penulis: Siti Rahma Editor: Budi Santoso|Reporter : Siti / Editor : Budi|(Budi Santoso)
    Laporan Wartawan KabarSukamaju.com, Budi Santoso|(Budi Santoso/Siti)|Oleh : Dr. Budi Santoso, M.A.
    Artikel ini telah tayang di KabarJateng.com dengan judul Kerja Bakti, https://kabarjateng.com/2019/04/20/kerja.
    Berita ini telah tayang di Kabar Sukamaju|Artikel ini pernah dimuat di majalah Kabar edisi 20 April 2019.
    Foto: Antara/Budi Santoso|(Foto: Dok. Pribadi)|Dilihat 1.234 kali|Views: 1.234|Dibaca 53x|Tag: banjir, sukamaju
    Diposting oleh Budi di 10.15
"""
HELD_HEAD = """
    Banjir merendam rumah warga. (Foto: Antara)|Banjir merendam rumah warga (ANTARA FOTO/Budi)|Ilustrasi banjir
    Banjir merendam rumah warga. Foto: Antara|Banjir di Demak. Courtesy: Reuters|Presiden saat rapat (Istimewa)
    Presiden saat rapat. ©2019 Kabar.com|Presiden saat rapat. AFP PHOTO/Budi|Foto: Banjir merendam rumah warga
    Oleh Budi Santoso|Jumat, 19 Apr 2019 - 13:05 WIB|Kabar.com - 19/04/2019, 13:05 WIB|Diterbitkan 19 April 2019
    Budi Santoso - detikNews|Budi Santoso, Jurnalis-Jum'at 19 April 2019 13:05 WIB|Posted by Budi on April 19, 2019
"""
KEEP = """
    Editor senior itu menolak berkomentar.|Penulis buku itu lahir di Padang.|Reporter: Bagaimana kabar Bapak hari ini?
    Sumber daya manusia menjadi kunci.|Sumber: polisi menyebut jumlah korban bertambah.|Via telepon, ia mengaku selamat.
    Sumber kami: seorang pejabat yang tidak mau disebut namanya.|Dikutip dari laman resmi, aturan itu berlaku besok.
    Baca juga buku itu kalau sempat, katanya.|Simak penjelasannya di bawah ini:|Video call sudah biasa baginya.
    Foto bersama menjadi penutup acara.|Komentar netizen pun beragam.|Label halal wajib dicantumkan.|Kesimpulan
    Halaman 2 buku itu robek.|Bagikan ilmu kepada sesama.|Unduh aplikasi itu di Play Store, lalu masukkan nomor KTP.
    Ikuti petunjuk berikut untuk mendaftar lewat aplikasi.|Klik "Simpan" untuk menyelesaikan.|Apa Kata Warga?
    Iklan itu menuai protes.|Hak cipta lagu itu milik keluarga.|Artikel ini telah dibaca banyak orang dan menuai pujian.
    Berita ini telah menyebar luas di masyarakat.|Selanjutnya: bagaimana nasib para korban?|Cara Daftar Lewat Aplikasi
    Sebelumnya, polisi menahan tiga orang.|Terkait kasus itu, polisi memeriksa lima saksi.|Jakarta, 19 April 2019
    Tidak ada komentar resmi dari istana.|1 komentar pedas membuatnya mundur.|19 April 2019 menjadi hari bersejarah.
    JAKARTA - Presiden meresmikan bendungan itu.|(QS. Ali Imran: 103)|(HR. Muslim)|(HR Bukhari dan Muslim)|(Matius 5:3)
    Wallahu a'lam bish-shawab.|Catatan redaksi: nama korban disamarkan.|Penulis adalah dosen di Universitas Andalas.
    Daftar Pustaka:|Abdullah, T. (1990). Sejarah Lokal di Indonesia. Yogyakarta: Gadjah Mada University Press.
    Oleh karena itu, warga menolak.|Via Dolorosa dipadati peziarah.|Kredit macet naik dua kali lipat.
    Laporan: warga Demak belum menerima bantuan.|"Editor saya marah," kata dia.|Gambar 1. Peta sebaran banjir
    Foto: dari kiri, Budi, Siti, dan Andi saat menerima piagam penghargaan di balai kota.|Tabel 1. Jumlah korban
    Share lokasi Anda lewat WhatsApp, lalu tunggu petugas.|Dilihat dari udara, sawah itu tampak hijau.
"""


def rows(table: str) -> list[str]:
    return [part.strip(" \n") for line in table.splitlines() for part in line.split("|") if part.strip(" \n")]


def block(text: str) -> Block:
    return Block(BlockKind.PARAGRAPH, text)


def body(line: str, at: str, form: tuple[str, ...] = ()) -> list[Block]:
    """Our prose with `line` at head, mid or tail, and a comment form after it."""
    index = {"head": 0, "mid": 2, "tail": len(PROSE)}[at]
    return [block(text) for text in (*PROSE[:index], line, *PROSE[index:], *form)]


def placed(line: str, where: tuple[str, ...]) -> Iterator[Cleaned]:
    """The line cleaned in each of these places, the prose checked to be whole and cleaning to be idempotent."""
    for at in where:
        for form in ((), *FORMS) if at == "tail" else ((),):
            cleaned = clean(body(line, at, form), CleanContext())
            texts = [b.text for b in cleaned.blocks]
            assert [text for text in texts if text in PROSE] == list(PROSE), (line, at)
            assert clean(cleaned.blocks, CleanContext()).blocks == cleaned.blocks
            yield cleaned


def is_kept(cleaned: Cleaned, line: str) -> bool:
    return any(b.text == line for b in cleaned.blocks)


def held_by(cleaned: Cleaned, line: str) -> str | None:
    return next((r.kept_as for r in cleaned.removed if r.text == line), None)


EVERYWHERE = ("head", "mid", "tail")


@pytest.mark.parametrize("line", rows(DROP))
def test_furniture_goes_wherever_it_stands(line: str) -> None:
    assert not any(is_kept(cleaned, line) for cleaned in placed(line, EVERYWHERE))


@pytest.mark.parametrize("line", rows(DROP_TAIL))
def test_furniture_goes_from_the_end(line: str) -> None:
    assert not any(is_kept(cleaned, line) for cleaned in placed(line, ("tail",)))


@pytest.mark.parametrize("line", rows(HELD))
def test_closing_lines_are_kept_as_data(line: str) -> None:
    for cleaned in placed(line, ("tail",)):
        assert not is_kept(cleaned, line)
        assert held_by(cleaned, line) in ("sources", "credits", "captions", "tags")
        assert cleaned.sources or cleaned.credits or cleaned.captions or cleaned.tags


@pytest.mark.parametrize("line", rows(HELD_HEAD))
def test_opening_lines_are_kept_as_data(line: str) -> None:
    for cleaned in placed(line, ("head",)):
        assert not is_kept(cleaned, line)
        assert held_by(cleaned, line) in ("captions", "credits", "published_at")
        assert cleaned.captions or cleaned.credits or cleaned.published_line


@pytest.mark.parametrize("line", rows(KEEP))
def test_sentences_that_look_like_furniture_stay(line: str) -> None:
    assert all(is_kept(cleaned, line) for cleaned in placed(line, EVERYWHERE))


# --- the shared table -------------------------------------------------------------------------------------------------


def shared() -> list[dict[str, str]]:
    if not SHARED.exists():
        pytest.skip("no ../shared here")
    with SHARED.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


PLACES = {"any": EVERYWHERE, "tail": ("tail",), "head": ("head",)}


@pytest.mark.parametrize("verdict", ["keep", "drop", "metadata"])
def test_shared_table(verdict: str) -> None:
    wrong = []
    chosen = [row for row in shared() if row["verdict"] == verdict]
    for row in chosen:
        line = row["line"]
        for cleaned in placed(line, PLACES[row["position"]]):
            gone = not is_kept(cleaned, line)
            right = gone != (verdict == "keep") and (verdict != "metadata" or held_by(cleaned, line) is not None)
            wrong += [] if right else [line]
    assert chosen
    assert wrong == []
