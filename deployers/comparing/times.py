"""Response times as a histogram: how many requests took at most how long."""

from collections.abc import Iterable

Times = tuple[tuple[float, int], ...]
"""How many requests took longer than the bound before and at most this one, in seconds; bounds rise."""
ENDLESS = 1e9
"""The bound of what took longer than any other bound."""
SHARE = 0.95


def merged(*several: Iterable[tuple[float, int]]) -> Times:
    """Return all of them as one."""
    counts: dict[float, int] = {}
    for times in several:
        for bound, count in times:
            counts[bound] = counts.get(bound, 0) + count
    return tuple(sorted((bound, count) for bound, count in counts.items() if count))


def p95(times: Times) -> float | None:
    """Return the 95th percentile in seconds, as Prometheus' `histogram_quantile` has it; None where nothing was timed.

    Within a bucket requests are taken to lie evenly; of what took longer than any bound only that bound is known.
    """
    rank, lower, passed = SHARE * sum(count for _, count in times), 0.0, 0
    for bound, count in times:
        if passed + count >= rank:
            return lower if bound >= ENDLESS else lower + (bound - lower) * (rank - passed) / count
        lower, passed = bound, passed + count
    return None
