"""`kliping site`: a scaffold whose own tests would pass, what is kept beside what is removed, bad input."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli import invoke
from parsers import rules
from tests.world import World

URL = "https://www.kabarsawah.example/desa/2025/jembatan-selesai.html"
READ = datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)  # when the page was saved
P = "Warga desa bekerja bakti memperbaiki jembatan yang rusak diterjang banjir pada hari Minggu, kata kepala dusun. "
PAGE = f"""<!doctype html><html><head><title>Jembatan Selesai</title>
<meta property="article:published_time" content="2025-03-02T10:00:00+07:00"></head><body>
<div class="menu"><a href="/">Beranda</a> <a href="/desa">Desa</a></div><h1>Jembatan Selesai</h1>
<div class="isi-kabar clearfix"><p>{P * 3}</p><p>{P * 2}</p><p>Bagikan artikel ini</p><p>Editor: Budi Santoso</p></div>
<div class="lain">{'<p><a href="/x">Sawah kering lagi tahun ini</a></p>' * 5}</div></body></html>"""


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def site(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `kliping site ...` with no setting of the machine."""
    for name in [name for name in os.environ if name.startswith("KLIPING_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        code = invoke(["site", *map(str, arguments)])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "halaman.html.gz"
    path.write_bytes(gzip.compress(PAGE.encode()))
    os.utime(path, (READ.timestamp(), READ.timestamp()))
    return path


@pytest.fixture
def folder(site: Any, page: Path, tmp_path: Path) -> Path:
    """A scaffold of one page."""
    ran = site("new", page, "--into", tmp_path / "kerja", "--url", URL)
    assert (ran.code, ran.err) == (0, "")
    return tmp_path / "kerja"


def is_one_line(ran: Ran, code: int = 1) -> bool:
    return ran.code == code and ran.out == "" and ran.err.startswith("kliping: ") and ran.err.count("\n") == 1


# --- new --------------------------------------------------------------------------------------------------------------


def test_new_writes_a_rule_a_page_and_what_it_should_give(folder: Path) -> None:
    text = (folder / "parsers/sites/kabarsawah.example.toml").read_text("utf-8")
    assert tomllib.loads(text)["body"] == ["div.isi-kabar", "div.clearfix"]
    rule = rules.load_with({"kabarsawah.example": text}).rule_for(URL)
    assert rule.body[0].source == "div.isi-kabar"
    pages = folder / "tests/sites/kabarsawah.example"
    assert sorted(path.name for path in pages.iterdir()) == [
        "examples.toml", "jembatan-selesai.html", "jembatan-selesai.txt",
    ]  # fmt: skip
    html = (pages / "jembatan-selesai.html").read_text("utf-8")
    assert html.startswith(f"<!-- url: {URL} at: ")
    assert html.partition("\n")[2] == PAGE
    assert f" at: {READ.isoformat()} -->" in html
    told = (pages / "jembatan-selesai.txt").read_text("utf-8")
    assert "rule: kabarsawah.example div.isi-kabar" in told
    assert "credit: editor | Budi Santoso" in told
    assert "| Bagikan artikel ini |" in told
    assert told.endswith(f"{(P * 3).strip()}\n\n{(P * 2).strip()}\n")
    assert tomllib.loads((pages / "examples.toml").read_text("utf-8")) == {"articles": [URL], "others": []}


def test_new_as_json_names_the_files(site: Any, page: Path, tmp_path: Path) -> None:
    ran = site("new", page, "--into", tmp_path, "--url", URL, "--name", "satu", "--json")
    assert ran.code == 0
    assert (ran.json["host"], ran.json["title"]) == ("kabarsawah.example", "Jembatan Selesai")
    assert [Path(name).name for name in ran.json["files"]] == [
        "kabarsawah.example.toml", "satu.html", "satu.txt", "examples.toml",
    ]  # fmt: skip
    assert all(Path(name).is_file() for name in ran.json["files"])


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_new_says_that_a_page_is_no_article(site: Any, tmp_path: Path, flags: tuple[str, ...]) -> None:
    page = tmp_path / "kosong.html"
    page.write_text("<html><body><div id=app></div></body></html>", "utf-8")
    ran = site("new", page, "--into", tmp_path, "--url", URL, *flags)
    assert (ran.code, ran.err) == (
        1,
        f"kliping: {page}: no article was found (outcome: empty); the files are written\n",
    )
    assert (tmp_path / "parsers/sites/kabarsawah.example.toml").is_file()


def test_new_overwrites_nothing(site: Any, page: Path, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}
    ran = site("new", page, "--into", folder, "--url", URL, "--name", "lain")
    assert is_one_line(ran)
    assert "there already: " in ran.err
    assert {path: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()} == before


def test_a_page_in_another_charset_is_kept_as_utf_8(site: Any, tmp_path: Path) -> None:
    page = tmp_path / "lama.html"
    page.write_bytes(PAGE.replace("Jembatan Selesai", "Jembatan – Café").encode("cp1252"))
    ran = site("new", page, "--into", tmp_path / "kerja", "--url", URL, "--name", "lama", "--json")
    assert ran.json["title"] == "Jembatan – Café"
    assert "Café" in (tmp_path / "kerja/tests/sites/kabarsawah.example/lama.html").read_text("utf-8")
    assert site("check", "kabarsawah.example", "--in", tmp_path / "kerja").code == 0


def test_new_builds_on_the_platform(site: Any, tmp_path: Path) -> None:
    page = tmp_path / "wp.html"
    page.write_text(PAGE.replace("</head>", '<meta name="generator" content="WordPress 6.5"></head>'), "utf-8")
    ran = site("new", page, "--into", tmp_path, "--url", URL, "--json")
    assert ran.json["platform"] == "wordpress"
    rule = tomllib.loads((tmp_path / "parsers/sites/kabarsawah.example.toml").read_text("utf-8"))
    assert rule["inherits"] == "wordpress"


# --- check ------------------------------------------------------------------------------------------------------------


def test_check_shows_kept_and_removed_side_by_side(site: Any, folder: Path) -> None:
    ran = site("check", "kabarsawah.example", "--in", folder)
    assert (ran.code, ran.err) == (0, "")
    (heading,) = [line for line in ran.out.splitlines() if "kept (2)" in line]
    assert "removed (" in heading
    assert heading.index("kept") < heading.index("removed")
    side = heading.index("removed")
    assert "Bagikan artikel ini" in "\n".join(line[side:] for line in ran.out.splitlines())
    assert "expected text  same" in ran.out


def test_check_fails_when_a_page_gives_other_than_it_should(site: Any, folder: Path) -> None:
    expected = folder / "tests/sites/kabarsawah.example/jembatan-selesai.txt"
    expected.write_text(expected.read_text("utf-8") + "Lagi\n", "utf-8")
    ran = site("check", "kabarsawah.example", "--in", folder, "--json")
    assert ran.code == 1
    (found,) = ran.json
    assert found["difference"] == ["- Lagi"]
    assert (found["expected"], found["kept"]) == ("differs", [(P * 3).strip(), (P * 2).strip()])
    assert {"step", "rule", "text", "kept_as"} == set(found["removed"][0])
    expected.write_text(expected.read_text("utf-8").replace("Lagi\n", "").replace("editor", "penyunting"), "utf-8")
    lines = site("check", "kabarsawah.example", "--in", folder).out.splitlines()
    assert lines[-2:] == ["- credit: penyunting | Budi Santoso", "+ credit: editor | Budi Santoso"]
    expected.unlink()
    ran = site("check", "kabarsawah.example", "--in", folder, "--json")
    assert (ran.code, ran.json[0]["expected"]) == (0, None)


def test_check_of_a_file_uses_the_rules_of_the_folder(site: Any, folder: Path, page: Path, tmp_path: Path) -> None:
    ours = ("check", page, "--url", URL, "--json", "--in")
    assert site(*ours, folder).json[0]["rule"] == "kabarsawah.example div.isi-kabar"
    ran = site(*ours, tmp_path)
    assert (ran.code, ran.json[0]["rule"], ran.json[0]["selectors"][0]) == (0, "generic", "div.isi-kabar")


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("new", "/tiada.html", "--into", "."),
        ("new", "http://127.0.0.1:1/", "--into", "."),
        ("new", "http://", "--into", "."),
        ("check", "tiada.example"),
        ("check", "../.."),
    ],
)
def test_bad_input_is_one_line(site: Any, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert is_one_line(site(*arguments))


def test_what_a_page_or_a_folder_lacks_is_one_line(site: Any, page: Path, tmp_path: Path) -> None:
    assert "its address is not known" in site("new", page, "--into", tmp_path).err
    assert is_one_line(site("new", page, "--into", tmp_path, "--url", "bukan alamat"))
    assert is_one_line(site("new", page, "--into", tmp_path, "--url", URL, "--name", "../x"))
    picture = tmp_path / "gambar.html"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    assert is_one_line(site("new", picture, "--into", tmp_path, "--url", URL))
    rule = tmp_path / "parsers/sites/kabarsawah.example.toml"
    rule.parent.mkdir(parents=True)
    rule.write_text("warna = 1\n", "utf-8")
    ran = site("check", page, "--in", tmp_path, "--url", URL)
    assert is_one_line(ran)
    assert "kabarsawah.example.toml: warna" in ran.err
    rule.write_text("body = ['div']\n", "utf-8")
    (tmp_path / "tests").write_text("", "utf-8")
    rule.unlink()
    assert is_one_line(site("new", page, "--into", tmp_path, "--url", URL))


def test_what_the_guide_quotes_is_what_is_said(site: Any, page: Path, tmp_path: Path) -> None:
    rule = tmp_path / "parsers/sites/contoh.co.id.toml"
    rule.parent.mkdir(parents=True)
    rule.write_text("zone = 'Asia/Bandung'\n", "utf-8")
    ran = site("check", page, "--in", tmp_path, "--url", URL)
    assert is_one_line(ran)
    guide = Path(__file__).resolve().parent.parent / "docs" / "adding-a-site.md"
    assert f"`{ran.err.removeprefix('kliping: ').strip()}`" in guide.read_text("utf-8")


def test_a_folder_that_may_not_be_read_is_one_line(page: Path, tmp_path: Path) -> None:
    """As somebody without rights: root may read everything."""
    shut = tmp_path / "tutup"
    shut.mkdir(mode=0)
    code = (
        "import os, sys; from cli import invoke; import cli.site, typer.main\n"
        "from cli.sitepage import listed, rules_in\n"
        "from kliping.errors import InputError; from pathlib import Path\n"
        "if os.getuid() == 0: os.seteuid(65534)\n"
        "for ask in (rules_in, lambda folder: listed(folder / 'tests', '*.html')):\n"
        "    try: ask(Path(sys.argv[1]) / 'x')\n"
        "    except InputError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(shut)], capture_output=True, text=True, timeout=60)
    lines = [f"{shut}/x/parsers/sites: Permission denied", f"{shut}/x/tests: Permission denied"]
    assert (done.stdout.splitlines(), done.stderr) == (lines, "")


@pytest.mark.parametrize(
    "arguments", [("new",), ("new", "x.html"), ("check",), ("check", "--tidak-ada", "x"), ("lain",)]
)
def test_wrong_use(site: Any, arguments: tuple[str, ...]) -> None:
    ran = site(*arguments)
    assert (ran.code, ran.out) == (2, "")


# --- over the loopback web --------------------------------------------------------------------------------------------


def test_new_from_an_address_goes_through_the_door(site: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with World().in_thread() as world:
        blog = world.wordpress("Kabar Sawah", posts=1)
        url = blog.posts[0].url
        assert is_one_line(site("new", url, "--into", tmp_path))  # loopback is closed unless it is opened
        monkeypatch.setenv("KLIPING_ALLOW_NETWORKS", "127.0.0.0/8")
        monkeypatch.setenv("KLIPING_HOST_SPACING", "0")
        ran = site("new", url, "--into", tmp_path, "--json")
        assert ran.code == 0, ran.err
        assert (ran.json["title"], ran.json["url"]) == (blog.posts[0].truth.title, url)
        assert site("check", ran.json["host"], "--in", tmp_path).code == 0
        gone = site("new", blog.base_url + "/tidak-ada", "--into", tmp_path)
        assert is_one_line(gone)
        assert "not_found" in gone.err
        blog.robots = "User-agent: *\nDisallow: /\n"
        refused = site("new", url, "--into", tmp_path / "lagi")
        assert is_one_line(refused)
        assert "robots.txt" in refused.err
        assert not (tmp_path / "lagi").exists()
