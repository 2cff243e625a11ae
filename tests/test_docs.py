"""The documents say what is there: their commands run, their tables are complete, their links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg
import pytest
from pydantic import SecretStr
from typer.main import get_command

from cli.app import _app
from kliping.settings import PREFIX, Settings
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
KLIPING = Path(sys.executable).parent / "kliping"
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
NAME_OF_THE_BLOG = "contoh.blogspot.com"


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands(path: Path) -> list[str]:
    """The lines after `$ ` in the console blocks of a document, without their remarks."""
    lines = [line for block in blocks(path, "console") for line in block.splitlines() if line.startswith("$ ")]
    return [re.sub(r"\s+#.*", "", line.removeprefix("$ ")) for line in lines]


def rows(path: Path, heading: str) -> list[list[str]]:
    """The rows of the first table after a heading."""
    lines = path.read_text("utf-8").partition(f"\n## {heading}")[2].splitlines()
    found = []
    for line in lines:
        if line.startswith("|"):
            found.append([cell.strip() for cell in line.strip("|").split("|")])
        elif found:
            break
    return found[2:]


def verbs(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the command line that does something, with the words that lead to it."""
    command = get_command(_app()) if command is None else command
    if not hasattr(command, "list_commands"):
        yield path, command
        return
    context = command.context_class(command)
    for name in command.list_commands(context):
        yield from verbs(command.get_command(context, name), (*path, name))


# --- the README's commands --------------------------------------------------------------------------------------------


def test_the_readme_shows_commands() -> None:
    shown = commands(ROOT / "README.md")
    assert {"make run", "make demo", "make test", "make check"} <= set(shown)
    assert sum(line.startswith("kliping ") for line in shown) >= 10


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_shown_is_one_we_have(path: Path) -> None:
    for line in commands(path):
        program, *words = shlex.split(line)
        if program == "make":
            assert words[0] in TARGETS, line
        else:
            assert program == "kliping", f"{line}: not a command this test can judge"


def test_the_readmes_commands_run_one_after_the_other(dsn: str, tmp_path: Path) -> None:
    """In one database, on a blog of the loopback web that stands for the example's."""
    (tmp_path / "feed.xml").write_text("<rss version='2.0'><channel><item><title>Satu</title></item></channel></rss>")
    with World().in_thread() as world:
        blog = world.blogger("Contoh", posts=2)
        with urlopen(blog.posts[0].url) as page:
            (tmp_path / "page.html").write_bytes(page.read())
        for line in commands(ROOT / "README.md"):
            if not line.startswith("kliping "):
                continue
            line = line.replace(f"https://{NAME_OF_THE_BLOG}/POST", blog.posts[0].url)
            line = line.replace(f"https://{NAME_OF_THE_BLOG}/", blog.base_url + "/").replace(
                NAME_OF_THE_BLOG, blog.host
            )
            done = run(line, tmp_path, dsn)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            assert done.stdout or (tmp_path / line.split()[-1]).exists(), f"{line} says nothing"
        assert "stored as article" in run(f"kliping why {blog.posts[0].url}", tmp_path, dsn).stdout


def run(line: str, folder: Path, dsn: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    ours = {"DATABASE_URL": dsn, "ALLOW_NETWORKS": "127.0.0.0/8", "HOST_SPACING": "0.01"}
    environ |= {f"{PREFIX}{name}": value for name, value in ours.items()}
    words = [str(KLIPING), *shlex.split(line)[1:]]
    return subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, timeout=60)


# --- operating --------------------------------------------------------------------------------------------------------


def test_operating_names_every_command_and_no_other() -> None:
    documented = [row[0].strip("`").split() for row in rows(ROOT / "docs/operating.md", "Commands")]
    known = {" ".join(path) for path, _ in verbs()}
    named = [" ".join(word for word in words[1:] if word.islower()) for words in documented]
    assert sorted(named) == sorted(known)


def test_every_option_in_the_documents_exists() -> None:
    options = {name: {o for p in command.params for o in (*p.opts, *p.secondary_opts)} for name, command in verbs()}
    for path in DOCUMENTS:
        for words in re.findall(r"kliping ([a-z][^`\n]*)", path.read_text("utf-8")):
            given = words.split("#")[0].split()
            name = next((tuple(given[:n]) for n in (2, 1) if tuple(given[:n]) in options), None)
            if name is not None:
                unknown = {w.split("=")[0] for w in given if re.match(r"--[a-z]", w)} - options[name] - {"--help"}
                assert not unknown, f"{path.name}: kliping {words}"


def test_operating_holds_every_setting_with_its_default() -> None:
    documented = {row[0].strip("`"): row[1] for row in rows(ROOT / "docs/operating.md", "Settings")}
    assert list(documented) == [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    for name, field in Settings.model_fields.items():
        if field.default_factory is None:
            assert documented[f"{PREFIX}{name.upper()}"] == shown(field.default)


def shown(default: object) -> str:
    if default is None or default == ():
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_no_document_names_a_setting_we_do_not_have() -> None:
    for path in DOCUMENTS:
        named = set(re.findall(rf"\b{PREFIX}([A-Z_]*[A-Z])\b", path.read_text("utf-8")))
        assert {name.lower() for name in named} <= set(Settings.model_fields), path.name
    assert isinstance(Settings(database_url=SecretStr("x")).database_url, SecretStr)


def test_operating_names_every_metric() -> None:
    from ingest.metrics import Metrics

    served = re.findall(r"^# TYPE (kliping_\w+) \w+$", Metrics().render().decode(), re.MULTILINE)
    text = (ROOT / "docs/operating.md").read_text("utf-8")
    missing = [name for name in served if not name.endswith("_created") and f"`{name}`" not in text]
    assert served
    assert missing == []


# --- reading the database ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", ["v1.articles", "v1.gaps"])
def test_reading_describes_the_columns_of_the_view(dsn: str, view: str) -> None:
    query = """
        SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid = CAST(%s AS regclass) AND attnum > 0 ORDER BY attnum
    """
    with psycopg.connect(dsn) as connection:
        columns = [list(row) for row in connection.execute(query, (view,))]
    short = {"timestamp with time zone": "timestamptz"}
    documented = rows(ROOT / "docs/reading-the-database.md", f"`{view}`")
    assert [[row[0].strip("`"), row[1]] for row in documented] == [[name, short.get(t, t)] for name, t in columns]


def test_the_examples_for_readers_run_as_the_reader(dsn: str) -> None:
    examples = blocks(ROOT / "docs/reading-the-database.md", "sql")
    assert len(examples) >= 5
    with psycopg.connect(dsn) as connection:
        connection.execute("SET ROLE kliping_reader")
        for example in examples:
            connection.execute(example)


# --- adding a site ----------------------------------------------------------------------------------------------------


def test_the_example_rules_are_rules() -> None:
    from parsers import rules
    from parsers.parts import full_page_url

    examples = blocks(ROOT / "docs/adding-a-site.md", "toml")
    packaged = {path.stem: path.read_text("utf-8") for path in (ROOT / "parsers/sites").glob("*.toml")}
    first, second, tried = examples
    for example in (first, second):
        built = rules.build({**packaged, "contoh.co.id": example})
        assert built.rule_for("https://news.contoh.co.id/1").name == "contoh.co.id"
    found, told = rules.build({**packaged, "contoh.co.id": first}), tomllib.loads(tried)
    rule = found.rule_for(told["articles"][0])
    assert [rule.is_article_url(url) for url in (*told["articles"], *told["others"])] == [True, False]
    assert all(rule.canonical_form(url) == form for url, form in told["canonical"])
    assert all(full_page_url(url, found) == whole for url, whole in told["whole"])
    assert set(told["closes"]) <= set(rule.closers)


def test_every_field_of_a_rule_is_described() -> None:
    from parsers.rules import Rule

    text = (ROOT / "docs/adding-a-site.md").read_text("utf-8")
    names = {field.name for field in fields(Rule) if field.repr} - {"name"}
    assert {name for name in names if not re.search(rf"\b{name}\b", text)} == set()


# --- all documents ----------------------------------------------------------------------------------------------------


def test_links_lead_somewhere() -> None:
    broken = [
        f"{path.name}: {link}"
        for path in DOCUMENTS
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text("utf-8"))
        if not link.startswith("https://") and not (path.parent / link).exists()
    ]
    assert broken == []


def test_anchors_lead_somewhere() -> None:
    for path in DOCUMENTS:
        text = path.read_text("utf-8")
        headings = {
            re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in re.findall(r"^#+ (.+)$", text, re.M)
        }
        assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings, path.name


def test_the_pieces_the_issue_asks_for_are_there() -> None:
    names = {str(path.relative_to(ROOT)) for path in DOCUMENTS}
    wanted = {"README.md", "CHANGELOG.md"} | {
        f"docs/{name}.md" for name in ("why", "adding-a-site", "reading-the-database", "operating", "development")
    }
    assert wanted <= names
    decisions = sorted(path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert [int(name[:3]) for name in decisions] == list(range(1, len(decisions) + 1))
    index = (ROOT / "docs/decisions/README.md").read_text("utf-8")
    assert all(name in index for name in decisions)
