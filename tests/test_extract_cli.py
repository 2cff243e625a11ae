"""`kliping extract`: one object a line, in order, with every key; bad files cost only themselves."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import psutil
import pytest

from ingest import crew
from ingest.crew import AHEAD
from ingest.fileline import ANSWER_BYTES, Job, Line, Ticket
from ingest.notices import ANSWER
from ingest.pagefile import bytes_of
from kliping.errors import SandboxCrash
from kliping.settings import MIB

ROOT = Path(__file__).resolve().parent.parent

KEYS = (
    "file url outcome title author published_at published_precision published_from language body captions sources "
    "credits tags removed rule error"
)
EXTRACT = [sys.executable, "-c", "from cli import main; main()", "extract"]
# A module of no use to most pages costs each start milliseconds.
HEAVY = (
    *("typer", "rich", "pydantic", "asyncio", "msgspec", "sqlalchemy", "httpx", "numpy", "py3langid", "dateparser"),
    *("idna", "publicsuffixlist", "importlib.resources", "tempfile", "hashlib", "lzma", "zoneinfo", "site"),
    *("kliping.feeds", "kliping.decisions", "html"),
)
P = "Warga desa bekerja bakti karena jembatan yang rusak diterjang banjir bisa roboh pada hari Minggu, ujar bupati. "
PAGE = f"""<html><head><title>Jembatan Diperbaiki</title>
<meta property="article:published_time" content="2024-01-07T10:00:00+07:00"></head>
<body><h1>Jembatan Diperbaiki</h1><div><img src=x><span>Jembatan itu (Foto: Sari)</span></div>
<article><p>{P * 3}</p><p>{P * 3}</p><p>Sumber: <a href="https://sumber.example/a">klik di sini</a></p>
<p>Editor: Budi Santoso</p></article></body></html>"""


def start(*arguments: str, **settings: str) -> subprocess.Popen[bytes]:
    """`kliping extract`, with these settings in its environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KLIPING_")}
    environment = clean | {f"KLIPING_{name}": value for name, value in settings.items()} | {"GEHEIM": "rahasia"}
    pipe = subprocess.PIPE
    return subprocess.Popen([*EXTRACT, *arguments], cwd=ROOT, env=environment, stdout=pipe, stderr=pipe)


def end(process: subprocess.Popen[bytes]) -> tuple[int, list[dict[str, Any]], str]:
    """Its exit code, what it found and what it said."""
    out, err = process.communicate(timeout=60)
    return process.returncode, [json.loads(line) for line in out.split(b"\n")[:-1]], err.decode()


def run(*arguments: str, **settings: str) -> tuple[int, list[dict[str, Any]]]:
    code, found, said = end(start(*arguments, **settings))
    assert said == ""
    return code, found


@pytest.fixture
def page(tmp_path: Path) -> str:
    path = tmp_path / "satu.html"
    path.write_text(PAGE, "utf-8")
    return str(path)


def test_one_page(page: str) -> None:
    code, (found,) = run("--url", "https://kabar.example/a", page)
    assert code == 0
    assert sorted(found) == sorted(KEYS.split())
    assert (found["file"], found["url"], found["outcome"]) == (page, "https://kabar.example/a", "article")
    assert (found["title"], found["published_at"]) == ("Jembatan Diperbaiki", "2024-01-07T10:00:00+07:00")
    assert (found["published_precision"], found["published_from"]) == ("second", "meta")
    assert found["body"] == f"{(P * 3).strip()}\n\n{(P * 3).strip()}"
    assert found["captions"] == [{"text": "Jembatan itu (Foto: Sari)", "credit": "Sari"}]
    assert found["sources"] == [{"label": "klik di sini", "url": "https://sumber.example/a", "kind": "text"}]
    assert found["credits"] == [{"role": "editor", "name": "Budi Santoso"}]
    assert [sorted(line) for line in found["removed"]] == [["kept_as", "rule", "step", "text"]] * 2
    assert found["error"] is None


def test_order_is_kept_and_a_bad_file_costs_only_itself(tmp_path: Path) -> None:
    files = []
    for number in range(5):
        path = tmp_path / f"{number}.html.gz"
        path.write_bytes(gzip.compress(PAGE.replace("Diperbaiki", f"Ke-{number}").encode()))
        files.append(str(path))
    broken = tmp_path / "rusak.html.gz"
    broken.write_bytes(gzip.compress(PAGE.encode())[:40])
    files[2:2] = [str(broken), str(tmp_path / "tiada.html")]
    code, found = run("--jobs", "2", *files)
    assert code == 1
    assert [line["file"] for line in found] == files
    assert [bool(line["error"]) for line in found] == [name in files[2:4] for name in files]
    assert all(sorted(line) == sorted(KEYS.split()) for line in found)
    assert [line["title"] for line in found if not line["error"]] == [f"Jembatan Ke-{n}" for n in range(5)]


def test_urls_from_a_table(page: str, tmp_path: Path) -> None:
    table = tmp_path / "urls.tsv"
    table.write_text(f"{page}\thttps://news.detik.com/berita/d-1/a\n\n", "utf-8")
    _, (found,) = run("--urls", str(table), page)
    assert found["url"] == "https://news.detik.com/berita/d-1/a"


def test_a_table_may_begin_with_a_byte_order_mark_and_may_hold_too_much(page: str, tmp_path: Path) -> None:
    table = tmp_path / "urls.tsv"
    table.write_text(f"{page}\thttps://kabar.example/a\nlain.html\thttps://kabar.example/b\n", "utf-8-sig")
    told = f"kliping: {table}: 1 row is of no FILE given, such as 'lain.html'\n"
    for settings in ({}, {"CHILDREN": "1"}):
        code, (found,), said = end(start("--urls", str(table), page, **settings))
        assert (code, found["url"], said) == (0, "https://kabar.example/a", told)


def test_a_table_that_cannot_be_read_is_one_plain_line(page: str, tmp_path: Path) -> None:
    table = tmp_path / "urls.tsv"
    table.write_bytes(b"\xff\xfe\x00")
    for name, why in ((str(tmp_path / "tiada.tsv"), "No such file or directory"), (str(table), "not UTF-8")):
        code, found, said = end(start("--urls", name, page))
        assert (code, found, said.count("\n")) == (2, [], 1)
        assert said.endswith(f"{name}: {why} (see `kliping extract --help`)\n")


def test_a_page_that_failed_keeps_the_address_it_was_given(tmp_path: Path) -> None:
    code, (found,) = run("--url", "https://kabar.example/a", str(tmp_path / "tiada.html"))
    assert (code, found["url"], found["error"]) == (
        1,
        "https://kabar.example/a",
        "unreadable: No such file or directory",
    )
    assert sorted(found) == sorted(KEYS.split())


def test_a_page_from_standard_input(page: str) -> None:
    expected = run("--url", "https://kabar.example/a", page)[1][0] | {"file": "-"}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KLIPING_")}
    for more in ({}, {"KLIPING_CHILDREN": "1"}):
        words = [*EXTRACT, "--url", "https://kabar.example/a", "-"]
        done = subprocess.run(words, cwd=ROOT, env=clean | more, input=PAGE.encode(), capture_output=True, timeout=60)
        assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, expected, b"")


def test_a_file_of_the_name_of_standard_input_is_not_it(tmp_path: Path) -> None:
    (tmp_path / "-").write_text("<title>Lain</title>", "utf-8")
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name, title in (("-", "Jembatan Diperbaiki"), ("./-", "Lain")):
        words = [*EXTRACT, name]
        done = subprocess.run(words, cwd=tmp_path, env=path, input=PAGE.encode(), capture_output=True, timeout=60)
        assert json.loads(done.stdout)["title"] == title


def test_standard_input_may_be_a_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(PAGE.encode())
        ours.shutdown(socket.SHUT_WR)
        done = subprocess.run([*EXTRACT, "-"], cwd=ROOT, stdin=theirs, capture_output=True, timeout=60)
    assert (done.returncode, json.loads(done.stdout)["title"]) == (0, "Jembatan Diperbaiki")


def test_a_name_of_standard_input_is_read_as_we_have_it(page: str, tmp_path: Path) -> None:
    link = tmp_path / "tautan.html"
    link.symlink_to("/dev/stdin")
    for name in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", str(link)):
        with open(page, "rb") as stream:
            done = subprocess.run([*EXTRACT, name], cwd=ROOT, stdin=stream, capture_output=True, timeout=60)
        assert (done.returncode, json.loads(done.stdout)["title"]) == (0, "Jembatan Diperbaiki")


def test_a_folder_and_a_link_to_a_page(page: str, tmp_path: Path) -> None:
    link = tmp_path / "tautan.html"
    link.symlink_to(page)
    code, found = run(page, str(tmp_path), str(link), page)
    assert (code, [line["error"] for line in found]) == (1, [None, "unreadable: Is a directory", None, None])
    assert found[2]["body"] == found[0]["body"]


def test_only_what_may_keep_its_reader_waiting_is_for_the_parent(page: str, tmp_path: Path) -> None:
    link, pipe = tmp_path / "tautan.html", tmp_path / "pipa"
    link.symlink_to(page)
    os.mkfifo(pipe)
    files = {page: True, str(link): True, str(tmp_path): True, str(tmp_path / "tidak-ada"): True, str(pipe): False}
    assert {file: Ticket(file, None).is_plain for file in (*files, "-")} == files | {"-": False}


def test_a_file_that_became_a_pipe_keeps_no_child_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipa"
    os.mkfifo(pipe)
    assert bytes_of(str(pipe), 10, waits=False) == b""


def test_a_file_name_that_is_not_utf8_is_still_json(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/na\xffme.html"
    for known in (False, True):
        if known:
            Path(os.fsdecode(name)).write_text(PAGE, "utf-8")
        done = subprocess.run([*EXTRACT, name], cwd=ROOT, capture_output=True, timeout=60)
        assert (done.returncode, os.fsencode(json.loads(done.stdout)["file"])) == (not known, name)


def test_a_lower_limit_of_memory_is_kept(page: str) -> None:
    words = ["/bin/sh", "-c", 'ulimit -v 700000; exec "$@"', "sh", *EXTRACT, page]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, timeout=60)
    assert (done.returncode, json.loads(done.stdout)["error"], done.stderr) == (0, None, b"")


def test_the_address_is_the_one_given_or_else_the_one_declared(tmp_path: Path) -> None:
    page = tmp_path / "tunjuk.html"
    page.write_text(PAGE.replace("</head>", '<link rel=canonical href="https://kabar.example/tetap"></head>'), "utf-8")
    assert run("--url", "https://kabar.example/a?utm_source=x", str(page))[1][0]["url"].endswith("/a?utm_source=x")
    assert run(str(page))[1][0]["url"] == "https://kabar.example/tetap"


@pytest.mark.parametrize("url", ["bukan alamat", "ftp://kabar.example/a", "http://", ""])
def test_what_is_no_address_is_one_line(page: str, url: str) -> None:
    code, found, said = end(start("--url", url, page))
    assert (code, found) == (2, [])
    assert said.startswith("kliping: ")
    assert said.endswith(f"{url!r} is not an http(s) address (see `kliping extract --help`)\n")
    assert said.count("\n") == 1


def test_what_is_no_address_in_a_table_costs_no_page_its_text(page: str, tmp_path: Path) -> None:
    table, other = tmp_path / "urls.tsv", tmp_path / "lain.html"
    other.write_text(PAGE, "utf-8")
    table.write_text(f"{page}\tbukan alamat\n{other}\thttps://kabar.example/a\n", "utf-8")
    code, found, said = end(start("--urls", str(table), page, str(other)))
    assert (code, [line["url"] for line in found]) == (0, [None, "https://kabar.example/a"])
    assert all(line["body"] for line in found)
    assert said == f"kliping: {table}: 'bukan alamat' is not an http(s) address: read without one\n"


def test_rules_of_hosts_can_be_left_out(page: str, tmp_path: Path) -> None:
    other = tmp_path / "detik.html"
    other.write_text(f"<div class='detail__body-text'><p>{P * 4}</p></div>", "utf-8")
    url = ("--url", "https://news.detik.com/berita/d-1/a")
    assert run(*url, str(other))[1][0]["rule"] == "detik.com div.detail__body-text"
    assert run(*url, "--no-site-rules", str(other))[1][0]["rule"] == "generic"


@pytest.mark.parametrize(
    "arguments",
    [["--url", "https://a.example/", "a", "b"], ["--urls", "/tiada.tsv", "a"], ["--jobs", "0", "a"], []],
)
def test_wrong_use(arguments: list[str]) -> None:
    code, found, said = end(start(*arguments))
    assert (code, found) == (2, [])
    assert said


def test_a_page_that_is_no_article_has_no_body(tmp_path: Path) -> None:
    path = tmp_path / "kosong.html"
    path.write_text("<html><body><div id=app></div></body></html>", "utf-8")
    code, (found,) = run(str(path))
    assert (code, found["outcome"], found["body"], found["error"]) == (0, "empty", None, None)


# --- the plain form and the other -------------------------------------------------------------------------------------


def test_the_plain_form_loads_what_every_page_needs(page: str) -> None:
    code = (
        "import sys; sys.path[:] = sys.argv[3:]; from cli import invoke; code = invoke(['extract', sys.argv[2]]);"
        "sys.stdout.flush(); sys.exit(', '.join(n for n in sys.argv[1].split(',') if n in sys.modules) or code)"
    )
    path = [str(ROOT), *(entry for entry in sys.path if entry)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KLIPING_")}
    words = [sys.executable, "-ISc", code, ",".join(HEAVY), page, *path]
    done = subprocess.run(words, env=clean, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["title"] == "Jembatan Diperbaiki"


def test_a_setting_in_the_environment_changes_only_what_it_says(page: str) -> None:
    plain = run(page, page)
    assert run(page, page, CHILDREN="1") == plain
    code, (found,) = run(page, PAGE_BYTES="100")
    assert (code, found["error"]) == (1, "unreadable: more than 100 bytes")
    code, nothing, said = end(start(page, CHILDREN="banyak"))
    assert (code, nothing) == (1, [])
    assert said.startswith("kliping: KLIPING_CHILDREN: ")


def test_a_page_that_needs_the_language_model_gets_it(page: str, tmp_path: Path) -> None:
    other = tmp_path / "lain.html"
    other.write_text(f"<article><p>{'Ang mga tao sa bayan ay nagtayo ng tulay sa ilog kahapon. ' * 12}</p>", "utf-8")
    plain = run(page, str(other), page)
    assert (plain[0], [line["language"] for line in plain[1]]) == (0, ["id", "tl", "id"])
    assert run(page, str(other), page, CHILDREN="1") == plain


def test_names_of_files_are_kept_as_they_are(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ('a"b.html', "back\\slash.html", "é\u202e\n.html", "tiada.html")]
    for name in names[:3]:
        Path(name).write_text(PAGE, "utf-8")
    assert [found["file"] for found in run(*names)[1]] == names


def test_options_in_both_spellings(page: str) -> None:
    one = run("--url", "https://kabar.example/a", "--jobs", "1", page)
    assert run("--jobs=1", page, "--url=https://kabar.example/a") == one
    assert run("--url", "https://kabar.example/a", "--", page) == one
    assert run("--json", "--url", "https://kabar.example/a", page) == one
    assert run("--json", "--url", "https://kabar.example/a", page, CHILDREN="1") == one


# --- its children -----------------------------------------------------------------------------------------------------

BOMB = b"<html><body>" + b"<table><tr><td>" * 400 + b"<p>a" * 400_000


def waiting(page: str, pipe: Path, **settings: str) -> tuple[subprocess.Popen[bytes], psutil.Process, TextIO]:
    """`kliping extract` that has done a page and waits for a pipe to give it the next; its idle child; the pipe."""
    os.mkfifo(pipe)
    process, until = start(page, str(pipe), page, **settings), time.monotonic() + 30
    while True:
        try:
            stream = os.fdopen(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK), "w")
            break
        except OSError:  # nobody reads it yet
            assert time.monotonic() < until
            time.sleep(0.005)
    os.set_blocking(stream.fileno(), True)
    (child,) = psutil.Process(process.pid).children()
    for _ in range(2):  # idle, not about to begin
        while child.status() != psutil.STATUS_SLEEPING:
            time.sleep(0.005)
        time.sleep(0.01)
    return process, child, stream


def test_a_page_over_its_limits_costs_itself(tmp_path: Path) -> None:
    pages = {"a": PAGE.encode(), "b": BOMB, "c": PAGE.encode(), "d": b"<html><body>" + b"<br>a" * 1_600_000}
    for name, html in pages.items():
        (tmp_path / name).write_bytes(html)
    files = [str(tmp_path / name) for name in "abcda"]
    code, found = run("--jobs", "1", *files, HTML_CPU="0.3", CHILD_MEMORY=str(512 * MIB))
    assert (code, [line["file"] for line in found]) == (1, files)
    assert [line["error"] is None for line in found] == [True, False, True, False, True]
    assert found[1]["error"] == "over 0.3 s of CPU time"
    assert found[3]["error"] in ("over 0.3 s of CPU time", "over 512 MiB", "a parsing child ran out of memory")


def test_a_gzip_bomb_costs_itself(tmp_path: Path) -> None:
    bomb, good = tmp_path / "bom.gz", tmp_path / "baik.gz"
    bomb.write_bytes(gzip.compress(b"a" * 60 * MIB))
    good.write_bytes(gzip.compress(PAGE.encode()))
    found = run(str(bomb), str(good))[1]
    assert [line["error"] for line in found] == [f"unreadable: more than {10 * MIB} bytes", None]


def test_a_child_that_died_idle_costs_nothing(page: str, tmp_path: Path) -> None:
    process, child, pipe = waiting(page, tmp_path / "pipa")
    child.kill()
    while child.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.001)
    with pipe:
        pipe.write(PAGE)
    code, found, said = end(process)
    assert (code, [line["error"] for line in found], said) == (0, [None] * 3, "")


def test_a_child_that_does_not_read_is_too_slow(page: str, tmp_path: Path) -> None:
    process, child, pipe = waiting(page, tmp_path / "pipa", HTML_CPU="0.03")
    child.suspend()
    with pipe:
        pipe.write(PAGE * 1000)
    code, found, _ = end(process)
    assert (code, [line["error"] for line in found]) == (1, [None, "no answer within 0.3 s", None])


def test_a_pipe_is_read_to_its_end(page: str, tmp_path: Path) -> None:
    process, _, pipe = waiting(page, tmp_path / "pipa")
    with pipe:
        for part in (PAGE[:200], PAGE[200:]):
            pipe.write(part)
            pipe.flush()
            time.sleep(0.02)
    _, found, _ = end(process)
    assert found[1]["body"] == found[0]["body"]


def test_nothing_of_the_environment_is_there_and_no_child_outlives_it(page: str, tmp_path: Path) -> None:
    process, child, pipe = waiting(page, tmp_path / "pipa")
    for each in (psutil.Process(process.pid), child):
        assert "GEHEIM" not in each.environ()
        assert each.num_threads() == 1
    process.kill()
    with process, pipe:
        assert psutil.wait_procs([child], timeout=10)[0]


def test_an_interrupt_ends_it_and_its_child(page: str, tmp_path: Path) -> None:
    process, child, pipe = waiting(page, tmp_path / "pipa")
    process.send_signal(signal.SIGINT)
    code, _, said = end(process)
    pipe.close()
    assert (code, said) == (130, "kliping: interrupted\n")
    assert not child.is_running()


def test_who_takes_the_answers_late_gets_all(page: str, tmp_path: Path) -> None:
    """Children are not charged with the time in which nobody takes what they say, which here is no whole answer."""
    long = tmp_path / "panjang.html"
    long.write_text(f"<title>Panjang</title><article>{f'<p>{P * 3}</p>' * 900}</article>", "utf-8")
    process = start(*[str(long)] * 8, HTML_CPU="0.1")
    time.sleep(1.4)
    code, found, said = end(process)
    assert (code, [line["error"] for line in found], said) == (0, [None] * 8, "")
    assert len(found[0]["body"]) > 250_000


def test_of_many_files_before_a_child_a_bomb_costs_itself(tmp_path: Path) -> None:
    files = []
    for number in range(3 * AHEAD):
        path = tmp_path / f"{number}.html"
        path.write_bytes(BOMB if number in (5, 6, 30) else PAGE.replace("Diperbaiki", f"Ke-{number}").encode())
        files.append(str(path))
    for jobs in ("1", "2"):
        code, found = run("--jobs", jobs, *files, HTML_CPU="0.2")
        assert (code, [line["file"] for line in found]) == (1, files)
        assert [line["title"] or line["error"] for line in found] == [
            "over 0.2 s of CPU time" if number in (5, 6, 30) else f"Jembatan Ke-{number}" for number in range(3 * AHEAD)
        ]


@pytest.fixture
def line() -> Iterator[tuple[Line, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield Line(0, ours, whole=False), theirs


def test_answers_come_in_parts_and_several_at_once(line: tuple[Line, socket.socket], page: str) -> None:
    ours, child = line
    for _ in range(3):
        ours.take(Ticket(page, None), Job(1.0, 1, 1, True))
    said = b"".join(ANSWER.pack(b"r", 2, last) + b"{}" for last in (False, False, True))
    heard = []
    for start, end in ((0, 3), (3, 7), (7, 17), (17, None)):
        child.sendall(said[start:end])
        assert ours.hear()
        heard.append([last for _, _, last in ours.answers()])
    assert heard == [[], [], [False, False], [True]]
    child.close()
    assert not ours.hear()


@pytest.mark.parametrize(("asked", "size"), [(False, 2), (True, ANSWER_BYTES + 1)])
def test_an_answer_nobody_asked_for_or_too_large_is_a_childs_last(
    asked: bool, size: int, line: tuple[Line, socket.socket], page: str
) -> None:
    ours, child = line
    if asked:
        ours.take(Ticket(page, None), Job(1.0, 1, 1, True))
    child.sendall(ANSWER.pack(b"r", size, False) + b"{}")
    assert ours.hear()
    ((kind, said, last),) = ours.answers()
    assert last
    assert isinstance(crew._meant(kind, said, Job(1.0, 1, 1, True)), SandboxCrash)


@pytest.mark.parametrize(
    ("kind", "said"),
    [(b"r", b'{"a":1}\n{"b":2}'), (b"r", b'{"a":"\x1b[2J"}'), (b"r", b"[1]"), (b"?", b"{}"), (b"b", b"KeyError")],
)
def test_an_answer_of_another_shape_is_a_crash(kind: bytes, said: bytes) -> None:
    assert isinstance(crew._meant(kind, said, Job(1.0, 1, 1, True)), SandboxCrash)
