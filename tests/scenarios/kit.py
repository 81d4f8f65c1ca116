"""What stories are told with."""

import json
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field, replace
from threading import Barrier
from typing import Any

from bot.sandbox.front import Totals
from bot.sandbox.repository import commit
from bot.sandbox.slack import words
from bot.sandbox.slack.entities import Message
from bot.sandbox.slack.faults import Faults
from bot.sandbox.world import World
from storage.models import FINISHED

PATIENCE = 60.0
"""How long a story waits for what must come; far longer than it takes."""
HOSTS = ("web1", "web2")
HELD, GO = "held", "go"
HELD_BUILD = f"""#!/bin/sh
echo "building, until somebody lets it go"
touch "$HOME/{HELD}"
until [ -e "$HOME/{GO}" ]; do sleep 0.1; done
"""


@dataclass
class Scene:
    """A world in which production serves v2.2 and can go back to v2.1, and what a story does and looks at in it."""

    world: World
    began: float = field(init=False)
    """On the front's clock."""
    since: str = field(init=False)
    """On Slack's clock: what people were told before belongs to another story."""
    before: int = field(init=False)
    """How many entries the audit had."""

    def __post_init__(self) -> None:
        self.began = self.world.front.now()
        self.since = self.world.workspace.stamp()
        self.before = len(self.audited())

    @property
    def faults(self) -> Faults:
        """Return what is wrong with Slack."""
        return self.world.server.faults

    def says(self, person: str, text: str) -> None:
        """Have somebody type in #deployments."""
        self.world.slack.says(person, text)

    def presses(self, person: str, label: str, within: str = "#deployments") -> str:
        """Have somebody press a button, and its confirm dialog; once more where Slack says that it did not work."""
        before = len(self.world.slack.notices(person))
        asked = self.world.slack.presses(person, label, within=within, timeout=PATIENCE)
        if len(self.world.slack.notices(person)) > before:
            return self.world.slack.presses(person, label, within=within, timeout=PATIENCE)
        return asked

    def sees_card(self, number: int, value: str | None = None) -> Message:
        """Return a deployment's card as somebody sees it now, its buttons perhaps tampered with."""
        card = self.cards(number)[0]
        seen = replace(card, blocks=deepcopy(card.blocks))
        for element in (it for block in seen.blocks for it in words.interactive(block)):
            element["value"] = element["value"] if value is None else value
        return seen

    def presses_seen(self, person: str, seen: Message, action: str) -> None:
        """Have somebody press a button of a message as they saw it, though it may look otherwise by now."""
        self.world.slack.presses_seen(person, seen, action)

    def at_once(self, *acts: Callable[[], Any]) -> list[Any]:
        """Have several people do something at the same instant, and return what came of each."""
        gate = Barrier(len(acts))

        def does(act: Callable[[], Any]) -> Any:
            gate.wait(PATIENCE)
            return act()

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(does, acts))

    def sees(self, text: str, channel: str = "deployments") -> Message:
        """Demand that a channel shows a text."""
        return self.world.slack.eventually_shows(channel, text, timeout=PATIENCE)

    def is_told(self, person: str, *texts: str) -> str:
        """Demand that only this person is shown a message with all these texts, and return it."""

        def found() -> str:
            said = (it.words for it in reversed(self.world.slack.private(person)) if it.ts > self.since)
            return next((words for words in said if all(text in words for text in texts)), "")

        told: str = self.world.slack.eventually(found, PATIENCE, f"{texts} for {person} alone")
        return told

    def until(self, what: str, holds: Callable[[], Any]) -> Any:
        """Wait until something holds, and return it."""
        return self.world.slack.eventually(holds, PATIENCE, what)

    def asks(self, version: str, environment: str = "production", by: str = "ana") -> int:
        """Have somebody ask for a release, with a reason where it was taken back before, and return its number."""
        before = self.newest()
        taken_back = "SELECT id FROM deployment WHERE ref = ? AND environment = ? AND lower(status) = 'rolled_back'"
        again = " --again --reason it is wanted all the same" if self.rows(taken_back, version, environment) else ""
        self.says(by, f"/deploy {environment} {version}{again}")
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

    def holds(self, *hosts: str) -> None:
        """Wait until what is held runs on these hosts: it has begun, and waits to be let go."""
        for name in hosts or HOSTS:
            marker = self.world.host(name).home / HELD
            self.until(f"{name} to hold", marker.exists)

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

    # What goes wrong, or is changed, around the bot

    def pushes(self, branch: str, files: dict[str, str], onto: str = "v2.3") -> str:
        """Push a new branch with one commit onto a release, and return its SHA."""
        return commit(self.world.repository, branch, f"{branch}: Try something", files, onto=onto)

    def source(self, path: str, *changes: tuple[str, str], of: str = "v2.3") -> str:
        """Return a file of a release with some of it replaced."""
        shown = ["git", "show", f"refs/tags/{of}:{path}"]
        text = subprocess.run(shown, cwd=self.world.repository, capture_output=True, text=True, check=True).stdout
        return _replaced(text, changes)

    def pushes_held(self, branch: str) -> str:
        """Push a release whose build waits on every host until it is let go, and return its SHA."""
        return self.pushes(branch, {"build.sh": HELD_BUILD, "VERSION": f"{branch}\n"})

    def lets_go(self) -> None:
        """Let go on what is held."""
        for name in HOSTS:
            (self.world.host(name).home / GO).touch()

    def reconfigures(self, *changes: tuple[str, str]) -> None:
        """Stop the bot in order, change its configuration, and start it again."""
        self.world.bot.stop()
        self.configures(*changes)
        self.world.bot.start()
        self.world.connected()

    def configures(self, *changes: tuple[str, str]) -> None:
        """Change the configuration, which is read when something starts."""
        path = self.world.state / "shipmate.toml"
        path.write_text(_replaced(path.read_text(encoding="utf-8"), changes), encoding="utf-8")

    def clears_away(self) -> None:
        """Repair what is broken, and end what still waits or runs."""
        self.faults.clear()
        for number in self.unfinished():
            self.says("omar", f"/deploy cancel {number} --back")
        self.until("everything to be over", lambda: not self.unfinished())
        for name in HOSTS:
            for marker in (HELD, GO):
                (self.world.host(name).home / marker).unlink(missing_ok=True)

    # What the bot remembers

    def unfinished(self) -> list[int]:
        """Return the numbers of the deployments that wait or run."""
        every = self.rows("SELECT id, status FROM deployment ORDER BY id")
        return [number for number, status in every if status.lower() not in FINISHED]

    def audited(self, *actions: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Return who did which of these things to what since the story began, oldest first, each with its detail."""
        found = self.rows("SELECT actor, action, detail FROM audit ORDER BY number")
        new = found[getattr(self, "before", 0) :]
        return [(who, what, json.loads(detail)) for who, what, detail in new if not actions or what in actions]

    def refusals(self, person: str) -> list[str]:
        """Return the codes of what somebody was refused since the story began."""
        return [
            detail["code"]
            for who, _, detail in self.audited("command.refused")
            if who == self.world.workspace.person(person).id
        ]

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


def _replaced(text: str, changes: Iterable[tuple[str, str]]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def _key(message: Message) -> str:
    payload = (message.metadata or {}).get("event_payload", {})
    return str(payload.get("key", ""))


def _lines(path: Any) -> Iterator[str]:
    if path.exists():
        yield from path.read_text(encoding="utf-8").splitlines()
