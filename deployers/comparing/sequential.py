"""Sequential tests that may be looked at after every request: evidence that the canary is worse, as a betting score.

Each test keeps an e-process: a number that begins at 1, and whose expectation never rises while the canary is no
worse than it may be. By Ville's inequality it then ever reaches 1/α with a probability of at most α, however often
one looks and whenever one stops (Ville, "Étude critique de la notion de collectif", 1939; Robbins, "Statistical
methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41 (1970); Grünwald, de Heide
and Koolen, "Safe testing", Journal of the Royal Statistical Society B 86 (2024)).

The numbers are likelihood ratios, averaged over several alternatives (Robbins' method of mixtures), so that nobody has
to say beforehand how bad a bad canary is. Kept and compared are logarithms.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log, log1p

WORSE = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
"""The alternatives: so many times the odds that are tolerated."""
FALSE_ALARMS = 0.01
"""So often, at most, is a canary stopped that is no worse than it may be: the three tests of a look together."""
TESTS = 3
STOP = log(TESTS / FALSE_ALARMS)
"""From here on it is certain: each of the three tests has a third of the false alarms."""
SHOWN = log(20)
"""From here on a success rate is shown at 95 % confidence, however often that was looked at."""
DOUBT = log(10)
"""From here on there is a suspicion: nothing is stopped for it, and nothing is promoted over it."""


def evidence_above(bad: int, of: int, chance: float) -> float:
    """Return the evidence (log) that something happens more often than with this chance.

    The likelihood ratio of Wald's test for a binomial proportion ("Sequential analysis", 1947, chapter 5), averaged
    over the alternatives. It is a supermartingale for every smaller chance as well, because the ratio rises with `bad`.
    """
    return mean_of([_ratio(bad, of, chance, times) for times in WORSE])


def evidence_below(bad: int, of: int, chance: float) -> float:
    """Return the evidence (log) that something happens less often than with this chance: the same test, turned."""
    return mean_of([_ratio(bad, of, chance, 1 / times) for times in WORSE])


@lru_cache(1024)
def needed_below(bad: int, chance: float) -> int:
    """Return how many it takes, with so many bad ones among them, until it is shown that they are rarer than this."""
    few, many = bad, max(1, 2 * bad)
    while evidence_below(bad, many, chance) < SHOWN:
        few, many = many, many * 2
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if evidence_below(bad, middle, chance) >= SHOWN else (middle, many)
    return many


@dataclass(frozen=True, slots=True)
class Contrast:
    """Evidence that the canary's errors come more often than the stable side's, whatever the rate that both have.

    Look by look, given how many requests each side had and how many errors both had together, the number of errors
    on the canary follows Fisher's noncentral hypergeometric distribution, in which only the ratio of the odds is left
    (Fisher, "The logic of inductive inference", 1935; Harkness, "Properties of the extended hypergeometric
    distribution", Annals of Mathematical Statistics 36 (1965)). Wald conditions in the same way ("Sequential
    analysis", 1947, chapter 6: double dichotomies). The product of the looks' likelihood ratios is the e-process.
    """

    tolerated: float = 1.0
    """The ratio of the odds up to which the canary is no worse than it may be."""
    logs: tuple[float, ...] = (0.0,) * len(WORSE)
    """The logarithm of the likelihood ratio so far, for each alternative."""

    def after(self, canary: tuple[int, int], stable: tuple[int, int]) -> "Contrast":
        """Return the evidence after one more look, at (errors, requests) of each side since the look before."""
        (bad, ours), (others_bad, theirs) = canary, stable
        together = bad + others_bad
        if not together:
            return self
        usual = _log_weight(ours, theirs, together, self.tolerated)
        steps = (
            bad * log(times) + usual - _log_weight(ours, theirs, together, times * self.tolerated) for times in WORSE
        )
        added = tuple(before + step for before, step in zip(self.logs, steps, strict=True))
        return Contrast(self.tolerated, added)

    @property
    def evidence(self) -> float:
        """Return the evidence (log) over all alternatives."""
        return mean_of(self.logs)


def mean_of(logs: Sequence[float]) -> float:
    """Return the logarithm of the mean of what these are the logarithms of."""
    highest = max(logs)
    return highest + log(sum(exp(each - highest) for each in logs) / len(logs))


def _ratio(bad: int, of: int, chance: float, times: float) -> float:
    """Return the log-likelihood ratio of so many times the odds against the chance."""
    risen = times * chance / (1 - chance + times * chance)
    return bad * log(risen / chance) + (of - bad) * (log1p(-risen) - log1p(-chance))


def _log_weight(ours: int, theirs: int, together: int, odds: float) -> float:
    """Return the logarithm of Σ C(ours, k) C(theirs, together - k) odds^k: the distribution's normalising constant.

    The terms rise to one summit and fall, so they are summed from there outwards until they no longer matter.
    """
    low, high = max(0, together - theirs), min(ours, together)

    def rise(count: int) -> float:
        return (ours - count) * (together - count) * odds / ((count + 1) * (theirs - together + count + 1))

    summit, beyond = low, high
    while summit < beyond:
        middle = (summit + beyond) // 2
        summit, beyond = (middle + 1, beyond) if rise(middle) >= 1 else (summit, middle)
    total = 1.0 + _outwards(rise(count) for count in range(summit, high))
    total += _outwards(1 / rise(count - 1) for count in range(summit, low, -1))
    return _log_ways(ours, summit) + _log_ways(theirs, together - summit) + summit * log(odds) + log(total)


def _outwards(factors: Iterable[float]) -> float:
    total, term = 0.0, 1.0
    for factor in factors:
        term *= factor
        total += term
        if term < 1e-17:
            break
    return total


def _log_ways(of: int, some: int) -> float:
    return lgamma(of + 1) - lgamma(some + 1) - lgamma(of - some + 1)
