"""How long the certificate of an environment's address is still good for."""

import socket
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

from deployers.checkup.answers import Case, Trouble, level
from deployers.environment import Environment
from deployers.findings import Found, State

DAY = 86_400
SECONDS = 10.0


def idle(environment: Environment) -> str:
    """Say why there is nothing to look at, if so."""
    if not environment.url:
        return "no `url` is configured"
    return "" if urlsplit(environment.url).scheme == "https" else "`url` is not https"


def ends(url: str, *, context: ssl.SSLContext | None = None, seconds: float = SECONDS) -> datetime | Trouble:
    """Return until when the certificate is good, or why nobody may trust it, or why it could not be seen."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    try:
        with (
            socket.create_connection((host, port), timeout=seconds) as line,
            (context or ssl.create_default_context()).wrap_socket(line, server_hostname=host) as secured,
        ):
            shown = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return Trouble(error.verify_message, REFUSED)
    except OSError as error:
        return Trouble(f"it could not be seen: {error.strerror or error}")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)


REFUSED = "refused"
"""Marks trouble that browsers have as well: that is bad, and not unknown."""


def judge(case: Case, until: datetime | Trouble, now: datetime) -> Found:
    """Return how many days are left."""
    if isinstance(until, Trouble):
        if until.advice == REFUSED:
            return case.found(State.BAD, f"browsers refuse it: {until.why}")
        return case.found(State.UNKNOWN, until.why, "See whether the address answers over https.")
    left = (until - now).total_seconds()
    return case.found(level(case.item, left), f"good for {int(left // DAY)} days, until {until:%Y-%m-%d}")
