"""What Slack sends to an app, built from what happened."""

from typing import Any

from bot.sandbox.slack import answers
from bot.sandbox.slack.entities import APP, BOT_USER, TEAM, TEAM_DOMAIN, Channel, Json, Message, Person, View

VERIFICATION = "sandbox-verification"


def _common(person: Person, kind: str) -> Json:
    return {
        "type": kind,
        "team": {"id": TEAM, "domain": TEAM_DOMAIN},
        "user": person.as_actor(),
        "api_app_id": APP,
        "token": VERIFICATION,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def command(person: Person, channel: Channel, said: tuple[str, str], trigger: str, response_url: str) -> Json:
    """Return a slash command as the app gets it; `said` is the command and what stood behind it."""
    return {
        "token": VERIFICATION,
        "team_id": person.team,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel.name or "directmessage",
        "user_id": person.id,
        "user_name": person.name,
        "command": said[0],
        "text": said[1],
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger,
    }


def in_message(person: Person, channel: Channel, message: Message) -> Json:
    """Return where an interaction with a message took place."""
    ephemeral = bool(message.only_for)
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    body: Json = {"container": container, "channel": {"id": channel.id, "name": channel.name or "directmessage"}}
    return body if ephemeral else body | {"message": message.as_slack()}


def in_view(view: View) -> Json:
    """Return where an interaction with a view took place."""
    shown = view.as_slack(answers.state(view.content["blocks"], view.answers))
    return {"container": {"type": "view", "view_id": view.id}, "view": shown}


def action(person: Person, where: Json, pressed: Json, trigger: str, state: Json) -> Json:
    """Return a pressed button or a changed choice as the app gets it."""
    body = _common(person, "block_actions") | where | {"trigger_id": trigger, "actions": [pressed]}
    return body if "view" in where else body | {"state": {"values": state}}


def pressed(block: Json, element: Json, raw: Any, at: str) -> Json:
    """Return the one action of an interaction."""
    told = answers.wrap(element, raw)
    told = {key: value for key, value in told.items() if value is not None}
    return told | {"action_id": element["action_id"], "block_id": block["block_id"], "action_ts": at}


def submission(person: Person, view: View, trigger: str) -> Json:
    """Return a submitted modal as the app gets it."""
    return _common(person, "view_submission") | {
        "trigger_id": trigger,
        "view": in_view(view)["view"],
        "response_urls": [],
    }


def closed(person: Person, view: View, *, every: bool) -> Json:
    """Return a modal that somebody closed as the app gets it."""
    return _common(person, "view_closed") | {"view": in_view(view)["view"], "is_cleared": every}


def suggestion(person: Person, where: Json, block: Json, element: Json, typed: str) -> Json:
    """Return what somebody typed so far into a select that asks the app."""
    return (
        _common(person, "block_suggestion")
        | where
        | {"action_id": element["action_id"], "block_id": block["block_id"], "value": typed}
    )


def event(happened: Json, number: int, at: float) -> Json:
    """Return something that happened, as the Events API tells it."""
    return {
        "token": VERIFICATION,
        "team_id": TEAM,
        "api_app_id": APP,
        "event": happened,
        "type": "event_callback",
        "event_id": f"Ev{number:08d}",
        "event_time": int(at),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{number}",
    }
