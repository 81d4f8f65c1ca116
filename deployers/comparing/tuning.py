"""How a canary is judged, and where its numbers come from: part of what is approved."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The application's own counters: where each target tells them, in Prometheus' text format."""

    path: str = "/metrics"
    requests: str = ""
    """Which counters are requests: a name, with labels in braces where they matter."""
    errors: str = ""
    seconds: str = ""
    """The histogram of response times; empty: they are not known."""


@dataclass(frozen=True, slots=True)
class Queries:
    """Questions to Prometheus, in PromQL, with `{side}`, `{release}`, `{window}` and others in them."""

    prometheus: str
    requests: str = ""
    errors: str = ""
    p95: str = ""


@dataclass(frozen=True, slots=True)
class Canary:
    """How a canary deployment is judged, and where its numbers come from: at most one of three."""

    percentage: int = 10
    duration: timedelta = timedelta(hours=1)
    success_rate: float = 99.5
    steps: tuple[int, ...] = ()
    """Percentages through which it rises; empty: one, the percentage."""
    max_error_ratio: float = 1.25
    """So many times as often as the stable side it may fail."""
    max_p95_ratio: float = 1.5
    interval: timedelta = timedelta(0)
    """Between two readings; zero: as often as the source allows."""
    remind: timedelta = timedelta(minutes=30)
    """So long one waits for a person until somebody is reminded of it, then twice as long each time; zero: never."""
    metrics: Queries | None = None
    endpoint: Endpoint | None = None
    log: str = ""
    """The balancer's access log, on the hosts of the balancer."""
