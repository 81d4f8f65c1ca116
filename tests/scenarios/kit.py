"""What stories are told with."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.front import Totals
from bot.sandbox.slack.entities import Message
from bot.sandbox.slack.faults import Faults
from bot.sandbox.world import World

PATIENCE = 60.0
"""How long a story waits for what must come; far longer than it takes."""
HOSTS = ("web1", "web2")


@dataclass
class Scene:
    """A world in which production serves v2.2 and can go back to v2.1, and what a story does and looks at in it."""

    world: World
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.world.front.now()

    @property
    def faults(self) -> Faults:
        """Return what is wrong with Slack."""
        return self.world.server.faults

    def says(self, person: str, text: str) -> None:
        """Have somebody type in #deployments."""
        self.world.slack.says(person, text)

    def presses(self, person: str, label: str, within: str = "#deployments") -> str:
        """Have somebody press a button, and its confirm dialog."""
        return self.world.slack.presses(person, label, within=within, timeout=PATIENCE)

    def sees(self, text: str, channel: str = "deployments") -> Message:
        """Demand that a channel shows a text."""
        return self.world.slack.eventually_shows(channel, text, timeout=PATIENCE)

    def is_told(self, person: str, *texts: str) -> str:
        """Demand that only this person is shown a message with all these texts, and return it."""

        def found() -> str:
            said = (message.words for message in reversed(self.world.slack.private(person)))
            return next((words for words in said if all(text in words for text in texts)), "")

        told: str = self.world.slack.eventually(found, PATIENCE, f"{texts} for {person} alone")
        return told

    def until(self, what: str, holds: Callable[[], Any]) -> Any:
        """Wait until something holds, and return it."""
        return self.world.slack.eventually(holds, PATIENCE, what)

    def asks(self, version: str, environment: str = "production") -> int:
        """Have ana ask for a release and return the number of the request that waits."""
        before = self.newest()
        self.says("ana", f"/deploy {environment} {version}")
        number: int = self.until(
            f"a request for {version}", lambda: self.newest() > before and self.card(self.newest()) and self.newest()
        )
        return number

    def begins(self, version: str) -> int:
        """Have ana ask and ben approve, and return the number of the deployment."""
        number = self.asks(version)
        self.presses("ben", "Approve")
        self.comes_to(number, "preparing", "running", "verifying", "succeeded", "rolling_back", "rolled_back", "failed")
        return number

    def ships(self, version: str) -> int:
        """Ship a good release to production and wait for the verdict on its card."""
        number = self.begins(version)
        self.sees(f"deployed `{version}` to *production*")
        return number

    def goes_back(self, text: str = "/rollback latest production") -> int:
        """Have ana roll back and confirm, and return the number of the rollback that has succeeded."""
        before, asked = self.newest(), len(self.world.slack.private("ana"))
        self.says("ana", text)
        self.until("the question", lambda: len(self.world.slack.private("ana")) > asked)
        self.presses("ana", "deployment.rollback", within="private")
        self.until("the rollback", lambda: self.newest() > before)
        number = self.newest()
        self.comes_to(number, "succeeded")
        return number

    def comes_to(self, number: int, *statuses: str) -> str:
        """Wait until a deployment has one of these statuses, and return it."""

        def found() -> str:
            status = self.status(number)
            return status if status in statuses else ""

        reached: str = self.until(f"#{number} to be {' or '.join(statuses)}", found)
        return reached

    def reaches(self, number: int, step: str, host: str = "web1", *states: str) -> None:
        """Wait until a step of a deployment has begun on a host (or has one of these states)."""
        query = "SELECT state FROM step WHERE deployment_id = ? AND name = ? AND target = ?"
        self.until(
            f"step {step} of #{number} on {host}",
            lambda: any(
                not states or str(state).lower() in states for (state,) in self.rows(query, number, step, host)
            ),
        )

    def serves(self, version: str | None, *hosts: str) -> None:
        """Demand that hosts come to answer with a version, or not at all."""
        for name in hosts or HOSTS:
            host = self.world.host(name)
            self.until(f"{name} to serve {version}", lambda host=host: host.serves == version)

    def visitors(self) -> Totals:
        """Return what the visitors of production saw since the story began."""
        window = self.world.front.window(self.began)
        asked = [window.hosts[name] for name in HOSTS]
        return Totals(ok=sum(it.ok for it in asked), failed=sum(it.failed for it in asked))

    # What the bot remembers

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what the bot's database says."""
        with closing(sqlite3.connect(f"file:{self.world.state}/shipmate.db?mode=ro", uri=True, timeout=10)) as database:
            return database.execute(query, values).fetchall()

    def newest(self) -> int:
        """Return the number of the newest deployment."""
        return int(self.rows("SELECT coalesce(max(id), 0) FROM deployment")[0][0])

    def status(self, number: int) -> str:
        """Return a deployment's status."""
        return str(self.rows("SELECT status FROM deployment WHERE id = ?", number)[0][0]).lower()

    # What everybody sees

    def cards(self, number: int) -> list[Message]:
        """Return the cards of a deployment; there must never be two."""
        key = f"card:{number}"
        return [it for it in self.world.slack.messages() if _key(it).split("#")[0] == key]

    def card(self, number: int) -> str:
        """Return what a deployment's card says now; empty when there is none."""
        found = self.cards(number)
        return found[0].words if found else ""

    def shows(self, number: int, *texts: str) -> str:
        """Wait until a deployment's card says all these texts, and that it is the only one."""
        self.until(f"{texts} on the card of #{number}", lambda: all(text in self.card(number) for text in texts))
        assert len(self.cards(number)) == 1
        return self.card(number)

    def ran_twice(self) -> list[str]:
        """Return the operations that any host has begun more than once."""
        begun: Counter[str] = Counter()
        for name in HOSTS:
            log = self.world.host(name).home / "app" / "revisions.log"
            begun.update(f"{name}: {line}" for line in _lines(log))
        return [line for line, times in begun.items() if times > 1]

    def shipmate(self, *words: str) -> tuple[int, str]:
        """Run the command line beside the bot; return its exit code and what it printed."""
        done = self.world.bot.ask(*words)
        return done.returncode, done.stdout + done.stderr

    def shipmate_json(self, *words: str) -> Any:
        """Run the command line and return what it printed as JSON."""
        done = self.world.bot.ask(*words)
        return json.loads(done.stdout)


def _key(message: Message) -> str:
    payload = (message.metadata or {}).get("event_payload", {})
    return str(payload.get("key", ""))


def _lines(path: Any) -> Iterator[str]:
    if path.exists():
        yield from path.read_text(encoding="utf-8").splitlines()
