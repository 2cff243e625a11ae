"""Prometheus metrics: counters that the path bumps, gauges that are read from the database when somebody asks.

One `Metrics` per process; tests make their own. Labels come from closed vocabularies only (outcomes, states, kinds),
never from a URL or host, so the number of series is bounded.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
# A second series for every counter, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it without types


class Metrics:
    """All series of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._polls = self._counter("polls", "Feed polls by outcome", "outcome")
        self._fetches = self._counter("fetches", "HTTP exchanges by kind and outcome", "kind", "outcome")
        self._entries = self._counter("entries", "Feed entries by the state they were put in", "state")
        self._articles = self._counter("articles", "Articles stored")
        self._deaths = self._counter("sandbox_deaths", "Parsing children that were killed or died", "kind")
        self._pushes = self._counter("websub_deliveries", "What WebSub hubs delivered, by outcome", "outcome")
        self._due = self._gauge("due_hosts", "Hosts that are due and not leased")
        self._depth = self._gauge("queue_depth", "Jobs waiting or running")
        self._ledger = self._gauge("ledger_entries", "Entries in the ledger by state", "state")
        self._alerts = self._gauge("alerts", "Open alerts by kind", "kind")
        self._gaps = self._gauge("gaps", "Gaps, in which entries may have been missed, by state", "state")

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, namespace="kliping", registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, namespace="kliping", registry=self.registry)

    def polled(self, outcome: str) -> None:
        """A feed was polled; `outcome` is a fetch outcome or a feed fault."""
        self._polls.labels(outcome).inc()

    def fetched(self, kind: str, outcome: str) -> None:
        """An exchange ended; `kind` is feed, page, robots or hub."""
        self._fetches.labels(kind, outcome).inc()

    def pushed(self, outcome: str) -> None:
        """A hub delivered; `outcome` is accepted, deferred, unreadable, bad_signature or unknown."""
        self._pushes.labels(outcome).inc()

    def decided(self, state: str, count: int = 1) -> None:
        """Entries were put in `state` (model.EntryState)."""
        self._entries.labels(state).inc(count)

    def stored(self, count: int = 1) -> None:
        """Articles were committed."""
        self._articles.inc(count)

    def sandbox_died(self, kind: str) -> None:
        """A parsing child ended early; `kind` is timeout, memory or crash."""
        self._deaths.labels(kind).inc()

    def observe(
        self, due_hosts: int, queue_depth: int, ledger: dict[str, int], alerts: dict[str, int], gaps: dict[str, int]
    ) -> None:
        """Set the gauges to what the database said."""
        self._due.set(due_hosts)
        self._depth.set(queue_depth)
        for state, count in ledger.items():
            self._ledger.labels(state).set(count)
        for kind, count in alerts.items():
            self._alerts.labels(kind).set(count)
        for state, count in gaps.items():
            self._gaps.labels(state).set(count)

    def render(self) -> bytes:
        """The text exposition format."""
        return generate_latest(self.registry)
