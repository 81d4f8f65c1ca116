"""What one person sees, as JSON for the page."""

from dataclasses import dataclass

from bot.sandbox.slack.entities import File, Json, Message, Person, View
from bot.sandbox.slack.workspace import Workspace

IMAGES = {b"\x89PNG\r\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}

NEWEST = 80
MOST = 5000
BRIEFS = 60
BRIEF_CHARACTERS = 140
PREVIEW_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class Looking:
    """What somebody looks at: a channel, how far back, and a thread there."""

    channel: str = ""
    most: int = NEWEST
    thread: str = ""


def state_for(workspace: Workspace, person: Person, looking: Looking) -> Json:
    """Return everything the page draws for one person who looks at one channel."""
    with workspace.lock:
        workspace.direct(person.id)
        channels = [channel for channel in workspace.channels.values() if person.id in channel.members]
        here = next((each.id for each in channels if each.id == looking.channel), channels[0].id)
        seen = {each.id: workspace.messages(each.id, seen_by=person.id) for each in channels}
        surfaces = workspace.surfaces
        home = surfaces.homes.get(person.id)
        return {
            "version": workspace.version,
            "me": person.id,
            "people": [_person(workspace, each) for each in workspace.people.values()],
            "groups": {group.id: group.handle for group in workspace.groups.values()},
            "channels": [
                {"id": each.id, "name": each.name, "topic": each.topic, "direct": each.direct} for each in channels
            ],
            "names": {each.id: each.name for each in workspace.channels.values() if each.name},
            "here": here,
            **_shown(workspace, seen[here], looking),
            "briefs": {channel: _briefs(messages) for channel, messages in seen.items()},
            "commands": [*(workspace.commands() or {}).values()],
            "modal": _view(surfaces.top(person.id)),
            "home": _view(surfaces.views[home]) if home else None,
            "notices": workspace.notices.get(person.id, [])[-5:],
        }


def _shown(workspace: Workspace, messages: list[Message], looking: Looking) -> Json:
    """Return the newest messages with the answers in their threads, and how many came before them."""
    tops = [message for message in messages if not message.in_thread]
    newest = tops[-min(looking.most, MOST) :]
    shown = {message.ts for message in newest} | {looking.thread}
    wanted = [it for it in messages if it.ts in shown or (it.in_thread and it.thread_ts in shown)]
    return {"messages": [_message(workspace, message) for message in wanted], "earlier": len(tops) - len(newest)}


def _briefs(messages: list[Message]) -> list[Json]:
    """Return the newest messages in a few words, to mark what is unread and to tell about it elsewhere."""
    tops = [message for message in messages if not message.in_thread][-BRIEFS:]
    return [{"ts": it.ts, "user": it.user, "text": (it.text or it.words)[:BRIEF_CHARACTERS]} for it in tops]


def _person(workspace: Workspace, person: Person) -> Json:
    groups = [group.handle for group in workspace.groups.values() if person.id in group.people]
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "title": person.title,
        "bot": person.bot,
        "deleted": person.deleted,
        "groups": groups,
    }


def _message(workspace: Workspace, message: Message) -> Json:
    files = [workspace.files[key] for key in message.files]
    return {
        "ts": message.ts,
        "user": message.user,
        "text": message.text,
        "blocks": message.blocks,
        "thread_ts": message.thread_ts if message.in_thread else "",
        "mine_only": bool(message.only_for),
        "edited": message.edited,
        "reactions": message.reactions,
        "files": [
            {
                "id": file.id,
                "name": file.name,
                "title": file.title,
                "size": len(file.content),
                "image": bool(image_type(file.content)),
                "preview": _preview(file),
            }
            for file in files
        ],
    }


def _preview(file: File) -> str:
    """Return the end of a text: what went wrong stands there."""
    return "" if image_type(file.content) else file.content[-PREVIEW_CHARACTERS:].decode(errors="replace")


def image_type(content: bytes) -> str:
    """Return the media type of a picture that a browser may show, by its first bytes; empty for anything else."""
    return next((kind for mark, kind in IMAGES.items() if content.startswith(mark)), "")


def _view(view: View | None) -> Json | None:
    if view is None:
        return None
    return view.as_slack() | {"answers": view.answers, "errors": view.errors}
