"""Say, edit and take back: chat.* and reactions.*, with Slack's limits."""

from bot.sandbox.slack import limits
from bot.sandbox.slack.call import Call, Method
from bot.sandbox.slack.entities import BOT_USER, Channel, Json, Message, SlackError


def _may_post(call: Call) -> Channel:
    channel = call.channel()
    if channel.archived:
        raise SlackError("is_archived")
    if BOT_USER not in channel.members:
        try:
            call.need("chat:write.public")
        except SlackError as error:
            raise SlackError("not_in_channel") from error
        if call.scopes is None:
            raise SlackError("not_in_channel")
    return channel


def _content(call: Call, *, longest: int = limits.TEXT_CHARACTERS) -> tuple[str, list[Json]]:
    text, blocks = call.text("text"), call.structure("blocks")
    checked = limits.message(text, blocks, longest=longest)
    if not text and not checked and not call.structure("attachments"):
        raise SlackError("no_text")
    return text, checked


def _metadata(call: Call) -> Json | None:
    metadata = call.structure("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not metadata.get("event_type") or "event_payload" not in metadata:
        raise SlackError("invalid_metadata_format")
    return metadata


def _mine(call: Call) -> Message:
    message = call.workspace.message(call.channel().id, call.text("ts"))
    if message is None or message.only_for:
        raise SlackError("message_not_found")
    return message


def post(call: Call) -> Json:
    """Say something for all in a channel to see."""
    channel = _may_post(call)
    text, blocks = _content(call)
    thread = call.text("thread_ts")
    if thread and call.workspace.message(channel.id, thread) is None:
        raise SlackError("thread_not_found")
    message = call.workspace.post(channel.id, BOT_USER, text, blocks, thread_ts=thread, metadata=_metadata(call))
    return {"channel": channel.id, "ts": message.ts, "message": message.as_slack()}


def post_ephemeral(call: Call) -> Json:
    """Say something that only one person in the channel sees."""
    channel = call.joined()
    person = call.workspace.people.get(call.text("user"))
    if person is None or person.id not in channel.members:
        raise SlackError("user_not_in_channel")
    text, blocks = _content(call)
    message = call.workspace.post(
        channel.id, BOT_USER, text, blocks, thread_ts=call.text("thread_ts"), only_for=person.id
    )
    return {"message_ts": message.ts}


def update(call: Call) -> Json:
    """Change what one of the app's own messages says."""
    message = _mine(call)
    if message.user != BOT_USER:
        raise SlackError("cant_update_message")
    text, blocks = _content(call, longest=limits.EDIT_CHARACTERS)
    given = call.arguments.get("blocks") is not None
    call.workspace.edit(message, text, blocks if given or text else None, _metadata(call))
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": message.as_slack()}


def delete(call: Call) -> Json:
    """Take one of the app's own messages away."""
    message = _mine(call)
    if message.user != BOT_USER:
        raise SlackError("cant_delete_message")
    call.workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def permalink(call: Call) -> Json:
    """Return a message's address."""
    channel = call.channel()
    ts = call.text("message_ts")
    if call.workspace.message(channel.id, ts) is None:
        raise SlackError("message_not_found")
    return {"channel": channel.id, "permalink": f"{call.base}/#{channel.id}/{ts}"}


def react(call: Call) -> Json:
    """Put an emoji under a message."""
    message = call.workspace.message(call.joined().id, call.text("timestamp"))
    if message is None:
        raise SlackError("message_not_found")
    people = message.reactions.setdefault(call.text("name"), [])
    if BOT_USER in people:
        raise SlackError("already_reacted")
    people.append(BOT_USER)
    call.workspace.changed()
    return {}


METHODS = {
    "chat.postMessage": Method(post, ("chat:write",), "channel"),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",), "channel"),
    "chat.update": Method(update, ("chat:write",)),
    "chat.delete": Method(delete, ("chat:write",)),
    "chat.getPermalink": Method(permalink),
    "reactions.add": Method(react, ("reactions:write",)),
}
