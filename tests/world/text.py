"""Indonesian news prose of our own, from a seed: the same seed always gives the same words."""

from __future__ import annotations

import random
import re


def words(listed: str) -> tuple[str, ...]:
    return tuple(word for word in listed.split("|") if word)


FIRST = words(
    "Rangga|Dewi|Bayu|Ratna|Hendra|Maya|Galih|Sekar|Teguh|Laras|Wahyu|Intan|Bagus|Nirmala|Fajar|Citra|Yusuf|Melati|"
    "Surya|Ayunda|Rizal|Kirana|Damar|Puspita|Ilham|Wulan|Satria|Anggun|Jaka|Tiara|Rendra|Salsa|Adi|Mega|Kunto|Asti"
)
LAST = words(
    "Wibowo|Kusuma|Hartono|Lestari|Siregar|Nasution|Pratama|Mahendra|Sihombing|Tanjung|Lubis|Halim|Saputra|Wardani|"
    "Manullang|Purnomo|Basri|Daulay|Sutrisno|Anwar|Ginting|Harahap|Setiadi|Rumengan|Latuconsina|Kambuaya|Pakpahan"
)
PLACES = words(
    "Bandung|Semarang|Surabaya|Padang|Makassar|Kupang|Ambon|Pontianak|Palembang|Manado|Jambi|Mataram|Kendari|Cirebon|"
    "Banyuwangi|Sukabumi|Tegal|Ternate|Bengkulu|Samarinda|Palangkaraya|Gorontalo|Tasikmalaya|Pekalongan|Bukittinggi|"
    "Singkawang|Parepare|Magelang|Pasuruan|Lhokseumawe"
)
OFFICES = words(
    "Dinas Perhubungan|Dinas Pertanian|Badan Penanggulangan Bencana|Dinas Pendidikan|Dinas Kesehatan|kepolisian resor|"
    "Dinas Pekerjaan Umum|kantor kecamatan|Balai Wilayah Sungai|perusahaan air minum daerah|Dinas Perdagangan|"
    "panitia pembangunan pasar|Dinas Kelautan|otoritas pelabuhan|Dinas Lingkungan Hidup|kantor imigrasi"
)
PEOPLE = words(
    "warga kampung nelayan|para pedagang pasar|puluhan petani bawang|ratusan pelajar|sejumlah sopir angkutan|"
    "tim relawan|kelompok tani setempat|para guru honorer|warga tiga dusun|nelayan tradisional|pengrajin batik|"
    "pengelola koperasi|ibu-ibu penggerak posyandu|anggota karang taruna|penyuluh lapangan|perawat puskesmas"
)
THINGS = words(
    "jembatan gantung|saluran irigasi|pasar ikan|gedung sekolah dasar|jalan lingkar selatan|bendungan kecil|"
    "rumah pompa|terminal tipe C|taman kota|gudang beras|posko kesehatan|dermaga kayu|kebun kopi|lumbung desa|"
    "tempat pengolahan sampah|balai latihan kerja|panel surya|sumur bor|pembibitan mangrove|jaringan air bersih"
)
ACTIONS = words(
    "memperbaiki|membangun kembali|mengelola|meninjau|merawat|membersihkan|memperluas|mengawasi|menata ulang|"
    "mengoperasikan|mendata|memindahkan|melengkapi|menguji coba"
)
REASONS = words(
    "hujan deras turun sejak sore|anggaran tahun ini baru cair|pasokan dari luar pulau terlambat|"
    "musim tanam sudah dekat|jalan utama tertutup longsor|"
    "harga bahan naik tajam|air laut pasang lebih tinggi|jumlah pengunjung bertambah|"
    "listrik padam hampir setiap malam|kapal pengangkut belum bersandar|tenaga ahli masih kurang|"
    "sebagian lahan belum dibebaskan|laporan warga menumpuk|kemarau datang lebih awal"
)
DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
MONTHS = words("Januari|Februari|Maret|April|Mei|Juni|Juli|Agustus|September|Oktober|November|Desember")
TAGS = words(
    "berita|daerah|ekonomi|pertanian|pendidikan|lingkungan|kesehatan|perhubungan|budaya|olahraga|kelautan|desa"
)
AGENCIES = ("Antara", "AFP", "Reuters", "EPA", "Istimewa", "AP")

SENTENCES = (
    "{People} di {place} mulai {action} {thing} setelah {reason}.",
    "{Office} {place} menyatakan pekerjaan {thing} akan selesai dalam {n} hari.",
    "Menurut {name}, {people} sudah lama meminta agar {thing} itu segera ditangani.",
    '"Kami tidak ingin menunggu lebih lama karena {reason}," kata {name} kepada wartawan pada {day}.',
    "Data {office} menunjukkan sedikitnya {n} keluarga memakai {thing} tersebut setiap pekan.",
    "Sebelumnya, {people} sempat menolak rencana itu karena {reason}.",
    "Biaya untuk {action} {thing} ditaksir mencapai Rp {n},{d} miliar.",
    "{Name} menambahkan bahwa {n} orang dari {place} ikut membantu sejak {day} pagi.",
    "Meski {reason}, {people} tetap datang dan {action} {thing} bersama-sama.",
    "Dalam rapat pada {day}, {office} dan {people} sepakat membagi tugas di {n} titik.",
    "Ia mengatakan, {thing} di {place} terakhir kali diperbaiki sekitar {n} tahun lalu.",
    '"Yang penting {people} merasa aman," ujar {name}, yang memimpin kegiatan itu.',
    "Sampai {day} petang, {n} dari {m} bagian {thing} sudah dapat digunakan lagi.",
    "Rencana serupa juga disiapkan untuk {place}, tempat {people} menghadapi persoalan yang sama.",
    "{Office} meminta {people} melapor bila menemukan kerusakan pada {thing}.",
    "Beberapa hari terakhir {reason}, sehingga jadwal {people} bergeser ke {day}.",
    "Di {place}, {name} menyaksikan sendiri bagaimana {people} {action} {thing} dengan alat seadanya.",
    "Kepala {office} {name} membantah kabar bahwa pekerjaan itu dihentikan.",
    "Bantuan berupa {n} paket alat kerja tiba di {place} pada {day} malam.",
    "Para ahli menilai {thing} perlu diperiksa setiap {n} bulan agar tetap layak dipakai.",
    "Walau begitu, {name} mengakui masih ada {n} laporan dari {place} yang belum dijawab.",
    "Kegiatan itu diikuti {n} peserta, sebagian besar dari {place} dan sekitarnya.",
    "Hasil panen di sekitar {place} turun {n} persen, antara lain karena {reason}.",
    "{People} berharap {office} tidak hanya {action} {thing}, tetapi juga menjaga kebersihannya.",
    "Pembahasan lanjutan dijadwalkan pada {day} pekan depan di kantor {office}.",
    "Catatan {name} memperlihatkan kenaikan dari {n} menjadi {m} kunjungan dalam sebulan.",
)
HEADLINES = (
    "{Office} {place} Siapkan {Thing} untuk {N} Keluarga",
    "{People} di {place} {Action} {Thing}",
    "{N} Hari Tanpa {Thing}, {People} {place} Bertahan",
    "{Thing} di {place} Kembali Dibuka",
    "Cerita {Name} {Action} {Thing} di {place}",
    "{place} Tambah {N} {Thing} Tahun Ini",
    "{People} {place} Tagih Janji {Office}",
    "Mengapa {Thing} di {place} Belum Selesai",
)
SUBHEADINGS = (
    "Janji yang Tertunda", "Harapan di {place}", "Menunggu Kepastian", "Angka dari Lapangan", "Suara {Name}",
    "Langkah Berikutnya", "Kerja Bakti Mingguan", "Menghitung Kerugian", "Setelah Banjir Surut",
)  # fmt: skip
CAPTIONS = (
    "{People} {action} {thing} di {place}",
    "{Name} bersama {people} di {place}",
    "Suasana {thing} di {place} pada {day} pagi",
)


class Writer:
    """Writes titles, sentences and names. Everything it gives depends on the seed and the order of the calls only."""

    def __init__(self, seed: int | str) -> None:
        self.rng = random.Random(f"kliping-{seed}")

    def name(self) -> str:
        return f"{self.rng.choice(FIRST)} {self.rng.choice(LAST)}"

    def place(self) -> str:
        return self.rng.choice(PLACES)

    def _slots(self) -> dict[str, str]:
        pick, number = self.rng.choice, self.rng.randint(3, 480)
        low = {"people": pick(PEOPLE), "office": pick(OFFICES), "thing": pick(THINGS), "action": pick(ACTIONS)}
        high = {key.capitalize(): value[0].upper() + value[1:] for key, value in low.items()}
        name = self.name()
        rest = {"name": name, "Name": name, "place": self.place(), "reason": pick(REASONS), "day": pick(DAYS)}
        numbers = {"n": str(number), "N": str(number), "m": str(number + self.rng.randint(2, 90))}
        return {**low, **high, **rest, **numbers, "d": str(self.rng.randint(1, 9))}

    def _fill(self, templates: tuple[str, ...]) -> str:
        return self.rng.choice(templates).format_map(self._slots())

    def title(self) -> str:
        """A headline in title case."""
        words = self._fill(HEADLINES).split()
        return " ".join(word if word in ("di", "untuk") else word[0].upper() + word[1:] for word in words)

    def subheading(self) -> str:
        return self._fill(SUBHEADINGS)

    def caption(self) -> str:
        return self._fill(CAPTIONS)

    def sentence(self) -> str:
        return self._fill(SENTENCES)

    def paragraph(self) -> str:
        """Two to four sentences, about 300 characters."""
        return " ".join(self.sentence() for _ in range(self.rng.randint(2, 4)))

    def paragraphs(self, count: int | None = None) -> list[str]:
        """Without a count: six to eleven."""
        return [self.paragraph() for _ in range(count or self.rng.randint(6, 11))]

    def tags(self) -> tuple[str, ...]:
        return tuple(self.rng.sample(TAGS, self.rng.randint(1, 3)))

    def agency(self) -> str:
        return self.rng.choice(AGENCIES)


def slug(title: str) -> str:
    """The tail of a permalink: lower case, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].rstrip("-")
