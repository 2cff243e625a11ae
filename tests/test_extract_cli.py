"""`kliping extract`: one object a line, in order, with every key; bad files cost only themselves."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from cli import invoke

KEYS = (
    "file url outcome title author published_at published_precision published_from language body captions sources "
    "credits tags removed rule error"
)
P = "Warga desa bekerja bakti memperbaiki jembatan yang rusak diterjang banjir pada hari Minggu. "
PAGE = f"""<html><head><title>Jembatan Diperbaiki</title>
<meta property="article:published_time" content="2024-01-07T10:00:00+07:00"></head>
<body><h1>Jembatan Diperbaiki</h1><div><img src=x><span>Jembatan itu (Foto: Sari)</span></div>
<article><p>{P * 3}</p><p>{P * 2}</p><p>Sumber: <a href="https://sumber.example/a">klik di sini</a></p>
<p>Editor: Budi Santoso</p></article></body></html>"""


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    code = invoke(["extract", *arguments])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def page(tmp_path: Path) -> str:
    path = tmp_path / "satu.html"
    path.write_text(PAGE, "utf-8")
    return str(path)


def test_one_page(capsys: pytest.CaptureFixture[str], page: str) -> None:
    code, (found,) = run(capsys, "--url", "https://kabar.example/a", page)
    assert code == 0
    assert sorted(found) == sorted(KEYS.split())
    assert (found["file"], found["url"], found["outcome"]) == (page, "https://kabar.example/a", "article")
    assert (found["title"], found["published_at"]) == ("Jembatan Diperbaiki", "2024-01-07T10:00:00+07:00")
    assert (found["published_precision"], found["published_from"]) == ("second", "meta")
    assert found["body"] == f"{(P * 3).strip()}\n\n{(P * 2).strip()}"
    assert found["captions"] == [{"text": "Jembatan itu (Foto: Sari)", "credit": "Sari"}]
    assert found["sources"] == [{"label": "klik di sini", "url": "https://sumber.example/a", "kind": "text"}]
    assert found["credits"] == [{"role": "editor", "name": "Budi Santoso"}]
    assert [sorted(line) for line in found["removed"]] == [["kept_as", "rule", "step", "text"]] * 2
    assert found["error"] is None


def test_order_is_kept_and_a_bad_file_costs_only_itself(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = []
    for number in range(5):
        path = tmp_path / f"{number}.html.gz"
        path.write_bytes(gzip.compress(PAGE.replace("Diperbaiki", f"Ke-{number}").encode()))
        files.append(str(path))
    broken = tmp_path / "rusak.html.gz"
    broken.write_bytes(gzip.compress(PAGE.encode())[:40])
    files[2:2] = [str(broken), str(tmp_path / "tiada.html")]
    code, found = run(capsys, "--jobs", "2", *files)
    assert code == 1
    assert [line["file"] for line in found] == files
    assert [bool(line["error"]) for line in found] == [name in files[2:4] for name in files]
    assert all(sorted(line) == sorted(KEYS.split()) for line in found)
    assert [line["title"] for line in found if not line["error"]] == [f"Jembatan Ke-{n}" for n in range(5)]


def test_urls_from_a_table(capsys: pytest.CaptureFixture[str], page: str, tmp_path: Path) -> None:
    table = tmp_path / "urls.tsv"
    table.write_text(f"{page}\thttps://news.detik.com/berita/d-1/a\n\n", "utf-8")
    _, (found,) = run(capsys, "--urls", str(table), page)
    assert found["url"] == "https://news.detik.com/berita/d-1/a"


def test_rules_of_hosts_can_be_left_out(capsys: pytest.CaptureFixture[str], page: str, tmp_path: Path) -> None:
    other = tmp_path / "detik.html"
    other.write_text(f"<div class='detail__body-text'><p>{P * 4}</p></div>", "utf-8")
    url = ("--url", "https://news.detik.com/berita/d-1/a")
    assert run(capsys, *url, str(other))[1][0]["rule"] == "detik.com div.detail__body-text"
    assert run(capsys, *url, "--no-site-rules", str(other))[1][0]["rule"] == "generic"


@pytest.mark.parametrize(
    "arguments",
    [["--url", "https://a.example/", "a", "b"], ["--urls", "/tiada.tsv", "a"], ["--jobs", "0", "a"], []],
)
def test_wrong_use(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert invoke(["extract", *arguments]) == 2
    assert capsys.readouterr().out == ""


def test_a_page_that_is_no_article_has_no_body(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "kosong.html"
    path.write_text("<html><body><div id=app></div></body></html>", "utf-8")
    code, (found,) = run(capsys, str(path))
    assert (code, found["outcome"], found["body"], found["error"]) == (0, "empty", None, None)
