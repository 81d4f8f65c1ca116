"""Answers to an interaction's response URL, and to a slash command in its ack."""

from bot.sandbox.slack import limits
from bot.sandbox.slack.entities import BOT_USER, Json, SlackError
from bot.sandbox.slack.workspace import Workspace


def respond(workspace: Workspace, key: str, body: Json) -> None:
    """Do what was posted to a response URL: a new answer, or another text for the message it came from."""
    with workspace.lock:
        leave = workspace.surfaces.response_urls.get(key)
        if leave is None:
            raise SlackError("no_such_url")
        leave.spend(workspace.clock())
        original = workspace.message(leave.channel, leave.message_ts) if leave.message_ts else None
        if body.get("delete_original") and original is not None:
            workspace.delete(original)
            return
        text, blocks = _content(body)
        if body.get("replace_original") and original is not None:
            workspace.edit(original, text, blocks)
            return
        thread = str(body.get("thread_ts") or leave.thread_ts)
        say(workspace, leave.channel, leave.person, body, thread=thread)


def say(workspace: Workspace, channel: str, person: str, body: Json, *, thread: str = "") -> None:
    """Show an answer to one person, or to the whole channel when it says `in_channel`."""
    text, blocks = _content(body)
    only_for = "" if body.get("response_type") == "in_channel" else person
    workspace.post(channel, BOT_USER, text, blocks, thread_ts=thread, only_for=only_for)


def _content(body: Json) -> tuple[str, list[Json]]:
    text = str(body.get("text") or "")
    blocks = limits.message(text, body.get("blocks"))
    if not text and not blocks:
        raise SlackError("no_text")
    return text, blocks
