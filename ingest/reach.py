"""From a target to addresses that may be connected to, and the budget they draw on."""

from __future__ import annotations

from ingest import gate
from ingest.gate import Address, Gate, Target
from ingest.pools import pool_of
from ingest.resolve import Lookups, NoAddress
from ingest.trail import End
from kliping.feeds import FetchOutcome
from parsers.walls import is_block_host


class Reach:
    """Looks a target up once and checks every answer."""

    def __init__(self, door: Gate, lookups: Lookups) -> None:
        self._gate = door
        self._lookups = lookups

    async def addresses(self, target: Target) -> tuple[tuple[Address, ...], str | None]:
        """The checked answers and their pool. Raises End when there are none, or when a single one is not public."""
        if self._gate.hopeless(target):
            raise End(FetchOutcome.BLOCKED_ADDRESS, f"port {target.port} is not 80 or 443")
        answers, alias = ((target.literal,), None) if target.literal else await self._look_up(target.host)
        if alias and is_block_host(alias):
            raise End(FetchOutcome.ISP_BLOCK, f"{target.host} is answered for by {alias}")
        if refusal := self._gate.refusal(target, answers):
            raise End(FetchOutcome.BLOCKED_ADDRESS, f"{target.authority}: {refusal}")
        return answers, pool_of(target.host, alias, answers)

    async def _look_up(self, host: str) -> tuple[tuple[Address, ...], str | None]:
        try:
            found = await self._lookups.find(host)
            return tuple(gate.read_address(text) for text in found.addresses), found.alias
        except (NoAddress, ValueError) as error:
            raise End(FetchOutcome.DNS, str(error)) from None
