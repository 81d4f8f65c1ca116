"""HTTP mode: post the same payloads to the app's request URL, signed with the signing secret."""

import asyncio
import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from time import time
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.slack.answer import DISPATCH_FAILED, OPERATION_TIMEOUT, Answer, Envelope, Retry
from bot.sandbox.slack.entities import Json
from bot.sandbox.slack.faults import Faults, Kind

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def sign(secret: str, timestamp: str, body: str) -> str:
    """Return Slack's signature of a request body."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), sha256).hexdigest()


def encode(kind: Envelope, payload: Json) -> tuple[str, str]:
    """Return the body of a request and its content type."""
    match kind:
        case "slash_commands":
            return urlencode(payload), FORM
        case "interactive":
            return urlencode({"payload": json.dumps(payload)}), FORM
        case "events_api":
            return json.dumps(payload), JSON


class HttpMode:
    """Carry payloads to the app over HTTP."""

    def __init__(
        self, url: str, secret: str, faults: Faults, *, ack_seconds: float = 3.0, clock: Callable[[], float] = time
    ) -> None:
        self._url = url
        self._secret = secret
        self._faults = faults
        self._ack_seconds = ack_seconds
        self._clock = clock

    async def deliver(self, kind: Envelope, payload: Json, retry: Retry | None = None) -> Answer:
        """Post the payload and read the acknowledgement from the response."""
        copies = 2 if self._faults.hit(kind, Kind.TWICE) else 1
        answers = await asyncio.gather(*(self._post(kind, payload, retry) for _ in range(copies)))
        return next((answer for answer in answers if answer.acked), answers[0])

    async def _post(self, kind: Envelope, payload: Json, retry: Retry | None) -> Answer:
        body, content_type = encode(kind, payload)
        timestamp = str(int(self._clock()))
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(self._secret, timestamp, body),
        }
        if retry is not None:
            headers |= {"X-Slack-Retry-Num": str(retry.attempt), "X-Slack-Retry-Reason": retry.reason}
        limit = aiohttp.ClientTimeout(total=self._ack_seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.post(self._url, data=body.encode(), headers=headers) as response,
            ):
                return _read(response, await response.text())
        except TimeoutError:
            return Answer(error=OPERATION_TIMEOUT)
        except aiohttp.ClientError:
            return Answer(error=DISPATCH_FAILED)

    async def verify(self) -> bool:
        """Ask the request URL for the challenge that Slack asks for when it is configured."""
        answer = await self._post("events_api", {"type": "url_verification", "challenge": "sandbox"}, None)
        return answer.payload is not None and "sandbox" in (answer.payload.get("challenge"), answer.payload.get("text"))


def _read(response: aiohttp.ClientResponse, body: str) -> Answer:
    if response.status != 200:
        return Answer(error=DISPATCH_FAILED)
    if not body:
        return Answer()
    if response.content_type == JSON:
        return Answer(json.loads(body))
    return Answer({"text": body})
