"""Named cleaning steps over blocks: what leaves the text, why, and which field holds it now.

  breaks     a block with single line breaks is split where one of its lines is furniture
  captions   blocks that their markup calls captions
  title      the headline repeated over the text
  opener, closer   what the site is known to begin or end its posts with
  comments   a comment form near the end, and all below it
  links      "Baca juga:" and the links or list under it; tables of contents
  lines      whole lines of the closed lists and the anchored patterns
  credited   photo captions told by their credit
  suffix     lines of both kinds, and initials, glued to the end of a paragraph
  stamps     date stamps and bylines before the first prose
  sources    source lines and republish notices
  piles      search words piled up after "Tag ... :"
  credits    reporters, editors, desk initials, counters, tags
  boxes      a single loud headline of another post between two paragraphs
  closing    links to other pages of the site at the very end; headings whose text has left
  signature  a last line set off that says who wrote or sent the text

The round is repeated until nothing leaves, so cleaning is idempotent. Steps whose cuts explain themselves are exempt
from the guard; any other that would take over 40 % of the text, or leave under 200 characters of more, is refused.
Datelines, reference lists, sub-headings and an author's sign-off stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from kliping.model import Caption, Credit, Removal, Source
from parsers.block import Block
from parsers.breaks import join_labels, split_breaks
from parsers.closing import drop_boxes, drop_closing_links, drop_hanging, drop_signature
from parsers.draft import Draft, Sift
from parsers.steps import (
    CleanContext,
    cut_suffixes,
    drop_captions,
    drop_comments,
    drop_credited,
    drop_credits,
    drop_lines,
    drop_links,
    drop_openers,
    drop_piles,
    drop_sources,
    drop_stamps,
    drop_title,
)

__all__ = ["CleanContext", "Cleaned", "clean"]

TAKE_MOST = 0.4  # share of the text one unexplained step may take
LEAVE_LEAST = 200  # characters it must leave
ROUNDS = 20


class Cleaned(NamedTuple):
    """The text that is left and everything that left it. `flags`: source_unresolved, incomplete, cleaning_refused."""

    blocks: tuple[Block, ...] = ()
    captions: tuple[Caption, ...] = ()
    sources: tuple[Source, ...] = ()
    credits: tuple[Credit, ...] = ()
    tags: tuple[str, ...] = ()
    published_line: str | None = None
    removed: tuple[Removal, ...] = ()
    flags: tuple[str, ...] = ()


Step = Callable[[Draft, CleanContext, Sift], None]


def clean(blocks: Sequence[Block], context: CleanContext) -> Cleaned:
    """Sift the chosen blocks. Never raises on any text; `clean(clean(x).blocks) == clean(x).blocks`."""
    total, draft, idle = Sift(), Draft(split_breaks(blocks)), dict[Step, Draft]()
    for _ in range(ROUNDS):
        before, start = len(total.removed), _joined(draft)
        draft = _round(start, context, total, idle)
        if len(total.removed) == before:
            break
        if hanging := drop_hanging(start, draft):
            total.add(hanging)
            draft = draft.without(hanging.taken)
    return Cleaned(
        blocks=tuple(draft.blocks),
        captions=tuple(dict.fromkeys(total.captions)),
        sources=tuple(dict.fromkeys(total.sources)),
        credits=tuple(dict.fromkeys(total.credits)),
        tags=tuple(dict.fromkeys(total.tags)),
        published_line=total.published[0] if total.published else None,
        removed=tuple(total.removed),
        flags=tuple(dict.fromkeys(total.flags)),
    )


def _joined(draft: Draft) -> Draft:
    blocks = join_labels(draft.blocks)
    return draft if blocks is draft.blocks else Draft(blocks)


def _round(draft: Draft, context: CleanContext, total: Sift, idle: dict[Step, Draft]) -> Draft:
    """What all steps leave; what they find goes into `total`. `idle`: the draft each step last took nothing from."""
    out = Sift()
    for step, exempt in STEPS:
        if idle.get(step) is draft:
            continue
        step(draft, context, out)
        if not out.removed:
            idle[step] = draft
            continue
        left = draft.without(out.taken)
        if exempt or not _takes_too_much(draft.size(), left.size()):
            total.add(out)
            draft = left
        else:
            total.flags.append("cleaning_refused")
        out = Sift()
    return draft


def _takes_too_much(had: int, left: int) -> bool:
    return had - left > TAKE_MOST * had or left < LEAVE_LEAST <= had


STEPS: tuple[tuple[Step, bool], ...] = (  # the step, and whether its cuts explain themselves
    (drop_captions, True),
    (drop_title, True),
    (drop_openers, True),
    (drop_comments, False),
    (drop_links, True),
    (drop_lines, True),
    (drop_credited, False),
    (cut_suffixes, False),
    (drop_stamps, False),
    (drop_sources, True),
    (drop_piles, False),
    (drop_credits, False),
    (drop_boxes, True),
    (drop_closing_links, False),
    (drop_signature, True),
)
