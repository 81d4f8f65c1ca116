"""The people of the stories: they ask again when the bot did not hear them, as people do."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep

from bot.sandbox.world import World
from tests.crash.rows import OVER, STUCK, Row, Rows

PATIENCE = 120.0
HEARD = 10.0
"""So long after asking, people believe that they were not heard."""


@dataclass(frozen=True, slots=True)
class Story:
    """Something that people do, and how it has to end."""

    name: str
    kind: str
    version: str
    asks: str
    presses: tuple[str, str, str]
    """Who presses which button where, to begin it."""
    ends: str


def _ships(version: str, *, ends: str = "succeeded") -> Story:
    asks = f"/deploy production {version}"
    name = "sick release" if ends == "rolled_back" else f"deploy {version}"
    return Story(name, "deploy", version, asks, ("ben", "Approve", "#deployments"), ends)


SEED = (_ships("v2.1"), _ships("v2.2"))
DEPLOY = _ships("v2.3")
SICK = _ships("v2.4", ends="rolled_back")
BACK = Story(
    "rollback",
    "rollback",
    "v2.2",
    "/rollback latest production",
    ("ana", "deployment.rollback", "private"),
    "succeeded",
)
ROUND = (DEPLOY, SICK, BACK)
"""Played again and again: it ends where it began, with v2.2 served."""


@dataclass
class People:
    """Everybody in the workspace."""

    world: World
    rows: Rows
    asked: int = 0
    """How many requests they have sent."""

    def play(self, story: Story) -> int:
        """Do what the story says until it has come to an end, and return the deployment's number."""
        number = self._begin(story)
        if not self._until(lambda: self._rests(number), PATIENCE):
            raise AssertionError(f"{story.name} (#{number}) never came to an end: {self.rows.deployment(number)}")
        return number

    def _begin(self, story: Story) -> int:
        before, until = self.rows.last(), monotonic() + PATIENCE
        while monotonic() < until:
            if story.kind == "deploy":
                number = self._asked(story, before)
                if number and self._approved(story, number):
                    return number
            elif number := self._went_back(story, before):
                return number
        raise AssertionError(f"{story.name} never began\n{self.world.slack.transcript()[-4000:]}")

    def _asked(self, story: Story, before: int) -> int:
        """Ask unless it is there already; return its number, or 0 when nobody heard."""
        if not self._found(story, before):
            self._say(story.asks)
            self._until(lambda: self._found(story, before) is not None, HEARD)
        found = self._found(story, before)
        return int(found["id"]) if found else 0

    def _approved(self, story: Story, number: int) -> bool:
        if self.rows.deployment(number)["status"] == "awaiting_approval":
            self._press(story, lambda: self._shown(number))
            self._until(lambda: self.rows.deployment(number)["status"] != "awaiting_approval", HEARD)
        return bool(self.rows.deployment(number)["status"] != "awaiting_approval")

    def _went_back(self, story: Story, before: int) -> int:
        known = len(self.world.slack.private("ana"))
        self._say(story.asks)
        if self._until(lambda: self._offered(known), HEARD):
            self._press(story, lambda: True)
            self._until(lambda: self._found(story, before) is not None, HEARD)
        found = self._found(story, before)
        return int(found["id"]) if found else 0

    def _offered(self, known: int) -> bool:
        """Say whether the dialog for going back has come, so that the button of an older one is not pressed."""
        return any("v2.2" in said.words for said in self.world.slack.private("ana")[known:])

    def _say(self, text: str) -> None:
        self.asked += 1
        self.world.slack.says("ana", text)

    def _press(self, story: Story, ready: Callable[[], bool]) -> None:
        person, label, within = story.presses
        if self._until(ready, HEARD):
            self.asked += 1
            self.world.slack.presses(person, label, within=within, timeout=HEARD)

    def _shown(self, number: int) -> bool:
        """Say whether the card stands in the channel and can be approved."""
        newest = [said for said in self.world.slack.messages("deployments") if said.metadata]
        return any(key_of(said.metadata) == f"card:{number}" for said in newest)

    def _found(self, story: Story, before: int) -> Row | None:
        return self.rows.newest(story.version, story.kind, before)

    def _rests(self, number: int) -> bool:
        return self.rows.deployment(number)["status"] in OVER | STUCK

    @staticmethod
    def _until(holds: Callable[[], bool], seconds: float) -> bool:
        until = monotonic() + seconds
        while not holds():
            if monotonic() > until:
                return False
            sleep(0.05)
        return True


def key_of(metadata: dict[str, object] | None) -> str:
    """Return under which key the bot knows a message."""
    payload = (metadata or {}).get("event_payload")
    return str(payload.get("key", "")) if isinstance(payload, dict) else ""
