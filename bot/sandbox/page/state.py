"""What one person sees, as JSON for the page."""

from bot.sandbox.slack.entities import Json, Message, Person, View
from bot.sandbox.slack.workspace import Workspace

NEWEST = 200
PREVIEW_CHARACTERS = 4000


def state_for(workspace: Workspace, person: Person) -> Json:
    """Return everything the page draws for one person."""
    with workspace.lock:
        workspace.direct(person.id)
        channels = [channel for channel in workspace.channels.values() if person.id in channel.members]
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
            "messages": {each.id: _messages(workspace, each.id, person.id) for each in channels},
            "commands": [*(workspace.commands() or {}).values()],
            "modal": _view(surfaces.top(person.id)),
            "depth": len(surfaces.modals.get(person.id, ())),
            "home": _view(surfaces.views[home]) if home else None,
            "notices": workspace.notices.get(person.id, [])[-5:],
        }


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


def _messages(workspace: Workspace, channel: str, person: str) -> list[Json]:
    return [_message(workspace, message) for message in workspace.messages(channel, seen_by=person)[-NEWEST:]]


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
                "preview": file.content[:PREVIEW_CHARACTERS].decode(errors="replace"),
            }
            for file in files
        ],
    }


def _view(view: View | None) -> Json | None:
    if view is None:
        return None
    return view.as_slack() | {"answers": view.answers, "errors": view.errors}
