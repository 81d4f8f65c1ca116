"""Fetches the end of a job's log from where GitHub keeps it."""

from collections.abc import Callable

import httpx

from deployers.github_errors import GitHubAway

_BYTES = 64 * 1024
_SECONDS = 10.0


def tail(where: str, monotonic: Callable[[], float]) -> str:
    """Return the end of what lies there; the address is a secret of its own, so it gets no token."""
    kept, until = b"", monotonic() + _SECONDS
    try:
        with httpx.stream("GET", where, timeout=_SECONDS, follow_redirects=True) as answer:
            answer.raise_for_status()
            for piece in answer.iter_bytes():
                kept = (kept + piece)[-_BYTES:]
                if monotonic() > until:
                    raise GitHubAway("the log is too long to be fetched in time")
    except httpx.HTTPError as error:
        raise GitHubAway("the log could not be fetched") from error
    return kept.decode("utf-8", errors="replace")
