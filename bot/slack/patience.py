"""How often and how long a message is tried, and when trying again makes no sense."""

from datetime import datetime, timedelta

from bot.slack.calls import Refused
from bot.slack.digest import is_digest
from storage.models import OutboxRow, Saying

LONGEST_BACKOFF = 30.0
_PATIENCE = {
    Saying.PRIVATE: timedelta(hours=1),
    Saying.DIRECT: timedelta(days=1),
    Saying.POST: timedelta(days=1),
    Saying.FILE: timedelta(days=1),
    Saying.HOME: timedelta(minutes=10),
}
"""How old a message may be and still be tried; cards and alerts are tried for ever."""
_FEW = 8
_CURABLE = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "account_inactive",
        "missing_scope",
        "access_denied",
    }
)
"""Refusals that an admin can cure, after which everything that waits should go out."""


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after this many attempts."""
    return timedelta(seconds=min(LONGEST_BACKOFF, 0.5 * 2 ** min(attempts, 10)))


def hopeless(row: OutboxRow, error: Exception, *, now: datetime) -> bool:
    """Say whether trying again makes no sense: never for a card or an alert."""
    patience = _PATIENCE.get(row.kind)
    if patience is None or is_digest(row):
        return False
    if now - row.created_at > patience:
        return True
    if isinstance(error, Refused):
        return error.error not in _CURABLE and row.attempts >= _FEW
    return False
