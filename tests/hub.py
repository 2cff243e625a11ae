"""A WebSub hub of ours on loopback: takes subscriptions, verifies them, pushes with a signature."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx


@dataclass
class Hub:
    """`status` is what a subscription request is answered; `lease` what is granted, None for what was asked."""

    status: int = 202
    lease: int | None = None
    deny: str | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    echoed: list[bool] = field(default_factory=list)
    url: str = ""
    redirect: str | None = None

    async def __aenter__(self) -> Hub:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hub"
        self._client = httpx.AsyncClient(trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._client.aclose()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            (line.split(":")[1] for line in head.lower().split("\r\n") if line.startswith("content-length")), 0
        )
        form = dict(parse_qsl((await reader.readexactly(int(length))).decode()))
        self.heads.append(head)
        if self.redirect and "/hub " in head.splitlines()[0]:
            writer.write(f"HTTP/1.1 307 Moved\r\nLocation: {self.redirect}\r\nContent-Length: 0\r\n\r\n".encode())
        else:
            self.asked.append(form)
            if self.status < 300:
                await self.verify(form)
            writer.write(f"HTTP/1.1 {self.status} Taken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async def verify(self, form: dict[str, str], **changes: str) -> int:
        """Ask back as section 5.3 says, before the request is answered; the status that came."""
        query = {"hub.mode": "subscribe", "hub.topic": form["hub.topic"], "hub.challenge": "tantangan-42"}
        query["hub.lease_seconds"] = str(self.lease or form["hub.lease_seconds"])
        if self.deny:
            query = {"hub.mode": "denied", "hub.topic": form["hub.topic"], "hub.reason": self.deny}
        answer = await self._client.get(form["hub.callback"], params={**query, **changes})
        self.echoed.append(answer.text == "tantangan-42")
        return answer.status_code

    async def push(
        self, body: bytes, *, secret: str | None = None, method: str = "sha256", signature: str | None = None,
        callback: str | None = None, content_type: str = "application/atom+xml",
    ) -> int:  # fmt: skip
        """Deliver to the last subscriber; the status that came."""
        form = self.asked[-1]
        digest = hmac.new((secret or form["hub.secret"]).encode(), body, getattr(hashlib, method)).hexdigest()
        headers = {"content-type": content_type.encode()}
        if signature != "-":
            headers["x-hub-signature"] = (signature or f"{method}={digest}").encode()
        answer = await self._client.post(callback or form["hub.callback"], content=body, headers=headers)
        return answer.status_code
