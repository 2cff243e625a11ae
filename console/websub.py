"""Where WebSub hubs reach us, through a reverse proxy that passes /websub/ on: GET verifies, POST delivers.

The only page that strangers may reach; it tells them nothing, and takes no more than a feed may weigh.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

__all__ = ["Receiver", "Reply", "Route", "route"]

AT_ONCE = 20  # deliveries in hand; a hub tries again later
PATIENCE = 60.0  # seconds for a delivery to arrive


class Reply(Protocol):
    """What a hub is answered; see ingest.websub.Reply."""

    @property
    def status(self) -> int: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Receiver:
    """The callables behind the route. `most` is the largest body that is taken, in bytes."""

    path: str
    most: int
    verify: Callable[[str, Mapping[str, str]], Awaitable[Reply]]
    deliver: Callable[[str, Mapping[str, str], bytes], Awaitable[Reply]]


def route(receiver: Receiver) -> Route:
    """The route under `receiver.path`, whose last part is the token."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def called(request: Request) -> Response:
        token = request.path_params["token"]
        if request.method == "GET":
            return _answer(await receiver.verify(token, request.query_params))
        if slots.locked():
            return Response(status_code=503, headers={"retry-after": "60"})
        async with slots:
            body = await _body(request, receiver.most)
            if isinstance(body, Response):
                return body
            return _answer(await receiver.deliver(token, request.headers, body))

    return Route(receiver.path + "{token:str}", called, methods=["GET", "POST"])


def _answer(reply: Reply) -> Response:
    return PlainTextResponse(reply.text, reply.status, headers={"x-content-type-options": "nosniff"})


async def _body(request: Request, most: int) -> bytes | Response:
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    return Response(status_code=413)
    except (TimeoutError, ClientDisconnect):
        return Response(status_code=408)
    return bytes(body)
