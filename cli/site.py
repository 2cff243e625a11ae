"""`kliping site`: write a rule for a site from one of its pages, and see what rules keep and remove. No database."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import ndiff
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import show
from cli.app import group
from cli.sitepage import SitePlaces, first_line, listed, read_page, rules_in, told, without_first_line
from kliping.clock import SystemClock
from kliping.errors import InputError
from kliping.feeds import FetchOutcome
from kliping.model import Origin, Page, PageOutcome

if TYPE_CHECKING:
    from kliping.settings import Settings
    from parsers.scaffold import SiteLook

app = group()

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Url = Annotated[str | None, typer.Option(help="Where a FILE came from, when its first line does not say it.")]


@app.callback()
def _site() -> None:
    """Write a rule for a site, and see what it keeps and removes."""


@app.command("new")
def new_site(
    page: Annotated[str, typer.Argument(metavar="URL|FILE", help="An article of the site.")],
    into: Annotated[Path, typer.Option(help="The folder that gets the files, such as a checkout of kliping.")],
    url: Url = None,
    name: Annotated[str | None, typer.Option(help="What the page is called.")] = None,
    as_json: Json = False,
) -> None:
    """Scaffold a rule, a page and the text it should give, in files that are not there yet; 1 for no article."""
    settings = _settings()
    if "://" in page:
        given = asyncio.run(_fetched(page, settings))
    else:
        given = read_page(page, url, settings.page_bytes, saved=True)
    if not given.url:
        raise InputError(f"{page}: its address is not known; say it with --url")
    places = SitePlaces(into, _host(given.url))
    rules = rules_in(into)
    first = _look(given, rules, settings)
    rule = _rule(places.host, first)
    whole = replace(given, html=first_line(given.url, given.fetched_at) + without_first_line(first.html), charset=None)
    look = _look(whole, {**rules, places.host: rule}, settings)
    written = _write(places, _named(name, given.url), whole, rule, look)
    if as_json:
        show.as_json({"host": places.host, "files": [str(path) for path in written], **_facts(look)})
    else:
        for path in written:
            show.line(f"wrote {path}")
        _show(look, None)
        show.line("Read the text, then put your own words into the page: a stranger's do not belong in a repository.")
    if look.article.outcome is not PageOutcome.ARTICLE:
        raise InputError(f"{page}: no article was found (outcome: {look.article.outcome.value}); the files are written")


@app.command("check")
def check_site(
    given: Annotated[str, typer.Argument(metavar="HOST|FILE", help="A site whose pages are in the folder, or a page.")],
    folder: Annotated[Path, typer.Option("--in", help="The folder with rules and pages.")] = Path("."),
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Show what is kept of pages and what is removed, side by side; 1 when a page gives other than it should."""
    settings = _settings()
    files, rules = _pages(given, folder), rules_in(folder)
    found = [(file, _look(read_page(str(file), url, settings.page_bytes), rules, settings)) for file in files]
    states = [_state(file, look) for file, look in found]
    if as_json:
        show.as_json(
            [
                {"file": str(file), "expected": state, "difference": _difference(file, look), **_facts(look)}
                for (file, look), state in zip(found, states, strict=True)
            ]
        )
    else:
        for (file, look), state in zip(found, states, strict=True):
            show.line(f"--- {file}")
            _show(look, state)
            for line in _difference(file, look):
                show.line(line)
    if "differs" in states:
        raise typer.Exit(1)


def _settings() -> Settings:
    from cli.context import quiet

    return quiet().model_copy(update={"children": 1})


def _pages(given: str, folder: Path) -> list[Path]:
    """A file, or the pages of a host. Raises InputError when there are none."""
    if os.path.isfile(given):  # unlike Path's, false where we may not look
        return [Path(given)]
    pages = SitePlaces(folder, given).pages if re.fullmatch(r"[\w.-]+", given) else None
    if not pages or not (files := listed(pages, "*.html")):
        raise InputError(f"{given}: neither a file nor a host with pages under {folder / 'tests' / 'sites'}")
    return files


# --- pages ------------------------------------------------------------------------------------------------------------


async def _fetched(url: str, settings: Settings) -> Page:
    """The page at an address, through the door and after robots.txt. Raises InputError."""
    from ingest.fetch import Fetcher, Kind, Request
    from ingest.pipeline import charset
    from ingest.robots import allows, fetch_robots

    async with Fetcher(settings, SystemClock()) as fetcher:
        robots = await fetch_robots(fetcher, url)
        if robots.text is None:
            raise InputError(f"{url}: robots.txt could not be had: {robots.outcome}")
        if not allows(robots, url, settings.user_agent("")):
            raise InputError(f"{url}: robots.txt forbids it")
        got = await fetcher.fetch(Request(url, Kind.PAGE))
    if got.outcome is not FetchOutcome.OK:
        raise InputError(f"{url}: {' '.join(str(word) for word in (got.outcome, got.status, got.detail) if word)}")
    return Page(got.final_url, got.body, got.at, Origin.WEB, None, charset(got))


def _look(page: Page, rules: Mapping[str, str], settings: Settings) -> SiteLook:
    """The page looked at in a child. Raises RuleError, PageError or SandboxError."""
    from ingest.sandbox import Sandbox
    from parsers.rules import load_with

    load_with(rules)  # a bad rule is one line here; in a child it would be a death

    async def look() -> SiteLook:
        async with Sandbox(settings) as sandbox:
            return await sandbox.look(page, rules)

    return asyncio.run(look())


def _host(url: str) -> str:
    from parsers.links import host_of

    try:
        return host_of(url).partition(":")[0].removeprefix("www.")
    except ValueError:
        raise InputError(f"{url}: not an address") from None


def _named(name: str | None, url: str) -> str:
    """What the page's files are called. Raises InputError for a name that is none."""
    if name is None:
        words = re.sub(r"\.\w+$", "", url.partition("?")[0].rstrip("/").rpartition("/")[2]).lower()
        return re.sub(r"[^a-z0-9]+", "-", words).strip("-")[:60] or "page"
    if not re.fullmatch(r"[\w-]{1,60}", name):
        raise InputError(f"{name}: a name is of letters, digits, - and _")
    return name


# --- files ------------------------------------------------------------------------------------------------------------


def _rule(host: str, look: SiteLook) -> str:
    """The rule's text: what one page can tell."""
    lines = [
        f"# {host}: written from one page. Look at others before you trust it; docs/adding-a-site.md tells the fields."
    ]
    if look.platform:
        lines.append(f'inherits = "{look.platform}"')
    if look.body:
        lines.append(f"body = {json.dumps(list(look.body), ensure_ascii=False)}")
    return "\n".join([*lines, ""])


def _write(places: SitePlaces, name: str, page: Page, rule: str, look: SiteLook) -> list[Path]:
    """Write the files. Raises InputError, before anything is written, when one is there already."""
    examples = (
        f"# Addresses that are articles of the site, and others.\narticles = [{json.dumps(page.url)}]\nothers = []\n"
    )
    texts = {
        places.rule: rule.encode(),
        places.pages / f"{name}.html": page.html,
        places.pages / f"{name}.txt": told(look.article).encode("utf-8", "replace"),
        places.pages / "examples.toml": examples.encode(),
    }
    if there := [str(path) for path in texts if os.path.exists(path)]:
        raise InputError(f"there already: {', '.join(there)}")
    try:
        for path in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_bytes(text)
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}") from None
    return list(texts)


def _state(file: Path, look: SiteLook) -> str | None:
    """Whether a page gives what its .txt says: same, differs, or None without one."""
    expected = file.with_suffix(".txt")
    if not expected.is_file():
        return None
    return "differs" if _difference(file, look) else "same"


def _difference(file: Path, look: SiteLook) -> list[str]:
    """The lines that a page should give and does not, after a minus; those that it gives besides, after a plus."""
    expected = file.with_suffix(".txt")
    if not expected.is_file():
        return []
    should, does = (text.split("\n") for text in (expected.read_text("utf-8", "replace"), told(look.article)))
    return [line for line in ndiff(should, does) if line[0] in "-+"]


# --- the report -------------------------------------------------------------------------------------------------------


def _facts(look: SiteLook) -> dict[str, Any]:
    article = look.article
    kept = {
        name: getattr(article, name) for name in ("url", "outcome", "title", "author", "published_at", "rule", "flags")
    }
    paragraphs = (article.body or "").split("\n\n") if article.body else []
    return {**kept, "platform": look.platform, "selectors": look.body, "kept": paragraphs, "removed": article.removed}


def _show(look: SiteLook, state: str | None) -> None:
    """The fields, then two columns: what is kept, and what is removed and why."""
    facts = _facts(look)
    kept, removed = facts.pop("kept"), facts.pop("removed")
    facts["selectors"], facts["flags"] = ", ".join(facts["selectors"]), ", ".join(facts["flags"])
    show.facts([*((name.replace("_", " "), value) for name, value in facts.items()), ("expected text", state)])
    gone = [f"{line.step}, {line.rule}: {line.text}" for line in removed]
    show.beside((f"kept ({len(kept)})", kept), (f"removed ({len(gone)})", gone))
