"""One extractor over one set of pages, in a process of its own: its CPU time, its memory and its bodies as JSON.

    python -m bench.extractors NAME FOLDER

A page is unzipped before the clock starts. An extractor that takes bytes gets them; the others get text, decoded before
the clock starts too. Each runs as its own documentation has it, without the network.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import socket
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from bench.score import Gold, load_gold

_PROSE = (
    "<p>Wali kota berjanji jalan ke {} itu selesai diperbaiki sebelum hujan turun pada bulan depan, kata {} warga.</p>"
)
_PLACES = ("pasar", "sekolah", "sawah", "terminal", "pelabuhan", "kantor", "kebun", "lapangan", "stasiun", "jembatan")
_LINES = "".join(_PROSE.format(place, number + 7) for number, place in enumerate(_PLACES))
WARM_UP = (
    f"<html><head><title>Judul</title></head><body><article><h1>Jalan</h1>{_LINES}</article></body></html>".encode()
)


@dataclass(frozen=True)
class Sample:
    """A page as an extractor gets it."""

    name: str
    url: str | None
    html: bytes
    text: str


Extractor = Callable[[Sample], str | None]
Make = Callable[[str], Extractor]  # from the language of the set


def kliping_body(_: str) -> Extractor:
    from kliping.model import Origin, Page
    from parsers import rules
    from parsers.article import body_of

    known, now = rules.load(), datetime.now(UTC)
    return lambda sample: body_of(Page(sample.url, sample.html, now, Origin.STORED), known)


def kliping(_: str) -> Extractor:
    from kliping.model import Origin, Page
    from parsers import rules
    from parsers.article import extract

    known, now = rules.load(), datetime.now(UTC)
    return lambda sample: extract(Page(sample.url, sample.html, now, Origin.STORED), known).body


def trafilatura_plain(_: str) -> Extractor:
    from trafilatura import extract

    return lambda sample: extract(sample.text, url=sample.url)


def trafilatura_fast(_: str) -> Extractor:
    from trafilatura import extract

    return lambda sample: extract(sample.text, url=sample.url, fast=True)


def trafilatura_metadata(_: str) -> Extractor:
    from trafilatura import bare_extraction

    def run(sample: Sample) -> str | None:
        found = bare_extraction(sample.text, url=sample.url, with_metadata=True)
        return getattr(found, "text", None)

    return run


def readability(_: str) -> Extractor:
    from lxml.html import fromstring
    from readability import Document

    blocks = ("p", "div", "li", "br", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "td", "blockquote", "pre", "section")

    def run(sample: Sample) -> str:
        root = fromstring(Document(sample.text).summary())
        for element in root.iter(*blocks):  # so that no two blocks are glued into one word
            element.text, element.tail = f"\n{element.text or ''}", f"\n{element.tail or ''}"
        return str(root.text_content())

    return run


def resiliparse(_: str) -> Extractor:
    from resiliparse.extract.html2text import extract_plain_text

    lean = {"main_content": True, "list_bullets": False, "alt_texts": False, "comments": False, "post_meta": False}
    return lambda sample: extract_plain_text(sample.text, **lean)


def newspaper(language: str) -> Extractor:
    from newspaper import Article, Config

    config = Config()
    config.fetch_images, config.language = False, language

    def run(sample: Sample) -> str:
        article = Article(sample.url or "https://contoh.invalid/", config=config)
        article.download(input_html=sample.text)
        article.parse()
        return str(article.text)

    return run


def justext(language: str) -> Extractor:
    from justext import get_stoplist
    from justext import justext as paragraphs

    stops = get_stoplist({"en": "English", "id": "Indonesian"}[language])
    return lambda sample: "\n".join(p.text for p in paragraphs(sample.text, stops) if not p.is_boilerplate)


def lexbor(_: str) -> Extractor:
    from selectolax.lexbor import LexborHTMLParser

    def run(sample: Sample) -> None:
        LexborHTMLParser(sample.html)

    return run


@dataclass(frozen=True)
class Peer:
    """How an extractor is called in the report, the package it is, and whether it yields a body at all."""

    title: str
    package: str
    make: Make
    bodies: bool = True


PEERS = {
    "kliping": Peer("kliping: bytes in, the whole Article out", "kliping", kliping),
    "kliping-body": Peer("kliping: the body alone", "kliping", kliping_body),
    "trafilatura": Peer("trafilatura.extract", "trafilatura", trafilatura_plain),
    "trafilatura-fast": Peer("trafilatura.extract(fast=True)", "trafilatura", trafilatura_fast),
    "trafilatura-metadata": Peer(
        "trafilatura.bare_extraction(with_metadata=True)", "trafilatura", trafilatura_metadata
    ),
    "readability-lxml": Peer("readability-lxml", "readability-lxml", readability),
    "resiliparse": Peer("resiliparse, main content", "resiliparse", resiliparse),
    "newspaper4k": Peer("newspaper4k", "newspaper4k", newspaper),
    "justext": Peer("justext", "justext", justext),
    "lexbor": Peer("lexbor, parse only: the limit", "selectolax", lexbor, bodies=False),
}


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Run an extractor once over a set, no page twice: what it remembers of a page must not help it with that page."""
    gold, files = load_gold(folder), pages(folder)
    extract = PEERS[name].make("id" if folder.name == "id" else "en")
    with suppress(Exception):
        extract(_sample("warm-up", gzip.compress(WARM_UP), Gold(None, "")))  # what is loaded late is loaded now
    spent: dict[str, float] = {}
    bodies: dict[str, str] = {}
    failed: dict[str, str] = {}
    for page, packed in files.items():
        sample = _sample(page, packed, gold[page])
        start = time.process_time()
        try:
            bodies[page] = extract(sample) or ""
        except Exception as error:  # costs it that page, as it would in anybody's loop
            failed[page] = f"{type(error).__name__}: {error}"[:200]
        spent[page] = 1000 * (time.process_time() - start)
    told = {"version": version(PEERS[name].package), "milliseconds": spent, "bodies": bodies, "failed": failed}
    return {**told, "peak": peak_bytes()}


def pages(folder: Path) -> dict[str, bytes]:
    """Page name -> gzipped bytes: unzipped one by one, so that the peak is the extractor's and not the set's."""
    return {path.name.removesuffix(".html.gz"): path.read_bytes() for path in sorted(folder.rglob("*.html.gz"))}


def _sample(name: str, packed: bytes, gold: Gold) -> Sample:
    html = gzip.decompress(packed)
    return Sample(name, gold.url, html, html.decode("utf-8", "replace"))


def gunzip_and_parse(folder: Path) -> float:
    """CPU seconds of reading, unzipping and parsing the files of a set, in a process that is already up."""
    from selectolax.lexbor import LexborHTMLParser

    def once() -> float:
        start = time.process_time()
        for path in sorted(folder.rglob("*.html.gz")):
            LexborHTMLParser(gzip.decompress(path.read_bytes()))
        return time.process_time() - start

    return statistics.median(once() for _ in range(3))


def peak_bytes() -> int:
    """The most memory this process held. The kernel's own mark is of this program; rusage may still be the parent's."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _refuse(*_: object, **__: object) -> NoReturn:
    raise OSError("no network in a bench")


def stay_offline() -> None:
    """One of the peers would fetch a list of suffixes: it falls back to the one it ships."""
    socket.socket.connect = _refuse  # type: ignore[method-assign]
    socket.getaddrinfo = _refuse


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.extractors")
    parser.add_argument("name", choices=[*PEERS, "gunzip-and-parse"])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    stay_offline()
    if options.name == "gunzip-and-parse":
        print(json.dumps({"seconds": gunzip_and_parse(options.folder)}))
    else:
        print(json.dumps(measure(options.name, options.folder)))


if __name__ == "__main__":
    main()
