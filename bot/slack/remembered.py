"""Look-ups whose answers are remembered for a minute: to show somebody something, never to let them do it."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from bot.slack.calls import SLACK
from bot.slack.identity import Lookups

SECONDS = 60.0


class Remembered(Lookups):
    """Asks Slack the same thing at most once a minute; what it could not answer is asked again."""

    def __init__(
        self, token: str, *, base_url: str = SLACK, monotonic: Callable[[], float], seconds: float = SECONDS
    ) -> None:
        super().__init__(token, base_url=base_url)
        self._monotonic = monotonic
        self._keep = seconds
        self._known: dict[tuple[str, ...], tuple[float, Mapping[str, Any]]] = {}
        self._lock = Lock()

    def ask(self, method: str, **arguments: str) -> Mapping[str, Any]:
        """Return a fresh answer; raises IdentityUnknown like the look-up itself."""
        asked = (method, *(f"{name}={value}" for name, value in sorted(arguments.items())))
        with self._lock:
            now = self._monotonic()
            self._known = {key: kept for key, kept in self._known.items() if now - kept[0] < self._keep}
            if asked in self._known:
                return self._known[asked][1]
        answer = super().ask(method, **arguments)
        with self._lock:
            self._known[asked] = (self._monotonic(), answer)
        return answer
