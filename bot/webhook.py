"""What GitHub tells by itself: the signature is judged over raw bytes first, and each delivery counts once."""

import asyncio
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.web import body_of
from deployers.ports import Clock
from storage import heard
from storage.errors import StorageError
from storage.models import HeardEvent
from storage.store import Rows

log = logging.getLogger(__name__)

PATH = "/webhooks/github"
KEPT = timedelta(days=3)
"""GitHub delivers an event again for so long; who replays an older one makes us look once more, and no more."""
_MOST_ID = 100
_SLICE = 0.5
_LEAST = 1.0
"""However much is heard of a run, it is looked at no more often than after so many seconds."""

Hear = Callable[[str, str, dict[str, Any]], bool]
"""Takes the delivery's id, the event's name and its body; False when it was heard already or means nothing here."""


def genuine(secret: str, body: bytes, signature: str) -> bool:
    """Say whether GitHub signed these bytes with the secret that we share; in constant time, and never raises."""
    if not secret:
        return False
    expected = "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def github_events(hear: Hear, *, secret: str) -> Route:
    """Return the route for GitHub's webhooks."""

    async def listen(request: Request) -> Response:
        body = await body_of(request)
        if body is None:
            return Response("too much", status_code=413)
        if not genuine(secret, body, request.headers.get("x-hub-signature-256", "")):
            log.warning("A request to %s was not signed by GitHub and was refused", PATH)
            return Response("not signed by GitHub", status_code=401)
        delivery, event = request.headers.get("x-github-delivery", ""), request.headers.get("x-github-event", "")
        told = _told(body)
        if told is None or not event or not 0 < len(delivery) <= _MOST_ID:
            return Response("no event", status_code=400)
        try:
            taken = await asyncio.to_thread(hear, delivery, event, told)
        except StorageError as error:
            log.warning("an event of GitHub's could not be kept", extra={"why": str(error)})
            return Response("not now", status_code=503)
        return Response("taken" if taken else "nothing new", status_code=202)

    return Route(PATH, listen, methods=["POST"])


def _told(body: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def run_of(event: str, body: dict[str, Any]) -> int | None:
    """Return the number of the run that an event is about."""
    key = {"workflow_job": "run_id"}.get(event, "id")
    about = body.get("workflow_run" if event == "deployment_status" else event)
    number = about.get(key) if isinstance(about, dict) and event != "check_suite" else None
    return number if type(number) is int and 0 < number < 2**63 else None


def sha_of(event: str, body: dict[str, Any]) -> str:
    """Return the commit that a finished check suite is about."""
    about = body.get("check_suite")
    if event != "check_suite" or body.get("action") != "completed" or not isinstance(about, dict):
        return ""
    return str(about.get("head_sha") or "")[:40]


@dataclass(frozen=True, slots=True)
class Ear:
    """Keeps what is heard, so that whoever follows a run looks again at once, in whichever process."""

    store: Rows
    clock: Clock
    repository: str
    checked: Callable[[str], None] = lambda _: None
    """Asks anew what the checks on a commit say."""

    def hear(self, delivery: str, event: str, body: dict[str, Any]) -> bool:
        """Keep an event about a run or a commit of our repository, once.

        Raises:
            StorageError: it could not be kept.
        """
        run, sha = run_of(event, body), sha_of(event, body)
        about = body.get("repository")
        name = str(about.get("full_name", "")) if isinstance(about, dict) else ""
        if name.casefold() != self.repository.casefold() or not (run or sha):
            return False
        row = HeardEvent(delivery=delivery, event=event[:_MOST_ID], run=run, sha=sha, at=self.clock())
        with self.store.begin() as session:
            fresh = heard.hear(session, row, forget=self.clock() - KEPT)
        if fresh and sha:
            self.checked(sha)
        return fresh

    def rest(self, pause: Callable[[float], None]) -> Callable[[int, float], bool]:
        """Return what waits so many seconds, or until it hears of a run, and says which; never no time at all."""
        known: dict[int, int] = {}

        def wait(run: int, seconds: float) -> bool:
            least = min(_LEAST, seconds)
            pause(least)
            left = seconds - least
            while left > 0:
                newest = self._newest(run)
                if newest > known.get(run, 0):
                    known[run] = newest
                    return True
                pause(min(_SLICE, left))
                left -= _SLICE
            return False

        return wait

    def _newest(self, run: int) -> int:
        try:
            with self.store.look() as session:
                return heard.newest(session, run)
        except StorageError:
            return 0
