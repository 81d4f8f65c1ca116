"""Find channels and read what was said: conversations.*."""

from bot.sandbox.slack.call import Call, Method, page
from bot.sandbox.slack.entities import BOT_USER, Channel, Json, Message, SlackError

KINDS = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}


def _kind(channel: Channel) -> str:
    if channel.direct:
        return "im"
    return "private_channel" if channel.private else "public_channel"


def _may(call: Call, channel: Channel, what: str) -> Channel:
    call.need(f"{KINDS[_kind(channel)]}:{what}")
    return channel


def list_(call: Call) -> Json:
    """List the channels of the asked types, a page at a time."""
    kinds = [kind.strip() for kind in call.text("types", "public_channel").split(",")]
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise SlackError("invalid_types", types=unknown)
    call.need(*(f"{KINDS[kind]}:read" for kind in kinds))
    found = [channel for channel in call.workspace.channels.values() if _kind(channel) in kinds]
    if call.flag("exclude_archived"):
        found = [channel for channel in found if not channel.archived]
    seen = [channel for channel in found if not channel.private or BOT_USER in channel.members]
    part, following = page(seen, call)
    return {
        "channels": [channel.as_slack() for channel in part],
        "response_metadata": {"next_cursor": following},
    }


def info(call: Call) -> Json:
    """Say what one channel is."""
    return {"channel": _may(call, call.channel(), "read").as_slack()}


def members(call: Call) -> Json:
    """List who is in a channel."""
    part, following = page(sorted(_may(call, call.channel(), "read").members), call)
    return {"members": part, "response_metadata": {"next_cursor": following}}


def open_(call: Call) -> Json:
    """Open the direct message with one person."""
    people = [person for person in call.text("users").split(",") if person]
    if len(people) != 1:
        raise SlackError("users_list_not_supplied" if not people else "not_enough_users")
    if people[0] not in call.workspace.people:
        raise SlackError("user_not_found")
    return {"channel": call.workspace.direct(people[0]).as_slack()}


def join(call: Call) -> Json:
    """Bring the app into a public channel."""
    channel = call.channel()
    if channel.direct or channel.private:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    call.workspace.join(channel.id, BOT_USER)
    return {"channel": channel.as_slack()}


def _told(call: Call, found: list[Message]) -> Json:
    part, following = page(found, call)
    whole = call.flag("include_all_metadata")
    return {
        "messages": [message.as_slack(with_metadata=whole) for message in part],
        "has_more": bool(following),
        "response_metadata": {"next_cursor": following},
    }


def _between(call: Call, found: list[Message]) -> list[Message]:
    oldest, latest = float(call.text("oldest") or 0), float(call.text("latest") or "inf")
    if call.flag("inclusive"):
        return [message for message in found if oldest <= float(message.ts) <= latest]
    return [message for message in found if oldest < float(message.ts) < latest]


def history(call: Call) -> Json:
    """Return what was said in a channel outside threads, newest first."""
    channel = _may(call, call.joined(), "history")
    found = [message for message in call.workspace.messages(channel.id) if not message.in_thread]
    return _told(call, _between(call, found)[::-1])


def replies(call: Call) -> Json:
    """Return a message and its thread, oldest first."""
    channel = _may(call, call.joined(), "history")
    root = call.text("ts")
    if call.workspace.message(channel.id, root) is None:
        raise SlackError("thread_not_found")
    found = [message for message in call.workspace.messages(channel.id) if root in (message.ts, message.thread_ts)]
    return _told(call, [found[0], *_between(call, found[1:])])


METHODS = {
    "conversations.list": Method(list_),
    "conversations.info": Method(info),
    "conversations.members": Method(members),
    "conversations.open": Method(open_, ("im:write",)),
    "conversations.join": Method(join, ("channels:join",)),
    "conversations.history": Method(history),
    "conversations.replies": Method(replies),
}
