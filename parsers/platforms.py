"""Which publishing system made a page, told from its bytes, defused but not yet parsed."""

from __future__ import annotations

import re

BLOGGER, WORDPRESS = "blogspot.com", "wordpress"

# Bytes, without the text of scripts and styles: both load theirs from the head, and name themselves at its top.
_WINDOW, _TOP = 24_576, 8192
# Each pattern begins with letters that are rare elsewhere: a search for those is faster than several plain ones.
_WORDPRESS_FILES = re.compile(rb"/wp-(?:content|includes)/")
_WORDPRESS_NAME = b'content="WordPress'
_BLOGGER_ADDRESS = re.compile(rb"""blog(?:spot\.com|ger(?:\.com/|(?<=content="blogger)"|(?<=content='blogger)'))""")
_BLOGGER_BODY = (b"post-body", b"articleBody", b"blog-posts", b"post hentry")


def detect(html: bytes) -> str | None:
    """The platform by name; a page that merely links to a blog of the kind is not of it."""
    if _WORDPRESS_FILES.search(html, 0, _WINDOW) or html.find(_WORDPRESS_NAME, 0, _TOP) >= 0:
        return WORDPRESS
    if _BLOGGER_ADDRESS.search(html, 0, _TOP) and any(sign in html for sign in _BLOGGER_BODY):
        return BLOGGER
    return None
