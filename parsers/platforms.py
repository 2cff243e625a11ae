"""Which publishing system made a page, told from its bytes before it is parsed."""

from __future__ import annotations

BLOGGER, WORDPRESS = "blogspot.com", "wordpress"

_WINDOW = 65_536  # bytes: both load their styles and scripts from the head
_BLOGGER_SIGNS = (b"blogger.com/", b"blogspot.com", b"_WidgetManager", b'content="blogger"', b"content='blogger'")
_BLOGGER_BODY = (b"post-body", b"articleBody", b"blog-posts", b"post hentry")
_WORDPRESS_SIGNS = (b"/wp-content/", b"/wp-includes/", b'content="WordPress')


def detect(html: bytes) -> str | None:
    """The platform by name; a page that merely links to a blog of the kind is not of it."""
    if any(html.find(sign, 0, _WINDOW) >= 0 for sign in _WORDPRESS_SIGNS):
        return WORDPRESS
    if any(html.find(sign, 0, _WINDOW) >= 0 for sign in _BLOGGER_SIGNS) and any(sign in html for sign in _BLOGGER_BODY):
        return BLOGGER
    return None
