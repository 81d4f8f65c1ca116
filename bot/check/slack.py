"""Whether Slack lets us in, with the scopes we need, and whether the channels are there."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import httpx

from bot.check.results import Grade, Result
from bot.settings.values import Secret, Settings
from bot.slack.calls import APP_SCOPES, SCOPES
from bot.slack.listeners import EVENTS

AREA = "slack"
NEEDED = tuple(sorted({"commands", *(it for scopes in (*SCOPES.values(), *EVENTS.values()) for it in scopes)}))
_REINSTALL = "Paste app-manifest.yml into your Slack app under *App Manifest*, then reinstall the app"
_BOT = "Copy the bot token from *OAuth & Permissions* into SLACK_BOT_TOKEN"
_APP = "Make an app-level token with `connections:write` under *Basic Information* and put it into SLACK_APP_TOKEN"
_PAGES = 50


class Refused(Exception):
    """Slack said no; the word is its own."""


def token(settings: Settings, http: httpx.Client) -> Iterator[Result]:
    """Try the bot token, and compare its scopes with what the code calls."""
    held = settings.outside.slack_bot_token
    if held is None:
        yield Result(AREA, "bot token", Grade.BAD, "SLACK_BOT_TOKEN is not set", _BOT)
        return
    try:
        said, scopes = _call(settings, http, held, "auth.test")
    except Refused as word:
        yield Result(AREA, "bot token", Grade.BAD, f"Slack answers `{word}`", _BOT)
        return
    yield Result(AREA, "bot token", Grade.OK, f"{said.get('user', 'the bot')} in {said.get('team', 'a workspace')}")
    lacking = [scope for scope in NEEDED if scope not in scopes]
    if lacking:
        yield Result(AREA, "scopes", Grade.BAD, f"missing: {', '.join(lacking)}", _REINSTALL)
    else:
        yield Result(AREA, "scopes", Grade.OK, f"all {len(NEEDED)} that are needed")


def socket(settings: Settings, http: httpx.Client) -> Iterator[Result]:
    """Try the way that Slack's requests come in: Socket Mode, or signed HTTP."""
    held = settings.outside.slack_app_token
    if held is None and settings.outside.slack_signing_secret is not None:
        yield Result(AREA, "requests", Grade.OK, "over HTTP, signed; Slack must reach /slack/events")
        return
    if held is None:
        yield Result(AREA, "requests", Grade.BAD, "neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set", _APP)
        return
    (method,) = APP_SCOPES
    try:
        _call(settings, http, held, method)
    except Refused as word:
        yield Result(AREA, "app token", Grade.BAD, f"Slack answers `{word}`", _APP)
        return
    yield Result(AREA, "app token", Grade.OK, "Socket Mode opens")


def channels(settings: Settings, http: httpx.Client) -> Iterator[Result]:
    """Look for each channel that is spoken in, and whether the bot is in it."""
    held = settings.outside.slack_bot_token
    if held is None:
        return
    known = _channels(settings, http, held)
    spoken = asdict(settings.channels)
    scheduled = (spoken.get(schedule.channel, schedule.channel) for schedule in settings.schedules)
    wanted = dict.fromkeys(name.removeprefix("#") for name in (*spoken.values(), *scheduled))
    for name in wanted:
        found = known.get(name)
        if found is None:
            todo = "Create it, or invite the bot if it is private, or write another name under [slack.channels]"
            yield Result(AREA, f"#{name}", Grade.BAD, "there is no such channel that the bot can see", todo)
        elif not found.get("is_member"):
            yield Result(
                AREA, f"#{name}", Grade.BAD, "the bot is not in it", f"Type `/invite @shipmate` in #{found['name']}"
            )
        else:
            yield Result(AREA, f"#{name}", Grade.OK, "there, and the bot is in it")


def _channels(settings: Settings, http: httpx.Client, held: Secret) -> dict[str, Mapping[str, Any]]:
    known: dict[str, Mapping[str, Any]] = {}
    cursor = ""
    for _ in range(_PAGES):
        arguments = {
            "limit": "200",
            "types": "public_channel,private_channel",
            "exclude_archived": "true",
            "cursor": cursor,
        }
        said, _scopes = _call(settings, http, held, "conversations.list", arguments)
        for channel in said.get("channels", []):
            known |= {str(channel["name"]): channel, str(channel["id"]): channel}
        cursor = (said.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            break
    return known


def _call(
    settings: Settings, http: httpx.Client, held: Secret, method: str, arguments: Mapping[str, str] | None = None
) -> tuple[Mapping[str, Any], frozenset[str]]:
    """Return Slack's answer and the token's scopes."""
    url = f"{settings.outside.slack_api_url.rstrip('/')}/{method}"
    head = {"Authorization": f"Bearer {held.get_secret_value()}"}
    answer = http.post(url, data=dict(arguments or {}), headers=head)
    try:
        said = answer.json()
    except ValueError:
        raise Refused(f"HTTP {answer.status_code}") from None
    if not isinstance(said, dict) or not said.get("ok"):
        raise Refused(said.get("error", f"HTTP {answer.status_code}") if isinstance(said, dict) else "nonsense")
    scopes = answer.headers.get("x-oauth-scopes", "").split(",")
    return said, frozenset(scope.strip() for scope in scopes)
