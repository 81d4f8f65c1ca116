"""Tells a URL what happened, signed as GitHub signs."""

import asyncio
import hmac
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

import aiohttp

from bot.sandbox.github import shapes_runs as shape
from bot.sandbox.github.entities import Json, Run
from bot.sandbox.github.hub import Hub
from bot.sandbox.github.shapes import Shapes

_LOOK_SECONDS = 0.05
_ACTIONS = {"queued": "requested", "waiting": "requested"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as it was sent, and how it was answered; 0 when it was not."""

    event: str
    id: str
    body: Json
    status: int


class Webhooks:
    """Sends `workflow_run` and `workflow_job` as runs go on, and other events when they are told; never twice."""

    def __init__(self, hub: Hub, shapes: Callable[[], Shapes]) -> None:
        self._hub = hub
        self._shapes = shapes
        self.url = ""
        """Where events go; empty sends none."""
        self.secret = ""
        self.muted = False
        """Whether nothing is told, and what happens meanwhile is never told either."""
        self.sent: deque[Delivery] = deque(maxlen=500)
        self._told: dict[tuple[str, int, int], str] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def seen(self) -> int:
        """Return of how many runs and jobs something is known, told or not."""
        return len(self._told)

    def start(self) -> None:
        """Begin to look at the runs."""
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """Stop looking."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self.url:
                muted = self.muted
                for event, body in await asyncio.to_thread(self.news):
                    if not muted:
                        await self.send(event, body)

    def news(self) -> list[tuple[str, Json]]:
        """Return the events that there are since somebody asked, each by name."""
        with self._hub.lock:
            return [news for run in self._hub.runs for news in self._news_of(run)]

    def _news_of(self, run: Run) -> list[tuple[str, Json]]:
        seen, now, shapes = self._hub.progress(run), self._hub.clock(), self._shapes()
        commit = self._hub.git.commit(run.sha) if self._is_new("workflow_run", run, 0, seen.status) else None
        found: list[tuple[str, Json]] = []
        if commit is not None:
            action = _ACTIONS.get(seen.status, seen.status)
            found.append(("workflow_run", {"action": action, "workflow_run": shape.run(shapes, run, commit, seen)}))
        for place, one in enumerate(seen.jobs):
            job = shape.job(shapes, run, (place, one), now)
            if self._is_new("workflow_job", run, place, job["status"]):
                found.append(("workflow_job", {"action": job["status"], "workflow_job": job}))
        return found

    def _is_new(self, event: str, run: Run, place: int, status: str) -> bool:
        key = (event, run.id * 100 + run.attempt, place)
        before, self._told[key] = self._told.get(key), status
        return before != status

    async def send(self, event: str, body: Json) -> None:
        """Deliver an event once."""
        whole = {**body, "repository": self._shapes().repository(), "sender": self._shapes().user("github")}
        raw, number = json.dumps(whole).encode(), str(uuid4())
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": number,
            "X-Hub-Signature-256": signature(self.secret, raw),
        }
        status = 0
        limit = aiohttp.ClientTimeout(total=10)
        with suppress(aiohttp.ClientError, TimeoutError):
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.post(self.url, data=raw, headers=headers) as response,
            ):
                status = response.status
        self.sent.append(Delivery(event, number, whole, status))


def signature(secret: str, raw: bytes) -> str:
    """Return how GitHub signs a body."""
    return "sha256=" + hmac.new(secret.encode(), raw, sha256).hexdigest()
