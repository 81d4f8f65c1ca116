"""Slack's Web API as this bot uses it: one attempt a call, every outcome named, every method listed with its scopes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

SLACK = "https://slack.com/api/"

APP_SCOPES: Mapping[str, tuple[str, ...]] = {"apps.connections.open": ("connections:write",)}
"""What is called with the app-level token of Socket Mode."""

SCOPES: Mapping[str, tuple[str, ...]] = {
    "auth.test": (),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.history": ("channels:history", "groups:history"),
    "conversations.list": ("channels:read", "groups:read"),
    "conversations.replies": ("channels:history", "groups:history"),
    "files.completeUploadExternal": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "users.info": ("users:read",),
    "users.lookupByEmail": ("users:read", "users:read.email"),
    "views.open": (),
    "views.publish": (),
}
"""Every Web API method that the code calls with the bot token, and the bot scopes that it needs."""

_FORM = frozenset(
    {"conversations.history", "conversations.list", "conversations.replies", "files.getUploadURLExternal"}
)
_MOST_BYTES = 8 * 1024 * 1024
_FEWEST_PAUSE, _LONGEST_PAUSE = 1.0, 600.0


class CallFailed(Exception):
    """The root of what can come of a call that did not succeed."""


@dataclass
class Refused(CallFailed):
    """Slack understood the call and said no."""

    method: str
    error: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.method}: {self.error}{f' ({self.detail})' if self.detail else ''}"


@dataclass
class Limited(CallFailed):
    """Slack asks to wait before the next call of this method."""

    method: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.method}: rate limited for {self.seconds:g} s"


@dataclass
class Away(CallFailed):
    """Slack could not be reached, did not answer in time, or broke; the call may have had its effect."""

    method: str
    why: str

    def __str__(self) -> str:
        return f"{self.method}: {self.why}"


class Slack:
    """The calls of one bot token; never retries by itself, because a lost reply may have been a success."""

    def __init__(self, token: str, *, base_url: str = SLACK, seconds: float = 10) -> None:
        self._token = token
        self._base = base_url.rstrip("/") + "/"
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._session: aiohttp.ClientSession | None = None

    async def call(self, method: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a method of the table once and return its answer.

        Raises:
            Refused: Slack said no, with its word for why.
            Limited: it wants a pause first.
            Away: it could not be asked, or its answer was lost.
        """
        if method not in SCOPES and method not in APP_SCOPES:
            raise KeyError(f"{method} is not in the table of methods and scopes")
        headers = {"Authorization": f"Bearer {self._token}"}
        body: dict[str, Any] = {"data": _form(arguments)} if method in _FORM else {"json": arguments}
        status, wait, text = await self._post(method, self._base + method, headers=headers, **body)
        return _answer(method, status, wait, text)

    async def respond(self, url: str, message: Mapping[str, Any]) -> None:
        """Post a message to a response_url; raises like `call`."""
        status, wait, text = await self._post("response_url", url, json=dict(message))
        if status == 200 and (
            text.strip() in {"ok", ""} or (text.startswith("{") and '"ok":true' in text.replace(" ", ""))
        ):
            return
        if status == 429 or status >= 500:
            _answer("response_url", status, wait, text)
        raise Refused("response_url", _word(text) or f"http_{status}")

    async def upload(self, url: str, content: bytes) -> None:
        """Send a file's bytes to the address that Slack gave for them; raises like `call`."""
        status, wait, _ = await self._post("upload", url, data=content)
        if status != 200:
            _answer("upload", status, wait, "")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, method: str, url: str, **arguments: Any) -> tuple[int, str, str]:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        try:
            async with self._session.post(url, allow_redirects=False, **arguments) as response:
                content = await response.content.read(_MOST_BYTES)
                while len(content) < _MOST_BYTES and (more := await response.content.read(_MOST_BYTES)):
                    content += more
                return response.status, response.headers.get("Retry-After", ""), content.decode(errors="replace")
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise Away(method, f"{type(error).__name__}: {error}".rstrip(": ")) from error


def _form(arguments: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in arguments.items()}


def _answer(method: str, status: int, wait: str, text: str) -> dict[str, Any]:
    if status == 429:
        raise Limited(method, _seconds(wait))
    if status >= 500:
        raise Away(method, f"Slack answered {status}")
    try:
        answer = json.loads(text)
        if answer["ok"] is True:
            return dict(answer)
        error = str(answer["error"])
    except (ValueError, KeyError, TypeError) as trouble:
        raise Away(method, f"Slack answered {status} with something that is no answer") from trouble
    if error in {"ratelimited", "rate_limited"}:
        raise Limited(method, _seconds(wait))
    if error in {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}:
        raise Away(method, f"Slack answered {error}")
    messages = answer.get("response_metadata", {}).get("messages", ())
    raise Refused(method, error, "; ".join(str(message) for message in messages)[:500])


def _word(text: str) -> str:
    try:
        return str(json.loads(text)["error"])[:80]
    except (ValueError, KeyError, TypeError):
        return text.strip()[:80]


def _seconds(wait: str) -> float:
    try:
        seconds = float(wait)
    except ValueError:
        return 30.0
    # `nan` compares false with everything and ends as the shortest pause.
    return min(max(_FEWEST_PAUSE, seconds), _LONGEST_PAUSE)
