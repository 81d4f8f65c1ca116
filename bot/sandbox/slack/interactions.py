"""What people do in Slack, carried to the app, and what becomes of its answer."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from bot.sandbox.slack import answers, limits, payloads, responses
from bot.sandbox.slack.answer import Answer, Carrier, Retry
from bot.sandbox.slack.entities import BOT_USER, SLACKBOT, Channel, Json, Message, Person, SlackError, View
from bot.sandbox.slack.workspace import Workspace

RETRY_AFTER = (0.0, 60.0, 300.0)
MENTION = re.compile(r"(?<!\S)@([\w.-]+)")
TROUBLE = "Slack had some trouble reaching the app ({error}). Try again?"


class Interactions:
    """Do things as a person; lives in the server's loop."""

    def __init__(
        self,
        workspace: Workspace,
        carrier: Callable[[], Carrier],
        base: Callable[[], str],
        *,
        retry_after: tuple[float, ...] = RETRY_AFTER,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._workspace = workspace
        self._carrier = carrier
        self._base = base
        self._retry_after = retry_after
        self._pause = pause
        self._telling: set[asyncio.Task[None]] = set()

    async def say(self, person: Person, text: str, channel: Channel, *, thread: str = "") -> None:
        """Type something and press Enter: a slash command, or a message."""
        if person.id not in channel.members:
            raise SlackError("not_in_channel")
        if re.match(r"/\w", text):
            await self._command(person, text, channel, thread)
            return
        said = self._with_mentions(text)
        message = self._workspace.post(channel.id, person.id, said, thread_ts=thread)
        if f"<@{BOT_USER}>" in said and BOT_USER in channel.members:
            self._happened("app_mention", _as_event(message, "app_mention"))
        if channel.direct:
            self._happened("message.im", _as_event(message, "message") | {"channel_type": "im"})

    async def _command(self, person: Person, text: str, channel: Channel, thread: str) -> None:
        name, _, rest = text.partition(" ")
        known = self._workspace.commands()
        if known is not None and name not in known:
            self._slackbot(person, channel, f"`{name}` is not a valid command. Sorry!", thread)
            return
        if thread:
            self._slackbot(person, channel, f"`{name}` is not supported in threads. Sorry!", thread)
            return
        if known is not None and known[name].get("should_escape"):
            rest = self._with_mentions(rest)
        surfaces = self._workspace.surfaces
        response_url = self._address(surfaces.response_url(channel.id, person.id))
        payload = payloads.command(person, channel, (name, rest.strip()), surfaces.trigger(person.id), response_url)
        answer = await self._carrier().deliver("slash_commands", payload)
        if not answer.acked:
            self._slackbot(person, channel, f"`{name}` failed with the error “{answer.error}”", thread)
        elif answer.payload and (answer.payload.get("text") or answer.payload.get("blocks")):
            responses.say(self._workspace, channel.id, person.id, answer.payload)

    async def act_in_message(
        self, person: Person, message: Message, action_id: str, block_id: str, *, raw: Any = None, given: Any = None
    ) -> Answer:
        """Press a button in a message, or choose from a menu there."""
        block, element = answers.element_of(message.blocks, action_id, block_id)
        channel = self._workspace.channels[message.channel]
        surfaces = self._workspace.surfaces
        key = surfaces.response_url(channel.id, person.id, message_ts=message.ts, thread_ts=message.thread_ts)
        given = {**(given or {}), block["block_id"]: {**(given or {}).get(block["block_id"], {}), action_id: raw}}
        payload = payloads.action(
            person,
            payloads.in_message(person, channel, message) | {"response_url": self._address(key)},
            payloads.pressed(block, element, raw, self._workspace.stamp()),
            surfaces.trigger(person.id),
            answers.state(message.blocks, given),
        )
        return await self._interact(person, payload)

    async def act_in_view(
        self, person: Person, view: View, action_id: str, block_id: str, *, raw: Any = None
    ) -> Answer:
        """Press a button in a modal or on the App Home, or choose from a menu there."""
        block, element = answers.element_of(view.content["blocks"], action_id, block_id)
        if raw is not None:
            self.fill(view, {block["block_id"]: {action_id: raw}})
        if block["type"] == "input" and not block.get("dispatch_action"):
            return Answer()
        payload = payloads.action(
            person,
            payloads.in_view(view),
            payloads.pressed(block, element, raw, self._workspace.stamp()),
            self._workspace.surfaces.trigger(person.id),
            {},
        )
        return await self._interact(person, payload)

    def fill(self, view: View, given: dict[str, dict[str, Any]]) -> None:
        """Type into a modal or choose there, without sending anything."""
        with self._workspace.lock:
            for block, by_action in given.items():
                view.answers.setdefault(block, {}).update(by_action)
                view.errors.pop(block, None)

    async def submit(self, person: Person, view: View) -> dict[str, str]:
        """Press a modal's submit button; return what was wrong, by block id."""
        view.errors = answers.faults(view.content["blocks"], view.answers)
        if not view.errors:
            payload = payloads.submission(person, view, self._workspace.surfaces.trigger(person.id))
            answer = await self._interact(person, payload)
            if answer.acked:
                self._after_submit(person, view, answer.payload or {})
        self._workspace.changed()
        return view.errors

    def _after_submit(self, person: Person, view: View, told: Json) -> None:
        surfaces = self._workspace.surfaces
        with self._workspace.lock:
            match told.get("response_action"):
                case "errors":
                    view.errors = dict(told["errors"])
                case "update":
                    surfaces.replace(view, limits.view(told["view"]))
                case "push":
                    surfaces.open(person.id, limits.view(told["view"]), on_top=True)
                case "clear":
                    surfaces.close(person.id, every=True)
                case _ if surfaces.top(person.id) is view:
                    surfaces.close(person.id)

    async def close(self, person: Person, *, every: bool = False) -> None:
        """Close the modal with its cancel button or its cross."""
        view = self._workspace.surfaces.top(person.id)
        if view is None:
            return
        payload = payloads.closed(person, view, every=every)
        self._workspace.surfaces.close(person.id, every=every or bool(view.content.get("clear_on_close")))
        self._workspace.changed()
        if view.content.get("notify_on_close"):
            await self._interact(person, payload)

    async def suggest(self, person: Person, where: View | Message, action_id: str, block_id: str, typed: str) -> Json:
        """Type into a select that asks the app; return its options or option groups."""
        blocks = where.content["blocks"] if isinstance(where, View) else where.blocks
        block, element = answers.element_of(blocks, action_id, block_id)
        if len(typed) < element.get("min_query_length", 3):
            return {"options": []}
        if isinstance(where, View):
            place = payloads.in_view(where)
        else:
            place = payloads.in_message(person, self._workspace.channels[where.channel], where)
        answer = await self._carrier().deliver("interactive", payloads.suggestion(person, place, block, element, typed))
        return answer.payload or {"options": [], "error": answer.error}

    def open_home(self, person: Person) -> None:
        """Look at the app's home tab."""
        at = self._workspace.stamp()
        happened: Json = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": self._workspace.direct(person.id).id,
            "tab": "home",
            "event_ts": at,
        }
        home = self._workspace.surfaces.homes.get(person.id)
        if home is not None:
            happened["view"] = self._workspace.surfaces.views[home].as_slack()
        self._happened("app_home_opened", happened)

    async def _interact(self, person: Person, payload: Json) -> Answer:
        answer = await self._carrier().deliver("interactive", payload)
        if not answer.acked:
            self._workspace.notice(person.id, TROUBLE.format(error=answer.error))
        return answer

    def _happened(self, name: str, event: Json) -> None:
        """Tell the app about an event, again when it does not acknowledge, without keeping anybody waiting."""
        if not self._workspace.hears(name):
            return
        payload = payloads.event(event, self._workspace.number(), self._workspace.clock())
        telling = asyncio.get_running_loop().create_task(self._tell(payload))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _tell(self, payload: Json) -> None:
        answer = await self._carrier().deliver("events_api", payload)
        for attempt, seconds in enumerate(self._retry_after, start=1):
            if answer.acked:
                return
            await self._pause(seconds)
            reason = "timeout" if answer.error == "operation_timeout" else "connection_failed"
            answer = await self._carrier().deliver("events_api", payload, Retry(attempt, reason))

    async def stop(self) -> None:
        """Forget the events that were not delivered."""
        for telling in list(self._telling):
            telling.cancel()

    def _address(self, key: str) -> str:
        return f"{self._base()}/response/{key}"

    def _slackbot(self, person: Person, channel: Channel, text: str, thread: str) -> None:
        self._workspace.post(channel.id, SLACKBOT, text, thread_ts=thread, only_for=person.id)

    def _with_mentions(self, text: str) -> str:
        people = {person.name: person.id for person in self._workspace.people.values()}
        groups = {group.handle: group for group in self._workspace.groups.values()}

        def mention(found: re.Match[str]) -> str:
            name = found[1]
            if name in people:
                return f"<@{people[name]}>"
            return f"<!subteam^{groups[name].id}|@{name}>" if name in groups else found[0]

        return MENTION.sub(mention, text)


def _as_event(message: Message, kind: str) -> Json:
    return message.as_slack() | {"type": kind, "channel": message.channel, "event_ts": message.ts}
