"""What stands just before and after the chosen body and belongs to the article as data: captions, sources, credits.

Portals set the lead photo's caption above the container of the text, the source and the editors under it. Only lines
that say by their markup or form what they are count here, since nothing else there is known to be of the article.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kliping.model import Caption, Credit, Source
from parsers import captions, people, sources
from parsers.block import CAPTION, PARAGRAPH, Block
from parsers.breaks import join_labels
from parsers.lines import closed_group
from parsers.sift import resolved

NEAR = 12  # blocks looked at on either side


class Around(NamedTuple):
    """Found beside the body, in document order."""

    captions: tuple[Caption, ...] = ()
    sources: tuple[Source, ...] = ()
    credits: tuple[Credit, ...] = ()


def look_around(before: Sequence[Block], after: Sequence[Block], base: str = "") -> Around:
    """Read the blocks before and after the body; those nearest to it, and none past a comment form.

    Only the links of a line that names a source are resolved, with `base`: the others are menus and teasers.
    """
    above, below = join_labels(before[-NEAR:]), _until_comments(join_labels(after[:NEAR]))
    said = [source for block in below if _sources(block) for source in _sources(resolved(block, base))]
    named = [credit for block in (*above, *below) for credit in people.read_credits(block)]
    named += [credit for block in below if (credit := _initials(block))]
    return Around(
        captions=tuple(dict.fromkeys(caption for block in above if (caption := _caption(block)))),
        sources=tuple(dict.fromkeys(said)),
        credits=tuple(dict.fromkeys(named)),
    )


def _until_comments(blocks: Sequence[Block]) -> list[Block]:
    found: list[Block] = []
    for block in blocks:
        group = closed_group(block)
        if group is not None and group.marker:
            break
        found.append(block)
    return found


def _caption(block: Block) -> Caption | None:
    """A caption by its markup, or a line with a credit that cannot be anything else."""
    if block.kind is CAPTION:
        caption = captions.parse_caption(block.text)
        return caption if captions.is_told(caption) else None
    plain = block.kind is PARAGRAPH and block.link_share < 0.5
    return captions.read_caption(block, at_head=False) or captions.read_prefixed(block) if plain else None


def _sources(block: Block) -> tuple[Source, ...]:
    republished = sources.read_republished(block)
    if republished is not None:
        return (republished,)
    said = sources.read_source(block)
    return () if said is None or said.waiting else said.sources


def _initials(block: Block) -> Credit | None:
    """Desk initials with a stroke; a bracketed name outside the body may be anything."""
    return people.read_initials(block) if "/" in block.text else None
