"""Which publishing system made a page, told from its bytes before it is parsed."""

from __future__ import annotations

BLOGGER, WORDPRESS = "blogspot.com", "wordpress"

_WINDOW = 49_152  # bytes: both load their styles and scripts from the head
_BLOGGER_NAME = b"blogger"  # looked for once, before the signs that hold it
_BLOGGER_NAMED = (b"blogger.com/", b'content="blogger"', b"content='blogger'")
_BLOGGER_SIGNS = (b"blogspot.com", b"_WidgetManager")
_BLOGGER_BODY = (b"post-body", b"articleBody", b"blog-posts", b"post hentry")
_WORDPRESS_SIGNS = (b"/wp-content/", b"/wp-includes/", b'content="WordPress')


def detect(html: bytes) -> str | None:
    """The platform by name; a page that merely links to a blog of the kind is not of it."""
    if _says(html, _WORDPRESS_SIGNS):
        return WORDPRESS
    named = _says(html, (_BLOGGER_NAME,)) and _says(html, _BLOGGER_NAMED)
    if (named or _says(html, _BLOGGER_SIGNS)) and any(sign in html for sign in _BLOGGER_BODY):
        return BLOGGER
    return None


def _says(html: bytes, signs: tuple[bytes, ...]) -> bool:
    return any(html.find(sign, 0, _WINDOW) >= 0 for sign in signs)
