"""How often one may call: Slack's rate limits as token buckets."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from bot.sandbox.slack.entities import SlackError


@dataclass(frozen=True, slots=True)
class Pace:
    """So many at once, then so many a second."""

    burst: float
    per_second: float


TIER_2 = Pace(20, 20 / 60)
TIER_3 = Pace(50, 50 / 60)
TIER_4 = Pace(100, 100 / 60)
SLACK: dict[str, Pace] = {
    "chat.postMessage": Pace(4, 1),
    "chat.postEphemeral": TIER_4,
    "chat.update": TIER_3,
    "conversations.list": TIER_2,
    "users.list": TIER_2,
    "usergroups.list": TIER_2,
    "usergroups.users.list": TIER_2,
    "users.info": TIER_4,
}


class Paces:
    """Count calls and refuse those that come too fast."""

    def __init__(self, paces: dict[str, Pace] | None = None, *, clock: Callable[[], float] = monotonic) -> None:
        self._paces = SLACK if paces is None else paces
        self._clock = clock
        self._left: dict[tuple[str, str], tuple[float, float]] = {}

    def spend(self, method: str, key: str) -> None:
        """Count one call, or refuse it and say after how many seconds to come back."""
        pace = self._paces.get(method, TIER_3)
        now = self._clock()
        left, since = self._left.get((method, key), (pace.burst, now))
        left = min(pace.burst, left + (now - since) * pace.per_second)
        if left < 1:
            self._left[method, key] = (left, now)
            raise SlackError("ratelimited", seconds=(1 - left) / pace.per_second)
        self._left[method, key] = (left - 1, now)
