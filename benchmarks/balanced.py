"""A workspace whose production is two application hosts behind a balancer's host, all over real sshd."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import balancers, recipe
from benchmarks.balancers import Running
from benchmarks.targets import Fleet, fleet
from benchmarks.targets import missing as no_fleet
from benchmarks.worlds import Rows, approved, asked, finished, tuning
from bot.sandbox.ports import free_ports
from bot.sandbox.world import World

APPLICATION = Path(__file__).with_name("application.py")
HOSTS = 2
_WHY = "SELECT failure FROM deployment WHERE id = ?"
_SVC = """\
#!/bin/sh
# svc start SIDE PORT | svc stop SIDE: the application on this host, from the release that one stands in
set -eu
pids={folder}/$(hostname)
mkdir -p "$pids"
if [ -e "$pids/$2" ]; then
    kill -s KILL "$(cat "$pids/$2")" 2>/dev/null || :
    rm -f "$pids/$2"
fi
[ "$1" = start ] || exit 0
spot=$(printf '%04X' "$3")
listens() {{ grep -q ":$spot 00000000:0000 0A" /proc/net/tcp; }}
while listens; do sleep 0.05; done
setsid {python} {application} "$3" "$(pwd -P)" >>"$pids/log" 2>&1 </dev/null &
echo $! >"$pids/$2"
until listens; do
    kill -s 0 "$!" 2>/dev/null || {{ tail -n 1 "$pids/log" >&2; exit 1; }}
    sleep 0.05
done
"""
_TAIL = """
[recipes.bench]
restart = [{restart}]
{colours}
[environments.production]
url = "{url}"
deployer = "ssh"
strategy = "rolling"
strategies = [{strategies}]
approvals = {{ required = 1, role = "approver", expires = "30m", author_may_approve = false }}

[environments.production.ssh]
user = "{user}"
path = "{path}"
hosts = [
{hosts}
]
known_hosts = "{known_hosts}"
batch = 1

[environments.production.health]
path = "/api/health"
version = {{ path = "/api/version", json = "version" }}
target = "http://127.0.0.1:{{port}}"
interval = "200ms"
window = "2s"
timeout = "5s"
max_p95 = "5s"

[environments.production.rollback]
migrations = "compatible"
"""
_BALANCER = """
[environments.production.balancer]
kind = "{kind}"
hosts = [{{ name = "lb1", address = "{address}", ssh_port = {port} }}]
drain = "20s"
keep_warm = "{keep_warm}"
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """What stands in front, and how the application is served."""

    balancer: str = "nginx"
    """`nginx` or `haproxy`."""
    colours: bool = True
    told: bool = True
    """Whether Shipmate knows of the balancer; otherwise it only switches links and restarts."""
    keep_warm: str = "1h"
    canary: str = ""
    """What is configured of canaries, judged by nginx's log; empty: there are none."""
    application: Path = APPLICATION


def missing(kind: Kind) -> str:
    """Return why there can be no such world here; nothing when there can."""
    return no_fleet(HOSTS + 1) or balancers.missing(kind.balancer)


class Balanced(World):
    """The bot, and everything that it deploys to."""

    def __init__(self, state: Path, fleet: Fleet, bare: Path, kind: Kind) -> None:
        super().__init__(state, tuning(hosts=()))
        self.fleet, self.kind = fleet, kind
        self._bare = bare
        served = fleet.targets[:HOSTS]
        self._port, *ports = free_ports(1 + 2 * len(served))
        self.ports = {target.name: (ports.pop(), ports.pop()) for target in served}
        self.running: Running
        self._before = ExitStack()

    @property
    def rows(self) -> Rows:
        """Return the bot's rows."""
        return Rows(self.variables()["DATABASE_URL"])

    def variables(self) -> dict[str, str]:
        """Return the bot's variables; its key is the fleet's."""
        return {**super().variables(), "SSH_PRIVATE_KEY_FILE": str(self.fleet.key_file)}

    def __exit__(self, *raised: object) -> None:
        """Stop the world, then what stands in front and behind."""
        try:
            super().__exit__(None, None, None)
        finally:
            self._before.close()
            for pid in (self.state / "pids").glob("*/*"):
                if pid.name != "log":
                    _kill(pid)

    def _write_configuration(self) -> None:
        folder = self.state / "front"
        servers = [
            (target.name, f"{target.address}:{self.ports[target.name][0]}") for target in self.fleet.targets[:HOSTS]
        ]
        if self.kind.balancer == "nginx":
            log = f"{folder}/visits.log shipmate" if self.kind.canary else "off"
            running = balancers.nginx(folder, self._port, [where for _, where in servers], log)
        else:
            running = balancers.haproxy(folder, self._port, self._named())
        self.running = self._before.enter_context(running)
        svc = self.state / "svc"
        text = _SVC.format(folder=self.state / "pids", python=sys.executable, application=self.kind.application)
        svc.write_text(text, encoding="utf-8")
        svc.chmod(0o755)
        head = recipe.configuration(self.fleet, self._bare, self.fleet.home / "shipmate").partition("[recipes.bench]")[
            0
        ]
        told = self._balancer() if self.kind.told else ""
        if self.kind.canary:
            log = f'log = "{folder}/visits.log"\n'
            told += f"\n[environments.production.canary]\n{self.kind.canary}{log}"
        (self.state / "shipmate.toml").write_text(head + self._tail(svc) + told, encoding="utf-8")

    def _named(self) -> list[tuple[str, str]]:
        sides = (("-blue", 0), ("-green", 1)) if self.kind.colours else (("", 0),)
        return [
            (f"{target.name}{side}", f"{target.address}:{self.ports[target.name][place]}")
            for side, place in sides
            for target in self.fleet.targets[:HOSTS]
        ]

    def _tail(self, svc: Path) -> str:
        hosts = "\n".join(
            f'  {{ name = "{each.name}", address = "{each.address}", ssh_port = {each.port},'
            f" port = {self.ports[each.name][0]}, candidate_port = {self.ports[each.name][1]} }},"
            for each in self.fleet.targets[:HOSTS]
        )
        # Without sides the one process is told its port by the host's name.
        cases = " ".join(f"{name}) echo {ports[0]} ;;" for name, ports in self.ports.items())
        plain = f'{svc} start current "$(case $(hostname) in {cases} esac)"'
        start, stop = f"{svc} start {{colour}} {{port}}", f"{svc} stop {{colour}}"
        return _TAIL.format(
            restart="" if self.kind.colours else f"'{plain}'",
            colours=f'colour_start = ["{start}"]\ncolour_stop = ["{stop}"]\n' if self.kind.colours else "",
            url=self.running.url,
            strategies=self._strategies(),
            user=self.fleet.user,
            path=self.fleet.home / "shipmate",
            hosts=hosts,
            known_hosts=self.fleet.known_hosts,
        )

    def _strategies(self) -> str:
        names = ["rolling", *(["blue-green"] if self.kind.colours else []), *(["canary"] if self.kind.canary else [])]
        return ", ".join(f'"{name}"' for name in names)

    def _balancer(self) -> str:
        front, told = self.fleet.targets[HOSTS], self.running.balancer
        text = _BALANCER.format(kind=told.kind, address=front.address, port=front.port, keep_warm=self.kind.keep_warm)
        keys = ("include", "upstream", "test", "reload", "pid") if told.kind == "nginx" else ("socket", "backend")
        return text + "".join(f'{key} = "{getattr(told, key)}"\n' for key in keys)

    # What people do

    def ships(self, tag: str, strategy: str) -> int:
        """Deploy a tag, approve it and wait for its good end; return its number."""
        number = asked(self, self.rows, f"/deploy production {tag} --strategy {strategy}")
        approved(self, self.rows, number)
        return self.ended(number, "succeeded")

    def tries(self, tag: str, strategy: str) -> int:
        """Deploy a tag and approve it, however it ends; return its number once it is over."""
        number = asked(self, self.rows, f"/deploy production {tag} --strategy {strategy}")
        approved(self, self.rows, number)
        finished(self.rows, number)
        return number

    def goes_back(self) -> int:
        """Type `/rollback latest` and agree; return the rollback's number."""
        before = self.rows.newest()
        self.slack.says("ben", "/rollback latest production --yes")
        self.slack.eventually(lambda: self.rows.newest() > before, 60, "a rollback")
        return self.ended(self.rows.newest(), "succeeded")

    def ended(self, number: int, how: str) -> int:
        """Wait for a deployment's end, and demand how it ended."""
        seen = finished(self.rows, number)
        assert seen == how, f"#{number} {seen}: {self.rows.ask(_WHY, number)}; see {self.bot.log}"
        return number


@contextmanager
def balanced(folder: Path, kind: Kind, tags: int = 4) -> Iterator[Balanced]:
    """Run such a world below a folder until the block ends; nothing is deployed yet."""
    bare = recipe.repository(folder, tags)
    (folder / "fleet").mkdir()
    with fleet(folder / "fleet", HOSTS + 1) as hosts, Balanced(folder / "world", hosts, bare, kind) as world:
        yield world


def _kill(pid: Path) -> None:
    try:
        os.kill(int(pid.read_text(encoding="utf-8")), 9)
    except (OSError, ValueError):
        return
