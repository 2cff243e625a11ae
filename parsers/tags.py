"""HTML's elements by what the walk does with them; those that are named nowhere here are blocks too."""

from __future__ import annotations

from parsers.block import BlockKind

ROLES = {
    "inline": """abbr acronym bdi bdo big cite code data del dfn font ins kbd label mark nobr output picture q rp rt
        ruby s samp small span strike sub sup time tt u var wbr""",
    "strong": "b strong i em",
    "anchor": "a",
    "break": "br",
    "image": "img",
    "rule": "hr",
    "button": "button",
    "head": "head",
    "fact": "meta link title script noscript",
    "skip": """base style template svg math select option iframe object embed canvas audio video map datalist
        textarea input progress meter frameset source track param area col""",
}
BLOCKS = """html body div p section article main aside header footer nav ul ol li dl dt dd table thead tbody tfoot
    tr td th caption blockquote pre h1 h2 h3 h4 h5 h6 figure figcaption form fieldset legend address details summary
    center dir menu hgroup listing xmp plaintext"""

PRE = "pre listing xmp plaintext"
PRUNED = "nav footer aside"
# Never left out by their class: the frame of the page, and elements that hold a paragraph or less.
READ = "html body main p h1 h2 h3 h4 h5 h6 li blockquote pre td"

# What a block is; one that is not here is what the block around it is.
KINDS = {
    "li": BlockKind.ITEM,
    "dt": BlockKind.ITEM,
    "dd": BlockKind.ITEM,
    "blockquote": BlockKind.QUOTE,
    "pre": BlockKind.CODE,
    "listing": BlockKind.CODE,
    "td": BlockKind.CELL,
    "th": BlockKind.CELL,
    "figcaption": BlockKind.CAPTION,
    "caption": BlockKind.CAPTION,
    **{f"h{n}": BlockKind.HEADING for n in range(1, 7)},
    **dict.fromkeys(("table", "ul", "ol", "dl", "section", "article", "figure", "form"), BlockKind.PARAGRAPH),
}
