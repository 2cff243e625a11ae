"""Paragraphs that hold furniture behind a single line break, parted so that the steps see whole lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from parsers.block import CODE, PARAGRAPH, Block
from parsers.captions import caption_in, read_caption
from parsers.dates import is_stamp
from parsers.lines import LINE_LIMIT, closed_group
from parsers.patterns import pattern_rule
from parsers.people import is_of_work, read_credits, read_initials
from parsers.plain import is_plain
from parsers.sources import read_republished, read_source

_COLONS = frozenset(":：")


def join_labels(blocks: Sequence[Block]) -> Sequence[Block]:
    """A label and its value that markup has set in two blocks, "Penulis" and ": Rina Dewi", as one line."""
    if _COLONS.isdisjoint([block.text[:1] for block in blocks]):
        return blocks
    found: list[Block] = []
    for block in blocks:
        value = block.text[:1] in _COLONS and len(block.text) <= 200 and block.kind is not CODE
        if value and found and len(found[-1].text) <= 40:
            links = (*found[-1].links, *block.links)
            text = f"{found[-1].text} {block.text}"
            line = replace(block, kind=PARAGRAPH, text=text, links=links, lines=())
            if read_source(line) or read_credits(line):
                found[-1] = line
                continue
        found.append(block)
    return found


def split_breaks(blocks: Sequence[Block]) -> list[Block]:
    """Part a block at its single line breaks where a line is furniture; lines of prose stay one paragraph."""
    found: list[Block] = []
    for block in blocks:
        if not block.lines or all(is_plain(line) and not stands_out(line) for line in block.lines):
            found.append(block)
            continue
        parts = _lines_of(block)
        run: list[Block] = []
        for index, part in enumerate(parts):
            if is_furniture(part) and not (read_credits(part) and is_of_work(parts, index)):
                found += _joined(block, run)
                found.append(part)
                run = []
            else:
                run.append(part)
        found += _joined(block, run) if len(run) < len(parts) else [block]
    return found


def _lines_of(block: Block) -> list[Block]:
    """Each line as a block of its own, with the links whose text it holds."""
    links, parts = list(block.links), []
    for line in block.lines:
        own = []
        while links and links[0].text in line:
            own.append(links.pop(0))
        parts.append(Block(block.kind, line, tuple(own), block.emphasis))
    return parts


def _joined(block: Block, run: Sequence[Block]) -> list[Block]:
    text = " ".join(part.text for part in run if part.text)
    links = tuple(link for part in run for link in part.links)
    lines = tuple(part.text for part in run) if len(run) > 1 else ()
    return [replace(block, text=text, links=links, lines=lines)] if text else []


def is_furniture(line: Block) -> bool:
    """Whether some step might take this line when it stands alone."""
    if is_plain(line.text):
        return stands_out(line.text)
    group = closed_group(line)
    if (group is not None and group.anywhere) or pattern_rule(line) is not None:
        return True
    return bool(
        read_source(line)
        or read_republished(line)
        or read_credits(line)
        or read_initials(line)
        or read_caption(line, at_head=True)
        or is_stamp(line.text)
    )


@lru_cache(maxsize=512)
def stands_out(text: str) -> bool:
    """What its form tells wherever it stands: a caption by its credit, a date stamp."""
    return len(text) <= LINE_LIMIT and bool(caption_in(text, at_head=True) or is_stamp(text))
