"""Pacing: one message at a time in a lane, and a pause after each."""

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
