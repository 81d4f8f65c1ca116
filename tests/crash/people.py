"""The people of the stories: they ask again when the bot did not hear them, as people do."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field, replace
from time import monotonic, sleep

from bot.sandbox.slack import words
from bot.sandbox.slack.entities import SLACKBOT, Message
from bot.sandbox.world import World
from tests.crash.rows import OVER, STUCK, Row, Rows
from tests.crash.stories import EXPIRY, Story, Then

PATIENCE = 180.0
HEARD = 10.0
"""So long after asking, people believe that they were not heard."""
WAITING = "awaiting_approval"
WHO = ("ana", "ben", "lea")
APPROVE = "deployment.approve"
GO_BACK = "deployment.rollback"


@dataclass
class People:
    """Everybody in the workspace."""

    world: World
    rows: Rows
    asked: int = 0
    """How many requests they have sent."""
    played: dict[int, Story] = field(default_factory=dict)
    """Which deployment belongs to which story."""

    def play(self, story: Story) -> bool:
        """Do what the story says until it has come to an end, and return whether it was the end that it says."""
        if story.then is Then.LOOKED:
            return self._looked(story)
        number = self._played(story)
        return self._status(number) == story.ends

    def _looked(self, story: Story) -> bool:
        """Have everything looked at, and wait until somebody has."""
        before, until = len(self.rows.checks("done")), monotonic() + PATIENCE
        while monotonic() < until:
            if len(self.rows.checks("done")) > before:
                return True
            if not self.rows.checks("wanted"):
                self._say(story.asks)
            self._until(lambda: len(self.rows.checks("done")) > before, HEARD)
        raise AssertionError(f"nobody looked\n{self.world.slack.transcript()[-4000:]}")

    def _played(self, story: Story) -> int:
        before, until = self.rows.last(), monotonic() + PATIENCE
        while monotonic() < until:
            number = self._went_back(story, before) if story.then is Then.CONFIRMED else self._went_on(story, before)
            if number and self._expired(story, number):
                before = number
            elif number:
                return self._ended(story, number, until)
        raise AssertionError(f"{story.name} never began\n{self.world.slack.transcript()[-4000:]}")

    def unheard(self) -> int:
        """Return how many requests Slack told people that the bot did not acknowledge."""
        said = [message for name in WHO for message in self.world.slack.private(name)]
        failed = sum(message.user == SLACKBOT and "failed with the error" in message.words for message in said)
        return failed + sum(len(self.world.slack.notices(name)) for name in WHO)

    def _ended(self, story: Story, number: int, until: float) -> int:
        self.played[number] = story
        if not self._until(lambda: self._rests(number), until - monotonic()):
            raise AssertionError(f"{story.name} (#{number}) never came to an end: {self.rows.deployment(number)}")
        return number

    def _expired(self, story: Story, number: int) -> bool:
        """Say whether nobody could decide in time, because the bot was away so often: then people ask anew."""
        over = story is not EXPIRY and self._status(number) == "expired"
        if over:
            self.played[number] = EXPIRY
        return over

    def _went_on(self, story: Story, before: int) -> int:
        """Ask unless it is there already, and do what comes next; return its number, or 0 when nobody heard."""
        if not self._found(story, before):
            self._say(story.asks)
            self._until(lambda: self._found(story, before) is not None, HEARD)
        found = self._found(story, before)
        if found is None:
            return 0
        number = int(found["id"])
        if self._status(number) == WAITING:
            self._decide(story, number)
        return number if story.then is Then.LEFT or self._status(number) != WAITING else 0

    def _decide(self, story: Story, number: int) -> None:
        match story.then:
            case Then.APPROVED:
                self._press(("ben",), APPROVE, lambda: self._card(number))
            case Then.RACED:
                self._press(("ben", "lea"), APPROVE, lambda: self._card(number))
            case Then.CANCELLED:
                self._say(f"/deploy cancel {number}")
            case _:
                return
        self._until(lambda: self._status(number) != WAITING, HEARD)

    def _went_back(self, story: Story, before: int) -> int:
        known = len(self.world.slack.private("ana"))
        self._say(story.asks)
        self._press(("ana",), GO_BACK, lambda: self._offer(story, known))
        self._until(lambda: self._found(story, before) is not None, HEARD)
        found = self._found(story, before)
        return int(found["id"]) if found else 0

    def _say(self, text: str) -> None:
        self.asked += 1
        self.world.slack.says("ana", text)

    def _press(self, who: tuple[str, ...], action: str, see: Callable[[], Message | None]) -> None:
        """Have people press a button at the same time, as soon as they see it."""
        if not self._until(lambda: see() is not None, HEARD) or (seen := see()) is None:
            return
        self.asked += len(who)
        with ThreadPoolExecutor(len(who)) as together:
            for pressed in [together.submit(self.world.slack.presses_seen, name, seen, action) for name in who]:
                pressed.result(PATIENCE)

    def _card(self, number: int) -> Message | None:
        said = self.world.slack.messages("deployments")
        return _with(APPROVE, (it for it in said if key_of(it.metadata) == f"card:{number}"))

    def _offer(self, story: Story, known: int) -> Message | None:
        """Return the dialog for going back, and never an older one."""
        said = self.world.slack.private("ana")[known:]
        return _with(GO_BACK, (it for it in said if story.version in it.words))

    def _found(self, story: Story, before: int) -> Row | None:
        return self.rows.newest(story.version, story.kind, before)

    def _status(self, number: int) -> str:
        return str(self.rows.deployment(number)["status"])

    def _rests(self, number: int) -> bool:
        return self._status(number) in OVER | STUCK

    @staticmethod
    def _until(holds: Callable[[], bool], seconds: float) -> bool:
        until = monotonic() + seconds
        while not holds():
            if monotonic() > until:
                return False
            sleep(0.05)
        return True


def _with(action: str, said: Iterable[Message]) -> Message | None:
    """Return the newest message that has a button, as it looks now."""
    for message in reversed(list(said)):
        seen = replace(message, blocks=deepcopy(message.blocks))
        if any(it.get("action_id") == action for block in seen.blocks for it in words.interactive(block)):
            return seen
    return None


def key_of(metadata: dict[str, object] | None) -> str:
    """Return under which key the bot knows a message."""
    payload = (metadata or {}).get("event_payload")
    return str(payload.get("key", "")) if isinstance(payload, dict) else ""
