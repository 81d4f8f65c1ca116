"""The commands of the command line: the same services as in Slack, for when Slack is away."""

import re
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from uuid import uuid4

from bot.app import App
from bot.following import REST, Following
from bot.leader import BEAT, FROZEN
from bot.process import prepare
from commands import registry
from commands.command import Request
from commands.errors import CommandError, IdentityUnknown
from commands.replies import Reply
from commands.services import People, Person, Services
from commands.views.blocks import code, line
from commands.views.words import who
from deployers.errors import DeployError
from storage import audit, leadership, outbox, reports
from storage.errors import StorageError
from storage.models import Leadership, OutboxRow, Saying, Status

BEATS = 3
"""So many beats of a heart are waited for before it counts as standing still."""
SHOWN = ("preview", "listed")
"""Replies that show something, and begin nothing."""


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
        request = Request(name, person, text=shlex.join(words), origin="cli", key=f"cli:{uuid4().hex}")
        services = services_for(self.app, request, glass)
        handler = next(each for each in registry.COMMANDS if each.name == name)
        try:
            return handler(request, services)
        except (CommandError, DeployError, StorageError) as error:
            return Reply(str(error), ok=False, code=error.code)

    def rollback(self, words: tuple[str, ...], *, glass: str = "") -> int:
        """Roll back, with the bot dead or frozen too.

        Where nobody leads, the old leader is fenced first, then what is asked for is written down (an abort of what
        runs, or a rollback), and only then is the engine launched here: it cannot resume what is to be stopped.
        """
        prepare(self.app)
        alone = not _only_shows(words) and self._take_over_if_alone()
        reply = self.ask("rollback", (*words, "--yes"), glass=glass)
        self.tell(reply)
        if reply.code == IdentityUnknown.code and not glass:
            self.show(f"If it cannot wait: `shipmate rollback {shlex.join(words)} --break-glass '…'`, with the reason.")
        number = _number(reply) if reply.ok and reply.code not in SHOWN else None
        if number is None:
            return 0 if reply.ok else 1
        if alone:
            self.app.launch()
        try:
            return self._until_rest(number, alone=alone)
        finally:
            self.app.audit.anchor()
            self.app.leader.step_down()

    def _until_rest(self, number: int, *, alone: bool) -> int:
        """Follow a deployment; when its leader falls silent meanwhile, fence it and go on from here."""
        following = Following(self.app.store, number, self.show, as_json=self.as_json)
        while (status := following.look()) not in REST:
            if not alone and self._take_over_if_alone():
                alone = True
                self.app.launch()
            self.pause(0.3)
        return 0 if status in (Status.SUCCEEDED, Status.ROLLED_BACK) else 1

    def _take_over_if_alone(self) -> bool:
        """Take the lead if nobody has it, or if who has it has shown no sign of life for a while."""
        if not self.app.leader.is_free() and self.somebody_leads():
            return False
        self.show("No bot is running: I do it from here.")
        self.app.leader.take_over()
        return True

    def somebody_leads(self) -> bool:
        """Say whether a process leads whose heart still beats."""
        lead = self._lead()
        if lead.beat_at is None:
            return False
        if abs(self.app.clock() - lead.beat_at) < FROZEN:
            return True
        return not self.app.leader.is_free() and self._beats_on(lead.beat_at)

    def _beats_on(self, beat: datetime) -> bool:
        """Say whether a heart beats whose time is not ours: a clock was set, its or ours."""
        for _ in range(BEATS):
            self.pause(BEAT.total_seconds())
            if self._lead().beat_at != beat:
                return True
        return False

    def _lead(self) -> Leadership:
        with self.app.store.look() as session:
            return leadership.current(session)

    def tell(self, reply: Reply) -> None:
        """Print a reply without Slack's marks."""
        self.show(self.said(reply))

    def said(self, reply: Reply) -> str:
        """Return a reply as a terminal shows it, with people's names and this command line's verbs."""
        names: Mapping[str, str] = {}
        with suppress(StorageError), self.app.store.look() as session:
            names = reports.names(session)
        return plain(reply.text, names)


def services_for(app: App, request: Request, glass: str) -> Services:
    """Return the services; with a reason to go past the roles, which is announced and written down first."""
    services = app.services
    if not glass:
        return services
    with app.store.begin() as session:
        outbox.say(session, _announced(request, glass, services))
        audit.record(
            session,
            actor=request.person.id,
            action="glass.broken",
            subject=f"command:{request.name}",
            detail={"reason": glass, "asked": request.text},
            at=services.now(),
        )
    return replace(services, people=BreakGlass(services.people))


def _only_shows(words: tuple[str, ...]) -> bool:
    """Say whether a rollback is only to be shown: then nobody has to be stopped for it."""
    lower = [word.casefold() for word in words]
    return "--dry-run" in lower or (lower[:1] == ["backup"] and len(lower) <= 2 and "latest" not in lower)


def _announced(request: Request, glass: str, services: Services) -> OutboxRow:
    asked = code(f"shipmate {request.name} {request.text}", 200)
    text = (
        f":rotating_light: {who(request.person.id, request.person.name)} broke the glass: {asked} went past the roles."
        f" Reason: {line(glass, 500)}. It stands in the audit, to be reviewed."
    )
    return OutboxRow(
        kind=Saying.POST,
        key=f"glass:{request.key}",
        channel=services.deployments_channel,
        payload={"text": text, "blocks": []},
        next_at=services.now(),
        created_at=services.now(),
    )


def _number(reply: Reply) -> int | None:
    found = re.search(r"#(\d+)", reply.text)
    return int(found[1]) if found else None


def plain(text: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return mrkdwn as a terminal shows it: without marks, emoji names and angle brackets, and unescaped."""
    text = re.sub(r"<(?:https?|mailto):[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<@(\w+)>", lambda m: names.get(m[1], m[0]), text)
    text = re.sub(r"<([@#!]?)([^|>]*)(?:\|([^>]*))?>", lambda m: m[3] or f"{m[1]}{m[2]}", text)
    text = re.sub(r"(?<!\w)[*_~](\S|\S[^*_~\n]*\S)[*_~](?!\w)", r"\1", text)
    text = re.sub(r"(?<!\w):[a-z_]+: ?", "", text)
    text = re.sub(
        r"`/(?:deploy (?=status|history|resolve)|ops (?=maintenance )|(?=deploy |rollback ))", "`shipmate ", text
    )
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
