"""The loopback web of blogs that tests, the demo and the benches live on. See `world.World`."""

from tests.world.blog import Blog
from tests.world.blogger import Blogger
from tests.world.portal import Portal
from tests.world.post import PACIFIC, WIB, Inset, Post, Truth
from tests.world.server import Answer, Fault, Request
from tests.world.text import Writer
from tests.world.wordpress import WordPress
from tests.world.world import EPOCH, World

__all__ = [
    "EPOCH",
    "PACIFIC",
    "WIB",
    "Answer",
    "Blog",
    "Blogger",
    "Fault",
    "Inset",
    "Portal",
    "Post",
    "Request",
    "Truth",
    "WordPress",
    "World",
    "Writer",
]
