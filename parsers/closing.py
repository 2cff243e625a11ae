"""Steps of cleaning for what is left at the very end of a text when all else has gone."""

from __future__ import annotations

import re
from itertools import pairwise

from parsers.block import HEADING, PARAGRAPH, Block
from parsers.draft import Draft, Sift
from parsers.steps import CleanContext

_HOST = re.compile(r"https?://[^/?#]{1,255}/")
_FRONT = re.compile(r"https?://[^/?#]{1,255}/?")
_FETCH = re.compile(r"download|unduh|pdf|docx?|xlsx?|zip|rar|apk|disini|di sini|klik|formulir|lampiran|uploads?/")


def drop_hanging(before: Draft, draft: Draft) -> Sift:
    """A heading at the end whose text, as it stood in `before`, has left; and the same heading said twice."""
    out, blocks, end = Sift(), draft.blocks, len(draft.blocks)
    if end < 2 or blocks[-1].kind is not HEADING:
        return out
    left = {id(block) for block in blocks}
    after = {id(block): following for block, following in pairwise(before.blocks)}
    while end > 1 and blocks[end - 1].kind is HEADING:
        following = after.get(id(blocks[end - 1]))
        twice = end < len(blocks) and blocks[end].text == blocks[end - 1].text
        if not twice and (following is None or id(following) in left):
            break
        end -= 1
    for index in range(end, len(blocks)):
        out.drop(index, "lines", "hanging heading", blocks[index].text)
    return out


def drop_closing_links(draft: Draft, context: CleanContext, out: Sift) -> None:
    """Headlines of other posts that end a text: paragraphs that are one link each, and links to a partner's front."""
    end = len(draft.blocks)
    while end > 1 and _leads_on(draft.blocks[end - 1], context):
        end -= 1
    for index in range(end, len(draft.blocks)):
        out.drop(index, "links", "closing", draft.blocks[index].text)


def _leads_on(block: Block, context: CleanContext) -> bool:
    """One link to another page of the site, or to the front of another, that offers nothing to fetch."""
    if block.kind is not PARAGRAPH or len(block.links) != 1 or len(block.text) > 160:
        return False
    url, host = block.links[0].url or "", _HOST.match(context.url or "")
    same = host is not None and url.casefold().startswith(host[0].casefold()) and len(url) > len(host[0])
    front = _FRONT.fullmatch(url) is not None and " " in block.text
    return (same or front) and block.link_share > 0.95 and not _FETCH.search(f"{block.text} {url}".casefold())
