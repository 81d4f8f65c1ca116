"""Hosts in a folder: the scripts of checks run here as they do there, under the same shell line and budgets."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from deployers import ssh_wire
from deployers.checklists import Checklist, Item
from deployers.checkup.answers import Known
from deployers.checkup.looking import Looking, Tools
from deployers.checkup.rows import Rows
from deployers.environment import Backup, Environment, Health, Host, Place, Recipe
from deployers.errors import Unreachable
from deployers.findings import Found
from deployers.ports import Answer
from deployers.ssh import ANSWER, WASTE

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SHA, OTHER = "c0ffee" + "0" * 34, "bad" + "1" * 37
RECIPE = Recipe("web", queue_status="queue-status", log="storage/app.log")


class Here:
    """A remote whose hosts are folders; those in `away` cannot be reached."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.away: dict[str, str] = {}
        self.closed = False

    def ask(self, host: Host, script: str, *, deadline: timedelta = timedelta(seconds=20)) -> Answer:
        if host.name in self.away:
            raise Unreachable(host.name, self.away[host.name])
        home = self.root / host.name
        path = f"{home}/bin:{os.environ['PATH']}"
        seconds = max(1, round(deadline.total_seconds()))
        told = subprocess.Popen(
            ["sh", "-c", ssh_wire.read_only(seconds)],
            cwd=home,
            env={"PATH": path, "HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with told:
            told.stdin.write(script.encode())
            told.stdin.close()
            output = told.stdout.read(ANSWER)
            wasted = told.stdout.read(WASTE)
            if len(wasted) == WASTE:
                told.kill()
                return Answer(-1, output.decode(errors="replace"))
            return Answer(told.wait(), output.decode(errors="replace"))

    @contextmanager
    def http(self, host: Host) -> Iterator[httpx.Client]:
        if host.name in self.away:
            raise Unreachable(host.name, self.away[host.name])
        with httpx.Client(trust_env=False) as client:
            yield client

    def close(self) -> None:
        self.closed = True


@dataclass
class House:
    """An environment with two hosts in a folder, and a way to look at it."""

    root: Path
    environment: Environment = field(init=False)
    remote: Here = field(init=False)
    known: Known = field(default_factory=lambda: Known(SHA, "v2.3"))
    now: datetime = NOW
    tools: dict[str, Any] = field(default_factory=dict)
    marks: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        hosts = (Host("web1", "127.0.0.1"), Host("web2", "127.0.0.2"))
        place = Place("deploy", "app", hosts, "known_hosts")
        self.environment = Environment(
            "production", "shop", "/srv/shop.git", RECIPE, place=place, backup=Backup("backups"), health=Health()
        )
        self.remote = Here(self.root)
        for host in hosts:
            (self.root / host.name / "bin").mkdir(parents=True)
            self.serves(host.name, SHA)

    def has(self, **changes: Any) -> None:
        self.environment = replace(self.environment, **changes)

    def path(self, host: str, path: str) -> Path:
        return self.root / host / path

    def serves(self, host: str, sha: str) -> None:
        release = self.path(host, f"app/releases/{sha[:7]}")
        (release / "storage").mkdir(parents=True, exist_ok=True)
        (release / "REVISION").write_text(f"{sha}\n")
        current = self.path(host, "app/current")
        current.unlink(missing_ok=True)
        current.symlink_to(f"releases/{sha[:7]}")

    def command(self, name: str, script: str, *hosts: str) -> None:
        """Give hosts a command of their own, first on their PATH."""
        for host in hosts or ("web1", "web2"):
            file = self.path(host, f"bin/{name}")
            file.write_text(f"#!/bin/sh\n{script}\n")
            file.chmod(0o755)

    def logs(self, host: str, *lines: str) -> None:
        with self.path(host, "app/current/storage/app.log").open("a") as log:
            log.write("".join(f"{line}\n" for line in lines))

    def backs_up(self, host: str, name: str, *, hours: float, size: int = 10) -> None:
        file = self.path(host, f"backups/{name}")
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x" * size)
        at = datetime.now(UTC).timestamp() - hours * 3600
        os.utime(file, (at, at))

    def looks(self, *items: Item) -> list[Found]:
        """Return what a check with these items finds."""
        values = {"slack": timedelta(seconds=30), **self.tools}
        tools = Tools(lambda _: self.remote, lambda: self.now, **values)
        rows = Rows(self.now, self.now - timedelta(days=1), known={"production": self.known})
        return list(Looking(tools, rows, self.marks).at(Checklist("daily", "Morning", items), [self.environment]))

    def look(self, probe: str, **about: Any) -> Found:
        """Return the one thing that a probe finds."""
        (found,) = self.looks(Item(probe, **about))
        return found
