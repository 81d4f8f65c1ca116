"""What opens on a screen and for how long one may: triggers, response URLs, modals and App Homes."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from secrets import token_hex

from bot.sandbox.slack import words
from bot.sandbox.slack.entities import Json, SlackError, View

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5
MODALS_AT_ONCE = 3


@dataclass(slots=True)
class Trigger:
    """The short-lived leave to open a modal for somebody."""

    person: str
    expires: float
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """The leave to answer one interaction a few times."""

    channel: str
    person: str
    expires: float
    message_ts: str = ""
    thread_ts: str = ""
    uses: int = RESPONSE_USES

    def spend(self, now: float) -> None:
        """Use it once, or refuse because it is spent or too old."""
        if now > self.expires:
            raise SlackError("expired_url")
        if self.uses <= 0:
            raise SlackError("used_url")
        self.uses -= 1


class Surfaces:
    """Hold what is open, for whom; guarded by the workspace's lock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._numbers = count(1)
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.views: dict[str, View] = {}
        self.modals: dict[str, list[str]] = {}
        """The ids of the modals on somebody's screen, the topmost last."""
        self.homes: dict[str, str] = {}

    def trigger(self, person: str) -> str:
        """Return a new trigger id for somebody."""
        key = f"{next(self._numbers)}.{token_hex(8)}"
        self.triggers[key] = Trigger(person, self._clock() + TRIGGER_SECONDS)
        return key

    def redeem(self, key: str) -> str:
        """Use a trigger up and return whose it was."""
        trigger = self.triggers.get(key)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if self._clock() > trigger.expires:
            raise SlackError("expired_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        trigger.used = True
        return trigger.person

    def response_url(self, channel: str, person: str, *, message_ts: str = "", thread_ts: str = "") -> str:
        """Return the secret part of a new response URL."""
        key = token_hex(12)
        self.response_urls[key] = ResponseUrl(
            channel, person, self._clock() + RESPONSE_SECONDS, message_ts=message_ts, thread_ts=thread_ts
        )
        return key

    def open(self, person: str, content: Json, *, on_top: bool = False) -> View:
        """Show a modal, instead of those that are open or on top of them."""
        if not on_top:
            self.close(person, every=True)
        stack = self.modals.get(person, [])
        if len(stack) >= MODALS_AT_ONCE:
            raise SlackError("push_limit_reached")
        view = self._new(person, content, previous=stack[-1] if stack else "")
        view.root = self.views[stack[0]].id if stack else view.id
        self.modals[person] = [*stack, view.id]
        return view

    def publish(self, person: str, content: Json, expected_hash: str) -> View:
        """Show a new App Home; the same one stays with new content."""
        if person not in self.homes:
            view = self._new(person, content)
            self.homes[person] = view.id
            return view
        return self.replace(self.views[self.homes[person]], content, expected_hash)

    def replace(self, view: View, content: Json, expected_hash: str = "") -> View:
        """Change what a view shows; a hash that is not the newest is a conflict."""
        if expected_hash and expected_hash != view.hash:
            raise SlackError("hash_conflict")
        view.content = self._named(content)
        view.hash = self._hash()
        view.errors = {}
        self._forget_answers_to_lost_blocks(view)
        return view

    def find(self, view_id: str, external_id: str) -> View:
        """Return a view by its id or the app's own name for it."""
        for view in self.views.values():
            if view.id == view_id or (external_id and view.content.get("external_id") == external_id):
                return view
        raise SlackError("not_found")

    def top(self, person: str) -> View | None:
        """Return the modal somebody sees, if any."""
        stack = self.modals.get(person)
        return self.views[stack[-1]] if stack else None

    def close(self, person: str, *, every: bool = False) -> None:
        """Close the topmost modal, or all of them."""
        stack = self.modals.get(person, [])
        gone = stack if every else stack[-1:]
        self.modals[person] = stack[: len(stack) - len(gone)]
        for view_id in gone:
            del self.views[view_id]

    def _new(self, person: str, content: Json, *, previous: str = "") -> View:
        named = self._named(content)
        external = content.get("external_id")
        if external and any(view.content.get("external_id") == external for view in self.views.values()):
            raise SlackError("duplicate_external_id")
        view_id = f"V{next(self._numbers):07d}"
        view = View(view_id, person, named, self._hash(), view_id, previous)
        self.views[view.id] = view
        return view

    def _named(self, content: Json) -> Json:
        return {**content, "blocks": words.named(content["blocks"], lambda: next(self._numbers))}

    def _hash(self) -> str:
        return f"{int(self._clock())}.{token_hex(4)}"

    @staticmethod
    def _forget_answers_to_lost_blocks(view: View) -> None:
        kept = {block["block_id"] for block in view.content["blocks"]}
        view.answers = {block: answer for block, answer in view.answers.items() if block in kept}
