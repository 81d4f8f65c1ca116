"""What can be said of a success rate for certain: exact binomial bounds.

Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
Biometrika 26 (1934), 404-413. The bound inverts the binomial test, so it holds for every number of requests; no
approximation by a normal distribution is involved.
"""

from functools import lru_cache
from math import exp, lgamma, log, log1p

CONFIDENCE = 0.95
_NEGLIGIBLE = 1e-17
_HALVINGS = 60


def at_most(errors: int, requests: int, chance: float) -> float:
    """Return the probability of at most so many errors among so many requests, each failing with this chance.

    Where that many are to be expected anyway the answer is 1: it is more than a half, and nobody needs it closer.
    """
    if errors >= requests * chance:
        return 1.0
    if chance >= 1:
        return 0.0
    odds = (1 - chance) / chance
    ways = lgamma(requests + 1) - lgamma(errors + 1) - lgamma(requests - errors + 1)
    term = total = exp(ways + errors * log(chance) + (requests - errors) * log1p(-chance))
    for count in range(errors, 0, -1):
        term *= count / (requests - count + 1) * odds
        total += term
        if term < total * _NEGLIGIBLE:
            break
    return total


def shown(errors: int, requests: int, success_rate: float) -> bool:
    """Say whether so many errors show the success rate: were it any lower, so few would come in 5 of 100 cases at most.

    The same as: the lower bound of Clopper and Pearson's one-sided interval is at least the success rate.
    """
    return requests > 0 and at_most(errors, requests, 1 - success_rate) <= 1 - CONFIDENCE


@lru_cache(1024)
def needed(errors: int, success_rate: float) -> int:
    """Return how many requests it takes, with so many errors among them, to show the success rate.

    Without an error it is log(1 - confidence) / log(success rate), rounded up: 598 for 99.5 %.

    Raises:
        ValueError: no number of requests can show it.
    """
    if not 0 < success_rate < 1:
        raise ValueError(f"no number of requests shows a success rate of {success_rate:%}")
    few, many = errors, max(1, errors + 1)
    while not shown(errors, many, success_rate):
        few, many = many, many * 2
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if shown(errors, middle, success_rate) else (middle, many)
    return many


def success_at_least(errors: int, requests: int) -> float:
    """Return the success rate that is shown: the lower bound of the one-sided interval at 95 % confidence."""
    if requests == 0 or errors >= requests:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(errors, requests, 1 - middle) <= 1 - CONFIDENCE else (low, middle)
    return low
