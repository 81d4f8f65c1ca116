"""The commands of the command line: the same services as in Slack, for when Slack is away."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid4

from bot.app import App
from bot.following import GOOD, Following
from bot.leader import FROZEN
from bot.process import prepare
from commands import registry
from commands.arguments import environment as named
from commands.command import Request
from commands.errors import CommandError
from commands.replies import Reply
from commands.services import People, Person, Services
from deployers.errors import DeployError
from storage import audit, deployments, leadership
from storage.errors import StorageError
from storage.models import Status


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """Lets one person past the roles, once; everything is announced and reviewed afterwards."""

    people: People

    def holds(self, person: Person, role: str) -> bool:
        """Say yes."""
        return True

    def holders(self, role: str) -> tuple[str, ...]:
        """Return who has the role, as ever."""
        return self.people.holders(role)


@dataclass(frozen=True, slots=True)
class Console:
    """Runs one command of one operator."""

    app: App
    show: Callable[[str], None]
    pause: Callable[[float], object]
    as_json: bool = False

    def ask(self, name: str, words: tuple[str, ...], *, glass: str = "") -> Reply:
        """Run a command as in Slack and return its reply; `glass` is the reason for going past the roles."""
        person = self.app.operator()
        services = self._services(person, name, glass)
        request = Request(name, person, text=shlex.join(words), origin="cli", key=f"cli:{uuid4().hex}")
        handler = next(each for each in registry.COMMANDS if each.name == name)
        try:
            return handler(request, services)
        except (CommandError, DeployError, StorageError) as error:
            return Reply(str(error), ok=False, code=error.code)

    def rollback(self, words: tuple[str, ...], *, glass: str = "") -> int:
        """Roll back, with the bot dead or frozen too: fence it first, stop what it was doing, then do it here."""
        prepare(self.app)
        alone = not self.somebody_leads()
        if alone:
            self.show("No bot is running: I do it from here.")
            self._stop_what_runs(words)
            self.app.leader.take_over()
        try:
            reply = self.ask("rollback", (*words, "--yes"), glass=glass)
            self.tell(reply)
            number = _number(reply) if reply.ok else None
            if number is None:
                return 0 if reply.ok else 1
            if alone:
                self.app.engine.launch()
            return self.follow(number)
        finally:
            if alone:
                self.app.leader.step_down()

    def follow(self, number: int) -> int:
        """Print a deployment until it rests; 0 only if it succeeded."""
        status = Following(self.app.store, number, self.show, as_json=self.as_json).until_rest(self.pause)
        return 0 if status in GOOD else 1

    def somebody_leads(self) -> bool:
        """Say whether a process leads whose heart still beats."""
        with self.app.store.look() as session:
            lead = leadership.current(session)
        return lead.beat_at is not None and self.app.clock() - lead.beat_at < FROZEN

    def tell(self, reply: Reply) -> None:
        """Print a reply without Slack's marks."""
        self.show(plain(reply.text))

    def _services(self, person: Person, name: str, glass: str) -> Services:
        services = self.app.services
        if not glass:
            return services
        with self.app.store.begin() as session:
            audit.record(
                session,
                actor=person.id,
                action="glass.broken",
                subject=f"command:{name}",
                detail={"reason": glass},
                at=self.app.clock(),
            )
        return replace(services, people=BreakGlass(services.people))

    def _stop_what_runs(self, words: tuple[str, ...]) -> None:
        """Write an abort for what runs, before anything could resume it."""
        person = self.app.operator()
        wanted = {named(word, self.app.environments).name for word in words if _is_environment(word, self.app)}
        with self.app.store.begin() as session:
            for name in wanted or set(self.app.environments):
                running = deployments.running_in(session, name)
                if running and running.status not in (Status.INCOMPLETE, Status.UNKNOWN) and not running.aborted_by:
                    running = deployments.get_for_change(session, running.number)
                    running.aborted_by = person.id
                    running.version += 1
                    session.add(running)
                    audit.record(
                        session,
                        actor=person.id,
                        action="deployment.abort_requested",
                        subject=f"deployment:{running.number}",
                        detail={"by": "command line", "with": "rollback"},
                        at=self.app.clock(),
                    )


def _is_environment(word: str, app: App) -> bool:
    return any(word in (each.name, *each.aliases) for each in app.environments.values())


def _number(reply: Reply) -> int | None:
    found = re.search(r"#(\d+)", reply.text)
    return int(found[1]) if found else None


def plain(text: str) -> str:
    """Return mrkdwn as a terminal shows it: without mentions' and links' angle brackets, and unescaped."""
    text = re.sub(r"<(?:https?|mailto):[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<([@#!]?)([^|>]*)(?:\|([^>]*))?>", lambda m: m[3] or f"{m[1]}{m[2]}", text)
    text = re.sub(r"(?<!\w)[*_~]([^*_~\n]+)[*_~](?!\w)", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
