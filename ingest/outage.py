"""Whether it is we who are cut off: nothing answers any more, at hosts that did a moment ago. PURE.

    a host answers, whatever it says        -> we are not cut off, what failed before was theirs
    a feed that was well gets no answer     -> evidence
    evidence at HOSTS hosts and no answer between -> an outage of ours, until somebody answers

While it lasts nobody is counted a failure, and those that were counted as evidence are pardoned.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kliping.feeds import FetchOutcome

HOSTS = 4  # that failed one after the other and had not failed before
MOST = 1000  # feeds remembered as evidence
# PROTOCOL: connections that open and close without a byte, as behind a router that lost its line.
NO_ANSWER = frozenset(
    (
        FetchOutcome.DNS.value,
        FetchOutcome.CONNECT.value,
        FetchOutcome.TIMEOUT.value,
        FetchOutcome.TLS.value,
        FetchOutcome.PROTOCOL.value,
    )
)


@dataclass(slots=True)
class Outage:
    """What one process has seen since somebody answered last: feed -> host of the evidence."""

    evidence: dict[int, str] = field(default_factory=dict)
    lasting: bool = False

    def answered(self) -> dict[int, str]:
        """A host answered. Those to pardon when that ends an outage; a failure may have been written since it began."""
        pardoned = self.evidence if self.lasting else {}
        self.evidence, self.lasting = {}, False
        return pardoned

    def silent(self, feed_id: int, host: str, well: bool) -> dict[int, str]:
        """A feed got no answer; `well` says that its last poll did. Those to pardon now, when that makes an outage."""
        if self.lasting or not well:
            return {}
        if len(self.evidence) < MOST:
            self.evidence[feed_id] = host
        self.lasting = len(set(self.evidence.values())) >= HOSTS
        return {known: where for known, where in self.evidence.items() if known != feed_id} if self.lasting else {}
