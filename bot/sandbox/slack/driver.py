"""Be the people of a workspace in a test: say, press, fill in, look, and wait until something shows."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from bot.sandbox.slack import answers, words
from bot.sandbox.slack.entities import File, Json, Message, Person, SlackError, View
from bot.sandbox.slack.server import SlackServer

Found = TypeVar("Found")
Place = Message | View
Run = Callable[[Coroutine[Any, Any, Any]], Any]
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Spot:
    """One element on the screen, and where it is."""

    place: Place
    block: Json
    element: Json


class Driver:
    """Act and look as the sample people do; every method may be called from any thread."""

    def __init__(self, server: SlackServer, run: Run) -> None:
        self._server = server
        self._workspace = server.workspace
        self._run = run

    def says(self, person: str, text: str, channel: str = "deployments", *, thread: str = "") -> None:
        """Type a message or a slash command in a channel (or in `@ana`'s direct message) and press Enter."""
        who = self._workspace.person(person)
        where = self._workspace.channel(who.id if channel == "dm" else channel)
        self._run(self._server.interactions.say(who, text, where, thread=thread))

    def presses(
        self, person: str, label: str, within: str = "#deployments", *, confirm: bool = True, timeout: float = 10.0
    ) -> str:
        """Press the newest button with this label or action id, answer its dialog, and return what the dialog said.

        `within` is a channel, `private`, `modal` or `home`; a button that is not there yet is waited for.
        """
        who = self._workspace.person(person)
        spot = self._spot(who, label, within, timeout)
        asked = spot.element.get("confirm")
        if asked is None or confirm:
            self._act(who, spot, None)
        return words.of([asked]) if asked else ""

    def presses_seen(self, person: str, seen: Message, action_id: str) -> None:
        """Press a button of a message as somebody saw it, though it may look otherwise by now."""
        block, element = answers.element_of(seen.blocks, action_id)
        self._act(self._workspace.person(person), Spot(seen, block, element), None)

    def chooses(
        self, person: str, label: str, option: str, within: str = "#deployments", *, timeout: float = 10.0
    ) -> None:
        """Choose an option by its text or value from the newest menu with this label, placeholder or action id.

        Of boxes, the one with that text or value is ticked alone, or none when it is empty.
        """
        who = self._workspace.person(person)
        spot = self._spot(who, label, within, timeout)
        boxes = spot.element["type"] in answers.MANY_OPTIONS
        self._act(who, spot, [option] if boxes and option else [] if boxes else option)

    def _act(self, who: Person, spot: Spot, raw: str | list[str] | None) -> None:
        interactions, action, block = self._server.interactions, spot.element["action_id"], spot.block["block_id"]
        if isinstance(spot.place, View):
            self._run(interactions.act_in_view(who, spot.place, action, block, raw=raw))
        else:
            self._run(interactions.act_in_message(who, spot.place, action, block, raw=raw))

    def fills(self, person: str, given: Mapping[str, Any], *, timeout: float = 10.0) -> None:
        """Fill in the modal's fields, named by block id, action id or label, once it has them all."""
        who = self._workspace.person(person)
        for name, value in given.items():
            spot = self._spot(who, name, "modal", timeout)
            view = spot.place
            answers.wrap(spot.element, value)
            if isinstance(view, View):
                self._server.interactions.fill(view, {spot.block["block_id"]: {spot.element["action_id"]: value}})

    def submits(self, person: str, given: Mapping[str, Any] | None = None, *, timeout: float = 10.0) -> dict[str, str]:
        """Fill in and send the modal; return what was wrong by block id, which is nothing when it was taken."""
        self.fills(person, given or {}, timeout=timeout)
        who = self._workspace.person(person)

        def ready() -> View | None:
            view = self.modal(person)
            return view if view and view.content.get("submit") else None

        view = self.eventually(ready, timeout, f"a modal that {who.name} can submit")
        faults: dict[str, str] = self._run(self._server.interactions.submit(who, view))
        return faults

    def closes(self, person: str) -> None:
        """Cancel the modal."""
        self._run(self._server.interactions.close(self._workspace.person(person)))

    def suggestions(self, person: str, action_id: str, text: str, within: str = "modal") -> list[str]:
        """Type into a select that asks the app, and return the texts it offers."""
        who = self._workspace.person(person)
        spot = self._spot(who, action_id, within, 10.0)
        told = self._run(
            self._server.interactions.suggest(who, spot.place, spot.element["action_id"], spot.block["block_id"], text)
        )
        return [one["text"]["text"] for one in answers.options({"type": "static_select", **told})]

    def opens_home(self, person: str) -> None:
        """Look at the app's home tab."""

        async def look() -> None:
            self._server.interactions.open_home(self._workspace.person(person))

        self._run(look())

    def home(self, person: str) -> View | None:
        """Return what somebody's home tab shows."""
        surfaces = self._workspace.surfaces
        view = surfaces.homes.get(self._workspace.person(person).id)
        return surfaces.views[view] if view else None

    def modal(self, person: str) -> View | None:
        """Return the modal on somebody's screen."""
        return self._workspace.surfaces.top(self._workspace.person(person).id)

    def messages(self, channel: str = "deployments") -> list[Message]:
        """Return what everybody sees in a channel, oldest first, threads left out."""
        found = self._workspace.messages(self._workspace.channel(channel).id)
        return [message for message in found if not message.in_thread]

    def thread(self, message: Message) -> list[Message]:
        """Return the replies in a message's thread, oldest first."""
        found = self._workspace.messages(message.channel)
        return [reply for reply in found if reply.in_thread and reply.thread_ts == message.ts]

    def private(self, person: str) -> list[Message]:
        """Return what only this person sees, oldest first: ephemeral and direct messages."""
        return self._workspace.private(self._workspace.person(person).id)

    def notices(self, person: str) -> list[str]:
        """Return the passing notes that Slack showed somebody."""
        return [note["text"] for note in self._workspace.notices.get(self._workspace.person(person).id, ())]

    def files(self, message: Message) -> list[File]:
        """Return the files that came with a message."""
        return [self._workspace.files[key] for key in message.files]

    def calls(self, method: str) -> list[Json]:
        """Return the arguments of every successful call of a method of the Web API."""
        with self._workspace.lock:
            return [call.arguments for call in self._workspace.calls if call.method == method and call.outcome == "ok"]

    def eventually(self, predicate: Callable[[], Found], timeout: float = 30.0, what: str = "") -> Any:
        """Wait until the predicate returns something true, and return that; fail with all that was said otherwise."""
        deadline = monotonic() + timeout
        while True:
            seen = self._workspace.version
            if found := predicate():
                return found
            if monotonic() > deadline:
                raise AssertionError(f"not within {timeout:g} s: {what or predicate}\n{self.transcript()}")
            self._workspace.wait(seen, POLL_SECONDS)

    def eventually_shows(self, channel: str, text: str, timeout: float = 30.0) -> Message:
        """Wait until a message for all in the channel, threads included, says the text; return the newest such."""
        where = self._workspace.channel(channel).id
        found: Message = self.eventually(
            lambda: _newest(self._workspace.messages(where), text), timeout, f"“{text}” in #{channel.lstrip('#')}"
        )
        return found

    def eventually_tells(self, person: str, text: str, timeout: float = 30.0) -> Message:
        """Wait until something that only this person sees says the text; return the newest such message."""
        found: Message = self.eventually(
            lambda: _newest(self.private(person), text), timeout, f"“{text}” for {person} alone"
        )
        return found

    def transcript(self) -> str:
        """Return everything said so far, for a failed test to show."""
        with self._workspace.lock:
            said = sorted((each for all_ in self._workspace.said.values() for each in all_), key=lambda each: each.ts)
            return "\n".join(self._line(message) for message in said) or "(nothing was said)"

    def _line(self, message: Message) -> str:
        channel = self._workspace.channels[message.channel]
        only = f" (only {self._workspace.people[message.only_for].name})" if message.only_for else ""
        writer = self._workspace.people.get(message.user)
        name = writer.name if writer else message.user
        return f"#{channel.name or 'dm'}{only} {name}: {message.words!r}"

    def _spot(self, who: Person, label: str, within: str, timeout: float) -> Spot:
        found: Spot = self.eventually(
            lambda: next(self._spots(who, label, within), None), timeout, f"{label!r} within {within} for {who.name}"
        )
        return found

    def _spots(self, who: Person, label: str, within: str) -> Any:
        with self._workspace.lock:
            places = self._places(who, within)
        for place in places:
            blocks = place.content["blocks"] if isinstance(place, View) else place.blocks
            for block in blocks:
                for element in words.interactive(block):
                    if label in _names(block, element):
                        yield Spot(place, block, element)

    def _places(self, who: Person, within: str) -> list[Place]:
        if within in ("modal", "home"):
            view = self.modal(who.id) if within == "modal" else self.home(who.id)
            return [view] if view else []
        if within == "private":
            return [*reversed(self.private(who.id))]
        channel = self._workspace.channel(within)
        if who.id not in channel.members:
            raise SlackError("not_in_channel")
        return [*reversed(self._workspace.messages(channel.id, seen_by=who.id))]


def _newest(messages: list[Message], text: str) -> Message | None:
    return next((message for message in reversed(messages) if text in message.words), None)


def _names(block: Json, element: Json) -> set[str]:
    told = [element.get("text"), element.get("placeholder"), block.get("label")]
    return {element["action_id"], block["block_id"], *(text["text"] for text in told if isinstance(text, dict))}
