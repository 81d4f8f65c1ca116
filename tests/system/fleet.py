"""Several processes over one database and one workspace, each with files of its own."""

import json
import shutil
import sys
import urllib.request
from collections.abc import Callable
from time import monotonic
from typing import Any

from bot.sandbox.bot_process import BotProcess
from bot.sandbox.world import World
from tests.system.sshd import free_port

PATIENCE = 120.0


class Member:
    """One process of the fleet."""

    def __init__(self, name: str, bot: BotProcess) -> None:
        self.name = name
        self.bot = bot

    @property
    def port(self) -> int:
        """Return where it answers HTTP."""
        return int(self.bot.variables["PORT"])

    def health(self) -> dict[str, Any]:
        """Return what its /healthz says; nothing when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                shown: dict[str, Any] = json.load(answer)
                return shown
        except (OSError, ValueError):
            return {}

    @property
    def leads(self) -> bool:
        """Say whether it leads, by its own word."""
        return bool(self.health().get("leads"))

    def events(self) -> list[str]:
        """Return what it has logged."""
        lines = self.bot.log.read_text(encoding="utf-8").splitlines() if self.bot.log.exists() else []
        return [json.loads(line)["event"] for line in lines if line.startswith("{")]


class Fleet:
    """Members that come and go; every one of them is gone at the end."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.members: list[Member] = []

    def joins(self, verb: str, database: str) -> Member:
        """Start one more process."""
        name = f"{verb}-{len(self.members)}"
        folder = self.world.state / name
        folder.mkdir()
        shutil.copy(self.world.state / "shipmate.toml", folder)
        variables = {
            **self.world.variables(),
            "SHIPMATE_CONFIG": str(folder / "shipmate.toml"),
            "PORT": str(free_port()),
            "DATABASE_URL": database,
            "SLACK_SIGNING_SECRET": self.world.server.tokens.signing_secret,
        }
        member = Member(name, BotProcess(folder, variables, verb))
        self.members.append(member)
        member.bot.start()
        return member

    def until(self, what: str, holds: Callable[[], Any]) -> Any:
        """Wait until something holds, and return it."""
        return self.world.slack.eventually(holds, PATIENCE, what)

    def leader(self, *besides: Member) -> Member:
        """Wait until one of the others leads, and return it."""

        def found() -> Member | None:
            return next((it for it in self.members if it not in besides and it.leads), None)

        member: Member = self.until("somebody who leads", found)
        return member

    def takes(self, what: str, holds: Callable[[], Any]) -> float:
        """Wait until something holds, and say on the test's output how long that took."""
        began = monotonic()
        self.until(what, holds)
        sys.stdout.write(f"{what}: {monotonic() - began:.2f} s\n")
        return monotonic() - began

    def disbands(self) -> None:
        """Stop everybody, and print the end of their logs for a test that failed."""
        for member in self.members:
            member.bot.stop()
            for line in member.bot.log.read_text(encoding="utf-8", errors="replace")[-5000:].splitlines():
                sys.stdout.write(f"{member.name}: {line}\n")
