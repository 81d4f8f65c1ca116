"""What the page shows beside the chat: hosts, the steps on them, the bot, and what one can break."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any

from bot.sandbox.bot_process import BotProcess
from bot.sandbox.front import Front, Totals, Window
from bot.sandbox.hosts import Host, Hosts
from bot.sandbox.looks import Looks
from bot.sandbox.records import newest_steps

Json = dict[str, Any]

FRESH_SECONDS = 0.7
SHOWN_SECONDS = 60
SIDES_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that can be broken about a host."""

    kind: str
    label: str
    note: str
    switch: Callable[[Host, bool], None]
    once: bool = False
    """Whether it happens and is over, instead of lasting until it is switched off."""


TROUBLES = (
    Trouble(
        "sick",
        "Sick",
        "Its health route answers 503; pages are still served.",
        lambda host, on: host.sick(on),
    ),
    Trouble(
        "gone",
        "Gone",
        "Power is off: no page, no SSH. Everything that ran there is lost.",
        lambda host, on: host.goes_away() if on else host.comes_back(),
    ),
    Trouble(
        "frozen",
        "Frozen",
        "It takes connections and never answers.",
        lambda host, on: host.freezes() if on else host.thaws(),
    ),
    Trouble(
        "full",
        "Disk full",
        "Steps that begin now cannot write a file.",
        lambda host, on: host.fills_its_disk(on),
    ),
    Trouble(
        "drop",
        "Drop connections",
        "Cuts every SSH connection once; steps run on.",
        lambda host, _on: host.drops_connections(),
        once=True,
    ),
)
BOT_LABEL = "Killed"
BOT_NOTE = "As a power cut would, at this instant. Switch it off and the bot starts again and takes up its work."


class Panel:
    """Looks at everything around the bot; what it saw is shown to all pages for a moment."""

    def __init__(
        self,
        hosts: Hosts,
        front: Front,
        bot: BotProcess,
        *,
        is_connected: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hosts = hosts
        self._front = front
        self._bot = bot
        self._is_connected = is_connected
        self._clock = clock
        self._looks = Looks((host.name for host in hosts), lambda name: _health(hosts.host(name)))
        self._broken: dict[str, bool] = {}
        self._serves_since: dict[str, int] = {}
        self._lock = Lock()
        self._seen: Json = {}
        self._seen_at = float("-inf")

    def told(self) -> Json:
        """Return the hosts, the bot and the faults, at most a moment old."""
        with self._lock:
            if self._clock() - self._seen_at > FRESH_SECONDS:
                self._seen, self._seen_at = self._look(), self._clock()
            return self._seen

    def close(self) -> None:
        """Look no more."""
        self._looks.close()

    def switch(self, name: str, on: bool) -> None:
        """Break something, or mend it: `bot`, or a trouble and its host as in `sick:web1`.

        Raises:
            ValueError: there is no such trouble or host.
        """
        kind, _, where = name.partition(":")
        if kind == "bot":
            self._bot.kill() if on else self._bot.start()
        else:
            trouble = next((it for it in TROUBLES if it.kind == kind), None)
            host = next((it for it in self._hosts if it.name == where), None)
            if trouble is None or host is None:
                raise ValueError(f"nothing here can be broken as “{name}”")
            trouble.switch(host, on)
            self._broken[name] = on and not trouble.once
        self._seen_at = float("-inf")

    def _look(self) -> Json:
        health, now = self._looks.known(), int(self._front.now())
        seconds = dict(zip(range(now - SHOWN_SECONDS + 1, now), self._front.seconds(SHOWN_SECONDS), strict=False))
        rows = {host.name: self._since_served(host, health[host.name], seconds) for host in self._hosts}
        return {
            "hosts": [_host(host, health[host.name], rows[host.name]) for host in self._hosts],
            "balancer": self._balancer(),
            "bot": self._bot_state(),
            "faults": list(self._faults()),
        }

    def _since_served(self, host: Host, health: str, seconds: Mapping[int, Window]) -> list[Totals]:
        """Return what visitors saw in each whole second of the last minute, since there was anything to see."""
        if health == "empty":
            self._serves_since.pop(host.name, None)
            return []
        rows = {second: window.hosts[host.name] for second, window in seconds.items()}
        if first := next((second for second, row in rows.items() if row.ok), None):
            self._serves_since.setdefault(host.name, first)
        since = self._serves_since.get(host.name, 0)
        return [row if second > since else Totals() for second, row in rows.items()]

    def _balancer(self) -> Json | None:
        """Return how many of the visitors of the last seconds each side got; None where there is no balancer."""
        balancer, since = self._hosts.balancer, self._front.now() - SIDES_SECONDS
        if balancer is None:
            return None
        answered, sides = self._front.shares(since), []
        for colour in ("blue", "green"):
            ports = {host.port if colour == "blue" else host.candidate_port for host in self._hosts.production}
            mine = {where: count for where, count in answered.items() if int(where.rpartition(":")[2]) in ports}
            if mine:
                share = round(sum(mine.values()) * 100 / answered.total())
                sides.append({"colour": colour, "share": share, "version": self._front.version_at(set(mine), since)})
        failed = self._front.window(since).hosts[balancer.name].failed
        return {"name": balancer.name, "sides": sides, "failures": failed if sides else 0}

    def _bot_state(self) -> str:
        if not self._bot.runs:
            return "stopped"
        return "connected" if self._is_connected() else "starting"

    def _faults(self) -> Iterator[Json]:
        for host in self._hosts:
            for it in TROUBLES:
                name = f"{it.kind}:{host.name}"
                on = self._broken.get(name, False)
                yield {"name": name, "where": host.name, "label": it.label, "note": it.note, "on": on, "once": it.once}
        dead = not self._bot.runs
        yield {"name": "bot", "where": "bot", "label": BOT_LABEL, "note": BOT_NOTE, "on": dead, "once": False}


def _health(host: Host) -> str:
    nothing = host.is_on and not (host.home / "app" / "current").exists()
    return "empty" if nothing else host.health


def _host(host: Host, health: str, rows: list[Totals]) -> Json:
    recent = rows[-3:]
    return {
        "name": host.name,
        "environment": "staging" if host.name.startswith("staging") else "production",
        "version": _newest_version(row.versions for row in reversed(rows)),
        "health": health,
        "requests_per_second": round(sum(row.asked for row in recent) / max(len(recent), 1), 1),
        "failures": sum(row.failed for row in rows),
        "history": [[row.ok, row.failed] for row in rows],
        "steps": [asdict(step) for step in newest_steps(host.home / "app" / ".shipmate" / "ops")],
    }


def _newest_version(seen: Iterator[Mapping[str, int]]) -> str | None:
    """Return the version of the newest answers; where two were served in one second, the one served more often."""
    versions = next((each for each in seen if each), None)
    return max(versions, key=lambda version: versions[version]) if versions else None
