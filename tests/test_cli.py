"""The command line: every verb, every bad input in one line, and JSON that programs can read."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog

import cli
from cli import invoke
from cli.app import VERBS
from cli.context import Session, with_database
from parsers.links import url_key
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent
URL = "https://kabar.example/2026/03/pasar.html"


@dataclass
class Ran:
    """How one command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Kliping = Callable[..., Ran]


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of the machine, and logging as it was."""
    for name in [name for name in os.environ if name.startswith("KLIPING_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = before


@pytest.fixture
def alone(outside: None, capsys: pytest.CaptureFixture[str]) -> Kliping:
    """Run a command line without a database."""

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        code = invoke(arguments)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def kliping(alone: Kliping, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Kliping:
    """Run a command line on a database of its own."""
    monkeypatch.setenv("KLIPING_DATABASE_URL", dsn)
    return alone


@pytest.fixture
def sql(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and text.startswith("kliping: ") and "Traceback" not in text


# --- without a database -----------------------------------------------------------------------------------------------


def test_version_and_help(alone: Kliping) -> None:
    assert re.fullmatch(r"kliping \d+\.\d+\.\d+\n", alone("--version").out)
    told = alone("--help")
    assert told.code == 0
    assert all(re.search(rf"^  {verb} ", told.out, re.MULTILINE) for verb in VERBS)
    assert alone("-h").out == told.out


def test_without_arguments_it_shows_the_help_and_fails(alone: Kliping) -> None:
    ran = alone()
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: kliping")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(alone: Kliping, verb: str) -> None:
    ran = alone(verb, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: kliping {verb}")


@pytest.mark.parametrize(
    "arguments",
    [
        ("tidak-ada",),
        ("--tidak-ada",),
        ("feed", "tidak-ada"),
        ("feed", "add"),
        ("feed", "list", "--tidak-ada"),
        ("article", "show", "satu"),
        ("quarantine", "list", "--limit", "0"),
        ("backfill", "1", "--max-pages", "-1"),
        ("why",),
        ("poll",),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(alone: Kliping, arguments: tuple[str, ...]) -> None:
    ran = alone(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert one_line(ran.err)
    assert "--help" in ran.err


@pytest.mark.parametrize(
    ("name", "value"), [("KLIPING_TIDAK_ADA", "1"), ("KLIPING_TICK", "cepat"), ("KLIPING_DATABASE_URL", "bukan url")]
)
def test_a_wrong_setting_is_one_line(alone: Kliping, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    ran = alone("status")
    assert (ran.code, ran.out) == (1, "")
    assert one_line(ran.err)


def test_a_database_that_does_not_answer_is_one_line_without_its_password(
    alone: Kliping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLIPING_DATABASE_URL", "postgresql://kliping:rahasia@127.0.0.1:9/kliping")
    for verb in (("status",), ("feed", "list"), ("why", URL), ("db", "upgrade"), ("quarantine", "list")):
        ran = alone(*verb)
        assert (ran.code, ran.out) == (1, "")
        assert one_line(ran.err)
        assert "rahasia" not in ran.err


def test_a_database_without_our_tables_says_what_to_do(
    alone: Kliping, empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLIPING_DATABASE_URL", empty_dsn)
    ran = alone("status")
    assert ran.code == 1
    assert one_line(ran.err)
    assert "kliping db upgrade" in ran.err
    assert alone("db", "upgrade").code == 0
    assert alone("db", "upgrade").code == 0
    assert alone("status").code == 0


HEAVY = ("sqlalchemy", "psycopg", "alembic", "procrastinate", "apscheduler", "starlette", "uvicorn", "httpx")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["feed", "--help"], ["extract", "--help"]])
def test_help_loads_no_database_and_no_http_client(arguments: list[str]) -> None:
    code = (
        "import sys; import cli; cli.invoke(sys.argv[2:]);"
        "sys.exit(', '.join(n for n in sys.argv[1].split(',') if n in sys.modules) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ",".join(HEAVY), *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(
    "verb",
    [
        "extract PAGE",
        "extract LONG PAGE PAGE",
        "extract -h",
        "entries ingest/feeds.opml",
        "site check kompas.com",
        "--version",
    ],
)
def test_an_output_that_cannot_be_written_is_one_line(verb: str, closed: bool, unbuffered: str, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text("<p>Sawah</p>", "utf-8")
    (tmp_path / "b.html").write_text(
        f"<article>{'<p>Air naik ke sawah di tepi sungai itu.</p>' * 500}</article>", "utf-8"
    )
    where = ">&-" if closed else ">/dev/full"
    verb = verb.replace("PAGE", str(page)).replace("LONG", str(tmp_path / "b.html"))
    script = f"exec {sys.executable} -c 'import cli; cli.main()' {verb} {where}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KLIPING_")}
    environment = {**clean, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    reason = "it is closed" if closed else "No space left on device"
    assert (done.returncode, done.stderr) == (1, f"kliping: standard output cannot be written: {reason}\n")


def test_the_help_of_poll_says_that_it_only_makes_a_feed_due(alone: Kliping) -> None:
    assert "Make a feed due, for the running service to poll" in alone("poll", "-h").out
    assert "Poll a feed now" not in alone("--help").out


def test_entries_are_json_lines_with_and_without_the_flag(alone: Kliping, tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_text("<rss version='2.0'><channel><item><title>Sawah</title></item></channel></rss>", "utf-8")
    plain = alone("entries", str(feed))
    assert (plain.code, plain.json["title"]) == (0, "Sawah")
    assert alone("entries", "--json", str(feed)) == plain


def test_a_reader_that_stops_reading_is_no_error(dsn: str) -> None:
    script = f"{sys.executable} -c 'import cli; cli.main()' feed import ingest/feeds.opml | head -n 1"
    environment = {**os.environ, "KLIPING_DATABASE_URL": dsn, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("line 1")
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


ATTACHED = """
import asyncio, sys
from cli.context import with_database
async def work(session):
    async with session.engine.connect() as conn:
        print("attached", flush=True)
        await asyncio.sleep(0.5)
        await conn.exec_driver_sql("SELECT 1")
    return 0
sys.exit(with_database(work))
"""


def test_the_embedded_database_outlives_a_command_that_others_lean_on(
    outside: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commands at once and no service: the one that started Postgres waits for the one that attached to it."""
    folder = Path(tempfile.mkdtemp(prefix="kliping-test-", dir="/tmp"))  # one that the database's user can reach
    folder.chmod(0o755)
    monkeypatch.setenv("KLIPING_DATA_DIR", str(folder))

    async def work(_: Session) -> subprocess.Popen[str]:
        attached = subprocess.Popen(
            [sys.executable, "-c", ATTACHED], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert attached.stdout is not None
        assert attached.stdout.readline() == "attached\n"
        return attached

    try:
        second = with_database(work)
        _, complaint = second.communicate(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert (second.returncode, complaint) == (0, "")


# --- feeds ------------------------------------------------------------------------------------------------------------


def add(kliping: Kliping, url: str = "https://kabar.example/feed", *more: str) -> int:
    ran = kliping("feed", "add", url, "--no-check", "--json", *more)
    assert ran.code == 0, ran.err
    return int(ran.json["id"])


def test_a_feed_from_cradle_to_grave(kliping: Kliping) -> None:
    ran = kliping(
        "feed", "add", "kabar.example/feed", "--no-check", "--interval", "2h", "--zone", "Asia/Makassar", "--full-text"
    )
    assert ran.code == 0
    assert "added: https://kabar.example/feed" in ran.out
    (feed,) = kliping("feed", "list", "--json").json
    assert (feed["interval"], feed["zone"], feed["full_text"], feed["state"]) == (7200, "Asia/Makassar", True, "active")
    number = str(feed["id"])
    assert "there already" in kliping("feed", "add", "http://kabar.example/feed", "--no-check").out

    ran = kliping("feed", "set", number, "--interval", "auto", "--full-text", "no", "--user-agent", "uji/1")
    assert (ran.code, ran.out) == (0, f"feed {number}: interval default, full text no, user agent uji/1\n")
    shown = kliping("feed", "show", "kabar.example", "--json").json
    assert (shown["interval"], shown["full_text"], shown["user_agent"]) == (None, False, "uji/1")
    assert kliping("feed", "set", number, "--user-agent", "", "--full-text", "auto").code == 0

    assert kliping("feed", "pause", number, "--reason", "libur").code == 0
    assert kliping("feed", "list", "--state", "paused", "--json").json[0]["state_reason"] == "libur"
    assert kliping("feed", "list", "--state", "active", "--json").json == []
    assert kliping("feed", "resume", number).code == 0

    ran = kliping("feed", "remove", number)
    assert ran.code == 1
    assert "--yes" in ran.err
    assert kliping("feed", "remove", number, "--yes").code == 0
    assert kliping("feed", "list", "--json").json == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("feed", "add", "ftp://a.example/", "--no-check"),
        ("feed", "add", "https://u:rahasia@a.example/", "--no-check"),
        ("feed", "add", "a.example", "--no-check", "--interval", "sebentar"),
        ("feed", "add", "a.example", "--no-check", "--zone", "WIB"),
        ("feed", "list", "--state", "tidur"),
        ("feed", "show", "tidak-ada"),
        ("feed", "set", "1"),
        ("feed", "set", "1", "--full-text", "mungkin"),
        ("feed", "pause", "99"),
        ("feed", "import", "tidak-ada.opml"),
        ("feed", "import", "README.md"),
        ("feed", "export", "/tidak/ada/feeds.opml"),
        ("feed", "remove", "99", "--yes"),
        ("poll", "99", "--now"),
        ("poll", "99"),
        ("backfill", "99"),
        ("article", "show", "99"),
        ("quarantine", "show", "99"),
        ("quarantine", "retry", "99"),
        ("quarantine", "drop"),
        ("quarantine", "drop", "1", "--all"),
        ("why", "bukan sebuah url"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_1(kliping: Kliping, arguments: tuple[str, ...]) -> None:
    ran = kliping(*arguments)
    assert (ran.code, ran.out) == (1, "")
    assert one_line(ran.err), ran.err
    assert "rahasia" not in ran.err


def test_an_interval_or_span_that_makes_no_sense(kliping: Kliping) -> None:
    number = str(add(kliping))
    for arguments in (
        ("backfill", number, "--since", "kemarin"),
        ("backfill", number, "--since", "2025-01-01", "--until", "2024-01-01"),
        ("feed", "set", number, "--interval", "1s"),
    ):
        ran = kliping(*arguments)
        assert ran.code == 1
        assert one_line(ran.err)


def test_import_reports_every_outline_and_export_is_its_mirror(kliping: Kliping, tmp_path: Path) -> None:
    file = tmp_path / "daftar.opml"
    file.write_text(
        '<opml version="2.0"><body>\n<outline text="Satu" xmlUrl="https://satu.example/feed"/>\n'
        '<outline text="Buruk" xmlUrl="gopher://x/"/>\n<outline text="Satu" xmlUrl="http://satu.example/feed"/>\n'
        "</body></opml>"
    )
    ran = kliping("feed", "import", str(file))
    assert ran.code == 1
    assert re.findall(r"line (\d+): (\w+)", ran.out) == [("2", "added"), ("3", "bad"), ("4", "known")]
    assert ran.out.endswith("1 added, 1 known, 1 bad\n")
    copy = tmp_path / "salinan.opml"
    assert kliping("feed", "export", str(copy)).code == 0
    assert kliping("feed", "export").out == copy.read_text()
    again = kliping("feed", "import", str(copy), "--json")
    assert (again.code, [line["outcome"] for line in again.json]) == (0, ["known"])


def test_import_from_standard_input(kliping: Kliping, monkeypatch: pytest.MonkeyPatch) -> None:
    document = b'<opml><body><outline text="Dua" xmlUrl="https://dua.example/f"/></body></opml>'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document)))
    assert kliping("feed", "import", "-").code == 0
    assert kliping("feed", "list", "--json").json[0]["title"] == "Dua"


def test_what_strangers_wrote_cannot_drive_the_terminal(kliping: Kliping, sql: psycopg.Connection[Any]) -> None:
    number = add(kliping)
    sql.execute("UPDATE feeds SET title = %s", ("\x1b[2Jhapus [red]merah[/red] \u202ebalik\nbaris",))
    shown = kliping("feed", "list").out + kliping("feed", "show", str(number)).out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[red]merah[/red]" in shown
    assert "balik baris" in shown
    assert kliping("feed", "list", "--json").json[0]["title"].startswith("\x1b")


# --- reports ----------------------------------------------------------------------------------------------------------


def store(sql: psycopg.Connection[Any], feed: int, state: str = "stored") -> tuple[int, int]:
    """An article and a ledger entry of it; with another state, the entry alone is of that state."""
    key = url_key(URL)
    (article,) = sql.execute(
        """INSERT INTO articles (site, identity_key, url_key, body_sha256, feed_id, url, title, body, body_from, tags,
               sources, extractor, created_at, updated_at)
           VALUES ('kabar.example', %(key)s, %(key)s, %(key)s, %(feed)s, %(url)s, 'Harga cabai naik',
               E'Harga naik.\n\nWarga mengeluh.', 'web', '{pasar,harga}', '[{"label": "Antara", "url": null}]', 'uji',
               now(), now()) RETURNING id""",
        {"key": key, "feed": feed, "url": URL},
    ).fetchone() or (0,)
    sql.execute("INSERT INTO removals VALUES (%s, 1, 'junk', 'baca-juga', 'Baca juga: lain', NULL)", (article,))
    (entry,) = sql.execute(
        """INSERT INTO entries (feed_id, key, url, url_key, title, state, article_id, payload, first_seen_at)
           VALUES (%s, %s, %s, %s, 'Harga cabai naik', %s, %s, 'x', now()) RETURNING id""",
        (feed, key, URL, key, state, article if state == "stored" else None),
    ).fetchone() or (0,)
    return article, entry


def test_status_for_people_and_programs(kliping: Kliping, monkeypatch: pytest.MonkeyPatch) -> None:
    add(kliping)
    ran = kliping("status")
    assert ran.code == 0
    assert "KLIPING_CONTACT" in ran.out
    assert "active 1; due now 1" in ran.out
    found = kliping("status", "--json").json
    assert (found["feeds"], found["database"], len(found["warnings"])) == ({"active": 1}, "configured", 1)
    monkeypatch.setenv("KLIPING_CONTACT", "redaksi@kabar.example")
    assert kliping("status", "--json").json["warnings"] == []


def test_why_and_the_article_behind_it(kliping: Kliping, sql: psycopg.Connection[Any]) -> None:
    article, _ = store(sql, add(kliping))
    ran = kliping("why", "http://www.kabar.example/2026/03/pasar.html?utm_source=x")
    assert ran.code == 0
    assert f"stored as article {article}" in ran.out
    assert "https://kabar.example/feed" in ran.out
    found = kliping("why", URL, "--json").json
    assert (found["known"], found["entries"][0]["state"], found["articles"][0]["id"]) == (True, "stored", article)

    shown = kliping("article", "show", str(article))
    assert shown.code == 0
    assert "Harga naik.\n\nWarga mengeluh.\n" in shown.out
    assert "Baca juga: lain" in shown.out
    assert "label: Antara" in shown.out
    found = kliping("article", "show", str(article), "--json").json
    assert found["removed"] == [{"step": "junk", "rule": "baca-juga", "text": "Baca juga: lain", "kept_as": None}]
    assert (found["body"], found["tags"]) == ("Harga naik.\n\nWarga mengeluh.", ["pasar", "harga"])


def test_why_an_unknown_url_fails_and_says_so(kliping: Kliping) -> None:
    ran = kliping("why", URL)
    assert (ran.code, ran.err) == (1, "")
    assert "unknown" in ran.out
    assert kliping("why", URL, "--json").json["known"] is False


def test_the_quarantine(kliping: Kliping, sql: psycopg.Connection[Any]) -> None:
    feed = add(kliping)
    _, entry = store(sql, feed, "quarantined")
    (held,) = kliping("quarantine", "list", "--json").json
    assert (held["id"], held["feed_url"]) == (entry, "https://kabar.example/feed")
    assert kliping("quarantine", "list", "--feed", "kabar").code == 0
    assert kliping("quarantine", "retry", str(entry)).out == "1 entries will be tried again\n"
    assert kliping("quarantine", "list", "--json").json == []
    sql.execute("UPDATE entries SET state = 'quarantined', next_try_at = NULL")
    assert kliping("quarantine", "drop", "--all").out == "1 entries dropped\n"
    assert "rejected: dropped_by_operator" in kliping("why", URL).out


def test_poll_without_now_leaves_it_to_the_service(kliping: Kliping, sql: psycopg.Connection[Any]) -> None:
    number = add(kliping)
    sql.execute("UPDATE feeds SET next_poll_at = now() + interval '1 day'")
    sql.execute("UPDATE hosts SET due_at = now() + interval '1 day'")
    assert kliping("poll", str(number)).code == 0
    assert sql.execute("SELECT due_at <= now() FROM hosts").fetchone() == (True,)
    assert sql.execute("SELECT next_poll_at <= now() FROM feeds").fetchone() == (True,)


def test_poll_now_says_who_holds_the_lease(kliping: Kliping, sql: psycopg.Connection[Any]) -> None:
    number = add(kliping)
    sql.execute("UPDATE hosts SET lease_holder = 'mesin-lain:7', lease_until = now() + interval '1 minute'")
    ran = kliping("poll", str(number), "--now")
    assert ran.code == 1
    assert one_line(ran.err)
    assert "mesin-lain:7" in ran.err


# --- over the loopback web --------------------------------------------------------------------------------------------


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("KLIPING_ALLOW_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("KLIPING_HOST_SPACING", "0")
    monkeypatch.setenv("KLIPING_CHILDREN", "1")
    with World().in_thread() as world:
        yield world


def test_add_a_site_then_poll_it(kliping: Kliping, web: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLIPING_ALLOW_NETWORKS", "127.0.0.0/8")
    blog = web.blogger("Kabar Senja", posts=3)
    ran = kliping("feed", "add", blog.site_url)
    assert ran.code == 0, ran.err
    assert "the page links to" in ran.out
    assert "Kabar Senja, 3 entries" in ran.out
    (feed,) = kliping("feed", "list", "--json").json
    assert (feed["url"], feed["title"]) == (blog.feed_url, "Kabar Senja")
    ran = kliping("poll", "Kabar", "--now", "--json")
    assert (ran.code, ran.json["outcome"], ran.json["new"], ran.json["entries"]) == (0, "ok", 3, {"stored": 3})
    assert kliping("why", blog.posts[0].url).code == 0
    assert kliping("poll", "Kabar", "--now", "--json").json["outcome"] == "not_modified"


def test_feed_test_shows_everything_and_stores_nothing(
    alone: Kliping, web: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLIPING_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")  # it must not be needed
    blog = web.wordpress("Warta Desa", posts=2)
    ran = alone("feed", "test", blog.site_url, "--entries", "1", "--json")
    assert ran.code == 0, ran.err
    first, last = ran.json["tried"][0], ran.json["tried"][-1]
    assert first["fault"]
    assert (last["exchange"]["outcome"], last["feed"]["announced"]) == ("ok", 2)
    (entry,) = ran.json["entries"]
    assert entry["article"]["title"] == blog.posts[0].truth.title
    assert entry["article"]["body"]
    shown = alone("feed", "test", blog.feed_url, "--entries", "1")
    assert shown.code == 0
    assert blog.posts[0].truth.title in shown.out


def test_feed_test_of_what_is_no_feed(alone: Kliping, web: World) -> None:
    blog = web.wordpress("Warta Desa", posts=1)
    ran = alone("feed", "test", blog.base_url + "/tidak-ada")
    assert (ran.code, ran.err) == (1, "")
    assert "not_found" in ran.out


def test_main_ends_with_the_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["kliping", "--version"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
