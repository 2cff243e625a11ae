"""10,000 origins on one socket: every 127.x.y.z answers a feed, most of them 304 to whoever has it.

    python -m bench.origins --changing 10        prints {"port": N}, serves until its input ends

One host in `changing` (0: none) never says 304: its feed of some 50 KB is a little different each time, with the same
entries. The others answer 304 to their validator and the same document without it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
from html import escape

from tests.world import Writer
from tests.world.__main__ import until_told

ITEMS = 2
_304 = b'HTTP/1.1 304 Not Modified\r\nETag: "satu"\r\nConnection: close\r\n\r\n'
_404 = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def host(number: int) -> str:
    """The address of an origin."""
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


def items(size: int) -> str:
    """The entries of every feed: full text, `size` characters in all. {HOST} stands for the origin."""
    writer = Writer("origins")
    found = []
    for number in range(ITEMS):
        text = ""
        while len(text) < size // ITEMS:
            text += f"<p>{writer.paragraph()}</p>"
        found.append(
            f"<item><title>{escape(writer.title())}</title><link>http://{{HOST}}/{number}</link>"
            f"<guid>http://{{HOST}}/{number}</guid><pubDate>Mon, 12 May 2025 0{number}:00:00 +0700</pubDate>"
            f"<description>{escape(text)}</description></item>"
        )
    return "".join(found)


class Origin(asyncio.Protocol):
    """One connection, one request."""

    polls = 0
    bodies = ""
    changing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.seen = b""

    def data_received(self, data: bytes) -> None:
        self.seen += data
        if self.seen.endswith(b"\r\n\r\n"):
            self.transport.write(self.answer())  # type: ignore[attr-defined]
            self.transport.close()

    def answer(self) -> bytes:
        if not self.seen.startswith(b"GET /feed"):
            return _404
        ip, port = self.transport.get_extra_info("sockname")
        changes = Origin.changing and sum(map(int, ip.split(".")[2:])) % Origin.changing == 0
        if not changes and b'"satu"' in self.seen:
            return _304
        Origin.polls += 1
        stamp = f"<lastBuildDate>{Origin.polls if changes else 0}</lastBuildDate>"
        body = f'<rss version="2.0"><channel><title>{ip}</title>{stamp}{Origin.bodies}</channel></rss>'
        raw = body.replace("{HOST}", f"{ip}:{port}").encode()
        tag = b"" if changes else b'ETag: "satu"\r\n'
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml; charset=UTF-8\r\n" + tag
        return head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(raw) + raw


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.origins")
    parser.add_argument("--changing", type=int, default=10)
    parser.add_argument("--size", type=int, default=50_000)
    options = parser.parse_args()
    Origin.changing, Origin.bodies = options.changing, items(options.size)
    gc.freeze()
    server = await asyncio.get_running_loop().create_server(Origin, "0.0.0.0", 0, backlog=4096)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await until_told()
    server.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
