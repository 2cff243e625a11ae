"""`kliping extract`: one object a line, in order, with every key; bad files cost only themselves."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli import invoke
from ingest import crew
from ingest.crew import Job, Ticket, answered
from kliping.errors import KlipingError, SandboxCrash, SandboxMemory, SandboxTimeout
from kliping.settings import MIB

ROOT = Path(__file__).resolve().parent.parent

KEYS = (
    "file url outcome title author published_at published_precision published_from language body captions sources "
    "credits tags removed rule error"
)
HEAVY = ("typer", "rich", "pydantic", "asyncio", "msgspec", "selectolax", "parsers", "sqlalchemy", "httpx", "json")
HEAVY_IN_CHILD = (
    *("asyncio", "msgspec", "pydantic", "numpy", "py3langid", "dateparser", "idna", "publicsuffixlist"),
    *("importlib.resources", "tempfile", "hashlib", "lzma", "zoneinfo"),
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


# --- the plain form and the other -------------------------------------------------------------------------------------


def test_the_plain_form_loads_next_to_nothing(page: str) -> None:
    code = (
        "import sys; from cli import invoke; code = invoke(['extract', sys.argv[2]]); sys.stdout.flush();"
        "sys.exit(', '.join(n for n in sys.argv[1].split(',') if n in sys.modules) or code)"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KLIPING_")}
    done = subprocess.run(
        [sys.executable, "-c", code, ",".join(HEAVY), page], cwd=ROOT, env=clean, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["title"] == "Jembatan Diperbaiki"


def test_a_parsing_child_starts_with_what_every_page_needs() -> None:
    """A module of no use to most pages costs each start milliseconds."""
    code = (
        "import sys; sys.path[:] = sys.argv[2:]; from ingest.filechild import _warm_up; _warm_up();"
        "sys.exit(', '.join(n for n in sys.argv[1].split(',') if n in sys.modules) or 0)"
    )
    path = [str(ROOT), *(entry for entry in sys.path if entry)]
    done = subprocess.run(
        [sys.executable, "-ISc", code, ",".join(HEAVY_IN_CHILD), *path], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_setting_in_the_environment_changes_only_what_it_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    plain = run(capsys, page, page)
    monkeypatch.setenv("KLIPING_CHILDREN", "1")
    assert run(capsys, page, page) == plain
    monkeypatch.setenv("KLIPING_PAGE_BYTES", "100")
    code, (found,) = run(capsys, page)
    assert (code, found["error"]) == (1, "unreadable: more than 100 bytes")
    monkeypatch.setenv("KLIPING_CHILDREN", "banyak")
    assert invoke(["extract", page]) == 1
    assert capsys.readouterr().err.startswith("kliping: KLIPING_CHILDREN: ")


def test_names_of_files_are_kept_as_they_are(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ('a"b.html', "back\\slash.html", "é\u202e\n.html", "tiada.html")]
    for name in names[:3]:
        Path(name).write_text(PAGE, "utf-8")
    assert [found["file"] for found in run(capsys, *names)[1]] == names


def test_options_in_both_spellings(capsys: pytest.CaptureFixture[str], page: str) -> None:
    one = run(capsys, "--url", "https://kabar.example/a", "--jobs", "1", page)
    assert run(capsys, "--jobs=1", page, "--url=https://kabar.example/a") == one
    assert run(capsys, "--url", "https://kabar.example/a", "--", page) == one


# --- its children -----------------------------------------------------------------------------------------------------

BOMB = b"<html><body>" + b"<table><tr><td>" * 400 + b"<p>a" * 400_000


def ours() -> list[psutil.Process]:
    """The template and its children, of whoever has any."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            found += [process] if "ingest.filechild" in " ".join(process.cmdline()) else []
    return found


def ask(pages: list[bytes], children: int = 1, cpu: float = 2.0, memory: int = 768 * MIB) -> list[bytes | KlipingError]:
    tickets = [Ticket(str(number), None, html) for number, html in enumerate(pages)]
    job = Job(cpu, 10 * MIB, memory, True)
    found = list(answered(tickets, job, children))
    assert [ticket.file for ticket in found] == [ticket.file for ticket in tickets]
    assert not ours()
    return [ticket.answer for ticket in found if ticket.answer is not None]


def test_a_page_over_its_limits_costs_itself() -> None:
    good = PAGE.encode()
    found = ask([good, BOMB, good, b"<html><body>" + b"<br>a" * 1_600_000, good], cpu=0.3, memory=512 * MIB)
    assert [isinstance(answer, bytes) for answer in found] == [True, False, True, False, True]
    assert isinstance(found[1], SandboxTimeout)
    assert isinstance(found[3], SandboxMemory | SandboxTimeout)


def test_a_gzip_bomb_costs_itself() -> None:
    good, bomb = gzip.compress(PAGE.encode()), gzip.compress(b"a" * 60 * MIB)
    found = ask([bomb, good])
    assert str(found[0]) == f"unreadable: more than {10 * MIB} bytes"
    assert isinstance(found[1], bytes)


def test_children_that_died_idle_cost_nothing() -> None:
    small = crew.Crew(Job(2.0, MIB, 768 * MIB, True), 1)
    for number in range(3):
        small.give(ticket := Ticket(str(number), None, PAGE.encode()))
        while ticket.answer is None:
            small.wait()
        assert isinstance(ticket.answer, bytes)
        template, *children = ours()
        for process in children if number else [*children, template]:
            process.kill()
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.001)
    small.close()


def test_a_child_that_does_not_read_is_too_slow() -> None:
    job = Job(0.03, MIB, 768 * MIB, True)
    tickets = (Ticket(str(number), None, PAGE.encode()) for number in range(40))
    answers = []
    for ticket in answered(tickets, job, 1):
        answers.append(ticket.answer)
        if len(answers) == 1:
            for child in ours()[1:]:
                child.suspend()
    assert [str(answer) for answer in answers if not isinstance(answer, bytes)] == ["no answer within 0.3 s"]


def test_a_template_that_cannot_start_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr("ingest.notices._RUN", "raise SystemExit(3)")
    assert invoke(["extract", page]) == 1
    assert capsys.readouterr().err == "kliping: the parsing processes did not start at all\n"


@pytest.mark.parametrize(
    ("kind", "said"),
    [(b"r", b'{"a":1}\n{"b":2}'), (b"r", b'{"a":"\x1b[2J"}'), (b"r", b"[1]"), (b"?", b"{}"), (b"b", b"KeyError")],
)
def test_an_answer_of_another_shape_is_a_crash(kind: bytes, said: bytes) -> None:
    assert isinstance(crew._meant(kind, said, Job(1.0, 1, 1, True)), SandboxCrash)
