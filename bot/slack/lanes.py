"""Pacing: one message at a time in a lane and a pause after each, and so many edits a minute in all of them."""

from collections.abc import Callable


class Lanes:
    """Lanes by name; a lane is a channel, a card or a person."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._taken: set[str] = set()
        self._free_at: dict[str, float] = {}

    def take(self, lane: str) -> bool:
        """Take the lane if it is free now, and say whether it was."""
        if lane in self._taken or self._free_at.get(lane, 0.0) > self._monotonic():
            return False
        self._taken.add(lane)
        return True

    def leave(self, lane: str, *, pause: float) -> None:
        """Leave the lane to the next one, after a pause; a longer pause that was asked for before stays."""
        self._taken.discard(lane)
        now = self._monotonic()
        self._free_at = {name: at for name, at in self._free_at.items() if at > now}
        self._free_at[lane] = max(self._free_at.get(lane, 0.0), now + pause)


class Budget:
    """So many calls at once and so many a second: what Slack allows of one method, so that it need not say no."""

    def __init__(self, at_once: float, per_second: float, *, monotonic: Callable[[], float]) -> None:
        self._most = at_once
        self._per_second = per_second
        self._monotonic = monotonic
        self._left, self._since = at_once, monotonic()

    def take(self) -> bool:
        """Take one call if there is one left, and say whether there was."""
        now = self._monotonic()
        if now > self._since:
            self._left = min(self._most, self._left + (now - self._since) * self._per_second)
            self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def none_for(self, seconds: float) -> None:
        """Give nothing for a while, because Slack said so."""
        self._left, self._since = 0.0, max(self._since, self._monotonic() + seconds)
