"""One Slack workspace in memory: who is in it, what was said, and who sees what."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from threading import Condition, RLock
from time import time
from typing import Any

from bot.sandbox.slack import sample, words
from bot.sandbox.slack.entities import BOT_USER, Channel, File, Group, Json, Message, Person, SlackError
from bot.sandbox.slack.surfaces import Surfaces

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call of the Web API that reached the workspace, and how it ended."""

    at: float
    method: str
    arguments: Json
    outcome: str
    """`ok`, or the error's name."""


class Workspace:
    """Hold the state of a workspace; every method may be called from any thread."""

    def __init__(self, *, clock: Clock = time, manifest: Json | None = None) -> None:
        self.clock = clock
        self.manifest = manifest
        self.lock = RLock()
        self.people = {person.id: person for person in sample.people()}
        self.groups = {group.id: group for group in sample.groups()}
        self.channels = {channel.id: channel for channel in sample.channels()}
        self.said: dict[str, list[Message]] = {}
        self.files: dict[str, File] = {}
        self.notices: dict[str, list[Json]] = {}
        self.calls: deque[ApiCall] = deque(maxlen=5000)
        self.surfaces = Surfaces(clock)
        self.version = 0
        self._numbers = count(1)
        self._last_ts = 0
        self._moved = Condition(self.lock)
        self._watchers: list[Callable[[], None]] = []

    def number(self) -> int:
        """Return a number never returned before."""
        return next(self._numbers)

    def changed(self) -> None:
        """Tell everybody who waits or watches that something is different now."""
        with self.lock:
            self.version += 1
            self._moved.notify_all()
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher()

    def wait(self, seen: int, timeout: float) -> int:
        """Block until the version is another than the one seen or the time is up; return the version."""
        with self.lock:
            self._moved.wait_for(lambda: self.version != seen, timeout)
            return self.version

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call the watcher, from any thread, after every change; return how to stop that."""
        with self.lock:
            self._watchers.append(watcher)

        def stop() -> None:
            with self.lock:
                self._watchers.remove(watcher)

        return stop

    def record(self, method: str, arguments: Json, outcome: str) -> None:
        """Remember a call of the Web API."""
        with self.lock:
            self.calls.append(ApiCall(self.clock(), method, arguments, outcome))

    def person(self, who: str) -> Person:
        """Return somebody by id, name or e-mail address."""
        wanted = who.removeprefix("@")
        for person in self.people.values():
            if wanted in (person.id, person.name, person.email):
                return person
        raise SlackError("user_not_found")

    def channel(self, where: str) -> Channel:
        """Return a channel by id or name, or somebody's direct message by their id."""
        wanted = where.removeprefix("#")
        if wanted in self.people:
            return self.direct(wanted)
        for channel in self.channels.values():
            if wanted in (channel.id, channel.name):
                return channel
        raise SlackError("channel_not_found")

    def direct(self, person: str) -> Channel:
        """Return the direct message between somebody and the app."""
        with self.lock:
            key = f"D{person[1:]}"
            if key not in self.channels:
                self.channels[key] = Channel(key, "", {person, BOT_USER}, person=person)
            return self.channels[key]

    def add_person(self, person: Person, *channels: str) -> None:
        """Let somebody in, and into channels."""
        with self.lock:
            self.people[person.id] = person
            for name in channels:
                self.channel(name).members.add(person.id)
        self.changed()

    def add_group(self, group: Group) -> None:
        """Make or replace a user group."""
        with self.lock:
            self.groups[group.id] = group
        self.changed()

    def join(self, channel: str, person: str) -> None:
        """Bring somebody or the app into a channel."""
        with self.lock:
            self.channel(channel).members.add(person)
        self.changed()

    def leave(self, channel: str, person: str) -> None:
        """Take somebody or the app out of a channel."""
        with self.lock:
            self.channel(channel).members.discard(person)
        self.changed()

    def stamp(self) -> str:
        """Return a message's time as Slack writes it, later than every one before."""
        with self.lock:
            self._last_ts = max(int(self.clock() * 1_000_000), self._last_ts + 1)
            return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def post(self, channel: str, user: str, text: str, blocks: list[Json] | None = None, **more: Any) -> Message:
        """Add a message; `more` are fields of the message such as thread_ts, metadata, only_for and files."""
        with self.lock:
            message = Message(self.stamp(), channel, user, text, words.named(blocks or [], self.number), **more)
            message.revisions.append(words.of_message(message.text, message.blocks))
            self.said.setdefault(channel, []).append(message)
        self.changed()
        return message

    def edit(self, message: Message, text: str | None, blocks: list[Json] | None, metadata: Json | None = None) -> None:
        """Replace what a message says; what is None stays."""
        with self.lock:
            message.text = message.text if text is None else text
            message.blocks = message.blocks if blocks is None else words.named(blocks, self.number)
            message.metadata = metadata or message.metadata
            message.edited = self.stamp()
            message.revisions.append(words.of_message(message.text, message.blocks))
        self.changed()

    def delete(self, message: Message) -> None:
        """Take a message away."""
        with self.lock:
            self.said[message.channel].remove(message)
        self.changed()

    def message(self, channel: str, ts: str) -> Message | None:
        """Return the message of that time, whoever sees it."""
        with self.lock:
            return next((message for message in self.said.get(channel, ()) if message.ts == ts), None)

    def messages(self, channel: str, *, seen_by: str = "") -> list[Message]:
        """Return what everybody sees in a channel, oldest first, and what only the given person sees."""
        with self.lock:
            return [message for message in self.said.get(channel, ()) if message.only_for in ("", seen_by)]

    def private(self, person: str) -> list[Message]:
        """Return what only this person sees, oldest first: ephemeral and direct messages."""
        with self.lock:
            mine = [message for each in self.said.values() for message in each if message.only_for == person]
            mine += self.messages(self.direct(person).id)
            return sorted(mine, key=lambda message: message.ts)

    def notice(self, person: str, text: str) -> None:
        """Show somebody a passing note of Slack's own, such as a button that did not work."""
        with self.lock:
            self.notices.setdefault(person, []).append({"id": self.number(), "text": text, "at": self.clock()})
        self.changed()

    def scopes(self) -> frozenset[str] | None:
        """Return the bot's scopes by the app's manifest; None without a manifest: all."""
        if self.manifest is None:
            return None
        return frozenset(self.manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ()))

    def commands(self) -> dict[str, Json] | None:
        """Return the manifest's slash commands by name; None without a manifest: all are known."""
        if self.manifest is None:
            return None
        return {each["command"]: each for each in self.manifest.get("features", {}).get("slash_commands", ())}

    def hears(self, event: str) -> bool:
        """Say whether the app subscribed to an event."""
        if self.manifest is None:
            return True
        events = self.manifest.get("settings", {}).get("event_subscriptions", {}).get("bot_events", ())
        return event in events
